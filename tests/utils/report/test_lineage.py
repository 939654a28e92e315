from tests import report_rows as rows
from utils.jsonl import write_rows
from utils.report.lineage import Lineage, RepeatedRows, describe_view, worded_sampling
from utils.report.row_views import views
from utils.report.survey import SurveySettings, open_survey


def view(row):
    return next(views(row))


def test_a_sample_is_followed_from_its_seeds_to_the_filter():
    sample = view(rows.filtered(3))
    lineage = Lineage([sample])
    made = {
        "filtered": rows.filtered(3),
        "replies": rows.reply(3),
        "seeds": rows.seed(3),
        "prompts": rows.prompt(3),
        "triplets": rows.triplet(3),
    }
    for name, row in made.items():
        lineage.watcher(name)(view(row))
    events = lineage.of(sample)
    assert [event["stage"] for event in events] == [
        *("seeds", "prompts", "replies", "triplets", "filtered")
    ]
    assert events[0]["said"] == "c3 · file3.py · a/b · mit"
    assert "2,000 tokens in, 1,000 out" in events[2]["said"]
    assert events[4]["said"] == "kept · descriptive · topic 0 · 2 modified lines · 1 hunk"


def test_rows_of_other_samples_models_and_styles_say_nothing_of_it():
    sample = view(rows.mixed(3))
    lineage = Lineage([sample])
    others = [rows.reply(4), rows.reply(3, "m2"), rows.mixed(3, "lazy"), rows.seed(4)]
    others.append({**rows.reply(3), "sample_index": 2})
    for row in others:
        lineage.watcher("file")(view(row))
    assert lineage.of(sample) == []


def test_a_sample_without_ids_is_known_by_its_texts():
    def foreign(row):
        return {name: row[name] for name in row if name not in rows.trace(1)}

    sample = view(foreign(rows.filtered(3)))
    lineage = Lineage([sample])
    lineage.watcher("mix")(view(foreign(rows.mixed(3))))
    assert [event["stage"] for event in lineage.of(sample)] == ["mix"]


def test_the_filters_marks_are_carried_to_a_later_files_sample():
    sample = view(rows.mixed(3))
    lineage = Lineage([sample])
    lineage.watcher("filtered")(view(rows.filtered(3, topic=7)))
    assert lineage.with_marks(sample).topic == 7


def test_a_rejected_row_says_its_reason():
    row = rows.filtered(1) | {"reject_reason": "over_topic_quota"}
    assert describe_view(view(row)).startswith("rejected: over topic quota")


def test_the_settings_of_a_generation_are_read_from_its_journal(tmp_path):
    rows.write_production(tmp_path)
    survey = open_survey(tmp_path / "replies.jsonl", "replies", SurveySettings())
    assert worded_sampling(survey) == "temperature 0.8, top_p 0.95, max_tokens 2048"
    write_rows(tmp_path / "replies_recovery.jsonl", [{"other": 1}])
    assert worded_sampling(survey) == ""


def repeating(folder, name, **summary):
    row = rows.triplet(9) | {"reject_reason": "duplicate", "duplicate_of": name}
    write_rows(folder / "checked.jsonl", [rows.triplet(1)])
    survey = open_survey(folder / "checked.jsonl", "checked", SurveySettings())
    survey.summary.update(summary)
    return survey, view(row)


def test_the_row_that_a_rejected_one_repeats_is_found_of_the_same_model(tmp_path):
    survey, rejected = repeating(tmp_path, "p3#1")
    repeated = RepeatedRows([(survey, rejected)])
    watch = repeated.watcher(survey)
    for row in (rows.triplet(3, "m2"), rows.triplet(4), rows.triplet(3)):
        for number, each in enumerate(views(row), 1):
            watch(each, number)
    found = repeated.of(survey, rejected)
    assert (found.prompt_id, found.model, found.style) == ("p3", "m1", "descriptive")
    assert repeated.of(survey, view(rows.triplet(3))) is None


def test_a_row_without_an_id_is_found_by_its_place_in_the_file_its_stage_read(tmp_path):
    source = tmp_path / "raw.jsonl"
    survey, rejected = repeating(tmp_path, "row 2", inputs=[str(source)])
    write_rows(source, [rows.triplet(5), rows.triplet(6)])
    raw = open_survey(source, "raw", SurveySettings())
    repeated = RepeatedRows([(survey, rejected)])
    for read in (survey, raw):
        for number, row in enumerate((rows.triplet(5), rows.triplet(6)), 1):
            repeated.watcher(read)(view(row), number)
            assert (repeated.of(survey, rejected) is not None) == (read is raw and number == 2)
