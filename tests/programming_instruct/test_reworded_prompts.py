"""The room's prompts in quite other words: the embedded model still answers them properly."""

import json
from pathlib import Path

import pytest

from programming_instruct import aiprogrammer, change_prompts, data_collection, stage_prompts

CODE = "def greet(name):\n    message = 'Hello, ' + name\n    return message + '!'\n"
OLD = "def add(a, b):\n    return a - b\n\n\nprint(add(1, 2))\n"
NEW = "def add(a, b):\n    return a + b\n\n\nprint(add(40, 2))\n"


def write(path: Path, value: object) -> str:
    path.write_text(json.dumps(value), encoding="utf-8")
    return str(path)


def flags(folder: Path, rows: object) -> list[str]:
    model_map = write(folder / "map.json", {"offline": {"base": "embedded"}})
    paths = ["--input_path", write(folder / "in.json", rows), "--output_path"]
    return ["--model_map", model_map, *paths, str(folder / "out.json")]


def test_stages_are_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stage_prompts, "SYSTEM", "Zeig, wie das entstanden ist.")
    monkeypatch.setattr(stage_prompts, "FINISHED", "Und das kam heraus:")
    snippets = [CODE.replace("greet", f"greet_{number}") for number in range(8)]
    assert aiprogrammer.main(flags(tmp_path, snippets)) == 0
    rows = json.loads((tmp_path / "out.json").read_text())
    assert len(rows) == 8 and all(len(row["output"]) > 1 for row in rows)


def test_changes_are_judged_asked_for_and_explained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("JUDGE_SYSTEM", "INSTRUCTION_SYSTEM", "CHAT_SYSTEM"):
        monkeypatch.setattr(change_prompts, name, f"Tu, was {name} sagt.")
    for number, name in enumerate(("HISTORY", "CURRENT", "BLOCKS", "CONTEXT", "WANTED", "MADE")):
        monkeypatch.setattr(change_prompts, name, f"Teil {number}")
    change_prompts._few_shot.cache_clear()
    commits = [
        {
            "code1": OLD.replace("add", f"add_{number}"),
            "code2": NEW.replace("add", f"add_{number}"),
            "git": "Mend the sum",
            "lang": "python",
        }
        for number in range(12)
    ]
    argv = ["--data_type", "commit", "--use_user_prob", "0.5", *flags(tmp_path, commits)]
    assert data_collection.main(argv) == 0
    samples = json.loads((tmp_path / "out.json").read_text())
    assert len(samples) >= 11 and all(sample["chat"] for sample in samples)
    assert {bool(sample["user"]) for sample in samples} == {True, False}
    change_prompts._few_shot.cache_clear()
