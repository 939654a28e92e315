"""How large an edit may be by default, for every stage that asks."""

MAX_MODIFY_LINES = 70
MAX_HUNK_NUM = 7
MAX_CODE_LINES = 2000
