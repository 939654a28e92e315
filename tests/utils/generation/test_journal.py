import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from utils.errors import PipelineError
from utils.generation.journal import Journal, read_finished
from utils.generation.recovery import SampleKey
from utils.jsonl import dump_row
from utils.providers.replies import Reply, Usage

ROOT = Path(__file__).resolve().parents[3]
SETTINGS = {"model": "m", "temperature": 0.8}
A, B = SampleKey("a", 1), SampleKey("b", 1)
REPLY = Reply("one", "stop", Usage(10, 5))


def journal(folder: Path, resume: bool = True, **more: Any) -> Journal:
    settings = more.pop("settings", SETTINGS)
    return Journal(folder / "out.jsonl", folder / "rec.jsonl", settings, resume, **more)


def row(key: SampleKey, text: str = "x") -> dict[str, Any]:
    usage = [{"prompt_tokens": 10, "completion_tokens": 5, "cached_tokens": 1}]
    return {
        **key._asdict(),
        "prompt_hash": "h" + key.prompt_id,
        "model": "m",
        "finish_reason": ["stop"],
        "usage": usage,
        "response": [text],
    }


def reopened(folder: Path, opened: Journal) -> Journal:
    opened.close()
    return journal(folder)


def test_what_was_finished_is_known_on_resume(tmp_path: Path) -> None:
    first = journal(tmp_path)
    first.add_finished(A, row(A))
    second = reopened(tmp_path, first)
    assert second.done == {A: "ha"}
    assert second.paid == {"prompt_tokens": 10, "completion_tokens": 5, "cached_tokens": 1}
    second.close()


def test_rounds_of_an_unfinished_sample_are_given_back(tmp_path: Path) -> None:
    first = journal(tmp_path)
    first.add_round(A, "ha", REPLY)
    first.add_round(B, "hb", REPLY)
    first.add_finished(B, row(B))
    second = reopened(tmp_path, first)
    assert second.answered_rounds(A) == [REPLY] and second.answered_rounds(B) == []
    assert second.paid["completion_tokens"] == 10, "B's round is part of B's row"
    third = reopened(tmp_path, second)
    assert third.answered_rounds(A) == [REPLY]
    third.close()


def test_a_cut_off_reply_waits_for_its_longer_one(tmp_path: Path) -> None:
    first = journal(tmp_path)
    first.add_round(A, "ha", REPLY)
    first.add_cut_off(A, "ha", REPLY)
    second = reopened(tmp_path, first)
    assert second.cut_off_reply(A, 1) == REPLY and second.cut_off_reply(A, 0) is None
    assert second.paid["completion_tokens"] == 10
    second.add_round(A, "ha", Reply("whole", "stop", Usage(20, 20)))
    third = reopened(tmp_path, second)
    assert third.cut_off_reply(A, 1) is None and len(third.answered_rounds(A)) == 2
    assert third.paid["completion_tokens"] == 25
    third.close()


def test_what_was_paid_for_nothing_is_never_forgotten(tmp_path: Path) -> None:
    opened = journal(tmp_path)
    opened.add_waste(Usage(7, 3))
    for _ in range(3):
        opened = reopened(tmp_path, opened)
        opened.put_in_order([])
        opened.add_waste(Usage(1, 1, estimated=True))
    opened = reopened(tmp_path, opened)
    assert opened.paid["prompt_tokens"] == 10 and opened.paid["completion_tokens"] == 6
    assert opened.paid["estimated"] == 3
    opened.close()


def test_existing_work_is_not_written_over_unless_asked(tmp_path: Path) -> None:
    first = journal(tmp_path)
    first.add_finished(A, row(A))
    first.close()
    with pytest.raises(PipelineError, match="--continue_from_error goes on.*--overwrite"):
        journal(tmp_path, resume=False)
    assert (tmp_path / "out.jsonl").read_bytes() == dump_row(row(A))
    fresh = journal(tmp_path, resume=False, overwrite=True)
    assert not fresh.done and not (tmp_path / "out.jsonl").read_bytes()
    fresh.close()


def test_resuming_where_nothing_was_saved_just_starts(tmp_path: Path) -> None:
    opened = journal(tmp_path / "new" / "folder")
    assert not opened.done
    opened.close()


@pytest.mark.parametrize(
    ("now", "said"),
    [
        ({"model": "other", "temperature": 0.8}, "made with model 'm', now 'other'"),
        ({"model": "m", "temperature": 0.2}, "made with temperature 0.8, now 0.2"),
        ({"model": "m"}, "made with temperature 0.8, now None"),
        ({**SETTINGS, "top_p": 1}, "made with top_p None, now 1"),
    ],
)
def test_other_settings_are_refused_naming_the_difference(
    tmp_path: Path, now: dict[str, Any], said: str
) -> None:
    first = journal(tmp_path)
    first.add_round(A, "ha", REPLY)
    first.close()
    with pytest.raises(PipelineError, match=said):
        journal(tmp_path, settings=now)
    journal(tmp_path).close()  # the refusal changed nothing, the lock is free


def test_changed_and_lost_prompts_are_refused_by_name(tmp_path: Path) -> None:
    opened = journal(tmp_path)
    opened.add_finished(A, row(A))
    opened.add_round(B, "hb", REPLY)
    opened = reopened(tmp_path, opened)
    opened.check_prompts({"a": "ha", "b": "hb", "new": "hn"})
    with pytest.raises(PipelineError, match="prompt a has other texts"):
        opened.check_prompts({"a": "hx", "b": "hb"})
    with pytest.raises(PipelineError, match="prompt b has other texts"):
        opened.check_prompts({"a": "ha", "b": "hx"})
    with pytest.raises(PipelineError, match="prompt a, which is gone"):
        opened.check_prompts({"b": "hb"})
    opened.close()


