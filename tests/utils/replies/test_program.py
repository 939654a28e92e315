import pytest

from utils.code.fences import fence_lines, fenced, read_blocks
from utils.code.syntax import is_python_program
from utils.errors import BadReply
from utils.replies.headings import AFTER, BEFORE
from utils.replies.program import (
    ProgramSection,
    is_about_program,
    is_transcript,
    kinship,
    same_program,
)


def is_aside(label):
    text = f"{label}\n\n```\nf(1)\n```\n"
    return is_about_program(text, read_blocks(fence_lines(text)).blocks[0])


@pytest.mark.parametrize(
    "label",
    ["Usage:", "**Usage example:**", "### Example", "And some tests:", "It prints:", "Run it so:"],
)
def test_a_label_tells_that_a_block_is_not_the_program(label):
    assert is_aside(label)


@pytest.mark.parametrize(
    "label",
    [
        "",
        "Here is the program, with tests:",
        "## Updated code with an example",
        "This is the test file after the edit:",
        "I ran the tests. They pass, as before, so here it is at last, in full and unabridged:",
        "They run",
    ],
)
def test_any_other_line_above_a_block_tells_nothing(label):
    assert not is_aside(label)


def test_a_transcript_is_known_by_its_prompt():
    assert is_transcript("\n>>> f(1)\n2\n")
    assert not is_transcript("x = 1 >>> 2\n")


def test_blank_lines_and_trailing_spaces_make_no_other_program():
    assert same_program("x = 1\n\ny = 2\n", "x = 1  \ny = 2\n\n")
    assert not same_program("if x:\n    y\n", "if x:\n  y\n")


def test_kinship_is_the_share_of_lines_kept():
    assert kinship("a\nb\nx\n", "a\nb\nc\nd\n") == 0.5
    assert kinship("x\n", "") == 0


BEFORE_CODE = "import os\n\n\ndef f(a):\n    return a\n"
CODE = BEFORE_CODE.replace("return a", "return a + 1")
FENCE = "```"


def program(text, parses=is_python_program, language="python"):
    return ProgramSection(BEFORE, text, parses, language=language).program()


def edited(text, code_before=BEFORE_CODE, parses=is_python_program):
    return ProgramSection(AFTER, text, parses, code_before).program()


def reason(call, text, **options):
    with pytest.raises(BadReply) as caught:
        call(text, **options)
    return caught.value.reason


def test_a_single_block_is_the_program_whether_it_parses_or_not():
    assert program(f"So:\n\n{fenced(CODE)}\n\nDone.") == CODE
    assert program(fenced("def f(:\n    pass\n")) == "def f(:\n    pass\n"


@pytest.mark.parametrize("indent", ["", "    "])
@pytest.mark.parametrize("example", ["```\nf(1)\n```\n", "```python\nf(1)\n```\n", "```\nf(1)\n"])
def test_fences_in_a_docstring_do_not_cut_the_program(indent, example):
    example = "".join(indent + line for line in example.splitlines(keepends=True))
    code = f'def f(a):\n    """Doc.\n\n{example}    """\n    return a\n'
    assert program(f"{FENCE}python\n{code}{FENCE}\n") == code


def test_among_several_blocks_the_longest_that_parses_wins():
    junk = "pip install a-very-long-name another-very-long-name and-one-more-very-long-name\n" * 3
    text = f"{fenced(junk, 'sh')}\n\n{fenced('x = 1', '')}\n\n{fenced(CODE)}\n\n{fenced('f(2)')}"
    assert program(text) == CODE


def test_where_nothing_parses_the_longest_block_wins():
    assert (
        program(f"{fenced('a b', '')}\n{fenced('def f(:' + chr(10) + '  x')}") == "def f(:\n  x\n"
    )


def test_without_a_parser_the_longest_block_wins():
    text = f"{fenced('cargo run', 'sh')}\n{fenced('fn f() {' + chr(10) + '}', 'rust')}"
    assert program(text, parses=None, language="rust") == "fn f() {\n}\n"
    assert reason(program, "fn f() {\n}", parses=None, language="rust") == "no_code_block"


def test_a_program_without_a_fence_is_taken_if_all_of_the_section_parses():
    assert program("\n" + CODE + "\n\n") == CODE
    with_fence = 'def f():\n    """\n    ```\n    f()\n    ```\n    """\n'
    assert program(with_fence) == with_fence
    assert reason(program, "Sure!\n" + CODE) == "no_code_block"


@pytest.mark.parametrize(
    "text",
    [
        f"{FENCE}python\n{CODE}",
        f"{FENCE}python\n{CODE[:-8]}",
        f'{FENCE}python\ndef f():\n    """\n    {FENCE}\n    f()\n    {FENCE}\n    """\n    x',
        f'{FENCE}python\n"""\n{FENCE}\nf()\n{FENCE}\n"""\nx = 1\n',
        f"{fenced(CODE)}\n\nThen:\n{FENCE}python\nf(",
        f"{FENCE}python\n",
    ],
)
def test_an_unclosed_fence_is_truncation_and_never_code(text):
    assert reason(program, text) == "truncated"


