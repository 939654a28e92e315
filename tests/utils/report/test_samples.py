from tests import report_rows as rows
from utils.jsonl import write_rows
from utils.report import samples
from utils.report.edit_facts import EditComparer
from utils.report.lineage import Lineage
from utils.report.survey import SurveySettings, open_survey, survey_rejected, survey_rows


def survey(folder, made, name="file"):
    write_rows(folder / f"{name}.jsonl", made)
    found = open_survey(folder / f"{name}.jsonl", name, SurveySettings())
    survey_rows(found)
    return found


def as_data(drawn):
    return samples.as_page_data(drawn, Lineage([]), EditComparer())


def test_samples_are_drawn_evenly_from_the_files(tmp_path):
    small = survey(tmp_path, [rows.mixed(n) for n in range(3)], "small")
    large = survey(tmp_path, [rows.mixed(n) for n in range(50, 90)], "large")
    drawn = [found.label for found, _ in samples.draw_samples([small, large], 10)]
    assert (drawn.count("small"), drawn.count("large")) == (3, 7)


def test_rejected_rows_are_drawn_evenly_over_the_reasons(tmp_path):
    reasons = ["often"] * 30 + ["seldom"] * 2
    made = [rows.reply(n) | {"reject_reason": reason} for n, reason in enumerate(reasons)]
    write_rows(tmp_path / "file.rejected.jsonl", made)
    found = survey(tmp_path, [rows.triplet(1)])
    survey_rejected(found, 42)
    drawn = [view.reason for _, view in samples.draw_rejected([found], 10)]
    assert (drawn.count("often"), drawn.count("seldom")) == (8, 2)


def test_a_sample_has_its_instruction_its_diff_and_its_size(tmp_path):
    found = survey(tmp_path, [rows.mixed(1)])
    [[sample], left_out] = as_data(samples.draw_samples([found], 5))
    assert left_out == 0
    assert sample["instruction"] == rows.texts(1)["instruct_descriptive"]
    assert (sample["modified_lines"], sample["hunks"]) == (2, 1)
    assert len(sample["diff"]) == 3 and sample["reviewable"]


def test_samples_stop_where_the_page_is_full_and_the_rest_is_counted(tmp_path, monkeypatch):
    monkeypatch.setattr(samples, "MOST_BYTES", 5000)
    found = survey(tmp_path, [rows.mixed(n) for n in range(50)])
    data, left_out = as_data(samples.draw_samples([found], 50))
    assert 0 < len(data) < 50 and len(data) + left_out == 50


def test_a_long_text_is_cut_and_says_so():
    assert samples.clip("x" * (samples.LONGEST_TEXT + 9)).endswith("\n… 9 more characters")


def test_the_data_sets_id_follows_its_content_and_not_its_name(tmp_path):
    one = survey(tmp_path, [rows.mixed(1)], "one")
    same = survey(tmp_path, [rows.mixed(1)], "same")
    other = survey(tmp_path, [rows.mixed(2)], "other")
    assert samples.data_set_id([one]) == samples.data_set_id([same]) != samples.data_set_id([other])
