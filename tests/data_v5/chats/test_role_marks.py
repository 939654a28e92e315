import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_v5.chats.role_marks import (
    TEMPLATES,
    BadConversation,
    RoleMarks,
    check_turns,
    cut_unanswered,
    read_turns,
    to_rows,
)

MARKS = RoleMarks()
FOUR = [("user", "u1"), ("assistant", "b1"), ("user", "u2"), ("assistant", "b2")]


def test_an_answers_row_holds_all_turns_before_it():
    assert to_rows(FOUR, MARKS, is_every=True) == [
        {"Input": "<Role user>u1<Role bot>", "Output": "b1"},
        {"Input": "<Role user>u1<Role bot>b1<Role user>u2<Role bot>", "Output": "b2"},
    ]


def test_the_last_answer_alone_may_be_asked_for():
    assert to_rows(FOUR, MARKS, False) == to_rows(FOUR, MARKS, True)[-1:]


def test_mistral_ends_an_answer_in_the_input_alone():
    [row] = to_rows(FOUR, TEMPLATES["mistral"], False)
    assert row == {"Input": "[INST] u1 [/INST] b1</s>[INST] u2 [/INST] ", "Output": "b2"}


# Texts made of pieces of marks, so that marks come about where turns meet.
TEXT = st.text("<Role user>UBbtINST/[]s ab{}\n\u2028\x0c", min_size=1).filter(str.strip)
PAIRS = st.lists(st.tuples(TEXT, TEXT), min_size=1, max_size=5)


@given(
    st.none() | TEXT,
    PAIRS,
    st.sampled_from([*TEMPLATES.values(), RoleMarks("ab", "ba", "a a"), RoleMarks("U", "B", "\n")]),
    st.booleans(),
)
def test_no_turn_is_lost(system, pairs, marks, is_every):
    first = [("system", system)] if system else []
    turns = first + [turn for user, bot in pairs for turn in (("user", user), ("assistant", bot))]
    try:
        check_turns(turns, marks)
    except BadConversation as reason:
        assert str(reason) == "holds_role_mark"
        return
    rows = to_rows(turns, marks, is_every)
    assert len(rows) == (len(pairs) if is_every else 1)
    last = len(first) + 2 * (len(pairs) - len(rows) + 1)
    for row in rows:
        assert marks.split(row["Input"] + row["Output"]) == turns[:last]
        last += 2


@pytest.mark.parametrize(
    ("turns", "reason"),
    [
        ([], "no_messages"),
        ([("assistant", "a")], "begins_with_bot"),
        ([("user", "a"), ("user", "b")], "adjacent_same_role"),
        ([("user", "a")], "ends_with_user"),
        ([("user", "a<Role user>"), ("assistant", "b")], "holds_role_mark"),
        ([("system", "<Role bot>"), *FOUR], "holds_role_mark"),
        ([("system", "s"), ("assistant", "a"), *FOUR], "begins_with_bot"),
        ([*FOUR, ("system", "s"), *FOUR], "system_turn_not_first"),
        ([("system", "s"), ("system", "s"), *FOUR], "system_turn_not_first"),
        ([("user", "a"), ("assistant", "b<Role bot>")], "holds_role_mark"),
    ],
)
def test_what_could_not_be_read_back_is_bad(turns, reason):
    with pytest.raises(BadConversation, match=reason):
        check_turns(turns, MARKS)


@pytest.mark.parametrize("marks", TEMPLATES.values())
def test_a_system_turn_is_read_back(marks):
    turns = [("system", "Be brief.\n"), *FOUR]
    check_turns(turns, marks)
    [row] = to_rows(turns, marks, is_every=False)
    assert row["Input"].startswith(f"Be brief.\n{marks.user}u1")
    assert marks.split(row["Input"] + row["Output"]) == turns


