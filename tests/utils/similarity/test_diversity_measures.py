import json
import math
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from utils.errors import PipelineError
from utils.similarity.diversity_measures import (
    DiversitySettings,
    label_measures,
    measure_files,
    read_file_texts,
)

THEMES = ["measure blood pressure at home", "sort a list of words", "bake bread with rye flour"]


def write(folder: Path, name: str, rows: list[Any]) -> str:
    path = folder / f"{name}.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(path)


def measured(folder: Path, files: dict[str, list[Any]], **keys: Any) -> list[dict[str, Any]]:
    settings = DiversitySettings(**keys)
    texts = [
        read_file_texts(write(folder, name, rows), name, settings) for name, rows in files.items()
    ]
    found = measure_files(texts, settings)
    json.dumps(found, allow_nan=False)
    return found


def rows(count: int, themes: int = 3) -> list[dict[str, Any]]:
    return [
        {
            "input": f"{THEMES[n % themes]} number {n}",
            "task_label": ["medicine", "all"] if n % 3 == 0 else ["other"],
        }
        for n in range(count)
    ]


def test_copies_count_once_and_different_texts_each(tmp_path: Path) -> None:
    same = [{"input": "measure blood pressure"}] * 6
    different = [{"input": text} for text in THEMES]
    copies, others = measured(tmp_path, {"copies": same, "others": different})
    assert copies["vendi"]["score"] == pytest.approx(1, abs=1e-6)
    assert copies["mean_similarity"] == pytest.approx(1, abs=1e-6)
    assert others["vendi"]["score"] > 2.5 and others["mean_similarity"] < 0.3
    assert copies["vendi"]["method"] == others["vendi"]["method"] == "exact"
    assert copies["distinct"]["1"]["distinct_share"] == pytest.approx(3 / 18)


def test_files_of_different_sizes_are_compared_at_one_size(tmp_path: Path) -> None:
    large, small = measured(tmp_path, {"large": rows(60), "small": rows(20)})
    assert large["vendi_of_samples"]["size"] == small["vendi_of_samples"]["size"] == 20
    assert small["vendi_of_samples"]["score"] == pytest.approx(small["vendi"]["score"])
    found = large["vendi_of_samples"]
    assert found["low"] < found["score"] < found["high"] and found["samples"] == 10
    for n in "123":
        assert large["distinct"][n]["compared_ngrams"] == small["distinct"][n]["ngrams"]
        shares = [each["distinct"][n]["compared_share"] for each in (large, small)]
        assert all(0 < share <= 1 for share in shares)
    equal = measured(tmp_path, {"one": rows(20), "two": rows(20)})
    assert equal[0]["vendi_of_samples"] is None


def test_labels_are_counted_one_by_one(tmp_path: Path) -> None:
    [found] = measured(tmp_path, {"x": rows(9)})
    labels = found["labels"]
    assert (labels["total"], labels["kinds"]) == (12, 3)
    shares = [6 / 12, 3 / 12, 3 / 12]
    assert labels["entropy"] == pytest.approx(-sum(p * math.log(p) for p in shares))
    assert labels["simpson"] == pytest.approx(1 - sum(p * p for p in shares))
    assert labels["top"] == [["other", 6], ["all", 3], ["medicine", 3]]
    [other] = measured(tmp_path, {"x": rows(9)}, label_field="tag")
    assert other["labels"] is None


def test_entities_are_named_with_the_way_they_were_found(tmp_path: Path) -> None:
    [found] = measured(tmp_path, {"x": [{"input": "Call `load_table` and `save_table`."}] * 3})
    entities = found["entities"]
    assert entities["method"] and [name for name, _ in entities["top"]][:2] == [
        *("load_table", "save_table")
    ]
    assert entities["entropy"] == pytest.approx(math.log(2))


def test_a_large_file_is_sampled_by_the_seed_in_its_own_order(tmp_path: Path) -> None:
    path = write(tmp_path, "x", rows(50))
    drawn = read_file_texts(path, "x", DiversitySettings(max_rows=10))
    numbers = [int(text.split()[-1]) for text in drawn.texts]
    assert len(numbers) == 10 and numbers == sorted(numbers)
    assert drawn.sample == "10 of 50, drawn by the seed" and drawn.rows == 50
    assert read_file_texts(path, "x", DiversitySettings(max_rows=10)) == drawn
    other = read_file_texts(path, "x", DiversitySettings(max_rows=10, random_seed=1))
    assert other.texts != drawn.texts
    assert read_file_texts(path, "x", DiversitySettings()).sample == "all"


def test_rows_without_a_text_are_counted_and_left_out(tmp_path: Path) -> None:
    path = write(tmp_path, "x", [{"input": "a b"}, {"input": ""}, {"input": None}])
    found = read_file_texts(path, "x", DiversitySettings())
    assert (found.rows, found.without_text, found.texts) == (3, 2, ["a b"])
    blank = write(tmp_path, "y", [{"input": ""}])
    with pytest.raises(PipelineError, match="no row has a text in 'input'"):
        read_file_texts(blank, "y", DiversitySettings())


def test_one_row_alone_has_measures_too(tmp_path: Path) -> None:
    one, two = measured(tmp_path, {"one": rows(1), "two": rows(2)})
    assert one["vendi"]["score"] == pytest.approx(1) and one["mean_similarity"] is None
    assert one["vendi_of_samples"] is None and two["vendi_of_samples"] is None


def test_nothing_counted_has_no_diversity() -> None:
    found = label_measures(Counter())
    assert found["total"] == found["entropy"] == found["simpson"] == 0
