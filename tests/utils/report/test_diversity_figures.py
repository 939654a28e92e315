import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from utils.errors import PipelineError
from utils.jsonl import write_json, write_rows
from utils.report.diversity_figures import (
    as_csv,
    as_markdown,
    as_text,
    diversity_figures,
    diversity_table,
    load_measures,
    measure_surveys,
    notes,
    panels,
    table_lines,
)
from utils.report.survey import FileSurvey, SurveySettings, open_survey
from utils.similarity.diversity_measures import DiversitySettings


def labels(**keys: Any) -> dict[str, Any]:
    found = {"total": 4, "kinds": 2, "entropy": 0.5, "evenness": 0.72, "simpson": 0.375}
    return {**found, "effective": 1.6, "simpson_unbiased": 0.5, "top": [["a", 3]], **keys}


def measured(name: str, rows: int = 10, compared: bool = True) -> dict[str, Any]:
    ngrams = {"ngrams": 30, "distinct_share": 0.5, "compared_ngrams": 20, "compared_share": 0.6}
    samples = {"score": 4.0, "low": 3.5, "high": 4.5, "size": 1000, "samples": 10}
    return {
        "file": name,
        "field": "input",
        "rows": rows,
        "rows_without_text": 0,
        "rows_measured": rows,
        "sample": "all",
        "embeddings": "tfidf",
        "vendi": {
            **{"score": 5.25, "low": 5.25, "high": 5.25, "method": "exact"},
            "share_of_rows": 0.525,
        },
        "vendi_of_samples": samples if compared else None,
        "mean_similarity": 0.25,
        "distinct": {"1": ngrams, "2": ngrams, "3": ngrams},
        "entities": {"method": "by rule", **labels()},
        "labels": {"field": "tag", **labels()} if name == "first" else None,
    }


FILES = [measured("first", 12_345), measured("se|cond", 7)]


def test_each_measure_is_a_line_with_a_number_a_file() -> None:
    lines = {line.key: line for line in table_lines(FILES)}
    assert lines["rows"].values == [12345, 7] and lines["rows"].shown == ["12,345", "7"]
    assert lines["vendi"].shown == ["5.2", "5.2"] or lines["vendi"].shown == ["5.3", "5.3"]
    assert lines["vendi_of_samples"].name == "Vendi score of 1,000 rows"
    assert lines["vendi_of_samples"].shown[0] == "4.0 (3.5 to 4.5)"
    assert lines["labels_entropy"].values == [0.5, None]
    assert lines["labels_entropy"].shown == ["0.5000", "–"]
    assert lines["distinct_2_compared"].name == "distinct-2 of 20 n-grams"


def test_what_no_file_has_is_no_line_and_one_file_is_compared_with_none() -> None:
    keys = [line.key for line in table_lines([measured("x", compared=False)])]
    assert not any(key.startswith("labels") or "compared" in key for key in keys)
    assert "vendi_of_samples" not in keys


def test_the_terminals_table_is_aligned() -> None:
    lines = as_text(FILES).split("\n")
    assert lines[0].split() == ["first", "se|cond"]
    assert lines[2].startswith("rows ") and lines[2].endswith(" 7")
    widths = {len(line) for line in lines if line and not line.startswith("-")}
    assert len(widths) == 1


def test_two_blanks_stand_before_a_name_that_is_wider_than_its_numbers() -> None:
    lines = as_text([measured("a"), measured("a file of a long name")]).split("\n")
    assert lines[0].endswith("a  a file of a long name") and set(lines[1]) == {"-"}
    assert len(lines[0]) == len(lines[1])


def test_markdown_keeps_its_columns_whatever_a_file_is_called() -> None:
    text = as_markdown(FILES)
    assert "| se\\|cond |" in text and "| rows | 12,345 | 7 |" in text
    for note in notes(FILES):
        assert note in text


def test_csv_holds_the_numbers_in_full() -> None:
    rows = list(csv.reader(io.StringIO(as_csv(FILES))))
    assert rows[0] == ["measure", "first", "se|cond"]
    assert ["mean_similarity", "0.25", "0.25"] in rows
    assert ["labels_simpson", "0.375", ""] in rows
    # Whole numbers stay whole, beside a gap as well, and lines end as on any machine.
    assert ["rows", "12345", "7"] in rows and ["labels_total", "4", ""] in rows
    assert "\r" not in as_csv(FILES)


