"""The shipped settings in quite other words: the embedded model still answers them properly."""

import importlib
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.documented_commands import ROOT
from utils.jsonl import read_rows

CONFIGS = ROOT / "joydataforge" / "configs"


def reworded(template: str) -> str:
    """Say something else around the places of a prompt, in another layout."""
    places = [
        word for word in ("{history}", "{code?}", "{input}", "{variants}") if word in template
    ]
    return "Tu was zu tun ist.\n\n" + "\n\n".join(f"<teil>\n{place}\n</teil>" for place in places)


def run(name: str, folder: Path, method: str, **changed: Any) -> list[dict[str, Any]]:
    """Run a method on a few rows with changed settings; gives the rows that are kept."""
    config = yaml.safe_load((CONFIGS / f"{name}.yaml").read_text("utf-8"))
    config |= {"threshold": 8, "data_write_path": str(folder), "data_write_file_name": "out.jsonl"}
    path = folder / "own.yaml"
    path.write_text(yaml.safe_dump(config | changed))
    assert importlib.import_module(f"joydataforge.{method}").main(["--config", str(path)]) == 0
    return list(read_rows(folder / "out.jsonl"))


@pytest.fixture(autouse=True)
def in_the_project(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


def test_single_answers_have_fields_of_ones_own(tmp_path: Path) -> None:
    prompt = (
        'Judge this: "{input}"\n\nGive me JSON, {"mood": "good, bad or neutral", "why": "..."}.'
    )
    fields = {"mood": {"choices": ["good", "bad", "neutral"]}, "why": {}}
    rows = run("single", tmp_path, "synthesize", prompt=prompt, answer_fields=fields)
    assert len(rows) == 8 and all(row["why"] for row in rows)


def test_single_answers_may_be_plain_text(tmp_path: Path) -> None:
    plain = {"answer_fields": {}, "answer_field": "target", "prompt": "Na?\n{input}"}
    rows = run("single", tmp_path, "synthesize", **plain)
    assert len(rows) == 8 and all(len(row["target"]) > 40 for row in rows)


def test_samples_are_invented_from_other_lists(tmp_path: Path) -> None:
    prompt = "Denk dir etwas zu {subject} aus, als JSON mit `question` und `answer`."
    own: dict[str, Any] = {"prompt": prompt, "vary": {"subject": ["bees", "tax"]}}
    own["answer_fields"] = {"question": {}, "answer": {}}
    rows = run("synthesis_directly", tmp_path, "synthesize", **own)
    assert len(rows) >= 6 and all(row["question"] and row["answer"] for row in rows)


def test_questions_are_worded_anew(tmp_path: Path) -> None:
    prompt = "Noch einmal, bitte.\n\nSo far:\n{variants}\n\nText: {input}\n"
    rows = run("case_rewrite", tmp_path, "synthesize", prompt=prompt)
    assert len(rows) == 16
    assert all(row["input"] != row["original_input"] for row in rows)


def test_votes_are_for_ones_own_labels(tmp_path: Path) -> None:
    prompt = "{input}\n\nWas passt?\n{allowed_labels}\n\nJSON: `label`, `reason`."
    own: dict[str, Any] = {"prompt": prompt, "labels": ["hot", "cold"], "multi_label": False}
    config = yaml.safe_load((CONFIGS / "vote.yaml").read_text("utf-8"))
    labels = {"label_list"} & config.keys() or {"labels"}
    rows = run("vote", tmp_path, "vote", **{key: own["labels"] for key in labels} | own)
    assert len(rows) >= 6 and {row["label"] for row in rows} <= {"hot", "cold"}


@pytest.mark.parametrize("name", ["joint_revise", "joint_pick"])
def test_roles_are_played(tmp_path: Path, name: str) -> None:
    roles = yaml.safe_load((CONFIGS / f"{name}.yaml").read_text("utf-8"))["roles"]
    earlier: list[str] = []
    for role in roles:
        shown = "".join(f"\n\n{{{each}}}" for each in earlier)
        role["prompt"] = reworded(role["prompt"]) + shown
        if "answer_fields" in role:
            role["prompt"] += "\n\nAls JSON mit " + ", ".join(map(repr, role["answer_fields"]))
        earlier.append(role["name"])
    rows = run(name, tmp_path, "joint", roles=roles)
    assert len(rows) >= 7 and all(row["target"] for row in rows)


@pytest.mark.parametrize("name", ["wizard", "wizard_code_edit"])
def test_queries_evolve(tmp_path: Path, name: str) -> None:
    config = yaml.safe_load((CONFIGS / f"{name}.yaml").read_text("utf-8"))
    for kind in config["evolutions"].values():
        code = "{code}\n\n" if "{code}" in kind["prompt"] else ""
        kind["prompt"] = f"Mach es schwerer.\n\n{code}Frage: {{input}}\n"
    rows = run(
        name,
        tmp_path,
        "wizard",
        evolutions=config["evolutions"],
        prompt_difficulty="Wie schwer, 1 bis 10?\n\n{input}",
    )
    assert len(rows) >= 7
    assert all(row["difficulty"] and row["input"] != row["original_input"] for row in rows)


def test_answers_are_compared(tmp_path: Path) -> None:
    pairwise = (
        "{criteria}\n\n# Text A\n{answer_a}\n\n# Text B\n{answer_b}\n\nFrage: {input}\n{code?}"
    )
    own = {"prompt": "Na?\n{input}\n{code?}", "prompt_pairwise": pairwise}
    rows = run("dpo", tmp_path, "dpo", **own)
    assert len(rows) >= 4 and all(row["chosen"] != row["rejected"] for row in rows)
