import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

import dt_filtering
import generate_finetune_dataset
import mix_data
from utils.errors import PipelineError
from utils.jsonl import Row, read_rows, write_rows
from utils.sandbox.choose import open_sandbox
from utils.sandbox.limits import RunLimits
from verify_triplets import main

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def sandbox_here() -> None:
    try:
        open_sandbox("auto", None, RunLimits())
    except PipelineError as error:
        pytest.skip(str(error))


pytestmark = pytest.mark.usefixtures("sandbox_here")


def triplet(before: str, after: str, asked: str = "Improve it.", **fields: Any) -> Row:
    texts = {
        "code_before": before,
        "code_after": after,
        "instruct_descriptive": asked,
        "instruct_lazy": asked,
    }
    return texts | {f"{name}_purify": text for name, text in texts.items()} | fields


def run_on(folder: Path, rows: list[Row], *flags: str) -> tuple[list[Row], list[Row], Row]:
    """Run the stage; returns the kept rows, the rejected ones and the summary."""
    write_rows(folder / "in.jsonl", rows)
    main(["run", str(folder / "in.jsonl"), str(folder / "out.jsonl"), *flags])
    return results(folder)


def results(folder: Path) -> tuple[list[Row], list[Row], Row]:
    parts = []
    for name in ("out.jsonl", "out.rejected.jsonl"):
        path = folder / name
        has_rows = path.exists() and path.stat().st_size
        parts.append(list(read_rows(path)) if has_rows else [])
    return parts[0], parts[1], json.loads((folder / "out.summary.json").read_text())


WELL = "print('well')\n"
REJECTED = {
    "after_crashes": triplet(WELL, "print(1 / 0)\n"),
    "after_times_out": triplet(WELL, "while True:\n    pass\n"),
    "same_crash": triplet("print(nothing)\n", "x = 1\nprint(nothing)\n"),
    "still_crashes": triplet(
        "{}['a']\n", "x = {}\nx['a']\n", "Fix the crash: a KeyError is raised at the end."
    ),
    "changed_behaviour": triplet(WELL, "print('other')\n", edit_kind="refactoring"),
}


@pytest.mark.parametrize("reason", REJECTED)
def test_an_edit_that_breaks_its_program_is_put_aside_with_the_reason(
    tmp_path: Path, reason: str
) -> None:
    kept, rejected, summary = run_on(tmp_path, [REJECTED[reason]], "--cpu_seconds", "1")
    assert kept == [] and [row["reject_reason"] for row in rejected] == [reason]
    assert summary["reject_reasons"] == {reason: 1}


KEPT = {
    "the edit mends a crash": triplet("print(1 / 0)\n", WELL),
    "the instruction asks for the error": triplet(
        WELL, "raise ValueError('no')\n", "Raise a `ValueError` at the end."
    ),
    "the output may change": triplet(WELL, "print('other')\n", edit_kind="feature"),
    "the output comes and goes": triplet(
        "import random\nprint(random.random())\n",
        "from random import random\nprint(random())\n",
        edit_kind="refactoring",
    ),
    "two different errors": triplet("print(a)\n", "print(1 / 0)\n"),
}


@pytest.mark.parametrize("case", KEPT)
def test_an_edit_that_nothing_speaks_against_is_kept(tmp_path: Path, case: str) -> None:
    kept, rejected, _ = run_on(tmp_path, [KEPT[case]])
    assert rejected == [] and len(kept) == 1


def test_a_row_gets_what_was_seen_of_both_programs(tmp_path: Path) -> None:
    row = triplet(
        WELL, "print('well')\nprint(1 / 0)\n", "Raise the ZeroDivisionError.", prompt_id="p"
    )
    [kept], _, summary = run_on(tmp_path, [row])
    seen = kept.pop("behaviour")
    assert kept == row
    assert seen["before"].pop("seconds") >= 0 and seen["after"].pop("seconds") >= 0
    assert seen == {
        "before": {"status": "finished", "error": None},
        "after": {"status": "crashed", "error": "ZeroDivisionError: division by zero"},
        "same_output": True,
        "deterministic": True,
        "missing_packages": [],
    }
    assert summary["rows_run"] == 1 and summary["sandbox"]


