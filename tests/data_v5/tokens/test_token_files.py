import json

import numpy as np
import pyarrow.parquet
import pytest

from data_v5.tokens.token_files import FIELDS, FORMATS, ROW_GROUP, make_token_row, token_writer
from utils.jsonl import atomic_file


def read(path):
    if path.suffix == ".jsonl":
        return [json.loads(line) for line in path.read_text().splitlines()]
    if path.suffix == ".parquet":
        return pyarrow.parquet.read_table(path).to_pylist()
    torch = pytest.importorskip("torch")
    rows = torch.load(path, weights_only=True)
    for row in rows:
        length = len(row["input_ids"])
        assert row.pop("token_counts") == {"raw": 3, "raw_plus_prompt_template": length}
    assert {tensor.dtype for row in rows for tensor in row.values()} == {torch.int64}
    return [{name: tensor.tolist() for name, tensor in row.items()} for row in rows]


def numbered(count):
    return [
        make_token_row(np.arange(number % 5 + 2), np.arange(number % 5 + 1), 1, -100)
        for number in range(count)
    ]


def test_masked_tokens_have_the_label_that_is_ignored():
    full = np.array([4, 5, 6])
    row = make_token_row(full, np.array([4, 5]), 2, -1)
    assert {name: array.tolist() for name, array in row.items()} == {
        "input_ids": [4, 5, 6],
        "input_ids_no_response": [4, 5],
        "labels": [-1, -1, 6],
    }


@pytest.mark.parametrize("kind", FORMATS)
def test_all_formats_hold_the_same(tmp_path, kind):
    if kind == "pt":
        pytest.importorskip("torch")
    rows = numbered(2 * ROW_GROUP + 3 if kind == "parquet" else 7)
    path = tmp_path / f"train.{kind}"
    with atomic_file(path) as file, token_writer(file, path.suffix) as write:
        for row in rows:
            write(row, 3)
    assert read(path) == [{name: row[name].tolist() for name in FIELDS} for row in rows]


@pytest.mark.parametrize("kind", FORMATS)
def test_a_file_that_breaks_off_is_not_there(tmp_path, kind):
    def break_off():
        path = tmp_path / f"train.{kind}"
        with atomic_file(path) as file, token_writer(file, path.suffix) as write:
            write(numbered(1)[0], 3)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        break_off()
    assert list(tmp_path.iterdir()) == []
