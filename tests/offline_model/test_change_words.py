import random

from offline_model.change_facts import ChangeFacts, read_change
from offline_model.change_words import explain_change, explain_no_change, word_request
from utils.code.lines import unified_diff

NOTHING = ChangeFacts()


def facts_of(before: str, after: str) -> ChangeFacts:
    return read_change(unified_diff(before, after, "code", "code"), before)


def test_marks_of_a_choice_in_the_code_stay_as_they_are() -> None:
    facts = facts_of('x = "{a|b}"\n', 'x = "{c|d}"\n')
    texts = {word_request(facts, random.Random(seed)) for seed in range(20)}
    assert all('`"{c|d}"` instead of `"{a|b}"`' in text for text in texts)
    assert len(texts) > 5


def test_a_request_is_no_longer_than_three_sentences_and_a_limit() -> None:
    before = "import os\nlimit = 5\n\n\ndef f(x):\n    return x\n"
    after = "import re\nlimit = 6\n\n\ndef f(x):\n    return re.escape(x)\n"
    for seed in range(20):
        assert word_request(facts_of(before, after), random.Random(seed)).count(". ") <= 3


def test_an_explanation_says_where_the_change_follows_from() -> None:
    past = facts_of("def f(x):\n", "def f(value):\n")
    facts = facts_of("def g(x):\n    return x\n", "def g(value):\n    return value\n")
    assert "the renaming of `x`" in explain_change(facts, past, False, random.Random(1))
    assert "the renaming" not in explain_change(facts, past, True, random.Random(1))
    assert "`x` to `value`" in explain_change(facts, NOTHING, False, random.Random(1))


def test_the_reason_for_no_change_speaks_of_the_history_only_where_there_is_one() -> None:
    past = facts_of("a\n", "a\nb = sorted(a)\n")
    assert "`sorted`" in explain_no_change(past, "def f():\n", random.Random(1))
    assert "no edits so far" in explain_no_change(NOTHING, "def f():\n", random.Random(1))