NOT_RUNNABLE = {
    "package": "import no_such_package_at_all\n",
    "input": "print(input('name: '))\n",
    "display": "import tkinter\ntkinter.Tk()\n",
    "network": "import socket\nsocket.create_connection(('example.org', 80), 1)\n",
    "files": "print(open('settings.ini').read())\n",
    "endless": "while True:\n    pass\n",
}


@pytest.mark.parametrize("cause", NOT_RUNNABLE)
def test_a_program_that_needs_what_a_sandbox_has_not_is_not_judged(
    tmp_path: Path, cause: str
) -> None:
    if cause == "display":
        pytest.importorskip("tkinter")
    code = NOT_RUNNABLE[cause]
    rows = [triplet(code, "# a comment\n" + code, edit_kind="documentation")]
    [kept], _, summary = run_on(tmp_path, rows, "--cpu_seconds", "1")
    assert kept["behaviour"]["not_runnable"] == cause
    assert summary["not_runnable"] == {cause: 1}
    kept_now, rejected, _ = run_on(tmp_path, rows, "--cpu_seconds", "1", "--not_runnable", "drop")
    assert kept_now == [] and [row["reject_reason"] for row in rejected] == ["not_runnable"]


DENIED_BY_SANDLOCK = {
    "copy": "import shutil\nshutil.copy('program.py', 'copy.py')\n",
    "chmod": "import os\nos.chmod('program.py', 0o600)\n",
    "times": "import os\nos.utime('program.py')\n",
    "limits": "import resource\nresource.setrlimit(resource.RLIMIT_CPU, (1, 1))\n",
    "processes": "import multiprocessing\nmultiprocessing.Pool(2)\n",
}


@pytest.mark.parametrize("call", DENIED_BY_SANDLOCK)
def test_a_program_that_sandlock_denies_a_call_is_not_judged_by_that(
    tmp_path: Path, call: str
) -> None:
    try:
        open_sandbox("sandlock", None, RunLimits())
    except PipelineError as error:
        pytest.skip(str(error))
    code = DENIED_BY_SANDLOCK[call]
    rows = [triplet(code, code + "print('done')\n", edit_kind="feature"), triplet(WELL, code)]
    kept, rejected, summary = run_on(tmp_path, rows, "--sandbox", "sandlock")
    assert rejected == [] and summary["not_runnable"] == {"sandbox": 2}
    assert {row["behaviour"]["not_runnable"] for row in kept} == {"sandbox"}


def test_a_test_that_sandlock_denies_a_call_says_nothing(tmp_path: Path) -> None:
    try:
        open_sandbox("sandlock", None, RunLimits())
    except PipelineError as error:
        pytest.skip(str(error))
    before = "import shutil\ndef f():\n    return shutil.copy('program.py', 'x')\n"
    test = "def test_a():\n    assert f() == 'x'\n"
    row = verified_row(
        tmp_path, triplet(before, before + "# copied\n"), test, flags=("--sandbox", "sandlock")
    )
    assert row["verification"]["classes"]["broken"] == 1
    assert row["verification"]["verdict"] == "untestable"


def test_the_summary_says_what_each_missing_package_would_unlock(tmp_path: Path) -> None:
    one, two = "import absent_one\n", "import absent_one\nimport absent_two, json\n"
    rows = [triplet(one, one + "x = 1\n"), triplet(two, two + "x = 1\n"), triplet(WELL, WELL + one)]
    kept, _, summary = run_on(tmp_path, rows)
    assert [row["behaviour"]["missing_packages"] for row in kept] == [
        ["absent_one"],
        ["absent_one", "absent_two"],
        ["absent_one"],
    ]
    assert summary["missing_packages"] == {
        "absent_one": {"rows": 3, "unlocks": 2},
        "absent_two": {"rows": 1, "unlocks": 0},
    }


