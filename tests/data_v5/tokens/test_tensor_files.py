import io
import sys

import numpy as np
import pytest

from data_v5.tokens.tensor_files import require_torch, save_tensors
from utils.errors import PipelineError


def save(rows):
    file = io.BytesIO()
    save_tensors(file, rows, [{"raw": 2} for _ in rows])
    return file.getvalue()


def test_rows_come_back_as_tensors():
    torch = pytest.importorskip("torch")
    content = save([{"a": np.array([1, -1]), "b": np.array([], dtype=np.int64)}])
    [row] = torch.load(io.BytesIO(content), weights_only=True)
    assert row["a"].dtype == row["b"].dtype == torch.int64
    assert (row["a"].tolist(), row["b"].tolist()) == ([1, -1], [])
    assert row["token_counts"] == {"raw": 2}


def test_equal_rows_make_equal_bytes():
    pytest.importorskip("torch")
    assert save([{"a": np.arange(9)}]) == save([{"a": np.arange(9)}])


def test_without_torch_a_way_out_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(PipelineError, match="pip install torch, or write parquet"):
        require_torch()