def test_rows_are_put_in_order_and_none_is_dropped(tmp_path: Path) -> None:
    opened = journal(tmp_path)
    made = [SampleKey("b", 2), SampleKey("a", 1), SampleKey("c", 1), SampleKey("b", 1)]
    for key in made:
        opened.add_finished(key, row(key))
    opened.put_in_order(["a", "b", "c"])
    opened.add_finished(SampleKey("c", 2), row(SampleKey("c", 2)))
    opened.close()
    assert [found.key for found in read_finished(tmp_path / "out.jsonl")] == [
        *(("a", 1), ("b", 1), ("b", 2), ("c", 1), ("c", 2))
    ]


def test_putting_in_order_keeps_the_rounds_of_failed_samples(tmp_path: Path) -> None:
    opened = journal(tmp_path)
    opened.add_round(A, "ha", REPLY)
    opened.add_failed(A, {**A._asdict(), "reject_reason": "refused_by_server", "passing": False})
    opened.add_round(B, "hb", REPLY)
    opened.add_finished(B, row(B))
    opened.put_in_order(["a", "b"])
    assert len((tmp_path / "rec.jsonl").read_bytes().splitlines()) == 2
    opened = reopened(tmp_path, opened)
    assert opened.answered_rounds(A) == [REPLY] and A in opened.failed
    opened.close()


def test_failures_are_listed_once_each_and_go_when_mended(tmp_path: Path) -> None:
    failed = {**A._asdict(), "reject_reason": "500", "passing": True}
    opened = journal(tmp_path)
    opened.add_failed(A, failed)
    opened.add_failed(A, failed)
    opened = reopened(tmp_path, opened)
    assert (tmp_path / "out.failed.jsonl").read_bytes() == dump_row(failed)
    opened.add_finished(A, row(A))
    opened.close()
    assert not (tmp_path / "out.failed.jsonl").exists()


def test_a_torn_line_in_any_of_the_files_is_mended(tmp_path: Path) -> None:
    opened = journal(tmp_path)
    opened.add_finished(A, row(A))
    opened.add_round(B, "hb", REPLY)
    opened.close()
    for name in ("out.jsonl", "rec.jsonl"):
        with open(tmp_path / name, "ab") as file:
            file.write(b'{"prompt_id":"c","sam')
    opened = journal(tmp_path)
    assert set(opened.done) == {A} and opened.answered_rounds(B) == [REPLY]
    opened.add_finished(B, row(B))
    opened.close()
    assert [found.key for found in read_finished(tmp_path / "out.jsonl")] == [A, B]


def test_a_second_process_is_refused_at_once_and_after_a_kill_the_lock_is_free(
    tmp_path: Path,
) -> None:
    program = """
import sys, time
from utils.generation.journal import Journal
held = Journal(sys.argv[1], sys.argv[2], {"model": "m", "temperature": 0.8}, True)
print("locked", flush=True)
time.sleep(60)
"""
    paths = [str(tmp_path / "out.jsonl"), str(tmp_path / "rec.jsonl")]
    with subprocess.Popen(
        [sys.executable, "-c", program, *paths], cwd=ROOT, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None and holder.stdout.readline() == b"locked\n"
        with pytest.raises(PipelineError, match="out.jsonl: another run is writing it"):
            journal(tmp_path, overwrite=True)
        with pytest.raises(PipelineError, match="rec.jsonl: another run is writing it"):
            Journal(tmp_path / "other.jsonl", tmp_path / "rec.jsonl", SETTINGS)
        holder.kill()
    journal(tmp_path).close()


def test_what_killed_runs_left_of_atomic_writes_is_swept(tmp_path: Path) -> None:
    names = ("out.jsonl", "rec.jsonl", "out.failed.jsonl")
    leftovers = [tmp_path / f".{name}.unfinished" for name in names]
    others = [tmp_path / name for name in (".out.jsonl.ab12cd_3", ".out.jsonl.backup")]
    for path in (*leftovers, *others):
        path.write_text("half")
    journal(tmp_path).close()
    assert not any(path.exists() for path in leftovers)
    assert all(path.read_text() == "half" for path in others), "only what is surely a run's goes"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("out.jsonl", '{"a": 1}\n'),
        ("out.jsonl", "import os\n"),
        ("rec.jsonl", '{"a": 1}\n'),
        ("rec.jsonl", "[]\n"),
        ("out.failed.jsonl", '{"a": 1}\n'),
    ],
)
def test_foreign_files_are_refused_by_name_and_left_alone(
    tmp_path: Path, name: str, text: str
) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(PipelineError, match=name):
        journal(tmp_path)
    assert (tmp_path / name).read_text() == text


def test_a_folder_in_place_of_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "out.jsonl").mkdir()
    with pytest.raises(PipelineError, match="is a folder"):
        journal(tmp_path)


def test_rows_with_other_field_orders_and_odd_ids_are_read_as_well(tmp_path: Path) -> None:
    rows = [
        dict(reversed(row(A).items())),
        {**row(SampleKey("ü[]", 3)), "finish_reason": ["odd]\\"]},
        {**row(B), "response": ["\ud800"]},
    ]
    path = tmp_path / "out.jsonl"
    path.write_bytes(b"".join(map(dump_row, rows)))
    assert [found.key for found in read_finished(path)] == [A, ("ü[]", 3), B]
    assert json.loads(path.read_bytes().splitlines()[2])["response"] == ["\ud800"]