def test_a_name_that_a_present_module_lacks_is_a_crash_and_no_missing_package(
    tmp_path: Path,
) -> None:
    rows = [triplet(WELL, "import json.no_such_part\n"), triplet(WELL, "from json import nobody\n")]
    _, rejected, _ = run_on(tmp_path, rows)
    assert [row["reject_reason"] for row in rejected] == ["after_crashes"] * 2


def test_a_row_without_a_program_and_half_a_character_are_no_fault_of_ours(tmp_path: Path) -> None:
    rows = [triplet("", WELL), triplet(WELL, "print('\ud800')\n")]
    _, rejected, _ = run_on(tmp_path, rows)
    assert [row["reject_reason"] for row in rejected] == ["empty_field", "after_crashes"]


def test_a_second_run_runs_nothing_and_writes_the_same_bytes(tmp_path: Path) -> None:
    rows = [*REJECTED.values(), *KEPT.values()]
    run_on(tmp_path, rows, "--cpu_seconds", "1")
    first = (tmp_path / "out.jsonl").read_bytes(), (tmp_path / "out.runs.jsonl").read_bytes()
    run_on(tmp_path, rows, "--cpu_seconds", "1")
    assert first == (
        (tmp_path / "out.jsonl").read_bytes(),
        (tmp_path / "out.runs.jsonl").read_bytes(),
    )


@pytest.fixture
def nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    monkeypatch.setitem(sys.modules, "sandlock", None)


@pytest.mark.usefixtures("nowhere")
def test_without_a_sandbox_nothing_is_run_or_written(tmp_path: Path) -> None:
    with pytest.raises(PipelineError, match=r"install the program bwrap.*the package sandlock"):
        run_on(tmp_path, [triplet(WELL, WELL + WELL)])
    assert [path.name for path in tmp_path.iterdir()] == ["in.jsonl"]


@pytest.mark.usefixtures("nowhere")
def test_rows_go_on_unrun_where_that_is_asked_for(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    rows = [triplet(WELL, "print(1 / 0)\n")]
    kept, _, summary = run_on(tmp_path, rows, "--without_sandbox", "pass_on")
    assert kept == rows and summary["rows_run"] == 0 and summary["sandbox"] is None
    [said] = [line for line in caplog.messages if "nothing is run" in line]
    assert "install the program bwrap" in said
    write_rows(tmp_path / "replies.jsonl", [{"prompt_id": "p", "response": ["x"]}])
    paths = [str(tmp_path / name) for name in ("in.jsonl", "out.jsonl", "replies.jsonl")]
    main(["collect", *paths[:2], "--replies", paths[2], "--without_sandbox", "pass_on"])
    assert results(tmp_path)[0] == rows


@pytest.mark.parametrize("after_runs", [1, 5, 11])
def test_a_killed_run_goes_on_where_it_was(tmp_path: Path, after_runs: int) -> None:
    rows = [triplet(f"print({n})\n", f"print({n}, 1)\n") for n in range(6)]
    write_rows(tmp_path / "in.jsonl", rows)
    paths = str(tmp_path / "in.jsonl"), str(tmp_path / "out.jsonl")
    command = [sys.executable, "verify_triplets.py", "run", *paths, "--workers", "1"]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL) as process:
        while process.poll() is None and lines_of(tmp_path / "out.runs.jsonl") < after_runs:
            time.sleep(0.01)
        os.kill(process.pid, signal.SIGKILL) if process.poll() is None else None
    done = (tmp_path / "out.runs.jsonl").read_bytes()
    main(["run", *paths])
    kept, _, _ = results(tmp_path)
    assert len(kept) == 6
    log = (tmp_path / "out.runs.jsonl").read_bytes()
    assert log.startswith(done[: done.rfind(b"\n") + 1]) and log.count(b"\n") == 24
    assert len({json.loads(line)["key"] for line in log.splitlines()}) == 24


