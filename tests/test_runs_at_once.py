"""Several runs at the same moment, as processes: nothing is lost, and nothing mixed."""

import json
import subprocess
import sys
from pathlib import Path

import yaml

from tests.documented_commands import ROOT
from tests.mutated_rows import MIXED, TRIPLET
from utils.files.wholeness import say_if_doubtful
from utils.jsonl import write_rows


def together(*commands: list[str], folder: Path) -> list[tuple[int, str]]:
    runs = [
        subprocess.Popen(
            [sys.executable, str(ROOT / command[0]), *command[1:]],
            cwd=folder,
            stderr=subprocess.PIPE,
            text=True,
        )
        for command in commands
    ]
    return [(run.wait(), said) for run in runs for said in [run.communicate()[1]]]


def test_exports_into_one_folder_lose_no_entry(tmp_path: Path) -> None:
    write_rows(tmp_path / "in.jsonl", [MIXED | {"prompt_id": f"p{n}"} for n in range(5)])
    names = [f"set{number}" for number in range(4)]
    ended = together(
        *(["generate_finetune_dataset.py", "in.jsonl", f"ft/{name}.jsonl"] for name in names),
        folder=tmp_path,
    )
    assert [code for code, _ in ended] == [0] * 4, ended
    assert sorted(json.loads((tmp_path / "ft/dataset_info.json").read_text())) == names
    card = (tmp_path / "ft/README.md").read_text()
    assert all(name in card for name in names)
    assert not [path.name for path in (tmp_path / "ft").iterdir() if path.name.startswith(".")]


def test_of_runs_into_one_output_through_any_link_each_is_whole_or_says_who_holds_it(
    tmp_path: Path,
) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    commands = []
    for number, place in enumerate(("real", "link", "real", "link")):
        source = tmp_path / f"in{number}.jsonl"
        count = 200 + number
        rows = [
            {"prompt_id": f"{number}-{n}", "code_before_purify": f"x = {n}\n"} for n in range(count)
        ]
        write_rows(source, [TRIPLET | row for row in rows])
        config = {
            "input_files": [str(source)],
            "ratios": [1],
            "instr_types": ["lazy"],
            "model_names": ["m"],
            "output_file": str(tmp_path / place / "mix.jsonl"),
            "total_samples": count,
        }
        (tmp_path / f"{number}.yaml").write_text(yaml.safe_dump(config))
        commands.append(["mix_data.py", "--config", f"{number}.yaml"])
    ended = together(*commands, folder=tmp_path)
    assert 0 in [code for code, _ in ended]
    for code, said in ended:
        assert "Traceback" not in said
        assert code == 0 or (code == 2 and "another run is writing it (process " in said), said
    summary = json.loads((tmp_path / "real/mix.summary.json").read_text())
    rows = (tmp_path / "real/mix.jsonl").read_bytes().count(b"\n")
    assert summary["kept"] == rows, "the summary is that of the rows"
    say_if_doubtful(tmp_path / "real/mix.jsonl")
