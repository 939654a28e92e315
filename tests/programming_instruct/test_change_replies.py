import pytest
from hypothesis import given
from hypothesis import strategies as st

from programming_instruct.change_replies import (
    LONGEST_CHAT,
    LONGEST_INSTRUCTION,
    read_chat,
    read_instruction,
)
from tests.linear_time import grows_linearly
from utils.errors import BadReply

CURRENT = """\
def load(path):
    return json.load(open(path))
"""
AFTER = """\
def load(path, default=None):
    if not path.exists():
        return default
    with open(path, encoding="utf-8") as file:
        settings = json.load(file)
    return {name: value for name, value in settings.items() if value is not None}
"""
WORDS = "Give `load` a default for missing files, and skip null values."


def instruction(reply: str, current: str = CURRENT) -> str:
    return read_instruction(reply, current, AFTER, "Python")


def chat(reply: str) -> str:
    return read_chat(reply, CURRENT, AFTER)


def reason_of_instruction(reply: str, current: str = CURRENT) -> str:
    with pytest.raises(BadReply) as caught:
        instruction(reply, current)
    return caught.value.reason


def reason_of_chat(reply: str) -> str:
    with pytest.raises(BadReply) as caught:
        chat(reply)
    return caught.value.reason


WRAPPED = [
    WORDS,
    f'"{WORDS}"',
    f"**{WORDS}**",
    f"```text\n{WORDS}\n```",
    f"Instruction: {WORDS}",
    f"**Instruction:** {WORDS}",
    f"### Request:\n{WORDS}",
    f"Sure! Here is the instruction:\n\n{WORDS}",
    f"Sure, here's the request you asked for:\n\n{WORDS}",
    f"Here is an instruction that leads to this edit: {WORDS}",
    f"<think>\nThey want a default.\n</think>\n\n{WORDS}",
    f"{WORDS}\n\nLet me know if you want another one!",
]


@pytest.mark.parametrize("reply", WRAPPED)
def test_what_stands_around_an_instruction_is_taken_off(reply: str) -> None:
    assert instruction(reply) == WORDS


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        ("", "empty"),
        ("Here is the instruction:", "empty"),
        ('""', "too_short"),
        ("do it", "too_short"),
        ("I'm sorry, but I can't help with that request.", "refusal"),
        ("<think>\nThey want", "truncated"),
        ("Change this:\n```python\ndef load(", "truncated"),
        (WORDS + f"\n```python\n{AFTER}```", "leaks_solution"),
        (WORDS + "\n```\nif not path.exists():\n```", "leaks_solution"),
        (WORDS + "\n```diff\n-old\n+new\n```", "leaks_solution"),
        ("@@ -1,2 +1,3 @@\n-    return 1\n+    return 2\n", "leaks_solution"),
        ("Use this: " + " ".join(AFTER.split()), "leaks_solution"),
        ("The programmer wants a default for missing files.", "meta_talk"),
        ("This request asks for a default.", "meta_talk"),
        ("Based on the diff, give `load` a default.", "meta_talk"),
        (WORDS + " Do it as shown in the diff.", "meta_talk"),
        ("Change `load` to match the final version.", "meta_talk"),
        ("Fix what the problem is, as described in the commit message.", "meta_talk"),
        (f"# Current Code\n\n{WORDS}", "meta_talk"),
        ("Give `load` a default. " * 80, "too_long"),
    ],
)
def test_what_is_no_instruction_is_refused(reply: str, reason: str) -> None:
    assert reason_of_instruction(reply) == reason


def test_a_programmer_may_be_sorry_and_may_show_what_goes_wrong() -> None:
    sorry = "Sorry, I broke `load`: it fails on missing files. Return a default there."
    assert instruction(sorry) == sorry
    shown = "`load` raises this, catch it:\n\n```\nFileNotFoundError: settings.json\n```"
    assert instruction(shown) == shown


def test_a_request_and_a_user_may_be_things_of_the_code() -> None:
    for words in ("The request handler must time out.", "The user needs to confirm a deletion."):
        assert instruction(words) == words


def test_code_about_diffs_may_be_spoken_of_as_such() -> None:
    words = "Leave blank lines out of the diff."
    assert reason_of_instruction(words) == "meta_talk"
    assert instruction(words, "def show(diff):\n    pass\n") == words


def test_the_current_code_may_be_quoted() -> None:
    words = "Replace this line:\n\n```python\n    return json.load(open(path))\n```"
    assert instruction(words) == words


CHAT = "`load` takes a `default` now and gives it back where the file is missing."


@pytest.mark.parametrize(
    "reply",
    [
        CHAT,
        f"Here is the message:\n\n{CHAT}",
        f"**Explanation:** {CHAT}",
        f"```text\n{CHAT}\n```",
        f"```\n{CHAT}\n```",
        f"<think>\nhm\n</think>\n{CHAT}\n",
        f"[THINK]hm[/THINK]{CHAT}<|im_end|>",
    ],
)
def test_what_stands_around_a_message_is_taken_off(reply: str) -> None:
    assert chat(reply) == CHAT


def test_a_message_may_hold_code_with_its_indentation() -> None:
    text = (
        f"{CHAT} Call it like this:\n\n```python\nif x:\n    load(path, {{}})\n```\n\nThat is all."
    )
    assert chat(text) == text


def test_a_message_may_say_why_nothing_changes() -> None:
    text = "I can't tell yet what comes next, so I would leave `load` as it is."
    assert chat(text) == text


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        ("", "empty"),
        ("**Explanation:**", "empty"),
        ("I'm sorry, but I can't help with that request.", "refusal"),
        (f"```python\n{AFTER}```", "only_code"),
        (f"```\n{AFTER}```", "only_code"),
        (f"```python\n{AFTER}```\nDone.", "only_code"),
        (AFTER, "only_code"),
        (
            "--- a/code\n+++ b/code\n@@ -1 +1 @@\n-def load(path):\n+def load(path, x):\n",
            "only_code",
        ),
        (f"{CHAT}\n```python\ndef load(", "truncated"),
        (f"# Edit to Explain\n\n{CHAT}", "prompt_residue"),
        (f"User: what is new?\nAssistant: {CHAT}", "prompt_residue"),
        (f"{CHAT}<|im_end|>\nThanks.", "leaked_token"),
        (f"{CHAT}\ud83d", "not_unicode"),
        ("word " * (LONGEST_CHAT // 4), "too_long"),
        ("Se la vi di", "too_short"),
    ],
)
def test_what_is_no_message_is_refused(reply: str, reason: str) -> None:
    assert reason_of_chat(reply) == reason


@given(st.text(max_size=400))
def test_any_text_is_read_or_refused(reply: str) -> None:
    for read, longest in ((instruction, LONGEST_INSTRUCTION), (chat, LONGEST_CHAT)):
        try:
            text = read(reply)
        except BadReply:
            continue
        assert text == text.strip()
        assert 0 < len(text) <= longest


@pytest.mark.parametrize(
    "noise", ["\n", "# ", "* ", "Instruction: ", "Sure! ", "```\n", "<think>", "in the ", "a`b"]
)
def test_noise_without_end_is_refused_in_linear_time(noise: str) -> None:
    def read(text: str) -> None:
        for reply in (text, f"x {text}"):
            reason_of_instruction(reply)
            reason_of_chat(reply)

    assert grows_linearly(read, noise, 49_000)
    assert grows_linearly(read, noise, 200_000)
