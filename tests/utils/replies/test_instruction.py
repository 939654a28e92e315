import pytest

from utils.replies.instruction import clean_instruction


@pytest.mark.parametrize(
    "section",
    [
        "Fix the bug.",
        "\n\nFix the bug.\n\n",
        ": Fix the bug.",
        "：Fix the bug.",
        "** Fix the bug.",
        "Fix the bug.\n\n---\n",
        "---\nFix the bug.\n***",
        "Fix the bug.\n\n3.",
        "Fix the bug.\n\n2. **",
        "[Lazy]\nFix the bug.",
        "[Lazy] Fix the bug. [/Lazy]",
        "<lazy>\nFix the bug.\n</lazy>",
        "**Fix the bug.**",
        '"Fix the bug."',
        "```\nFix the bug.\n```",
        "```text\nFix the bug.\n```\n",
        "Fix the bug.\n```",
        "Fix the bug.\r\n",
        "\u200bFix the bug.\ufeff",
        "> Fix the bug.",
        "“Fix the bug.”",
        "'Fix the bug.'",
        "*Fix the bug.*",
        "Lazy: Fix the bug.",
        "Here's the lazy instruction:\nFix the bug.",
        "Fix the bug.\n\nLet me know if it helps!",
        "Fix the bug.\n\n---\n\nI hope this helps!",
    ],
)
def test_residue_around_an_instruction_goes(section):
    assert clean_instruction(section) == "Fix the bug."


@pytest.mark.parametrize(
    "text",
    [
        "1. Add a flag.\n2. Use it.",
        "**Add** a flag and **use** it",
        'Rename "a" to "b"',
        "- Add a flag: `--x`\n- Use it\n\n---\n\nKeep the rest",
        "Return this:\n```python\nx = 1\n```",
        "Use `[Lazy]` for the tag",
        "Lazy loading is wanted here",
        "* one\n* two",
        "Say:\n> hello\nand stop",
        "Print a line:\nLet me know!",
        "Here is the lazy instruction:",
    ],
)
def test_what_belongs_to_an_instruction_stays(text):
    assert clean_instruction(text) == text


@pytest.mark.parametrize("section", ["", "\n \n", ":", "---", "2.", "**\n\n3.", "``` \n```"])
def test_an_instruction_of_residue_alone_is_empty(section):
    assert clean_instruction(section) == ""
