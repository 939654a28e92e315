import json
from pathlib import Path

import pytest

from joydataforge.k_center import main
from utils.errors import PipelineError
from utils.jsonl import Row, read_rows

THEMES = {
    "pressure": "how to measure blood pressure at home with a cuff, case {}",
    "sorting": "sort the list of words by length in python, variant {}",
    "bread": "bake sourdough bread with rye flour and little salt, batch {}",
}
TEXTS = [text.format(number) for number in range(8) for text in THEMES.values()]


def write(folder: Path, texts: list[str]) -> Path:
    rows = [{"input": text, "n": number} for number, text in enumerate(texts)]
    (folder / "in.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder / "in.jsonl"


def chosen(folder: Path, *flags: str, texts: list[str] = TEXTS) -> list[Row]:
    files = ["--input_file", str(write(folder, texts)), "--output_file", str(folder / "out.jsonl")]
    main([*files, *flags])
    return list(read_rows(folder / "out.jsonl"))


def summary(folder: Path) -> Row:
    return json.loads((folder / "out.summary.json").read_text())


def test_one_row_of_each_theme_is_chosen(tmp_path: Path) -> None:
    rows = chosen(tmp_path, "--size", "3")
    assert {row["n"] % 3 for row in rows} == {0, 1, 2}
    assert [row["n"] for row in rows] == sorted(row["n"] for row in rows)
    assert sorted(row["k_center_rank"] for row in rows) == [1, 2, 3]


def test_others_are_passed_over_and_the_radius_is_told(tmp_path: Path) -> None:
    chosen(tmp_path, "--size", "3")
    assert not (tmp_path / "out.rejected.jsonl").exists()
    found = summary(tmp_path)
    assert found["passed_over"] == {"not_chosen": 21} and found["rejected"] == 0
    centers = found["k_center"]
    assert centers["chosen"] == 3 and 0 < centers["radius"] < 1.41
    cosine = 1 - centers["radius"] ** 2 / 2
    assert centers["lowest_cosine_to_a_chosen_row"] == pytest.approx(cosine, abs=1e-5)
    assert sum(centers["distances"]["rows"]) == 21
    chosen(tmp_path, "--size", "12")
    assert summary(tmp_path)["k_center"]["radius"] <= centers["radius"]


def test_in_the_order_of_the_picks_a_beginning_is_a_smaller_choice(tmp_path: Path) -> None:
    many = chosen(tmp_path, "--size", "9", "--order", "pick")
    assert [row["k_center_rank"] for row in many] == list(range(1, 10))
    few = chosen(tmp_path, "--share", "0.125", "--order", "pick")
    assert few == many[:3]


def test_rows_without_a_text_are_rejected_and_copies_are_not_chosen(tmp_path: Path) -> None:
    texts = ["", *[TEXTS[0]] * 5, TEXTS[1], " "]
    rows = chosen(tmp_path, "--size", "2", texts=texts)
    assert {row["input"] for row in rows} == {TEXTS[0], TEXTS[1]}
    assert summary(tmp_path)["reject_reasons"] == {"empty_input": 2}
    assert summary(tmp_path)["k_center"]["radius"] == 0.0


def test_more_than_all_is_all(tmp_path: Path) -> None:
    assert len(chosen(tmp_path, "--size", "100")) == 24
    assert summary(tmp_path)["k_center"]["radius"] == 0.0


def test_the_same_seed_chooses_the_same_rows_and_embeddings_are_kept(tmp_path: Path) -> None:
    cache = ["--cache_dir", str(tmp_path / "cache")]
    first = chosen(tmp_path, "--size", "5", *cache)
    assert list((tmp_path / "cache").glob("*.npy"))
    assert chosen(tmp_path, "--size", "5", *cache) == first
    seeds = [chosen(tmp_path, "--size", "5", "--random_seed", str(n)) for n in range(5)]
    assert any(rows != first for rows in seeds)


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--size", "0"], "--size must be above 0"),
        (["--share", "1.5"], "--share must be at most 1, not 1.5"),
        (["--size", "2", "--embed_backend", "endpoint"], "needs a model"),
        (["--size", "2", "--field", "question"], "field 'question' is missing"),
    ],
)
def test_a_mistake_is_one_line(tmp_path: Path, flags: list[str], message: str) -> None:
    with pytest.raises(PipelineError, match=message):
        chosen(tmp_path, *flags)


def test_a_file_of_blank_texts_is_named(tmp_path: Path) -> None:
    with pytest.raises(PipelineError, match="no row has a text in 'input'"):
        chosen(tmp_path, "--size", "2", "--field", "input", texts=[" ", ""])
