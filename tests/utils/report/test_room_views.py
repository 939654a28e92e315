from typing import Any

import pytest

from tests import report_rows as rows
from utils.report.room_views import synthesis_texts
from utils.report.row_views import kind_of, views


@pytest.mark.parametrize(
    ("row", "kind"),
    [
        ({"code": "x = 1"}, "snippets"),
        ({"code": "x = 1", "lang": "python", "path": "a.py"}, "snippets"),
        (rows.versions(1), "versions"),
        ({"output": ["a = 1", "a = 2"]}, "versions"),
        (rows.submissions(1), "versions"),
        (rows.commit(1), "commits"),
        (rows.history_sample(1), "samples"),
        ({"task_id": "1", "history": [], "current": rows.code("x"), "user": ""}, "samples"),
        ({"code": "x = 1", "verdict": "good"}, "rows"),
        ({"instruction": "a", "input": "b", "output": "c"}, "rows"),
        ({"code1": "a", "code2": "b", "is_clone": True}, "rows"),
    ],
)
def test_the_kind_of_a_row_shows_in_its_fields(row, kind):
    assert kind_of(row) == kind


def test_a_sample_is_the_edit_from_its_current_to_its_next_code():
    row = rows.history_sample(3, current=rows.code("a = 1\n", "Go"))
    [view] = views(row)
    assert (view.code_before, view.code_after) == ("a = 1\n", row["next"]["code"])
    assert (view.instruction, view.style, view.model) == (row["user"], "aiprogrammer", "m1")
    assert (view.language, view.versions) == ("go", 2)
    assert list(view.texts) == ["chat", "area", "history 1", "history 2"]


@pytest.mark.parametrize(
    ("changes", "parts"),
    [
        ({}, ["history", "user words", "area: cursor", "edit in next"]),
        ({"history": []}, ["user words", "area: cursor", "edit in next"]),
        ({"user": " "}, ["history", "area: cursor", "edit in next"]),
        ({"area": [3, 9]}, ["history", "user words", "area: selection", "edit in next"]),
        ({"area": None}, ["history", "user words", "edit in next"]),
        ({"next": rows.history_sample(1)["current"]}, ["history", "user words", "area: cursor"]),
    ],
)
def test_what_a_sample_holds_is_told(changes, parts):
    [view] = views(rows.history_sample(1) | changes)
    assert list(view.parts) == parts


def test_the_area_is_put_into_words():
    sample = rows.history_sample(1, current=rows.code("a\nb = 1\n"))
    [at_cursor] = views(sample | {"area": 4})
    assert at_cursor.texts["area"] == "cursor at character 4, line 2"
    [selected] = views(sample | {"area": [2, 7]})
    assert selected.texts["area"] == "characters 2 to 7:\nb = 1"


def test_a_sample_may_go_without_words_and_begin_with_nothing_but_not_without_code():
    [silent] = views(rows.history_sample(1, user="", current=rows.code("")))
    assert silent.is_complete and not silent.is_edit
    [broken] = views(rows.history_sample(1, next={"code": None}))
    assert not broken.is_complete


def test_a_rejected_plan_shows_the_code_it_was_going_to():
    row = rows.history_sample(1)
    del row["next"]
    [view] = views(row | {"final": "z = 1\n", "user": None, "reject_reason": "refusal"})
    assert (view.code_after, view.reason, view.instruction) == ("z = 1\n", "refusal", None)


def test_a_commit_is_an_edit_with_its_message():
    row = rows.commit(1)
    [view] = views(row)
    assert (view.code_before, view.code_after) == (row["code1"], row["code2"])
    assert (view.instruction, view.language) == ("Add a mode, number 1", "go")
    assert view.commits == ("c1",) and view.texts == {"path": "a.go"}
    [added] = views(row | {"code1": ""})
    assert added.is_complete


def test_versions_are_numbered_and_told_with_their_origin():
    [view] = views(rows.versions(1, count=2))
    assert list(view.texts) == ["version 1", "version 2"]
    assert (view.versions, view.style, view.prompt_id) == (2, "novice", "v1")
    [attempts] = views(rows.submissions(4))
    assert list(attempts.texts) == ["problem", "problem_id", "version 1", "version 2"]
    assert (attempts.versions, attempts.language) == (2, "cpp")


@pytest.mark.parametrize("bad", [None, 7, "text", [], {}, [None]])
def test_ill_typed_fields_are_shown_without_a_fault(bad):
    for row in (rows.history_sample(1), rows.commit(1), rows.submissions(1)):
        for name in row:
            [view] = views(row | {name: bad})
            assert view.identity


