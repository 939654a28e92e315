import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from programming_instruct.judge_decisions import read_decisions
from utils.errors import BadReply


def reason_of(reply: str, count: int) -> str:
    with pytest.raises(BadReply) as caught:
        read_decisions(reply, count)
    return caught.value.reason


AS_ASKED = """\
**Block 1**
The name was changed above; `True` stands there already.
**Decision:** True

**Block 2**
Nothing tells of it, so block 1 is no help.
**Decision:** False
"""


def test_the_form_asked_for_is_read() -> None:
    assert read_decisions(AS_ASKED, 2) == [True, False]


@pytest.mark.parametrize(
    "reply",
    [
        "Block 1: True\nBlock 2: False",
        "### Block 1\n**Decision: true**\n### Block 2\n**Decision: FALSE.**",
        "1. True\n2. False",
        "1) **True** - it goes on with the renaming\n2) **False**: nobody asked",
        "- Block 2 → False\n- Block 1 → True",
        "| Block | Decision |\n|---|---|\n| 1 | True |\n| 2 | False |",
        "Decision 1: True\nDecision 2: False",
        "**Block 1 Decision:** True\n**Block 2 Decision:** False",
        "Decision for block 1: True\nDecision for block 2: False",
        "Block 1\nReason.\nDecision:\nTrue\n\nBlock 2\nReason.\nDecision:\nFalse",
        "It was renamed. **Decision:** True\n\nNobody asked. **Decision:** False",
        "True\nFalse",
        "[True, False]",
        "**Decisions:** [true, false]",
        '["True", "False"]',
        '```json\n[{"block": 1, "decision": true}, {"block": 2, "decision": false}]\n```',
        '[{"block": 2, "reason": "x", "decision": "False"}, {"block": 1, "decision": "true"}]',
        '{"decisions": [true, false]}',
        '{"1": true, "2": false}',
        '{"Block 1": {"reason": "x", "decision": true}, "Block 2": {"decision": false}}',
        "{'block_1': True, 'block_2': False}",
        'Here are the decisions:\n\n```json\n{"1": true, "2": false}\n```\nThat is all.',
        f"<think>\nBlock 1: False?\n</think>\n{AS_ASKED}",
        f"```\n{AS_ASKED}```",
        AS_ASKED.replace("\n", "\r\n"),
        "**Block 1**\nIt adds\n```python\nBlock 2: True\nTrue\n```\n**Decision:** True\n"
        "**Block 2** **Decision:** False",
    ],
)
def test_the_forms_that_models_choose_are_read(reply: str) -> None:
    assert read_decisions(reply, 2) == [True, False]


def test_one_bare_word_decides_on_one_block() -> None:
    assert read_decisions("**True**", 1) == [True]
    assert read_decisions('{"decision": false, "reason": "a whim"}', 1) == [False]


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        ("", "missing_decision"),
        ("Block 1: True", "missing_decision"),
        ("Block 1: True\nBlock 2: maybe", "missing_decision"),
        (
            "**Block 1**\n**Decision:** not True\n**Block 2**\n**Decision:** False",
            "missing_decision",
        ),
        ("The edit could have been expected: it is true to the history.", "missing_decision"),
        ("I'm sorry, but I can't judge this.", "refusal"),
        ("<think>\nBlock 1: True\nBlock 2: True", "truncated"),
        (AS_ASKED + "\n**Block 3**\n**Decision:** True", "surplus_decision"),
        ("True\nFalse\nTrue", "surplus_decision"),
        ("Block 0: True\nBlock 1: True", "surplus_decision"),
        (AS_ASKED + "\n**Block 2**\n**Decision:** False", "doubled_decision"),
        (AS_ASKED + "\n**Block 1**\n**Decision:** False", "contradictory_decisions"),
        ("Block 1: True\nBlock 1: False", "contradictory_decisions"),
        ("Block 1\nDecision: True or False\nBlock 2: True", "contradictory_decisions"),
        ("**Decision:** True, no, False\n**Decision:** True", "contradictory_decisions"),
        ("Decision: True\nBlock 2: False", "unclear_decision"),
        ('{"first": true, "second": false}', "unclear_decision"),
        ("[1, 0]", "unclear_decision"),
        ('["yes", "no"]', "unclear_decision"),
        ('[{"block": 1, "decision": true, "verdict": false}, true]', "unclear_decision"),
        (f"{AS_ASKED}\nSo: [True, False]", "unclear_decision"),
    ],
)
def test_a_reply_that_does_not_answer_for_each_block_once_is_bad(reply: str, reason: str) -> None:
    assert reason_of(reply, 2) == reason


@given(st.lists(st.booleans(), min_size=1, max_size=30))
def test_any_decisions_read_back_from_prose_and_from_json(decisions: list[bool]) -> None:
    prose = "\n\n".join(
        f"**Block {number}**\nA reason.\n**Decision:** {value}"
        for number, value in enumerate(decisions, 1)
    )
    assert read_decisions(prose, len(decisions)) == decisions
    assert read_decisions(json.dumps(decisions), len(decisions)) == decisions


@given(st.text(max_size=300), st.integers(1, 3))
def test_any_text_is_read_or_refused(reply: str, count: int) -> None:
    with suppress(BadReply):
        assert len(read_decisions(reply, count)) == count


def test_a_megabyte_of_noise_is_refused_in_no_time() -> None:
    for noise in ("[" * 1_000_000, "block 1 " * 120_000, "decision " * 110_000, "**1** " * 160_000):
        assert reason_of(noise, 2) == "missing_decision"
