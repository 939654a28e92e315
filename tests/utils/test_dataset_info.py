import json

import pytest

from utils.dataset_info import load_dataset_info, merge_dataset_info
from utils.errors import PipelineError


def test_other_entries_and_their_order_stay(tmp_path):
    path = tmp_path / "dataset_info.json"
    path.write_text('{"z": {"file_name": "ü.json"}, "ft": {"old": 1}, "a": {"x": null}}')
    merge_dataset_info(path, {"ft": {"new": 2}, "b": {}})
    entries = json.loads(path.read_text())
    assert list(entries) == ["z", "ft", "a", "b"]
    assert entries["z"] == {"file_name": "ü.json"}
    assert (entries["ft"], entries["a"]) == ({"new": 2}, {"x": None})


def test_an_entry_without_a_file_is_taken_out(tmp_path):
    path = tmp_path / "dataset_info.json"
    merge_dataset_info(path, {"ft": None})
    assert not path.exists()
    merge_dataset_info(path, {"ft": {}, "other": {}})
    merge_dataset_info(path, {"ft": None})
    assert load_dataset_info(path) == {"other": {}}


@pytest.mark.parametrize("content", ["{", "[]", '"x"', "\xff"])
def test_a_malformed_file_is_named_and_left_alone(tmp_path, content):
    path = tmp_path / "dataset_info.json"
    path.write_bytes(content.encode("latin-1"))
    with pytest.raises(PipelineError, match=r"dataset_info\.json: .*mend or move it"):
        merge_dataset_info(path, {"ft": {}})
    assert path.read_bytes() == content.encode("latin-1")
