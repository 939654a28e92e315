from pathlib import Path
from typing import Any

from tests import report_rows as rows
from tests.utils.report.test_room_views import CANDIDATES, LINEAGE, PAIR, VOTE
from utils.jsonl import write_json, write_rows
from utils.report.figure_kinds import Bars
from utils.report.room_figures import history_figures, synthesis_figures
from utils.report.survey import SurveySettings, open_survey, survey_rows


def survey(folder, made, name="file"):
    path = folder / f"{name}.jsonl"
    write_rows(path, made)
    found = open_survey(path, name, SurveySettings())
    survey_rows(found)
    return found


def figures_of_histories(*surveys):
    return {figure.key: figure for figure in history_figures(surveys) if figure is not None}


def values(figure, name="file"):
    return dict(zip(figure.labels, figure.series[name], strict=True))


def test_the_share_of_samples_with_each_part_is_drawn(tmp_path):
    made = [
        rows.history_sample(1),
        rows.history_sample(2, history=0, area=[1, 2]),
        rows.history_sample(3, user="", area=None),
        rows.history_sample(4, next=rows.history_sample(4)["current"]),
    ]
    assert values(figures_of_histories(survey(tmp_path, made))["sample_parts"]) == {
        "history": 75.0,
        "user words": 75.0,
        "area: cursor": 50.0,
        "area: selection": 25.0,
        "edit in next": 75.0,
    }


def test_a_part_that_no_sample_has_is_left_out(tmp_path):
    made = [rows.history_sample(1, area=None)]
    assert "area: cursor" not in figures_of_histories(survey(tmp_path, made))["sample_parts"].labels


def test_histories_are_counted_by_length_and_long_ones_together(tmp_path):
    made = [rows.history_sample(n, history=length) for n, length in enumerate((8, 8, 10, 40))]
    found = values(figures_of_histories(survey(tmp_path, made))["history_lengths"])
    assert found == {"8": 50.0, "9": 0.0, "10 or more": 50.0}


def test_the_versions_of_histories_and_submissions_stand_side_by_side(tmp_path):
    histories = survey(tmp_path, [rows.versions(1, 3), rows.versions(2, 4)], "histories")
    attempts = survey(tmp_path, [rows.submissions(1)], "attempts")
    figure = figures_of_histories(histories, attempts)["version_counts"]
    assert figure.labels == ["2", "3", "4"]
    assert figure.series == {"histories": [0.0, 50.0, 50.0], "attempts": [100.0, 0.0, 0.0]}


def test_sources_and_models_are_drawn_where_there_are_several(tmp_path):
    made = [rows.history_sample(n, data_type="commit", model="m1, m2") for n in range(3)]
    made.append(rows.history_sample(9))
    found = figures_of_histories(survey(tmp_path, made))
    assert values(found["data_types"]) == {"commit": 75.0, "aiprogrammer": 25.0}
    assert values(found["models"]) == {"m1": 100.0, "m2": 75.0}
    alone = figures_of_histories(survey(tmp_path, [rows.history_sample(1)]))
    assert not {"data_types", "models"} & alone.keys()


def test_other_files_have_no_figures_of_histories(tmp_path):
    assert (
        figures_of_histories(survey(tmp_path, [rows.mixed(1)]), survey(tmp_path, [rows.commit(1)]))
        == {}
    )


def figures_of_synthesis(
    folder: Path, rows: list[dict[str, Any]], summary: dict[str, Any] | None = None
) -> dict[str, Bars]:
    write_rows(folder / "x.jsonl", rows)
    if summary:
        write_json(folder / "x.summary.json", summary)
    survey = open_survey(folder / "x.jsonl", "x", SurveySettings())
    return {figure.key: figure for figure in synthesis_figures([survey])}


def test_pairs_show_their_margins_and_whose_answers_are_chosen(tmp_path: Path) -> None:
    rows = [PAIR | {"margin": 0.1 * n} for n in range(1, 11)]
    orders = {"order_dependent_share": 0.125}
    found = figures_of_synthesis(tmp_path, rows, {"preferences": {"orders": orders}})
    assert sum(found["margins_x"].series[""]) == 10  # type: ignore[arg-type]
    chosen = found["chosen_x"]
    assert chosen.labels == ["big", "small"]
    assert chosen.series == {"chosen": [10, 0], "rejected": [0, 10]}
    assert "12.5% of the verdicts hung on the order" in chosen.note


def test_equal_margins_are_one_bar_and_pairs_without_any_have_none(tmp_path: Path) -> None:
    assert figures_of_synthesis(tmp_path, [PAIR, PAIR])["margins_x"].labels == ["0.5"]
    assert figures_of_synthesis(tmp_path, [{"chosen": "a", "rejected": "b"}]) == {}


def test_lineages_show_what_held_and_how_difficulty_grew(tmp_path: Path) -> None:
    found = figures_of_synthesis(tmp_path, [LINEAGE, LINEAGE])
    assert found["evolved_x"].labels == ["add constraints"]
    assert found["evolved_x"].series == {"evolved": [2], "eliminated": [2]}
    assert found["difficulty_x"].labels == ["original", "round 1"]
    assert found["difficulty_x"].series == {"": [2.0, 4.0]}


def test_votes_show_agreement_with_kappa_and_the_labels_that_won(tmp_path: Path) -> None:
    other = VOTE | {"label_vote": {"label": ["y", "z"], "counts": {"y": 1, "z": 1}, "voted": 2}}
    found = figures_of_synthesis(
        tmp_path, [VOTE, VOTE, other], {"agreement": {"fleiss_kappa": 0.4321}}
    )
    agreement = found["agreement_x"]
    assert dict(zip(agreement.labels, agreement.series[""], strict=True)) == {
        **{"2 of 2": 2, "1 of 2": 1}
    }
    assert "Fleiss' kappa 0.432" in agreement.note
    assert found["labels_won_x"].labels == ["x", "y", "z"]


def test_candidates_show_how_many_of_them_differ(tmp_path: Path) -> None:
    same = CANDIDATES | {"candidates": [{"text": "a b"}, {"text": "a  b"}]}
    found = figures_of_synthesis(tmp_path, [CANDIDATES, same, same])["candidates_x"]
    assert (found.labels, found.series) == (["1", "2"], {"": [2, 1]})


def test_other_files_have_no_figures_of_synthesis(tmp_path: Path) -> None:
    assert figures_of_synthesis(tmp_path, [{"input": "a"}]) == {}
