"""The small tokenizer of the quickstart: trained on rows, and read as a model's is."""

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer

from data_v5.tokens.token_ids import TokenEncoder
from data_v5.toy_tokenizer import main, train_tokenizer
from tests.documented_commands import ROOT
from utils.errors import PipelineError
from utils.jsonl import write_rows
from utils.token_counts import token_counter

ROWS = [{"question": "How many rolls are left?", "answer": "There are 12 rolls."}] * 3


def train(folder: Path, *flags: str) -> Path:
    source = folder / "questions.jsonl"
    if not source.exists():
        write_rows(source, ROWS)
    main(["--input_file", str(source), "--output_dir", str(folder / "model"), *flags])
    return folder / "model"


def test_frequent_words_become_tokens_and_marks_stand_at_the_ends(tmp_path: Path) -> None:
    folder = train(tmp_path)
    encoder = TokenEncoder(folder)
    [ids] = encoder.encode([" rolls"])
    assert len(ids) == 1
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    marked = encoder.end(encoder.begin(ids))
    assert tokenizer.decode(marked, skip_special_tokens=False) == "<s> rolls</s>"
    assert token_counter(str(folder)).count([" rolls", " rolls rolls"]) == [1, 2]


TRAINED = train_tokenizer([text for row in ROWS for text in row.values()], 300)


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text_comes_back(text: str) -> None:
    ids = TRAINED.encode(text, add_special_tokens=False).ids
    marks = text.count("<s>") + text.count("</s>")
    assert marks or TRAINED.decode(ids) == text


def test_another_process_makes_the_same_bytes(tmp_path: Path) -> None:
    folder = train(tmp_path)
    made = (folder / "tokenizer.json").read_bytes()
    command = [sys.executable, "-m", "data_v5.toy_tokenizer", "--output_dir", str(tmp_path / "b")]
    command += ["--input_file", str(tmp_path / "questions.jsonl")]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    assert (tmp_path / "b" / "tokenizer.json").read_bytes() == made


def test_other_fields_are_read_where_named(tmp_path: Path) -> None:
    write_rows(tmp_path / "questions.jsonl", [{"Input": "basil basil", "Output": None}] * 3)
    with pytest.raises(PipelineError, match="question"):
        train(tmp_path)
    folder = train(tmp_path, "--fields", "Input", "Output")
    assert len(TokenEncoder(folder).encode([" basil"])[0]) == 1


def test_a_vocabulary_without_room_for_all_bytes_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PipelineError, match="--vocab_size must be at least 258, not 257"):
        train(tmp_path, "--vocab_size", "257")
    folder = train(tmp_path, "--vocab_size", "258")
    assert Tokenizer.from_file(str(folder / "tokenizer.json")).get_vocab_size() == 258