PAIR = {
    "conversations": [
        {"from": "system", "value": "Be kind."},
        {"from": "human", "value": "Why?"},
    ],
    "chosen": {"from": "gpt", "value": "Because of this."},
    "rejected": {"from": "gpt", "value": "No idea."},
    "prompt_id": "p1",
    "chosen_model": "big",
    "rejected_model": "small",
    "chosen_score": 0.75,
    "rejected_score": 0.25,
    "margin": 0.5,
}
CANDIDATES = {
    "input": "Why?",
    "tag": "x",
    "candidates": [{"model": "big", "text": "This."}, {"model": "small", "text": "That."}],
    "verdicts": [
        {"judge": "j", "shown": [1, 0], "winners": {"truth": 0, "style": None}, "reason": "Sound."},
        {"judge": "j", "candidate": 1, "points": {"truth": 3}, "reason": ""},
    ],
}
LINEAGE = {
    "input": "Why, in ten words?",
    "original_input": "Why?",
    "evolved": ["Why, in ten words?"],
    "lineage": [
        {"round": 0, "kind": "original", "query": "Why?", "difficulty": 2, "eliminated": []},
        {
            **{"round": 1, "kind": "add_constraints", "query": "Why, in ten words?"},
            **{"difficulty": 4, "eliminated": [{"reason": "too_long", "text": "Why why why?"}]},
        },
        {"round": 2, "kind": "deepen", "query": None, "difficulty": None, "eliminated": []},
    ],
}
VOTE = {
    "input": "Why?",
    "votes": {"a": "x", "b": ["x", "y"], "c": None},
    "label_vote": {"label": "x", "counts": {"x": 2, "y": 1}, "voted": 2},
    "reason_vote": {"a": "It is so."},
    "label": "x",
}
ROWS: dict[str, dict[str, Any]] = {
    "pairs": PAIR,
    "candidates": CANDIDATES,
    "lineages": LINEAGE,
    "votes": VOTE,
}


@pytest.mark.parametrize("kind", ROWS)
def test_a_synthesised_row_is_known_by_its_fields(kind: str) -> None:
    assert kind_of(ROWS[kind]) == kind


@pytest.mark.parametrize(
    "row", [{"input": "a"}, {"votes": 3}, {"lineage": []}, {"candidates": ["a"]}, {"chosen": "a"}]
)
def test_another_row_is_of_no_kind(row: dict[str, Any]) -> None:
    assert kind_of(row) == "rows"


def test_a_pair_shows_both_answers_with_their_models_and_scores() -> None:
    [view] = views(PAIR)
    assert view.texts == {
        "turn 1: system": "Be kind.",
        "turn 2: human": "Why?",
        "chosen (big, score 0.75, margin 0.5)": "Because of this.",
        "rejected (small, score 0.25)": "No idea.",
    }
    assert (view.model, view.prompt_id) == ("big", "p1")


def test_a_pair_in_alpacas_layout_is_shown_too() -> None:
    [view] = views({"instruction": "Why?", "input": "", "chosen": "This.", "rejected": "That."})
    assert view.texts == {"question": "Why?", "chosen": "This.", "rejected": "That."}


def test_candidates_are_shown_with_the_verdicts_on_them() -> None:
    [view] = views(CANDIDATES)
    assert view.texts["candidate 2 (small)"] == "That."
    assert view.texts["verdicts"].split("\n") == [
        "j, 2 before 1 shown: truth 1, style tie. Sound.",
        "j, 2 shown: truth 3.",
    ]
    assert view.texts["tag"] == "x", "what has no place of its own is shown behind"


def test_a_lineage_is_read_from_the_original_to_the_last_query() -> None:
    [view] = views(LINEAGE)
    assert list(view.texts.items()) == [
        ("original (difficulty 2)", "Why?"),
        ("round 1 (add constraints, difficulty 4)", "Why, in ten words?"),
        ("round 1, eliminated 1 (too long)", "Why why why?"),
        ("round 2 (deepen)", "(no evolution held)"),
    ]


def test_votes_are_shown_with_their_reasons_and_the_outcome() -> None:
    [view] = views(VOTE)
    assert view.texts["votes"].split("\n") == ["a: x (It is so.)", "b: x, y", "c: no vote"]
    assert view.texts["outcome"] == "label x, counts x 2, y 1, voted 2"


@pytest.mark.parametrize(
    ("kind", "row"),
    [
        ("pairs", {"chosen": None, "rejected": 3, "conversations": "x", "margin": "wide"}),
        ("candidates", {"candidates": [{"text": None}, 3], "verdicts": [{"shown": [None]}, 4]}),
        ("candidates", {"candidates": [{"text": "a"}], "verdicts": {"a": 1}, "input": 3}),
        ("lineages", {"lineage": [{"query": 3, "eliminated": {"a": 1}}, None]}),
        ("votes", {"votes": [1, None], "reason_vote": [], "label_vote": 3}),
    ],
)
def test_rows_of_odd_shapes_do_no_harm(kind: str, row: dict[str, Any]) -> None:
    assert all(isinstance(text, str) for text in synthesis_texts(row, kind).values())
