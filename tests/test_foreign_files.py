"""A file that no stage here wrote, named as an output by mistake: it is left as it is."""

import gzip
import json
import os
from pathlib import Path

import pyarrow
import pyarrow.parquet
import pytest

from code_generation_api import main
from tests.stage2 import flags, write_map, write_prompts
from utils.errors import PipelineError

HEAD = '{"prompt_id":"p1","sample_index":1,"prompt_hash":"h","model":"m","finish_reason":["stop"],'


def parquet() -> bytes:
    sink = pyarrow.BufferOutputStream()
    pyarrow.parquet.write_table(pyarrow.table({"a": [1, 2, 3]}), sink)
    return bytes(sink.getvalue())


FOREIGN = {
    "a picture": b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 30 + b"\n{" + b"\0" * 500,
    "a Parquet file": parquet(),
    "an archive": gzip.compress(b"text" * 999) + b"\n\0\0\0",
    "notes": b"import os\n{",
    "rows of another stage": b'{"commit": "c", "code_before": "x"}\n{"commit": "d", "code',
    "one JSON object": b'{"name": "x", "list": [1, 2]}',
    "one JSON object, cut": b'{"name": "x", "list": [1, ',
    "a JSON object over lines": b'{\n  "name": "x"',
    "zeros": b"\0" * 9000,
    "blank lines": b"\n\n   \n",
    "a list": b"[1, 2]\n",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_prompts(tmp_path / "prompts.jsonl", 2)
    write_map(tmp_path, "http://127.0.0.1:9/v1")  # nobody listens, and nobody is asked
    return tmp_path


@pytest.mark.parametrize("way", ["--continue_from_error", "--overwrite"])
@pytest.mark.parametrize("name", ["out.jsonl", "out_recovery.jsonl", "out.failed.jsonl"])
@pytest.mark.parametrize("kind", FOREIGN)
def test_it_is_refused_and_no_byte_of_it_changes(
    folder: Path, kind: str, name: str, way: str
) -> None:
    path = folder / name
    path.write_bytes(FOREIGN[kind])
    with pytest.raises(PipelineError, match="was not written by this stage") as raised:
        main(flags(folder, way))
    assert path.read_bytes() == FOREIGN[kind] and "\n" not in str(raised.value)
    assert not [each for each in os.listdir(folder) if each.startswith(".")]


@pytest.mark.parametrize("torn", [1, 20, len(HEAD)])
def test_what_a_kill_left_of_the_very_first_row_is_ours(folder: Path, torn: int) -> None:
    from utils.generation.journal import Journal

    (folder / "out.jsonl").write_text(HEAD[: max(torn, 2)])
    Journal(folder / "out.jsonl", folder / "rec.jsonl", {}, resume=True).close()
    assert (folder / "out.jsonl").read_bytes() == b""


def test_through_a_link_the_run_goes_on_with_what_was_paid(folder: Path) -> None:
    from utils.generation.journal import Journal

    (folder / "link.jsonl").symlink_to(folder / "out.jsonl")
    row = json.loads(HEAD + '"usage":[]}')
    first = Journal(folder / "out.jsonl", folder / "rec.jsonl", {})
    first.add_finished(("p1", 1), row)  # type: ignore[arg-type]
    with pytest.raises(PipelineError, match="another run is writing it"):
        Journal(folder / "link.jsonl", folder / "other.jsonl", {}, resume=True)
    first.close()
    second = Journal(folder / "link.jsonl", folder / "rec.jsonl", {}, resume=True)
    assert set(second.done) == {("p1", 1)}
    second.put_in_order(["p1"])
    second.close()
    assert (folder / "link.jsonl").is_symlink()
