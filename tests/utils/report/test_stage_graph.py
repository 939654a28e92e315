import pytest

from tests import report_rows as rows
from utils.jsonl import write_json, write_rows
from utils.report.stage_graph import final_steps, find_steps
from utils.report.survey import SurveySettings, open_survey, survey_rows
from utils.stage_output import sibling


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def survey(name, made, inputs=None, folder="."):
    path = f"{folder}/{name}.jsonl"
    write_rows(path, made)
    if inputs is not None:
        write_json(sibling(path, ".summary.json"), {"inputs": inputs})
    found = open_survey(path, name, SurveySettings())
    survey_rows(found)
    return found


def sources(found):
    return {step.name: [source.label for source in step.sources] for step in find_steps(found)}


def test_inputs_are_followed_in_whatever_order_the_files_are_named():
    found = [
        survey("mix", [rows.mixed(1)], ["checked.jsonl"]),
        survey("checked", [rows.triplet(1)], ["raw.jsonl"]),
        survey("raw", [rows.triplet(1)], ["replies.jsonl"]),
        survey("replies", [rows.reply(1)], ["prompts.jsonl"]),
    ]
    assert sources(found) == {
        **{"replies": [], "raw": ["replies"]},
        **{"checked": ["raw"], "mix": ["checked"]},
    }
    assert [step.name for step in find_steps(found)] == ["replies", "raw", "checked", "mix"]


def test_a_file_that_was_not_named_is_passed_through():
    survey("between", [rows.triplet(1)], ["raw.jsonl"])
    found = [
        survey("raw", [rows.triplet(1)], []),
        survey("mix", [rows.mixed(1)], ["between.jsonl"]),
    ]
    assert sources(found)["mix"] == ["raw"]


def test_verdicts_are_consulted_and_the_judged_rows_come_from_the_triplets():
    prompt = {"prompt_id": "j1", "user": ["Judge."], "judged_prompt_id": "p1"}
    found = [
        survey("triplets", [rows.triplet(1)], []),
        survey("judging", [prompt], ["triplets.jsonl"]),
        survey("verdicts", [prompt | {"response": ["{}"]}], ["judging.jsonl"]),
        survey("judged", [rows.triplet(1)], ["triplets.jsonl", "verdicts.jsonl"]),
    ]
    assert sources(found) == {
        **{"triplets": [], "judging": ["triplets"]},
        **{"verdicts": ["judging"], "judged": ["triplets"]},
    }
    assert [source.label for source in find_steps(found)[-1].consulted] == ["verdicts"]


def test_files_that_were_moved_are_known_by_the_end_of_their_path():
    found = [
        survey("raw", [rows.triplet(1)], [], "one"),
        survey("raw", [rows.triplet(2)], [], "two"),
        survey("mix", [rows.mixed(2)], ["/home/other/data/raw.jsonl"], "two"),
    ]
    found[0].label = "one/raw"
    assert sources(found)["mix"] == ["raw"]


def test_an_input_that_is_still_there_is_no_other_file_of_that_name():
    survey("raw", [rows.triplet(1)], [], "elsewhere")
    found = [
        survey("raw", [rows.triplet(2)], []),
        survey("mix", [rows.mixed(2)], ["elsewhere/raw.jsonl"]),
    ]
    assert sources(found)["mix"] == []


def test_validation_rows_come_from_what_their_training_file_names():
    found = [
        survey("mix", [rows.mixed(1)], []),
        survey("train", [rows.filtered(1)], ["mix.jsonl"]),
        survey("val", [rows.filtered(2)]),
    ]
    found[1].summary["card"] = {"files": {"train": "train.jsonl", "validation": "val.jsonl"}}
    assert sources(found)["val"] == ["mix"]
    assert not any(step.is_assumed for step in find_steps(found))


def test_without_a_summary_the_stage_before_is_taken_and_it_is_said():
    found = [
        survey("one", [rows.reply(1, "m1")]),
        survey("two", [rows.reply(1, "m2")]),
        survey("triplets", [rows.triplet(1, "m2")]),
    ]
    steps = find_steps(found)
    assert sources(found)["triplets"] == ["two"]
    assert steps[-1].is_assumed


def test_summaries_that_name_each_other_end():
    found = [
        survey("one", [rows.triplet(1)], ["two.jsonl", "one.jsonl"]),
        survey("two", [rows.triplet(1)], ["one.jsonl", 7]),
    ]
    assert sources(found) == {"one": ["two"], "two": ["one"]}


def test_the_final_files_are_those_of_the_last_stage_that_nothing_was_made_of():
    found = [
        survey("raw", [rows.triplet(1)], []),
        survey("checked", [rows.triplet(1)], ["raw.jsonl"]),
        survey("other", [rows.triplet(2)], []),
    ]
    assert [step.name for step in final_steps(find_steps(found))] == ["other", "checked"]