def test_the_notes_say_what_the_numbers_rest_on() -> None:
    text = "\n".join(notes(FILES))
    for said in ("rows measured: all", "field 'input'", "exact", "tfidf", "95%", "by rule", "nats"):
        assert said in text


@pytest.mark.parametrize("key", ["vendi", "entities_entropy", "labels_simpson", "mean_similarity"])
def test_the_measures_that_tell_most_have_a_panel(key: str) -> None:
    [panel] = [panel for panel in panels(FILES) if panel.key == key]
    assert panel.labels == ["first", "se|cond"] and list(panel.series) == [""]


TEXTS = ["measure blood pressure at home", "sort words in python", "bake rye bread"]
MINHASH = {
    **{"field": "input", "threshold": 0.7, "ngram": 5, "unit": "word", "near_duplicates": 4},
    "cluster_sizes": {"2": 2, "3": 1},
    "largest": [{"kept_row": 7, "size": 3, "text": "measure\nblood"}],
}
K_CENTER = {
    **{"field": "input", "embeddings": "tfidf", "chosen": 5, "radius": 1.0},
    "lowest_cosine_to_a_chosen_row": 0.5,
    "distances": {"edges": [0.0, 0.1, 0.2, 0.3], "rows": [4, 0, 2]},
}


def survey(folder: Path, name: str, texts: list[str], **summary: Any) -> FileSurvey:
    rows = [{"input": text, "task_label": "a"} for text in texts]
    write_rows(folder / f"{name}.jsonl", rows)
    if summary:
        write_json(folder / f"{name}.summary.json", summary)
    return open_survey(folder / f"{name}.jsonl", name, SurveySettings())


def test_clusters_and_distances_are_read_from_the_summary_beside_a_file(tmp_path: Path) -> None:
    surveys = [
        survey(tmp_path, "filtered", TEXTS, minhash=MINHASH),
        survey(tmp_path, "selected", TEXTS, k_center=K_CENTER),
        survey(tmp_path, "plain", TEXTS),
    ]
    found = {figure.key: figure for figure in diversity_figures(surveys, [])}
    assert list(found) == ["minhash_filtered", "minhash_largest_filtered", "k_center_selected"]
    sizes = found["minhash_filtered"]
    assert (sizes.labels, sizes.series) == (["2 rows", "3 rows"], {"": [2, 1]})
    assert "0.7 or more" in sizes.note and "4 were not" in sizes.note
    assert found["minhash_largest_filtered"].details == ["measure blood"]
    left = found["k_center_selected"]
    assert (left.labels, left.series) == (["0.0 to 0.1", "0.2 to 0.3"], {"": [4, 2]})
    assert "cosine of 0.500" in left.note


def test_a_filter_that_found_nothing_draws_nothing(tmp_path: Path) -> None:
    empty = MINHASH | {"cluster_sizes": {}, "largest": []}
    assert diversity_figures([survey(tmp_path, "x", TEXTS, minhash=empty)], []) == []


def test_several_files_are_measured_side_by_side(tmp_path: Path) -> None:
    surveys = [survey(tmp_path, "varied", TEXTS), survey(tmp_path, "dull", TEXTS[:1] * 4)]
    measured = measure_surveys(surveys, DiversitySettings())
    found = {figure.key: figure for figure in diversity_figures(surveys, measured)}
    assert found["diversity_vendi"].labels == ["varied", "dull"]
    varied, dull = found["diversity_vendi"].series[""]
    assert varied is not None and dull is not None and varied > 2.5 and dull < 1.1
    assert {"entities_varied", "labels_dull"} <= found.keys()
    table = diversity_table(measured)
    assert table is not None and table["files"] == ["varied", "dull"]
    assert ["rows", "3", "4"] in table["rows"] and "Vendi score: exact" in table["note"]
    write_json(tmp_path / "diversity.json", measured)
    assert load_measures(tmp_path / "diversity.json") == json.loads(json.dumps(measured))


def test_nothing_measured_is_no_table() -> None:
    assert diversity_table([]) is None


@pytest.mark.parametrize("content", ["[]", "{}", '[{"file": "x"}]', "[1]", "no"])
def test_a_file_without_measures_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / "x.json").write_text(content)
    with pytest.raises(PipelineError, match=r"x\.json"):
        load_measures(tmp_path / "x.json")


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", " =1"])
def test_no_name_is_a_formula_in_the_csv(name: str) -> None:
    head = next(csv.reader(io.StringIO(as_csv([measured(name)]))))
    assert head[1] == f"'{name}"
