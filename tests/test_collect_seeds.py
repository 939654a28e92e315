import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from collect_seeds import Flags, main, sample_seeds
from tests.git_repository import CODE, Repository
from tests.hub_server import serving
from utils.cli import parse_flags
from utils.errors import PipelineError
from utils.jsonl import Row
from utils.seeds.sources import SEED_FIELDS

ROOT = Path(__file__).resolve().parents[1]
SECRET = "AKIA" + "Q3EGRZ7KPLM2VXWT"


def read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def rejected(path: Path) -> list[dict[str, Any]]:
    return read(path.with_name("seeds.rejected.jsonl"))


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, contents in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(contents.encode("utf-8", "surrogateescape"))
    return folder


@pytest.fixture
def output(tmp_path: Path) -> Path:
    return tmp_path / "out/seeds.jsonl"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Holds three good files, and one for each of some faults."""
    good = {f"good_{number}.py": f"{CODE}# {number}\n" for number in range(3)}
    bad = {
        "again.py": f"{CODE}# 1\n",
        "broken.py": CODE + "def f(:\n",
        "latin.py": CODE + "# caf\udce9\n",
        "leak.py": CODE + f"KEY = '{SECRET}'\n",
        "short.py": "x = 1\n",
        "signed.py": CODE + "# by ann@corp.com\n",
    }
    return write(tmp_path / "scripts", good | bad)


def collect(output: Path, *arguments: str) -> list[dict[str, Any]]:
    main([*arguments, "--output_file", str(output)])
    return read(output)


def test_good_files_are_kept_and_all_others_counted_by_reason(folder: Path, output: Path) -> None:
    rows = collect(output, "--source", f"dir:{folder}")
    kept = ["again.py", "good_0.py", "good_2.py", "signed.py"]
    assert [row["old_file"] for row in rows] == kept
    assert {tuple(row) for row in rows} == {SEED_FIELDS}
    assert {row["old_file"]: row["reject_reason"] for row in rejected(output)} == {
        "broken.py": "does_not_parse",
        "good_1.py": "duplicate",
        "latin.py": "not_utf8",
        "leak.py": "holds_secret",
        "short.py": "too_few_lines",
    }
    summary = json.loads(output.with_name("seeds.summary.json").read_text())
    assert (summary["rows_in"], summary["kept"], summary["rejected"]) == (9, 4, 5)
    assert summary["inputs"] == [f"dir:{folder}"]


def test_no_file_holds_the_secret_or_the_address(folder: Path, output: Path) -> None:
    collect(output, "--source", f"dir:{folder}")
    written = "".join(file.read_text(encoding="utf-8") for file in output.parent.iterdir())
    assert SECRET not in written
    assert "ann@corp.com" not in written
    assert "email@example.com" in written


def test_the_evidence_of_a_secret_is_masked_and_an_allow_list_lets_it_through(
    folder: Path, tmp_path: Path, output: Path
) -> None:
    collect(output, "--source", f"dir:{folder}")
    [row] = [row for row in rejected(output) if row["reject_reason"] == "holds_secret"]
    [found] = row["secret_evidence"]
    line = CODE.count("\n") + 1
    assert (found["field"], found["line"]) == ("old_contents", line)
    assert found["masked"] == "AKIA*** (20 characters)"
    allowed = tmp_path / "allowed.txt"
    allowed.write_text(f"# ours\n{found['fingerprint']}\n", encoding="utf-8")
    rows = collect(output, "--source", f"dir:{folder}", "--secrets_allow_list", str(allowed))
    assert "leak.py" in [row["old_file"] for row in rows]


def test_a_copy_of_a_row_with_a_secret_is_not_written_either(folder: Path, output: Path) -> None:
    write(folder, {"leak_again.py": (folder / "leak.py").read_text()})
    collect(output, "--source", f"dir:{folder}")
    reasons = {row["old_file"]: row["reject_reason"] for row in rejected(output)}
    assert reasons["leak_again.py"] == "holds_secret"
    assert SECRET not in output.with_name("seeds.rejected.jsonl").read_text()


def test_several_sources_go_into_one_file(folder: Path, tmp_path: Path, output: Path) -> None:
    repository = Repository(tmp_path / "shapes")
    repository.commit("Start", {"a.py": CODE})
    repository.commit("Name the unit used", {"a.py": CODE + "#\n"})
    repository.commit("Vendored", {"vendor/b.py": CODE})
    repository.commit("Edit vendored", {"vendor/b.py": CODE + "#\n"})
    sources = [f"git:{repository.path}", f"dir:{folder}"]
    rows = collect(output, "--source", sources[0], "--source", sources[1])
    assert (rows[0]["message"], rows[0]["new_contents"]) == ("Name the unit used", CODE + "#\n")
    assert [row["repos"] for row in rows] == ["shapes"] + ["scripts"] * 4
    assert rejected(output)[0]["reject_reason"] == "vendored_path"


MIT = (
    "MIT License\n\nCopyright (c) 2020 Ann\n\nPermission is hereby granted, free of charge, to any "
    "person obtaining a copy of this software and associated documentation files (the "
    '"Software"), to deal in the Software without restriction, including without limitation the '
    "rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of "
    "the Software, and to permit persons to whom the Software is furnished to do so, subject to "
    "the following conditions:\n\nThe above copyright notice and this permission notice shall be "
    'included in all copies or substantial portions of the Software.\n\nTHE SOFTWARE IS PROVIDED "'
    'AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE '
    "WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO "
    "EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER "
    "LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN "
    "CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.\n"
)


def test_a_licence_is_read_at_the_commit(tmp_path: Path, output: Path) -> None:
    repository = Repository(tmp_path / "repo")
    repository.commit("Start here with a file", {"a.py": CODE})
    repository.commit("Say one thing more", {"a.py": CODE + "# 1\n"})
    repository.commit("Choose a licence for it", {"LICENSE": MIT})
    repository.commit("Say two things more", {"a.py": CODE + "# 2\n"})
    repository.commit("Change what it is under", {"LICENSE": None, "setup.cfg": "license = GPLv3"})
    repository.commit("Say three things more", {"a.py": CODE + "# 3\n"})
    rows = collect(output, "--source", f"git:{repository.path}")
    assert [row["license"] for row in rows] == ["mit", "unknown"]
    assert {row["repos"] for row in rows} == {tmp_path.name}
    assert [row["license"] for row in rejected(output)] == ["gpl-3.0"]
    summary = json.loads(output.with_name("seeds.summary.json").read_text())
    assert summary["licenses"] == {"mit": 1, "unknown": 1}
    rows = collect(output, "--source", f"git:{repository.path}", "--license", "ISC")
    assert [row["license"] for row in rows] == ["isc"] * 3


def test_a_folders_licence_and_a_files_header_are_read(folder: Path, output: Path) -> None:
    header = "# SPDX-License-Identifier: Apache-2.0\n"
    write(folder, {"LICENSE.txt": MIT, "headed.py": header + CODE})
    rows = {row["old_file"]: row["license"] for row in collect(output, "--source", f"dir:{folder}")}
    assert rows["headed.py"] == "apache-2.0"
    assert {*rows.values()} == {"mit", "apache-2.0"}


def test_a_small_commit_gives_a_row_a_file_and_names_them(tmp_path: Path, output: Path) -> None:
    repository = Repository(tmp_path / "shapes")
    names = ("a.py", "lib/b.py", "tests/test_c.py", "d.py")
    repository.commit("Start here with files", {name: f"{CODE}# {name}\n" for name in names})
    edited = {name: f"{CODE}# more {name}\n" for name in names[:3]}
    repository.commit("Say more in three files", edited)
    source = ("--source", f"git:{repository.path}")
    rows = collect(output, *source)
    assert [row["old_file"] for row in rows] == [*names[:3]]
    assert all(row["commit_files"] == [*names[:3]] for row in rows)
    rows = collect(output, *source, "--exclude_tests")
    assert [row["old_file"] for row in rows] == ["a.py", "lib/b.py"]
    [row] = collect(output, *source, "--paths", "lib")
    assert (row["old_file"], "commit_files" in row) == ("lib/b.py", False)
    for flags in (["--max_files", "2"], ["--until", "1999-01-01"], ["--since", "2098-01-01"]):
        with pytest.raises(PipelineError, match="no seed found"):
            collect(output, *source, *flags)


def test_a_file_renamed_and_edited_keeps_both_names(tmp_path: Path, output: Path) -> None:
    repository = Repository(tmp_path / "shapes")
    long = CODE + "".join(f"x{n} = {n}\n" for n in range(30))
    repository.commit("Start here with a file", {"a.py": long})
    repository.commit("Rename it and say more", {"a.py": None, "b.py": long + "# more\n"})
    repository.commit("Rename it once again", {"b.py": None, "c.py": long + "# more\n"})
    [row] = collect(output, "--source", f"git:{repository.path}")
    assert (row["old_file"], row["new_file"]) == ("a.py", "b.py")
    assert (row["old_contents"], row["new_contents"]) == (long, long + "# more\n")


def test_a_trivial_subject_is_left_out(tmp_path: Path, output: Path) -> None:
    repository = Repository(tmp_path / "shapes")
    repository.commit("Start here with a file", {"a.py": CODE})
    for number, subject in enumerate(
        ["Fix lint", "Bump version to 1.2", "wip", "Name the unit (#3)"]
    ):
        repository.commit(subject, {"a.py": f"{CODE}# {number}\n"})
    [row] = collect(output, "--source", f"git:{repository.path}")
    assert row["subject"] == "Name the unit (#3)"
    assert {row["reject_reason"] for row in rejected(output)} == {"trivial_subject"}


def test_equal_runs_give_equal_bytes_with_any_number_of_workers(
    folder: Path, tmp_path: Path
) -> None:
    files: list[dict[str, bytes]] = []
    for run, workers in enumerate(["1", "1", "2"]):
        target = tmp_path / str(run) / "seeds.jsonl"
        arguments = ["--source", f"dir:{folder}", "--max_seeds", "2", "--num_workers", workers]
        collect(target, *arguments)
        files.append({file.name: file.read_bytes() for file in target.parent.iterdir()})
    assert files[0] == files[1] == files[2]
    assert len(files[0]) == 3


def test_a_repository_read_by_several_workers_comes_to_an_end(tmp_path: Path, output: Path) -> None:
    repository = Repository(tmp_path / "shapes")
    repository.import_edits(150)
    rows = collect(output, "--source", f"git:{repository.path}", "--num_workers", "2")
    assert [row["new_contents"] for row in rows] == [f"{CODE}# {n}\n" for n in range(150, 0, -1)]


def test_max_seeds_keeps_a_sample_in_order_and_counts_the_rest(folder: Path, output: Path) -> None:
    everything = [row["old_file"] for row in collect(output, "--source", f"dir:{folder}")]
    some = collect(output, "--source", f"dir:{folder}", "--max_seeds", "2")
    names = [row["old_file"] for row in some]
    assert len(names) == 2
    assert names == [name for name in everything if name in names]
    left_out = [row for row in rejected(output) if row["reject_reason"] == "not_sampled"]
    assert sorted(names + [row["old_file"] for row in left_out]) == everything


def seeds(count: int) -> list[tuple[Row, str | None]]:
    return [
        ({"commit": f"c{n}", "old_contents": f"{n}", "new_contents": ""}, None)
        for n in range(count)
    ]


def sampled(count: int, max_seeds: int, random_seed: int = 42) -> list[str]:
    verdicts = sample_seeds(seeds(count), max_seeds, random_seed)
    return [row["commit"] for row, reason in verdicts if reason is None]


def test_a_larger_sample_holds_the_smaller_one() -> None:
    assert set(sampled(200, 20)) < set(sampled(200, 50))
    assert sampled(200, 300) == [row["commit"] for row, _ in seeds(200)]


def test_another_random_seed_draws_another_sample() -> None:
    assert sampled(200, 20) != sampled(200, 20, random_seed=1)


def test_size_and_license_limits_are_taken_from_the_command(folder: Path, output: Path) -> None:
    rows = collect(output, "--source", f"dir:{folder}", "--min_lines", "1", "--max_lines", "5")
    assert [row["old_file"] for row in rows] == ["short.py"]
    with pytest.raises(PipelineError, match="no seed is left .*too large 7"):
        collect(output, "--source", f"dir:{folder}", "--max_bytes", "20")
    limits = parse_flags(Flags, ["--source", "stdlib", "--allowed_licenses", "MIT, isc"])
    assert limits.allowed_licenses == ("mit", "isc")


def test_commitpackft_is_read_from_the_hub_that_the_environment_names(tmp_path: Path) -> None:
    def commit(number: int, **changes: Any) -> dict[str, Any]:
        return {
            "commit": f"c{number}",
            "old_file": "a.py",
            "new_file": "a.py",
            "old_contents": f"{CODE}# {number}\n",
            "new_contents": f"{CODE}# more {number}\n",
            "subject": "Say more in it",
            "message": "Say more in it\n",
            "lang": "Python",
            "license": "mit",
            "repos": "ann/shapes,bob/shapes",
        } | changes

    rows = [commit(1), commit(2, license="agpl-3.0"), commit(3, old_contents=None)]
    data = b"".join(json.dumps(row).encode() + b"\n" for row in rows)
    files = {"commitpackft.py": b"raise SystemExit", "data/python/data.jsonl": data}
    with serving({"bigcode/commitpackft": {"main": files}}) as server:
        done = subprocess.run(
            [sys.executable, ROOT / "collect_seeds.py", "--source", "hf:bigcode/commitpackft"],
            cwd=tmp_path,
            env=os.environ | {"HF_ENDPOINT": server.endpoint, "HF_HOME": str(tmp_path / "hf")},
            capture_output=True,
            text=True,
        )
    assert done.returncode == 0, done.stderr
    output = tmp_path / "data/commitpackft_python_cleaned.jsonl"
    assert read(output) == [commit(1)]
    assert done.stderr.splitlines()[-1] == (
        "kept 1 of 3; license not allowed 1, no text 1 -> data/commitpackft_python_cleaned.jsonl"
    )


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--source", "foo"], "--source foo: not a source"),
        (["--source", "dir:/nowhere/at/all"], "no such folder"),
        (["--source", "stdlib", "--max_seeds", "0"], "--max_seeds must be above 0, not 0"),
        (
            ["--source", "stdlib", "--num_workers", "-1"],
            "--num_workers must not be negative, not -1",
        ),
        (["--source", "stdlib", "--max_files", "0"], "--max_files must be above 0, not 0"),
        (["--source", "stdlib", "--since", "yesterday"], "--since: yesterday is no date"),
        (
            ["--source", "stdlib", "--since", "2024-02-01", "--until", "2024-01-01"],
            "after --until 2024-01-01",
        ),
        (["--source", "stdlib", "--secrets_allow_list", "/nowhere"], "--secrets_allow_list /nowh"),
        (["--source", "stdlib", "--min_lines", "9", "--max_lines", "5"], "above --max_lines 5"),
    ],
)
def test_a_mistake_gets_one_line_and_leaves_the_old_file(
    arguments: list[str], complaint: str, output: Path
) -> None:
    write(output.parent, {"seeds.jsonl": "old\n"})
    with pytest.raises(PipelineError, match=complaint):
        main([*arguments, "--output_file", str(output)])
    assert [file.name for file in output.parent.iterdir()] == ["seeds.jsonl"]
    assert output.read_text() == "old\n"


def test_a_repository_without_single_file_edits_says_what_is_looked_for(
    tmp_path: Path, output: Path
) -> None:
    repository = Repository(tmp_path / "shapes")
    repository.commit("Start", {"a.py": CODE})
    with pytest.raises(PipelineError, match="no seed found; git: takes commits that modify one"):
        collect(output, "--source", f"git:{repository.path}")
    assert not output.exists()


def test_no_source_at_all_is_a_mistake(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main([])
    assert caught.value.code == 2
    assert "--source" in capsys.readouterr().err
