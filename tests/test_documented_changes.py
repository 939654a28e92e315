"""The changes that the README shows, made to the running program: each does what it says."""

import ast
import json
import re
from collections.abc import Sequence
from dataclasses import make_dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

import create_prompt
import dataset_report
import generate_finetune_dataset
from tests import report_rows
from tests.documented_commands import ROOT
from tests.utils.quality.test_rules import AFTER, BEFORE, DESCRIPTIVE, LAZY
from utils.finetune import chat_format
from utils.jsonl import read_rows, write_rows
from utils.quality import instruction_rules, rules
from utils.quality.settings import QualityConfig, RuleSwitches
from utils.report import figures
from utils.report.survey import SurveySettings, open_survey, survey_rows


def examples(title: str) -> dict[str, str]:
    """Give the code blocks of a README section by where they belong, named in their first line."""
    page = (ROOT / "README.md").read_text(encoding="utf-8")
    section = page.split(f"\n### {title}\n")[1].split("\n### ")[0].split("\n## ")[0]
    blocks = re.findall(r"^```\w+\n(?:# |// |<!-- )([\w./]+\.\w+[^\n]*?)(?: -->)?\n(.*?)^```",
                        section, re.S | re.M)  # fmt: skip
    assert all((ROOT / place.split(",")[0]).is_file() for place, _ in blocks)
    return dict(blocks)


def made_in(module: Any, code: str) -> Any:
    """Run a definition as if it stood in a module; gives what is defined."""
    names = dict(vars(module))
    exec(code, names)
    (definition,) = ast.parse(code).body
    assert isinstance(definition, ast.FunctionDef)
    return names[definition.name]


def entries(code: str, **names: Any) -> dict[str, Any]:
    """Read entries of a dictionary; what they name is given."""
    found: dict[str, Any] = eval("{" + code + "}", names)
    return found


def test_the_quality_rule_catches_and_lets_through(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = examples("A quality rule")
    rule = made_in(instruction_rules, shown["utils/quality/instruction_rules.py"])
    monkeypatch.setattr(instruction_rules, rule.__name__, rule, raising=False)
    line = entries(shown["utils/quality/rules.py, in QUALITY_RULES"], **vars(rules))
    monkeypatch.setattr(rules, "QUALITY_RULES", rules.QUALITY_RULES | line)
    switch = ast.parse(shown["utils/quality/settings.py, in RuleSwitches"]).body[0]
    assert isinstance(switch, ast.AnnAssign) and ast.unparse(switch) == f"{[*line][0]}: bool = True"

    def faults(texts: dict[str, str], is_on: bool = True) -> dict[str, str]:
        fields = [(reason, bool, is_on) for reason in line]
        switches = make_dataclass("Switches", fields, bases=(RuleSwitches,), frozen=True)
        sound = {"before": BEFORE, "after": AFTER, "descriptive": DESCRIPTIVE, "lazy": LAZY}
        names = ("code_before", "code_after", "instruct_descriptive", "instruct_lazy")
        values = (sound | texts).values()
        row = {f"{name}_purify": text for name, text in zip(names, values, strict=True)}
        return rules.find_faults(row, QualityConfig(rules=switches()))

    planted: dict[str, Any] = {}
    exec(shown["tests/utils/quality/test_rules.py"], planted)
    _, (reason, texts) = planted["CAUGHT"]
    assert faults(texts) == {reason: "instruct_lazy"}
    assert faults(texts, is_on=False) == {}
    _, let_through = planted["LET_THROUGH"]
    assert faults(let_through) == {}


def seed(name: str) -> dict[str, str]:
    code = "".join(f"{name}{line} = {line}\n" for line in range(20))
    return {"commit": name, "old_contents": code, "new_contents": "", "message": ""}


def test_the_edit_kind_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    added = examples("A prompt")["edit_kinds.yaml, in kinds"]
    page = (ROOT / "edit_kinds.yaml").read_text(encoding="utf-8")
    kinds = yaml.safe_load(page.rstrip("\n") + "\n" + added)["kinds"]
    assert [*kinds][:-1] == [*yaml.safe_load(page)["kinds"]]
    name, kind = [*kinds.items()][-1]
    monkeypatch.chdir(tmp_path)
    Path("kinds.yaml").write_text(yaml.safe_dump({"kinds": {name: kind}}), encoding="utf-8")
    write_rows("seeds.jsonl", [seed(name) for name in "ab"])
    flags = ["--edit_kinds=kinds.yaml", "--sample_num=1", "--output_file=out.jsonl"]
    few_shot = f"--few_shot_file={ROOT / 'data/few_shot.jsonl'}"
    create_prompt.main(["--seed_file=seeds.jsonl", few_shot, *flags])
    (prompt,) = read_rows("out.jsonl")
    assert f"Edit kind: {name}: {kind['sentence']}" in prompt["user"][0].split("\n")


def test_the_export_format_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = examples("An export format")
    lay_out = made_in(chat_format, shown["utils/finetune/chat_format.py"])
    names = vars(chat_format) | {lay_out.__name__: lay_out}
    line = entries(shown["utils/finetune/chat_format.py, in PROMPT_FORMATS"], **names)
    for name, layout in line.items():
        monkeypatch.setitem(chat_format.PROMPT_FORMATS, name, layout)
    monkeypatch.chdir(tmp_path)
    edit = {"commit": ["a"], "instruct_purify": "Add one.", "instr_type": "m_lazy"}
    code = {"code_before_purify": "x = 1\n", "code_after_purify": "x = 2\n"}
    write_rows("mix.jsonl", [edit | code])
    [name] = line
    generate_finetune_dataset.main(["mix.jsonl", "ft.jsonl", f"--prompt_format={name}"])
    (row,) = read_rows("ft.jsonl")
    assert "x = 1" in row["query"] and "x = 2" in row["response"] and row["system"]
    info = json.loads(Path("dataset_info.json").read_text())["ft"]
    assert set(info["columns"].values()) <= row.keys()


def test_the_report_section_shows_its_figure(tmp_path: Path) -> None:
    shown = examples("A section of the report")
    figure = made_in(figures, shown["utils/report/figures.py"])
    names = vars(figures) | {figure.__name__: figure}
    namespace = type("Figures", (), names)
    line = shown["dataset_report.py, in make_figures"]
    rows = tmp_path / "triplets.jsonl"
    write_rows(rows, [report_rows.triplet(n, model) for n, model in enumerate(("m1", "m1", "m2"))])
    survey = open_survey(rows, "triplets", SurveySettings())
    survey_rows(survey)
    [(section, [drawn])] = entries(line, figures=namespace, compared=[survey]).items()
    assert drawn.as_data()["labels"] == ["m1", "m2"]
    assert drawn.as_data()["series"] == {"triplets": [2, 1]}
    assert entries(line, figures=namespace, compared=[]) == {section: [None]}
    assert "compared" in dataset_report.make_figures.__code__.co_varnames
    assert_stands_as_others_do(
        section, shown, ("utils/report/page.html", "utils/report/page.js, in build")
    )


def assert_stands_as_others_do(section: str, shown: dict[str, str], places: Sequence[str]) -> None:
    """Check that with another section's name each line is one that stands there."""
    for place in places:
        line = shown[place].strip().replace(section, "synthesis").replace("Models", "Synthesis")
        assert line in (ROOT / place.split(",")[0]).read_text(encoding="utf-8")
