from contextlib import suppress

import pytest

from tests.linear_time import grows_linearly
from utils.errors import BadReply
from utils.replies.headings import BEFORE, DESCRIPTIVE, LAZY
from utils.replies.sections import (
    is_declined_instruction,
    is_refusal,
    is_unreasonable,
    plain_reply,
    read_after_section,
    read_sections,
    without_escapes,
)


def test_a_reply_that_was_escaped_as_a_whole_is_read_back():
    assert without_escapes("if a &lt; b &amp;&amp; c -&gt; &quot;d&#39;") == "if a < b && c -> \"d'"
    assert without_escapes("a &lt; '&amp;lt;'") == "a < '&lt;'"


@pytest.mark.parametrize(
    "reply",
    [
        "text.replace('<', '&lt;')",
        "a & b, &lt;",
        "print('&lt;b&gt;')",
        "Use `&lt;` for it.",
        "Tom &amp; Jerry",
        "a &lt b",
    ],
)
def test_a_reply_about_escapes_stays_as_it_is(reply):
    assert without_escapes(reply) == reply


ROUND = [BEFORE, DESCRIPTIVE, LAZY]
CODE = "```python\nx = 1\ny = 2\n```"
REPLY = f"[Program Before Edit]\n{CODE}\n\n[Descriptive]\nAdd z.\n\n[Lazy]\nz\n"
EXPECTED = {BEFORE: CODE, DESCRIPTIVE: "Add z.", LAZY: "z"}


def sections(reply, wanted=ROUND):
    return {name: text.strip() for name, text in read_sections(reply, wanted).items()}


def reason(reply, wanted=ROUND):
    with pytest.raises(BadReply) as caught:
        read_sections(reply, wanted)
    return caught.value.reason


def headed(before, descriptive, lazy):
    return f"{before}\n{CODE}\n\n{descriptive}\nAdd z.\n\n{lazy}\nz\n"


@pytest.mark.parametrize(
    "form",
    [
        "[{}]",
        "[{}]:",
        "【{}】",
        "【{}】：",
        "{}",
        "{}:",
        "## {}",
        "###### [{}]",
        "**{}**",
        "**{}:**",
        "**[{}]**:",
        "*{}*",
        "__{}__",
        "1. [{}]",
        "2) **{}**",
        "### 3. **[{}]**",
        "**1. {}:**",
        "- [{}]",
        "  [{}]  ",
        "[ {} ]",
        "[**{}**]",
        "> [{}]",
    ],
)
@pytest.mark.parametrize("case", [str, str.upper, str.lower])
def test_headings_are_known_in_every_form(form, case):
    names = ["Program Before Edit", "Descriptive Instruction", "Lazy"]
    assert sections(headed(*(form.format(case(name)) for name in names))) == EXPECTED


def test_text_may_follow_on_the_line_of_the_heading():
    reply = f"[Program Before Edit] {CODE}\n**Descriptive:** Add z.\nLazy Instruction: z"
    assert sections(reply) == EXPECTED


def test_line_ends_may_be_those_of_windows():
    assert sections(REPLY.replace("\n", "\r\n")) == {
        BEFORE: CODE.replace("\n", "\r\n"),
        DESCRIPTIVE: "Add z.",
        LAZY: "z",
    }


@pytest.mark.parametrize(
    "line",
    [
        "Lazy loading is wanted.",
        "**Lazy** loading is wanted.",
        "## Lazy loading",
        "Make the [Lazy] heading bold.",
        "[Lazy](https://x.org) is a link.",
        "####### [Lazy]",
        "Descriptive names are better.",
    ],
)
def test_prose_that_begins_with_a_name_is_no_heading(line):
    reply = REPLY.replace("Add z.", f"Add z.\n{line}\nDone.")
    assert sections(reply)[DESCRIPTIVE] == f"Add z.\n{line}\nDone."


def test_a_heading_inside_a_fence_is_code():
    code = '```python\nTEXT = """\n[Lazy]\n[Descriptive]\n"""\n```'
    assert sections(REPLY.replace(CODE, code)) == EXPECTED | {BEFORE: code}
    assert reason(REPLY.replace(CODE, code).replace("\n[Lazy]\nz", "")) == "missing_lazy"


def test_an_example_in_the_code_does_not_hide_the_headings():
    for fences in ("```sh\nls\n```", "```\nls\n```", "    ```\n    ls\n    ```", "```"):
        code = f'```python\n"""\n{fences}\n"""\nx = 1\n```'
        assert sections(REPLY.replace(CODE, code)) == EXPECTED | {BEFORE: code}


def test_a_reply_fenced_as_a_whole_is_read():
    found = sections(f"```markdown\n{REPLY}```\n")
    assert found == EXPECTED | {LAZY: "z\n```"}


def test_the_last_complete_set_wins():
    rehearsal = REPLY.replace("Add z.", "Draft").replace("x = 1", "x = 0")
    assert sections(rehearsal + "\nNow:\n\n" + REPLY) == EXPECTED
    assert sections(REPLY + "\n[Program Before Edit]\n") == EXPECTED
    outline = "I give [Lazy] last.\n[Program Before Edit]\n[Descriptive]\n[Lazy]\n\n"
    assert sections(outline + REPLY) == EXPECTED
    assert sections(REPLY + outline) | {LAZY: "z"} == EXPECTED


def test_a_section_given_twice_counts_the_second_time():
    assert sections(REPLY.replace("[Lazy]", "[Descriptive]\nAdd w.\n\n[Lazy]")) == EXPECTED | {
        DESCRIPTIVE: "Add w."
    }


