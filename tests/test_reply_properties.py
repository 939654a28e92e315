"""Replies built from known triplets, in any decoration, give the triplets back to the byte."""

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from get_instruct_from_response import extract_triplet, read_batch
from tests.reply_corpus import TRIPLET_PARTS
from utils.code.apply_edit import looks_like_edit
from utils.code.fences import fenced
from utils.code.syntax import is_python_program, parser_for

pieces = st.sampled_from(
    [
        "import os\nfrom re import sub\n",
        'def f(a):\n    """Doc.\n\n    ```python\n    f()\n    ```\n    """\n    return "```"\n',
        'TEXT = """\n```\n[Lazy]\nno\n```\n"""\n',
        'PAGE = """\n# How to\n\n```sh\nls\n```\n\nThen:\n\n~~~\nx\n~~~\n"""\n',
        "class A:\n\tx: int = 1  # `x`\n\n\tdef y(self):\n\t\treturn '</think>'\n",
        "é = 'ü\u2028'  # 合計\nprint(é, \"{} %s \\\\1 $1\")\n",
        "if os:\n    print(1)   \n\n\nelse:\n    print('<UNREASONABLE>')\n\f\n",
        'DIFF = """\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n"""\n',
        "LIMIT = 1 < 2 and '&lt;' != '&'\n# Lazy: it is read later\n",
        "def last(b):\n    '''\n    Descriptive:\n    1. [Lazy]\n    '''\n    yield b\n",
    ]
)
programs = st.lists(pieces, min_size=2, max_size=6, unique=True).map("\n\n".join)
odd_lines = st.sampled_from(
    [
        "```",
        "~~~~",
        "````python",
        "[Lazy]",
        "**Descriptive**:",
        "<think>",
        "x = 1",
        "  y",
        "",
        "}",
    ]
) | st.text(st.characters(exclude_characters="\n\r", exclude_categories=["Cs"]), max_size=12)
odd_programs = st.lists(odd_lines, min_size=2, max_size=8).map(
    lambda lines: "\n".join(lines) + "\n"
)
instructions = st.sampled_from(
    [
        "Add one to the result.",
        "1. Add `one`.\n2. Use it:\n   - here\n   - there",
        "Make **f** faster; keep [Lazy] loading.\n\nSee ```f(1)```: it must give 2.",
        'Rename "a" to "b".\n\n```text\nb = 1\n```\nDone?',
        "I can't sort by `é`: \u2028 sorry, fix it, 1 < 2",
        "Descriptive names, please; lazy ones are #1",
    ]
)
FORMS = [
    "[{}]",
    "[{}]:",
    "【{}】：",
    "## {}",
    "**{}:**",
    "### 2. **[{}]**",
    "{}",
    "1) *{}*",
    "- [{}]",
]
THOUGHTS = ["", "<think>\nHm: [Lazy] ```\n</think>\n", "Hm.\n</think>\n", "[THINK]Hm[/THINK]\n"]
DRAFT = "[Program Before Edit]\n```\nx = 1\ny = 2\n```\n[Descriptive]\nDraft.\n[Lazy]\ndraft\n\n"
ASIDES = [
    "",
    "\nIt has no side effects.\n",
    "\n```bash\npip install x\n```\n",
    "\nOutput:\n```\n[1, 2]\n```\n",
    "\n**Usage:**\n\n```python\nf(1)\nf(2)\n```\n",
    '\n```json\n{"a": [1, 2, 3]}\n```\n',
]


@st.composite
def headed(draw, sections):
    form, case = draw(st.sampled_from(FORMS)), draw(st.sampled_from([str, str.lower, str.upper]))
    space = draw(st.sampled_from(["", "\n", "\n\n", "\n---\n"]))
    return "".join(f"{form.format(case(name))}\n{space}{text}\n{space}" for name, text in sections)


