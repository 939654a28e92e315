from tests import report_rows as rows
from utils.jsonl import write_json, write_rows
from utils.report import figures
from utils.report.edit_facts import EditComparer
from utils.report.figures import FigureLimits
from utils.report.survey import SurveySettings, open_survey, survey_rows


def survey(folder, made, name="file", **settings):
    path = folder / f"{name}.jsonl"
    write_rows(path, made)
    found = open_survey(path, name, SurveySettings(**settings))
    survey_rows(found)
    return found


def test_reject_reasons_name_their_file(tmp_path):
    write_json(tmp_path / "file.summary.json", {"reject_reasons": {"no_change": 3}})
    figure = figures.reject_reasons([survey(tmp_path, [rows.mixed(1)])])
    assert figure.labels == ["no change"] and figure.series == {"file": [3]}
    assert figures.reject_reasons([]) is None


def test_sizes_come_from_the_rows_where_the_filter_wrote_them(tmp_path):
    found = survey(tmp_path, [rows.filtered(1, modified_lines=9, hunks=3)])
    edits = {"file": EditComparer().figures(found)}
    lines, hunks = figures.edit_sizes([found], edits, FigureLimits())
    assert lines.series["file"][9 // lines.edges[1]] == 1
    assert hunks.series["file"][3] == 1
    assert lines.note.endswith("As the filter counted them.")


def test_sizes_are_measured_where_rows_do_not_name_them(tmp_path):
    found = survey(tmp_path, [rows.mixed(n) for n in range(9)], sample_rows=4)
    edits = {"file": EditComparer().figures(found)}
    lines, hunks = figures.edit_sizes([found], edits, FigureLimits())
    assert sum(lines.series["file"]) == 4 and hunks.series["file"][1] == 4
    assert "sample of 4 samples" in lines.note


def test_limits_are_drawn_where_the_settings_put_them(tmp_path):
    found = survey(tmp_path, [rows.mixed(1)])
    limits = FigureLimits(cutoff_len=99, max_modify_lines=5, max_hunk_num=2)
    edits = {"file": EditComparer().figures(found)}
    drawn = [figures.token_lengths([found], limits), *figures.edit_sizes([found], edits, limits)]
    assert [figure.limit for figure in drawn] == [99, 5, 2]


def test_the_nature_of_edits_is_a_share_of_those_compared(tmp_path):
    found = survey(tmp_path, [rows.mixed(1), rows.mixed(2)])
    shape, parts = figures.edit_natures([found], {"file": EditComparer().figures(found)})
    assert dict(zip(shape.labels, shape.series["file"], strict=True))["changed in place"] == 100
    assert dict(zip(parts.labels, parts.series["file"], strict=True)) == {
        "function body": 100,
        "signature": 100,
    }


def test_edits_are_compared_once_however_many_files_hold_them(tmp_path):
    comparer = EditComparer()
    first = survey(tmp_path, [rows.mixed(1)], "first")
    second = survey(tmp_path, [rows.filtered(1)], "second")
    assert comparer.facts(first.sample.items()[0]) is comparer.facts(second.sample.items()[0])


def test_an_edit_counts_once_whatever_its_styles(tmp_path):
    found = survey(tmp_path, [rows.triplet(1), rows.triplet(2)])
    edits = EditComparer().figures(found)
    assert (edits.edits, len(edits.hunks)) == (2, 2)


def test_programs_that_are_too_long_are_not_compared(tmp_path):
    long = rows.mixed(1) | {"code_before_purify": "x = 1\n" * 3000}
    assert EditComparer().figures(survey(tmp_path, [long])).edits == 0


def test_topics_show_their_sizes_before_and_after_and_their_words(tmp_path):
    topics = [
        {"topic": 4, "before": 5, "after": 2, "words": ["a", "b"]},
        {"topic": -1, "before": 9, "after": 3, "words": []},
    ]
    write_json(tmp_path / "file.summary.json", {"topics": topics})
    figure = figures.topic_bars(survey(tmp_path, [rows.filtered(1)]))
    assert figure.labels == ["no topic", "topic 4"]
    assert figure.series == {"before filtering": [9, 5], "after filtering": [3, 2]}
    assert figure.details == ["", "a, b"]


def test_many_topics_are_summed_up_in_one_last_bar(tmp_path):
    made = [rows.filtered(n, topic=n) for n in range(figures.TOP_TOPICS + 5)]
    figure = figures.topic_bars(survey(tmp_path, made))
    assert figure.labels[-1] == "5 smaller topics"
    assert figure.series["after filtering"][-1] == 5


def test_the_map_groups_samples_by_topic_and_is_the_same_each_time(tmp_path):
    made = [rows.filtered(n, topic=n % 25) for n in range(50)]
    found = survey(tmp_path, made)
    figure = figures.sample_map(found, 42)
    assert len(figure.points) == 50 and figure.groups[-1] == "others"
    assert len(figure.groups) == figures.MAP_GROUPS + 1
    assert all(0 <= x <= 1 and 0 <= y <= 1 for x, y, *_ in figure.points)
    assert figures.sample_map(found, 42) == figure


def test_few_samples_make_no_map(tmp_path):
    assert figures.sample_map(survey(tmp_path, [rows.filtered(1)]), 42) is None


def test_verbs_and_objects_of_the_instructions_are_counted(tmp_path):
    figure = figures.verb_objects(survey(tmp_path, [rows.mixed(n) for n in range(3)]), {})
    assert figure.slices == [{"name": "add", "count": 3, "parts": [["parameter", 3]]}]
    assert "3 of 3 instructions" in figure.note


def test_instructions_that_another_file_holds_are_read_once(tmp_path, monkeypatch):
    read = []
    find = figures.find_verb_objects
    monkeypatch.setattr(
        figures, "find_verb_objects", lambda texts: find(read.append(texts) or texts)
    )
    known = {}
    one = survey(tmp_path, [rows.mixed(n) for n in range(3)], "one")
    two = survey(tmp_path, [rows.mixed(n) for n in range(4)], "two")
    slices = [figures.verb_objects(each, known).slices for each in (one, two)]
    assert [len(texts) for texts in read] == [3, 1]
    assert [each[0]["count"] for each in slices] == [3, 4]