def test_a_missing_section_is_named():
    assert reason(REPLY.replace("[Program Before Edit]", "")) == "missing_program_before_edit"
    assert reason(REPLY.replace("[Descriptive]", "")) == "missing_descriptive"
    assert reason(REPLY.replace("[Lazy]", "")) == "missing_lazy"


def test_a_reply_cut_off_inside_a_block_is_truncated():
    assert reason(REPLY[:40]) == "truncated"
    assert reason("<think>Let me see. [Program Before Edit]") == "truncated"


def test_what_stands_in_a_thought_that_is_never_closed_is_no_answer():
    assert reason(f"<think>\n{REPLY}") == "truncated"
    assert reason(f"{REPLY}\n<think>\nOr rather") == "truncated"


@pytest.mark.parametrize(
    "reply",
    [
        f"<think>\nFirst [Lazy], ```then\n</think>\n{REPLY}",
        f"<THINK>{REPLY.replace('Add z.', 'Draft')}</THINK>{REPLY}",
        f"Let me see.\n[Lazy] comes last.\n</think>\n\n{REPLY}",
        f"<thinking>a</thinking>\n<think>b</think>\n{REPLY}",
        REPLY.replace("[Lazy]", "<think>what now?</think>\n[Lazy]"),
    ],
)
def test_thoughts_are_taken_out(reply):
    assert sections(reply) == EXPECTED


def test_tags_inside_code_are_code():
    code = '```python\nSTART = "<think>"\nEND = """\n</think>\n"""\n```'
    assert plain_reply(f"a\n{code}\nb") == (f"a\n{code}\nb", False)
    quoted = "```python\nEND = '</think>'\n```"
    assert plain_reply(f"<think>\n{quoted}") == ("", True)
    below = '```python\nX = """\n<think>\n"""\n```'
    assert plain_reply(f"[Lazy] {below}") == (f"[Lazy] \n{below}", False)


def test_end_tokens_are_cut():
    assert plain_reply(f"{REPLY}<|im_end|>\n") == (REPLY.rstrip(), False)


@pytest.mark.parametrize(
    "reply",
    [
        "<UNREASONABLE>",
        "**<unreasonable>**\n\nThe program makes no sense.",
        "The program can't run, so: <UNREASONABLE>",
        "UNREASONABLE",
        f"<UNREASONABLE>\n\nStill, here it is:\n{CODE}",
        "<think>Is it?</think>\n`<UNREASONABLE>`.",
        "UNREASONABLE: it does so already.",
        f"<UNREASONABLE>: it does so already.\n{CODE}",
    ],
)
def test_a_declared_unreasonable_program_is_found(reply):
    assert is_unreasonable(reply)


@pytest.mark.parametrize(
    "reply",
    [
        f"This is not <UNREASONABLE>.\n{CODE}",
        f"<UNREASONABLE>? No.\n{CODE}",
        "<think><UNREASONABLE>?</think>\n[Program After Edit]\n" + CODE,
        '```python\nMARK = """\n<UNREASONABLE>\n"""\n```',
        "That would be unreasonable.",
    ],
)
def test_a_mention_of_the_mark_declares_nothing(reply):
    assert not is_unreasonable(reply)


@pytest.mark.parametrize(
    "reply",
    [
        "I'm sorry, but I can't help with that.",
        "I cannot do this.",
        "As an AI model, I",
        "抱歉，我",
    ],
)
def test_a_refusal_is_told_from_a_missing_section(reply):
    assert is_refusal(reply)
    assert reason(reply) == "refusal"
    assert not is_refusal("Say sorry when the file is missing.")


@pytest.mark.parametrize(
    ("text", "is_declined"),
    [
        ("I'm sorry, but I can't help with that.", True),
        ("I cannot create this exercise.", True),
        ("As an AI model, I do not", True),
        ("I can't sort the list, fix it", False),
        ("sorry I broke f, repair it", False),
        ("I'm unable to write to the file, why?", False),
    ],
)
def test_a_complaint_in_an_instruction_is_no_refusal(text, is_declined):
    assert is_declined_instruction(text) == is_declined


def test_the_second_round_may_do_without_its_heading():
    assert read_after_section(f"**[Program After Edit]**:\n{CODE}").strip() == CODE
    assert read_after_section(CODE) == CODE
    assert read_after_section(f"It is sound.\n\n{CODE}") == f"It is sound.\n\n{CODE}"


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        ("I'm sorry, I can't.", "refusal"),
        ("<think>Well", "truncated"),
        (f"[Program Before Edit]\n{CODE}", "missing_program_after_edit"),
    ],
)
def test_a_second_round_without_code_says_why(reply, why):
    with pytest.raises(BadReply) as caught:
        read_after_section(reply)
    assert caught.value.reason == why


@pytest.mark.parametrize(
    "unit",
    [
        "[Lazy] ",
        "[Lazy]\n",
        "`",
        "```\n",
        "```python\n",
        "* ",
        "1.",
        "<think>",
        "</think>\n",
        "> ",
        "program ",
        "UNREASONABLE ",
    ],
)
def test_anything_without_end_is_read_in_linear_time(unit):
    def read(hostile):
        for reply in (hostile, hostile + REPLY, REPLY + hostile):
            is_unreasonable(reply)
            with suppress(BadReply):
                read_sections(reply, ROUND)

    assert grows_linearly(read, unit)