@st.composite
def blocks(draw, code):
    fence = fenced(code, "").split("\n")[0] + draw(st.sampled_from(["", "``"]))
    if draw(st.booleans()) and is_python_program(code):
        # A program says by itself where it ends.
        fence = draw(st.sampled_from(["```", "~~~"]))
    return f"{fence}{draw(st.sampled_from(['', 'python', 'py title=a.py']))}\n{code}{fence}"


@st.composite
def conversations(draw, codes, asides):
    before, after = draw(st.tuples(codes, codes))
    assume(before.split() != after.split())
    descriptive, lazy = draw(instructions), draw(instructions)
    thought, draft = draw(st.sampled_from(THOUGHTS)), draw(st.sampled_from(["", DRAFT]))
    sections = [
        ("Program Before Edit", draw(blocks(before)) + draw(asides)),
        ("Descriptive Instruction", descriptive),
        ("Lazy", lazy),
    ]
    answer = draw(blocks(after)) + draw(asides)
    if draw(st.booleans()):
        answer = draw(headed([("Program After Edit", answer)]))
    line_end = draw(st.sampled_from(["\n", "\r\n"]))
    first, second = thought + draft + draw(headed(sections)), f"It is sound.\n\n{answer}"
    texts = [text.replace("\n", line_end) for text in (first, second, before, after)]
    return texts[0], texts[1], (texts[2], texts[3], descriptive, lazy)


def assert_comes_back(conversation):
    first, second, expected = conversation
    row = {"commit": [], "response_1": first, "response_2": second}
    triplet = extract_triplet(row, parser_for("python"))
    assert tuple(triplet[field] for field in TRIPLET_PARTS.values()) == expected


@settings(max_examples=300, deadline=None)
@given(conversations(programs, st.sampled_from(ASIDES)))
def test_a_program_comes_back_whatever_its_strings_hold_and_whatever_stands_beside_it(conversation):
    assert_comes_back(conversation)


@settings(max_examples=300, deadline=None)
@given(conversations(odd_programs, st.just("")))
def test_any_text_comes_back_from_a_fence_that_is_longer_than_those_inside(conversation):
    codes = conversation[2][:2]
    assume(all("\n" in code.strip() and code.strip() for code in codes))
    # What is no program and begins like a diff is read as the edit that it looks like.
    assume(not any(looks_like_edit(code) for code in codes))
    assert_comes_back(conversation)


@settings(max_examples=200, deadline=None)
@given(conversations(programs, st.just("")), st.data())
def test_a_reply_that_breaks_off_gives_no_shorter_program(conversation, data):
    first, second, (_, after, *_) = conversation
    second = second[: data.draw(st.integers(0, len(second)))]
    row = {"commit": [], "response_1": first, "response_2": second}
    ((result, reason),) = read_batch([row], "python")
    if not reason and result["code_after_purify"] != after:
        # One block that a fence in a string seems to close: it is told by not parsing.
        assert not is_python_program(result["code_after_purify"])


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [*FORMS, *THOUGHTS, "<think>\n", *ASIDES] + ["\r\n", "@@", "```", "Lazy", DRAFT]
        )
        | st.text(max_size=9)
    )
)
def test_no_text_makes_the_stage_fall_over(parts):
    text = "\n".join(parts).replace("{}", "Program After Edit")
    row = {"commit": [], "response_1": DRAFT + text, "response_2": text}
    ((result, reason),) = read_batch([row], "python")
    assert reason or all(result[field].strip() for field in TRIPLET_PARTS.values())


@pytest.mark.parametrize("language", ["javascript", "no such language"])
@given(text=st.text(max_size=40))
@settings(max_examples=30, deadline=None)
def test_other_languages_come_back_from_their_fences(language, text):
    code = "a\n" + text.replace("\r", "") + "\nb\n"
    row = {"commit": [], "response_1": DRAFT, "response_2": fenced(code, "")}
    ((result, reason),) = read_batch([row], language)
    assert reason == "elided_code" or result["code_after_purify"] == code
