from hypothesis import example, given, settings
from hypothesis import strategies as st

from utils.code.fences import (
    block_text,
    fence_lines,
    fenced,
    only_block,
    possible_blocks,
    read_blocks,
)

PIECES = [
    "`",
    "```",
    "````",
    "~~~",
    "\n",
    "\r\n",
    " ",
    "\t",
    "x = 1",
    '"""',
    "```python\n",
    "é\u2028",
]
texts = st.lists(st.sampled_from(PIECES), max_size=30).map("".join)


def blocks_of(text):
    return [block_text(text, block) for block in read_blocks(fence_lines(text)).blocks]


@settings(max_examples=300, deadline=None)
@given(texts | st.text(max_size=60))
@example("")
@example("\n")
def test_a_fenced_text_reads_back_to_the_byte(text):
    whole = text if not text or text.endswith("\n") else text + "\n"
    answer = fenced(text)
    assert only_block(answer) == whole
    lines = fence_lines(answer)
    assert [block_text(answer, block) for block in possible_blocks(lines)] == [whole]


def test_the_fence_is_longer_than_any_run_of_backticks_inside():
    assert fenced("x = '````'\n").startswith("`````python\n")
    assert fenced("x = 1\n", "") == "```\nx = 1\n```"


def test_fences_are_backticks_or_tildes_of_three_or_more_with_any_info_string():
    for opener, closer in [("```", "```"), ("~~~~ python title=x", "~~~~~"), ("```py\r", "``` \r")]:
        assert blocks_of(f"text\n{opener}\na\nb\n{closer}\ntext") == ["a\nb\n"]


def test_inline_code_is_no_fence():
    assert fence_lines("```x = 1``` is it\n``x``\nsee ```") == []


def test_a_fence_of_the_other_kind_or_a_shorter_one_is_text():
    assert blocks_of("````\n```\n~~~~\n```\n````\n") == ["```\n~~~~\n```\n"]


def test_an_indented_block_loses_the_indentation_that_all_its_lines_share():
    assert blocks_of("1. so:\n   ```\n   if x:\n       y\n\n   ```\n") == ["if x:\n    y\n\n"]
    assert blocks_of("   ```\nif x:\n    y\n   ```\n") == ["if x:\n    y\n"]


def test_a_fence_with_an_info_string_inside_a_block_opens_a_nested_one():
    text = '```python\n"""\n```sh\nls\n```\n"""\nx = 1\n```\n'
    assert blocks_of(text) == ['"""\n```sh\nls\n```\n"""\nx = 1\n']


def test_fences_deep_inside_a_block_are_its_text():
    text = '```python\ndef f():\n    """\n    ```\n    f()\n    ```\n    """\n```\n'
    assert len(blocks_of(text)) == 1


def test_the_context_of_a_diff_does_not_close_its_block():
    assert blocks_of("```diff\n ```\n+x\n ```\n```") == [" ```\n+x\n ```\n"]


def test_an_open_fence_is_told_and_what_follows_it_is_code():
    text = "a\n```\nx\n"
    reading = read_blocks(fence_lines(text))
    assert reading.blocks == []
    assert [reading.is_code(position) for position in (0, 2, 6)] == [False, True, True]


def test_every_pairing_of_fences_is_a_candidate_the_longest_first():
    text = "```\na\n```\nb\n```\ncc\n```\n"
    found = [block_text(text, block) for block in possible_blocks(fence_lines(text))]
    assert found == ["a\n```\nb\n```\ncc\n", "a\n```\nb\n", "cc\n", "a\n"]


def test_a_text_around_the_block_makes_it_not_the_only_one():
    assert only_block("so:\n```\nx\n```") is None
    assert only_block("```\nx\n```\n```\ny\n```") is None
