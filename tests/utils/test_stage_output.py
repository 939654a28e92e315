import hashlib
import json
from pathlib import Path

import pytest

from tests.stage2 import log_lines, read_jsonl
from utils.errors import PipelineError
from utils.stage_output import StageOutput, refuse_overwriting_inputs, sibling, stage_of


def files_in(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def summary_in(folder: Path) -> dict:
    return json.loads((folder / "x.summary.json").read_text())


def test_files_beside_an_output_share_its_stem() -> None:
    assert sibling("data/x.jsonl", ".rejected.jsonl") == Path("data/x.rejected.jsonl")
    assert sibling("data/v1.5.jsonl", ".summary.json") == Path("data/v1.5.summary.json")
    assert sibling("x", "_recovery.jsonl") == Path("x_recovery.jsonl")


def test_rows_reasons_and_counts_end_up_in_three_files(tmp_path: Path) -> None:
    path = tmp_path / "new" / "x.jsonl"
    stage = StageOutput(path, inputs=[tmp_path / "in.jsonl"], stage="mix")
    with log_lines() as lines, stage as output:
        output.keep({"a": 1})
        output.reject({"a": 2}, "no_code_block")
        output.reject({"a": 3}, "empty_instruction", "no_code_block")
        output.summary["seconds"] = 3
    assert read_jsonl(path) == [{"a": 1}]
    assert read_jsonl(path.with_name("x.rejected.jsonl")) == [
        {"a": 2, "reject_reason": "no_code_block"},
        {
            "a": 3,
            "reject_reason": "empty_instruction",
            "reject_reasons": ["empty_instruction", "no_code_block"],
        },
    ]
    assert summary_in(path.parent) == {
        "stage": "mix",
        "rows_in": 3,
        "kept": 1,
        "rejected": 2,
        "reject_reasons": {"no_code_block": 1, "empty_instruction": 1},
        "inputs": [str(tmp_path / "in.jsonl")],
        "seconds": 3,
        "files": {
            name: {
                "bytes": len((path.parent / name).read_bytes()),
                "sha256": hashlib.sha256((path.parent / name).read_bytes()).hexdigest(),
            }
            for name in ("x.jsonl", "x.rejected.jsonl")
        },
    }
    assert lines == [f"kept 1 of 3; no code block 1, empty instruction 1 -> {path}"]


def test_a_reason_of_an_earlier_stage_gives_way(tmp_path: Path) -> None:
    with StageOutput(tmp_path / "x.jsonl") as output:
        output.reject({"reject_reason": "old"}, "new")
    assert read_jsonl(tmp_path / "x.rejected.jsonl") == [{"reject_reason": "new"}]


def test_rows_passed_over_are_counted_apart(tmp_path: Path) -> None:
    with log_lines() as lines, StageOutput(tmp_path / "x.jsonl") as output:
        for _ in range(1200):
            output.keep({})
        output.pass_over("over_quota", 34)
        output.pass_over("never_drawn", 0)
    summary = summary_in(tmp_path)
    assert summary["rows_in"] == 1234 and summary["rejected"] == 0
    assert summary["passed_over"] == {"over_quota": 34}
    assert lines == [f"kept 1,200 of 1,234; over quota 34 -> {tmp_path / 'x.jsonl'}"]


def test_rejected_rows_of_an_earlier_run_do_not_stay(tmp_path: Path) -> None:
    with StageOutput(tmp_path / "x.jsonl") as output:
        output.reject({}, "bad")
    assert "x.rejected.jsonl" in files_in(tmp_path)
    with StageOutput(tmp_path / "x.jsonl") as output:
        output.keep({})
    assert set(files_in(tmp_path)) == {"x.jsonl", "x.summary.json"}


def test_a_further_file_is_put_in_place_with_the_others(tmp_path: Path) -> None:
    with StageOutput(tmp_path / "x.jsonl") as output:
        write = output.open_also(tmp_path / "held_out.jsonl")
        output.keep({"a": 1}, write)
        output.keep({"a": 2})
        assert not (tmp_path / "held_out.jsonl").exists()
    assert read_jsonl(tmp_path / "held_out.jsonl") == [{"a": 1}]
    assert read_jsonl(tmp_path / "x.jsonl") == [{"a": 2}]
    assert summary_in(tmp_path)["kept"] == 2


@pytest.mark.parametrize("error", [PipelineError, RuntimeError, KeyboardInterrupt, SystemExit])
def test_an_error_leaves_the_files_as_they_were(tmp_path: Path, error) -> None:
    with StageOutput(tmp_path / "x.jsonl") as output:
        output.keep({"a": 1})
        output.reject({"a": 2}, "bad")
    before = files_in(tmp_path)
    with pytest.raises(error), log_lines() as lines, StageOutput(tmp_path / "x.jsonl") as output:
        output.open_also(tmp_path / "y.jsonl")
        output.keep({"a": 3})
        output.reject({"a": 4}, "bad")
        raise error("stopped")
    assert files_in(tmp_path) == before and lines == []


def test_texts_that_have_no_utf_8_form_go_through_every_file(tmp_path: Path) -> None:
    with StageOutput(tmp_path / "x.jsonl") as output:
        output.keep({"a": "\ud800"})
        output.reject({"a": "\ud800"}, "bad")
        output.summary["example"] = "\ud800"
    assert read_jsonl(tmp_path / "x.jsonl") == [{"a": "\ud800"}]
    assert read_jsonl(tmp_path / "x.rejected.jsonl")[0]["a"] == "\ud800"
    assert summary_in(tmp_path)["example"] == "\ud800"


@pytest.mark.parametrize("name", ["x.jsonl", "x.rejected.jsonl", "x.summary.json"])
def test_no_input_is_written_over(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("{}\n")
    (tmp_path / "link").symlink_to(tmp_path / name)
    for spelling in (tmp_path / name, tmp_path / "gone" / ".." / name, tmp_path / "link"):
        inputs = [tmp_path / "other.jsonl", spelling]
        with pytest.raises(PipelineError, match="is an input and would be overwritten"):
            refuse_overwriting_inputs(tmp_path / "x.jsonl", inputs)
        with pytest.raises(PipelineError, match=str(spelling)):
            StageOutput(tmp_path / "x.jsonl", inputs)
    assert files_in(tmp_path)[name] == b"{}\n"


def test_an_output_named_through_a_link_is_no_other_file(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "folder")
    with pytest.raises(PipelineError, match="is an input and would be overwritten"):
        refuse_overwriting_inputs(tmp_path / "link" / "x.jsonl", [tmp_path / "folder" / "x.jsonl"])


def test_inputs_beside_the_output_are_fine(tmp_path: Path) -> None:
    inputs = [tmp_path / "y.jsonl", tmp_path / "x.json", tmp_path / "deep" / "x.jsonl"]
    refuse_overwriting_inputs(tmp_path / "x.jsonl", inputs)


@pytest.mark.parametrize("name", ["x.jsonl", "x.rejected.jsonl", "x.summary.json"])
def test_a_folder_in_an_outputs_place_shows_before_any_work(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    with pytest.raises(PipelineError, match=f"{name}: is a folder; name a file"):
        StageOutput(tmp_path / "x.jsonl")


def test_a_file_in_a_folders_place_is_an_error_that_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(PipelineError, match="can't be written"),
        StageOutput(tmp_path / "file" / "x.jsonl"),
    ):
        pass
    assert files_in(tmp_path) == {"file": b""}


def test_a_file_tells_its_stage_by_the_summary_beside_it(tmp_path: Path) -> None:
    with StageOutput(tmp_path / "x.jsonl", stage="triplets") as output:
        output.keep({"a": 1})
    assert stage_of(tmp_path / "x.jsonl") == "triplets"


@pytest.mark.parametrize("summary", ["{", "[1]", "{}", '{"stage": "unheard of"}', '{"stage": [1]}'])
def test_a_summary_that_names_no_stage_makes_a_file_rows(tmp_path: Path, summary: str) -> None:
    assert stage_of(tmp_path / "x.jsonl") == "rows"
    (tmp_path / "x.summary.json").write_text(summary)
    assert stage_of(tmp_path / "x.jsonl") == "rows"
