"""What the steps made, shown in the terminal."""

from pathlib import Path

import numpy as np
import pytest

from data_v5 import select_data, toy_tokenizer
from data_v5.show_sample import main
from data_v5.tokens.token_files import FIELDS, make_token_row, token_writer
from data_v5.tokens.token_ids import TokenEncoder
from utils.cli import harmless
from utils.errors import PipelineError
from utils.jsonl import atomic_file, write_rows

THEMES = ("Red apples lie there.", "Old trains stop here.", "White sheep eat grass.")
QUESTIONS = [f"{theme} Of {n}?" for theme in THEMES for n in range(6)]
DOMAIN = """instruction: Answer.
cluster: {threshold: 0.5, min_community_size: 5}
sources: [{path: own.jsonl, question: question, answer: answer}]
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Lay out a domain with its clusters and a few-shot row."""
    monkeypatch.chdir(tmp_path)
    write_rows("own.jsonl", [{"question": q, "answer": "12 of them."} for q in QUESTIONS])
    Path("own.yaml").write_text(DOMAIN)
    select_data.main(["--domain", "own.yaml", "-n", "6"])
    records = [{"question": q} for q in QUESTIONS[:3]]
    write_rows("data/few-shot/own_fewshot.jsonl", [{"origin": records[0], "shot": records[1:]}])
    return tmp_path


def show(capsys: pytest.CaptureFixture[str], *flags: str) -> str:
    main(["--domain", "own.yaml", *flags])
    return capsys.readouterr().out


def tokenise(suffix: str, masked: bool) -> list[str]:
    """Write a file of one tokenised row; gives the flags that show it."""
    toy_tokenizer.main(["--input_file", "own.jsonl", "--output_dir", "model"])
    encoder = TokenEncoder(Path("model"))
    prompt, full = encoder.encode(["Ask\x1b[2J:\n", "Ask\x1b[2J:\n12 of them."])
    prompt, full = encoder.begin(prompt), encoder.end(encoder.begin(full))
    path = Path(f"tokenized/train{suffix}")
    with atomic_file(path) as file, token_writer(file, path.suffix) as write:
        ignored = len(prompt) if masked else 0
        write(make_token_row(np.array(full), np.array(prompt), ignored, -100), 1)
    return ["--tokenized_file", str(path), "--tokenizer", "model"]


def test_a_cluster_and_a_few_shot_row_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    shown = show(capsys)
    assert "cluster 1 of 3 in data/own_cluster.json: 6 questions" in shown
    cluster = shown.split("\n── row")[0]
    [theme] = [theme for theme in THEMES if theme in cluster]
    assert cluster.count(theme) == 5 and "… 1 more" in cluster
    assert f"{QUESTIONS[0]}\nis nearest to 2 others:\n  {QUESTIONS[1]}\n" in shown


@pytest.mark.parametrize("suffix", [".jsonl", ".parquet"])
def test_a_tokenised_row_is_decoded_with_what_is_learnt_marked(
    suffix: str, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = show(capsys, *tokenise(suffix, masked=True))
    assert shown.endswith("<s>Ask\\x1b[2J:\n⟦12 of them.</s>⟧\n")
    assert f"row 1 of tokenized/train{suffix}: " in shown


def test_a_pt_file_is_read_too(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("torch")
    shown = show(capsys, *tokenise(".pt", masked=True))
    assert shown.endswith("<s>Ask\\x1b[2J:\n⟦12 of them.</s>⟧\n")


def test_where_nothing_is_masked_all_is_learnt(capsys: pytest.CaptureFixture[str]) -> None:
    shown = show(capsys, *tokenise(".jsonl", masked=False))
    assert shown.endswith("⟦<s>Ask\\x1b[2J:\n12 of them.</s>⟧\n")


def test_a_domain_without_clusters_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    select_data.main(["--domain", "own.yaml", "-n", "6", "--min_community_size", "7"])
    assert "data/own_cluster.json: no clusters" in show(capsys)


def test_clusters_of_other_questions_are_refused() -> None:
    write_rows("own.jsonl", [{"question": q, "answer": "12"} for q in QUESTIONS[::-1]])
    with pytest.raises(PipelineError, match="not the clusters of the questions.*run select_data"):
        main(["--domain", "own.yaml"])


def test_rows_limited_in_selection_are_limited_here(capsys: pytest.CaptureFixture[str]) -> None:
    select_data.main(["--domain", "own.yaml", "-n", "6", "--max_rows", "12"])
    assert "cluster 1 of 2 in " in show(capsys, "--max_rows", "12")


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--number", "0"], "--number must be above 0, not 0"),
        (["--number", "4"], "holds 3 clusters; --number 4 is none of them"),
        (["--number", "2"], "few-shot/own_fewshot.jsonl: holds 1 rows; --number 2"),
        (["--tokenized_file", "x.jsonl"], "needs --tokenizer"),
        (["--tokenized_file", "own.jsonl", "--tokenizer", "model"], f"'?{FIELDS[0]}'? is missing"),
    ],
)
def test_mistakes_are_named(flags: list[str], message: str) -> None:
    toy_tokenizer.main(["--input_file", "own.jsonl", "--output_dir", "model"])
    with pytest.raises(PipelineError, match=message):
        main(["--domain", "own.yaml", *flags])


def test_what_steers_a_terminal_is_written_out() -> None:
    assert harmless("naïve 漢\t1\n") == "naïve 漢\t1\n"
    assert harmless("\x1b\u202e\u2028\ud800") == "\\x1b\\u202e\\u2028\\ud800"


def test_clusters_of_questions_that_were_kept_with_other_answers_are_shown(
    capsys: pytest.CaptureFixture[str],
) -> None:
    rows = [{"question": q, "answer": a} for q in QUESTIONS for a in ("12", "13")]
    write_rows("own.jsonl", rows)
    select_data.main(["--domain", "own.yaml", "-n", "6", "--other_answers", "keep"])
    assert "12 questions" in show(capsys)