def test_what_no_answer_follows_is_cut_off():
    assert cut_unanswered([*FOUR, ("user", "a"), ("user", "b")]) == FOUR
    assert cut_unanswered(FOUR) == FOUR
    for turns in ([("user", "a")], [("system", "s"), ("user", "a")], [("system", "s")]):
        with pytest.raises(BadConversation, match="no_answer"):
            cut_unanswered(turns)


def test_a_mark_that_comes_about_where_a_text_meets_one_is_found():
    marks = RoleMarks("U:", "aa")
    check_turns([("user", "xb"), ("assistant", "y")], marks)
    with pytest.raises(BadConversation, match="holds_role_mark"):
        check_turns([("user", "xa"), ("assistant", "y")], marks)


def test_an_end_of_blanks_may_stand_in_a_text():
    turns = [("user", "a\n"), ("assistant", "b\n"), ("user", "c"), ("assistant", "d\n")]
    marks = RoleMarks("U:", "B:", "\n")
    check_turns(turns, marks)
    assert marks.join(turns) == "U:a\nB:b\n\nU:cB:d\n"
    assert marks.split(marks.join(turns)) == turns


def test_an_end_that_tells_something_may_not():
    turns = [("user", "What is </s>?"), ("assistant", "b")]
    with pytest.raises(BadConversation, match="holds_role_mark"):
        check_turns(turns, TEMPLATES["mistral"])


@pytest.mark.parametrize(
    "marks",
    [
        RoleMarks("", "b"),
        RoleMarks("a", ""),
        RoleMarks("a", "a"),
        RoleMarks("ab", "b"),
        RoleMarks("a", "b", "xbx"),
    ],
)
def test_marks_that_are_alike_have_a_fault(marks):
    assert marks.fault()


@pytest.mark.parametrize("marks", TEMPLATES.values())
def test_the_templates_have_none(marks):
    assert marks.fault() is None


@pytest.mark.parametrize(
    "row",
    [
        {"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]},
        {"messages": [{"role": "prompter", "text": "a"}, {"role": "assistant", "text": "b"}]},
        {"conversations": [{"from": "human", "value": "a"}, {"from": "gpt", "value": "b"}]},
    ],
)
def test_conversations_are_read_in_three_layouts(row):
    assert read_turns(row) == [("user", "a"), ("assistant", "b")]


@pytest.mark.parametrize(
    ("messages", "reason"),
    [
        (None, "messages_are_no_list"),
        (["a"], "message_is_no_object"),
        ([{"role": "tool", "content": "a"}], "unknown_role"),
        ([{"role": "system", "content": 1}], "empty_text"),
        ([{"role": ["user"], "content": "a"}], "unknown_role"),
        ([{"content": "a"}], "unknown_role"),
        ([{"role": "user", "content": " "}], "empty_text"),
        ([{"role": "user"}], "empty_text"),
    ],
)
def test_messages_of_another_form_are_bad(messages, reason):
    with pytest.raises(BadConversation, match=reason):
        read_turns({"messages": messages})


def test_llama_2_puts_what_the_system_says_into_the_first_turn_of_the_user():
    marks = TEMPLATES["llama2"]
    turns = [("system", "Be brief."), *FOUR]
    check_turns(turns, marks)
    [row] = to_rows(marks.fold_system(turns), marks, False)
    first = "<s>[INST] <<SYS>>\nBe brief.\n<</SYS>>\n\nu1 [/INST] b1 </s>"
    assert row == {"Input": f"{first}<s>[INST] u2 [/INST] ", "Output": "b2"}
    assert marks.split(row["Input"] + row["Output"]) == turns
    assert marks.fold_system(FOUR) == FOUR
    assert marks.split(marks.join(FOUR)) == FOUR


def test_conversations_of_few_turns_can_be_left_out():
    check_turns(FOUR, MARKS, min_turns=4)
    for turns in (FOUR[:2], [("system", "s"), *FOUR[:2]]):
        with pytest.raises(BadConversation, match="too_few_turns"):
            check_turns(turns, MARKS, min_turns=3)
