"""What providers of models say, each in its own form: answers, errors, and who is to blame.

May import: replies.
"""
