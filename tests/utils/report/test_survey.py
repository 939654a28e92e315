import pytest

from tests import report_rows as rows
from utils.errors import PipelineError
from utils.jsonl import write_json, write_rows
from utils.parquet_files import parquet_writer
from utils.report.survey import (
    WHOLE,
    SurveySettings,
    in_stage_order,
    name_files,
    open_survey,
    survey_rejected,
    survey_rows,
    without_repeated_files,
)
from utils.stage_output import sibling


def survey(folder, made, name="file", **settings):
    path = folder / f"{name}.jsonl"
    write_rows(path, made)
    found = open_survey(path, name, SurveySettings(**settings))
    survey_rows(found)
    return found


def test_rows_models_styles_and_kinds_are_counted(tmp_path):
    found = survey(tmp_path, [rows.triplet(1), rows.triplet(2, "m2"), rows.triplet(3)])
    assert (found.kind, found.rows) == ("triplets", 3)
    assert found.models == {"m1": 2, "m2": 1}
    assert found.styles == {"descriptive": 3, "lazy": 3}
    assert found.edit_kinds == {"feature": 2, "bug_fix": 1}


def test_the_lengths_of_a_whole_example_add_up_its_parts(tmp_path):
    found = survey(tmp_path, [rows.mixed(1)])
    parts = [found.lengths[name][0] for name in ("code before", "code after", "instruction")]
    assert found.lengths[WHOLE][0] == sum(parts)
    assert parts[0] == -(-len(rows.texts(1)["code_before"]) // 4)


def test_repeated_samples_and_equal_code_are_told_apart(tmp_path):
    made = [rows.mixed(1), rows.mixed(1), rows.mixed(1, "lazy"), rows.mixed(2)]
    found = survey(tmp_path, made)
    assert found.repeats("row") == 1
    assert found.repeats("code before") == 2


def test_a_row_that_lacks_a_text_is_counted_as_incomplete(tmp_path):
    found = survey(tmp_path, [rows.mixed(1), rows.mixed(2) | {"instruct_purify": None}])
    assert found.incomplete == 1


def test_only_so_many_samples_are_kept(tmp_path):
    found = survey(tmp_path, [rows.mixed(n) for n in range(50)], sample_rows=7)
    assert len(found.sample.items()) == 7 and found.sample.seen == 50


def test_usage_is_added_up_by_model_and_kind_of_edit(tmp_path):
    found = survey(tmp_path, [rows.reply(1), rows.reply(3), rows.reply(2)])
    assert found.usage["m1", "", "feature"].completion_tokens == 2000
    assert found.usage["m1", "", "bug_fix"].prompt_tokens == 2000


def test_a_usage_that_is_no_number_counts_nothing(tmp_path):
    row = rows.reply(1) | {"usage": [{"prompt_tokens": None, "completion_tokens": "many"}, None]}
    found = survey(tmp_path, [row])
    assert found.usage["m1", "", "feature"].completion_tokens == 0


def test_rejected_rows_are_drawn_by_reason(tmp_path):
    write_rows(tmp_path / "file.rejected.jsonl", [rows.reply(1) | {"reject_reason": "refusal"}])
    found = survey(tmp_path, [rows.triplet(1)])
    survey_rejected(found, 42)
    assert [view.kind for view in found.rejected["refusal"].items()] == ["replies"]


def test_a_broken_summary_is_named(tmp_path):
    (tmp_path / "file.summary.json").write_text("{")
    with pytest.raises(PipelineError, match=r"file\.summary\.json: not valid JSON"):
        survey(tmp_path, [rows.mixed(1)])


def test_an_edit_has_one_length_whatever_its_styles(tmp_path):
    found = survey(tmp_path, [rows.triplet(1), rows.triplet(2)])
    assert len(found.lengths[WHOLE]) == 2 and len(found.lengths["instruction"]) == 4
    longer = max(found.lengths["instruction"][:2])
    assert found.lengths[WHOLE][0] == longer + sum(
        found.lengths[name][0] for name in ("code before", "code after")
    )


def test_parquet_is_read_like_json_lines(tmp_path):
    made = [rows.filtered(n, tests=None) for n in range(3)]
    with open(tmp_path / "file.parquet", "wb") as file, parquet_writer(file) as write:
        for row in made:
            write(row)
    found = open_survey(tmp_path / "file.parquet", "file", SurveySettings())
    survey_rows(found)
    other = survey(tmp_path, made, "lines")
    assert (found.kind, found.rows, found.contents()) == ("filtered", 3, other.contents())


def test_an_empty_parquet_file_is_named(tmp_path):
    with open(tmp_path / "file.parquet", "wb") as file, parquet_writer(file):
        pass
    with pytest.raises(PipelineError, match=r"file\.parquet: holds no rows"):
        open_survey(tmp_path / "file.parquet", "file", SurveySettings())


def survey_array(folder, elements):
    path = folder / "file.json"
    write_json(path, elements)
    found = open_survey(path, "file", SurveySettings())
    survey_rows(found)
    return found


def test_a_file_is_of_the_stage_that_its_summary_names(tmp_path):
    path = tmp_path / "file.jsonl"
    write_rows(path, [rows.triplet(1) | {"response": ["somebody's"]}])
    for summary, kind in (({"stage": "triplets"}, "triplets"), ({"stage": ["x"]}, "replies")):
        write_json(sibling(path, ".summary.json"), summary)
        found = open_survey(path, "file", SurveySettings())
        survey_rows(found)
        assert (found.kind, found.is_edits) == (kind, kind == "triplets")
        assert {view.kind for view in found.sample.items()} == {kind}


def test_an_array_is_read_as_its_elements(tmp_path):
    found = survey_array(tmp_path, [rows.history_sample(1), rows.history_sample(2, user="")])
    assert (found.kind, found.rows, found.incomplete) == ("samples", 2, 0)
    assert found.styles == {"aiprogrammer": 2} and found.versions == {2: 2}


def test_bare_texts_of_an_array_are_snippets(tmp_path):
    found = survey_array(tmp_path, ["x = 1\n", "y = 2\n", "x = 1\n"])
    assert (found.kind, found.rows, found.repeats("row")) == ("snippets", 3, 1)


def test_an_element_that_is_neither_row_nor_text_is_named(tmp_path):
    with pytest.raises(PipelineError, match=r"file\.json, element 2: a int"):
        survey_array(tmp_path, ["x = 1\n", 7])


def test_files_go_by_stage_and_then_as_they_were_named(tmp_path):
    made = {"b": rows.filtered(1), "a": rows.filtered(2), "c": rows.seed(1), "d": rows.reply(1)}
    found = [survey(tmp_path, [row], name) for name, row in made.items()]
    assert [s.label for s in in_stage_order(found)] == ["c", "d", "b", "a"]


def test_a_file_with_the_same_samples_in_another_order_is_left_out(tmp_path):
    first = survey(tmp_path, [rows.mixed(1), rows.mixed(2)], "first")
    second = survey(tmp_path, [rows.filtered(2), rows.filtered(1)], "second")
    third = survey(tmp_path, [rows.mixed(3)], "third")
    assert without_repeated_files([first, second, third]) == [first, third]


def test_files_are_named_by_their_stems_where_these_differ():
    assert name_files(["x/a.jsonl", "x/b.jsonl"]) == ["a", "b"]
    assert name_files(["x/a.jsonl", "y/a.jsonl", "b.jsonl"]) == ["x/a.jsonl", "y/a.jsonl", "b"]