def test_a_stray_fence_at_the_end_does_no_harm():
    assert program(f"{fenced(CODE)}\n{FENCE}\n") == CODE


def test_code_that_is_no_program_has_its_own_reasons():
    assert reason(program, " \n") == "empty_program_before_edit"
    assert reason(program, f"{FENCE}\n\n{FENCE}") == "empty_program_before_edit"
    assert reason(program, fenced("x = 1")) == "single_line_code"


def test_elided_code_is_refused_where_the_edit_brings_it():
    elided = CODE + "# ... rest of the code unchanged\n"
    assert reason(edited, fenced(elided)) == "elided_code"
    assert reason(program, fenced(elided)) == "elided_code"
    assert edited(fenced(elided), code_before=elided + "x = 1\n") == elided
    assert program(fenced(CODE + "# ...\n")) == CODE + "# ...\n"


def test_a_repeat_of_the_code_before_is_not_the_code_after():
    longer = BEFORE_CODE + "# a comment that goes away\n"
    text = f"Before:\n{fenced(longer)}\nAfter:\n{fenced(CODE)}"
    assert edited(text, code_before=longer) == CODE


def test_blocks_of_other_languages_are_no_program():
    data = fenced('{\n"a": [' + "1, " * 100 + "]\n}\n", "json")
    assert program(f"{fenced(CODE)}\n{data}") == CODE
    assert reason(program, data) == "no_code_block"
    assert reason(program, fenced("a\nb\n", "text")) == "no_code_block"
    assert program(fenced(CODE, "text")) == CODE


def test_examples_of_use_and_digressions_are_not_the_program():
    longer = "from x import f\n\n" + "print(f(1))\n" * 9
    assert program(f"{fenced(CODE)}\n\nUsage:\n{fenced(longer)}") == CODE
    assert edited(f"{fenced(CODE)}\n\nOr else\n{fenced(longer)}") == CODE
    assert program(f"Usage:\n{fenced(CODE)}") == CODE


def test_the_edited_program_counts_more_than_a_diff_beside_it():
    text = f"{fenced(DIFF.replace('+ 1', '+ 2'), 'diff')}\n{fenced(CODE)}"
    assert edited(text) == CODE


DIFF = "@@ -4,2 +4,2 @@\n def f(a):\n-    return a\n+    return a + 1\n"
BLOCK = "<<<<<<< SEARCH\n    return a\n=======\n    return a + 1\n>>>>>>> REPLACE\n"


@pytest.mark.parametrize(
    "text",
    [
        fenced(DIFF, "diff"),
        fenced("--- a/x.py\n+++ b/x.py\n" + DIFF, ""),
        f"So:\n\n{fenced(DIFF, 'diff')}\n\nUse it so:\n{fenced('f(1)' + chr(10) + 'f(2)')}",
        DIFF,
        fenced(BLOCK),
        BLOCK,
        "Edit:\n" + BLOCK,
        fenced("-    return a\n+    return a + 1\n", "diff"),
    ],
)
def test_a_diff_or_search_and_replace_blocks_are_applied_to_the_code_before(text):
    assert edited(text) == CODE


def test_several_blocks_make_one_edit():
    first = BLOCK.replace("    return a", "def f(a)").replace("def f(a) + 1", "def f(b)")
    first = first.replace("def f(a)\n", "def f(a):\n").replace("def f(b)\n", "def f(b):\n")
    after = CODE.replace("def f(a)", "def f(b)")
    assert edited(f"{fenced(first)}\nand\n{fenced(BLOCK)}") == after
    wrong = fenced(BLOCK.replace("return a\n=", "return c\n="))
    assert reason(edited, f"{fenced(first)}\nand\n{wrong}") == "diff_not_applicable"


def test_an_edit_that_does_not_apply_is_refused_and_never_taken_for_code():
    assert (
        reason(edited, fenced(DIFF, "diff"), code_before="x = 1\ny = 2\n") == "diff_not_applicable"
    )
    assert reason(edited, DIFF, code_before="x = 1\ny = 2\n") == "diff_not_applicable"
    assert reason(edited, f"{FENCE}diff\n{DIFF}") == "truncated"


def test_half_of_a_diff_is_not_applied():
    code = 'def f():\n    """\n    ```\n    f()\n    ```\n    """\n    return 1\n'
    diff = code.replace("\n", "\n ").replace("     return 1", "-    return 2\n+    return 3")
    assert reason(edited, f"{FENCE}diff\n@@\n {diff}\n{FENCE}", code_before=code) == (
        "diff_not_applicable"
    )


def test_a_program_that_holds_a_diff_is_a_program():
    code = f'DIFF = """\n{DIFF}"""\nprint(DIFF)\n'
    assert edited(fenced(code)) == code