def lines_of(path: Path) -> int:
    return path.read_bytes().count(b"\n") if path.exists() else 0


def test_parquet_goes_in_and_out(tmp_path: Path) -> None:
    from utils.row_files import row_writer

    with open(tmp_path / "in.parquet", "wb") as file, row_writer(file, ".parquet") as write:
        write(triplet(WELL, WELL + "\n"))
    main(["run", str(tmp_path / "in.parquet"), str(tmp_path / "out.parquet")])
    [row] = read_rows(tmp_path / "out.parquet")
    assert row["behaviour"]["after"]["status"] == "finished"


def answered(folder: Path, *suites: str) -> None:
    """Answer the prompts for tests, as stage 2 would have: each with all suites."""
    rows = [
        {**prompt, "sample_index": number, "response": [f"```python\n{suite}\n```"]}
        for prompt in read_rows(folder / "prompts.jsonl")
        for number, suite in enumerate(suites, 1)
    ]
    write_rows(folder / "replies.jsonl", rows)


def verified_row(folder: Path, row: Row, *suites: str, flags: tuple[str, ...] = ()) -> Row:
    """Have one triplet tested; returns it as it was written."""
    write_rows(folder / "in.jsonl", [row])
    main(["prompts", str(folder / "in.jsonl"), str(folder / "prompts.jsonl")])
    answered(folder, *suites)
    paths = [str(folder / name) for name in ("in.jsonl", "out.jsonl", "replies.jsonl")]
    main(["collect", *paths[:2], "--replies", paths[2], *flags])
    kept, rejected, _ = results(folder)
    return (kept or rejected)[0]


BEFORE = "def f(x):\n    return x\n"
AFTER = "def f(x):\n    return abs(x)\n"
F2P = "def test_a():\n    assert f(-2) == 2\n"
P2P = "def test_b():\n    assert f(2) == 2\n"
P2F = "def test_c():\n    assert f(-2) == -2\n"
F2F = "def test_d():\n    assert f(-2) == 7\n"


@pytest.mark.parametrize(
    ("suites", "verdict"),
    [
        ([F2P + P2P], "verified"),
        ([P2P], "vacuous"),
        ([F2P + P2F], "contradicted"),
        ([F2P + P2P + F2F], "contradicted"),
        ([F2P + P2P + P2P.replace("_b", "_e") + P2P.replace("_b", "_f") + F2F], "verified"),
        ([F2P + P2P] * 2 + [P2P + P2F], "verified"),
        ([F2P + P2F] * 2 + [P2P], "contradicted"),
        ([F2F], "contradicted"),
        (["no tests"], "untestable"),
    ],
)
def test_the_verdict_follows_from_all_suites(
    tmp_path: Path, suites: list[str], verdict: str
) -> None:
    row = verified_row(tmp_path, triplet(BEFORE, AFTER), *suites)
    assert row["verification"]["verdict"] == verdict
    assert row.get("reject_reason", "verified") == verdict


@pytest.mark.parametrize(
    ("suite", "verdict"),
    [
        (P2P + P2P.replace("_b", "_e") + P2P.replace("_b", "_f"), "verified"),
        (P2P, "untestable"),
        (P2P + P2P.replace("_b", "_e") + P2P.replace("_b", "_f") + F2P, "contradicted"),
    ],
)
def test_an_edit_that_keeps_behaviour_needs_three_tests_and_no_change(
    tmp_path: Path, suite: str, verdict: str
) -> None:
    row = verified_row(tmp_path, triplet(BEFORE, AFTER, edit_kind="refactoring"), suite)
    assert row["verification"]["verdict"] == verdict


