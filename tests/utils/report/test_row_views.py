import json
from typing import get_args

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests import report_rows as rows
from utils.finetune.chat_format import PROMPT_FORMATS, TrainingConversation, user_turn, whole_lines
from utils.report.row_views import FILE_KINDS, NAMED_KINDS, SIGNS, kind_of, views
from utils.stage_output import Stage

LAYOUTS = [name for name, layout in PROMPT_FORMATS.items() if layout.has_origin]


def training_row(layout, instruction="Do it.", code=rows.BEFORE, ending=""):
    turns = TrainingConversation(
        "system", user_turn(whole_lines(code), instruction) + ending, "answer"
    )
    conversation = PROMPT_FORMATS[layout].lay_out(turns)
    own = {"commit": "c1,c2", "instr_type": "m1_lazy", "old_code": whole_lines(code)}
    meta = json.dumps(rows.trace(3))
    return {**conversation, **own, "new_code": rows.AFTER, "meta": meta}


@pytest.mark.parametrize(
    ("row", "kind"),
    [
        (rows.seed(1), "seeds"),
        (rows.prompt(1), "prompts"),
        (rows.reply(1), "replies"),
        (rows.triplet(1), "triplets"),
        (rows.mixed(1), "mix"),
        (rows.filtered(1), "filtered"),
        *((training_row(layout), "fine-tune") for layout in LAYOUTS),
        ({"text": "a", "label": "b"}, "rows"),
        ({"chosen": "a", "rejected": "b"}, "pairs"),
        ({**rows.reply(1), "reject_reason": "truncated"}, "replies"),
    ],
)
def test_the_kind_of_a_row_shows_in_its_fields(row, kind):
    assert kind_of(row) == kind


def test_the_stage_that_a_summary_names_goes_before_the_fields():
    kept = {**rows.triplet(1), "response": ["a reply that somebody added"]}
    assert kind_of(kept) == "replies"
    assert kind_of(kept, "triplets") == "triplets"
    assert [view.kind for view in views(kept, "triplets")] == ["triplets", "triplets"]


@pytest.mark.parametrize("stage", ["mix", "rows", "None", "of another project"])
def test_a_row_without_what_its_stage_is_shown_by_goes_by_its_fields(stage):
    assert kind_of(rows.triplet(1), stage) == "triplets"


def test_each_stage_has_a_view_or_is_none():
    assert {*SIGNS, *NAMED_KINDS, "rows"} == {*FILE_KINDS} == {*get_args(Stage)}


def test_a_triplet_gives_one_sample_for_each_instruction():
    descriptive, lazy = views(rows.triplet(1))
    assert (descriptive.style, lazy.style) == ("descriptive", "lazy")
    assert descriptive.code_before == lazy.code_before
    assert descriptive.identity != lazy.identity


def test_the_cleaned_form_of_a_triplet_is_shown_and_the_raw_one_where_there_is_none():
    row = rows.triplet(1) | {"code_before_purify": "clean = 1\n", "code_before": "raw = 1\n"}
    assert next(views(row)).code_before == "clean = 1\n"
    del row["code_before_purify"]
    assert next(views(row)).code_before == "raw = 1\n"


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_sample_has_the_same_identity_at_every_stage(layout):
    text = rows.texts(3)
    training = training_row(layout, text["instruct_lazy"], text["code_before"].rstrip("\n"))
    training["new_code"] = text["code_after"]
    made = [rows.mixed(3, "lazy"), rows.filtered(3, "lazy"), training]
    found = {next(views(row)).identity for row in made}
    assert found == {list(views(rows.triplet(3)))[1].identity}


PIECES = ["## Instruction:", "## Code After:", "\n", "x = 1", "```", "é", " "]
TEXTS = st.lists(st.sampled_from(PIECES), min_size=1).map("".join) | st.text(min_size=1)


@given(code=TEXTS, instruction=TEXTS)
def test_the_instruction_of_a_training_row_is_found_whatever_the_texts_hold(code, instruction):
    assume(instruction.strip())
    [view] = views(training_row("share_gpt", instruction, code, " /no_think"))
    assert view.instruction == instruction.strip()


def test_the_trace_of_a_training_row_is_read_from_its_meta():
    [view] = views(training_row("alpaca"))
    assert (view.prompt_id, view.model, view.style) == ("p3", "m1", "lazy")
    assert view.commits == ("c1", "c2")


def test_a_model_is_read_from_the_type_of_instruction_where_no_field_names_it():
    row = rows.mixed(1)
    del row["model"]
    row["instr_type"] = "qwen_3_descriptive"
    assert next(views(row)).model == "qwen_3"


def test_a_row_of_another_system_is_shown_by_its_texts():
    row = {"messages": [{"role": "user", "content": "hi"}], "score": 0.5, "empty": ""}
    [view] = views(row)
    assert view.texts == {"messages": "user: hi", "score": "0.5"}


@pytest.mark.parametrize("bad", [None, "", "  ", 7, ["x"]])
def test_an_empty_text_makes_no_whole_edit(bad):
    [view] = views(rows.mixed(1) | {"code_after_purify": bad})
    assert not view.is_edit and view.code_after is None