def test_the_tests_that_count_travel_with_the_row(tmp_path: Path) -> None:
    flaky = (
        "import random\ndef test_e():\n    assert f(random.choice(range(10**6))) % 2 == "
        "random.choice([0, 1])\n"
    )
    row = verified_row(
        tmp_path, triplet(BEFORE, AFTER), F2P + "def test_x():\n    assert g(1)\n" + flaky
    )
    test = row["tests"][0]
    assert (test["name"], test["before"], test["after"]) == ("test_a", "failed", "passed")
    assert "assert f(-2) == 2" in test["code"]
    assert "test_x" not in [each["name"] for each in row["tests"]]


def test_what_was_run_and_tested_travels_through_mix_filter_and_fine_tune_file(
    tmp_path: Path,
) -> None:
    words = ("size", "colour", "weight", "height", "width", "depth")
    rows = [
        triplet(
            f"def {word}(x):\n    return x\n",
            f"def {word}(x):\n    return abs(x)\n",
            prompt_id=word,
            commit=[word, word],
            code_snippet=[word, word],
        )
        for word in words
    ]
    paths = {name: str(tmp_path / f"{name}.jsonl") for name in ("in", "run", "prompts", "tested")}
    write_rows(paths["in"], rows)
    main(["run", paths["in"], paths["run"]])
    main(["prompts", paths["run"], paths["prompts"]])
    suites = [
        {**prompt, "response": [F2P.replace("f(", f"{word}(")]}
        for prompt, word in zip(read_rows(paths["prompts"]), words, strict=True)
    ]
    write_rows(tmp_path / "replies.jsonl", suites)
    replies = str(tmp_path / "replies.jsonl")
    main(["collect", paths["run"], paths["tested"], "--replies", replies])
    known = {row["prompt_id"]: row for row in read_rows(paths["tested"])}
    assert len(known) == len(words)
    for row in through_stages_4_to_6(tmp_path, paths["tested"], len(words)):
        trace = json.loads(row["meta"])
        for name in ("behaviour", "tests", "verification"):
            assert trace[name] == known[trace["prompt_id"]][name]
        assert trace["verification"]["verdict"] == "verified" and trace["tests"]


def through_stages_4_to_6(folder: Path, triplets: str, count: int) -> list[Row]:
    """Mix, filter and write rows for the trainer, by the stages' own commands."""
    mixed = folder / "mixed.jsonl"
    mix: Row = {"input_files": [triplets], "ratios": [1.0], "instr_types": ["lazy"]}
    mix |= {"model_names": ["m"], "output_file": str(mixed), "total_samples": count}
    dt = {"jsonl_path": str(mixed), "field_name": "instruct_purify", "data_format": "triplet"}
    dt |= {"output_dir": str(folder), "cache_dir": str(folder / "fits")}
    dt |= {"filter_settings": {"max_modify_lines": 70, "max_hunk_num": 7}}
    for name, config in (("mix", mix), ("filter", dt)):
        (folder / f"{name}.yaml").write_text(yaml.safe_dump(config | {"random_seed": 1}))
    mix_data.main(["--config", str(folder / "mix.yaml")])
    dt_filtering.main(["--config", str(folder / "filter.yaml")])
    generate_finetune_dataset.main(
        [str(folder / "mixed_dt_filtered.jsonl"), str(folder / "ft.jsonl")]
    )
    rows = list(read_rows(folder / "ft.jsonl"))
    assert len(rows) == count
    return rows


def test_a_prompt_for_tests_shows_signatures_and_no_bodies(tmp_path: Path) -> None:
    write_rows(tmp_path / "in.jsonl", [triplet(BEFORE, AFTER, "Take the absolute value.")])
    main(["prompts", str(tmp_path / "in.jsonl"), str(tmp_path / "p.jsonl"), "--num_tests", "5"])
    [prompt] = read_rows(tmp_path / "p.jsonl")
    [text] = prompt["user"]
    assert "def f(x): ..." in text and "abs(" not in text and "Write 5 test" in text
    assert BEFORE in text and "Take the absolute value." in text
