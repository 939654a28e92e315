"""The commands people copy out of the READMEs and scripts are commands that the programs take."""

import ast
import importlib
import re
import shlex
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.documented_commands import ROOT, all_commands
from utils import cli
from utils.config import check_settings

ROOMS = ("offline_model", "programming_instruct", "joydataforge", "data_v5")


class Parsed(Exception):
    """Raised in place of the work, once the flags are read and fit their bounds."""


@pytest.mark.parametrize("command", all_commands())
def test_every_documented_command_parses(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    words = shlex.split(command)[1:]
    module, arguments = (words[1], words[2:]) if words[0] == "-m" else (words[0][:-3], words[1:])
    main = importlib.import_module(module).main

    def check_and_stop(values: Mapping[str, Any], settings: type) -> None:
        check_settings(values, settings)
        raise Parsed

    monkeypatch.setattr(cli, "check_settings", check_and_stop)
    with pytest.raises(Parsed):
        main(arguments)


def test_the_page_names_only_files_that_exist() -> None:
    page = (ROOT / "README.md").read_text(encoding="utf-8")
    named = re.findall(r"`([\w/]+\.(?:py|sh|yaml|md))`", page)
    assert len(named) > 5
    known = {path.name for path in ROOT.rglob("*") if ".venv" not in path.parts}
    assert [name for name in named if Path(name).name not in known] == []


def folders_in_git() -> set[str]:
    """Name the folders that the map must show: the top ones, and those in utils and the rooms."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("not a git repository")
    parts = [Path(file).parts[:-1] for file in listed.stdout.splitlines()]
    shown = {folders[:1] for folders in parts if folders}
    shown |= {folders[:2] for folders in parts if folders[1:] and folders[0] in ("utils", *ROOMS)}
    return {"/".join(folders) + "/" for folders in shown}


def the_map() -> dict[str, str]:
    page = (ROOT / "README.md").read_text(encoding="utf-8")
    table = page.split("## The folders\n")[1].split("\n## ")[0]
    lines = re.findall(r"^\| `([^`]+/)` \| (.+) \|$", table, re.M)
    assert len(dict(lines)) == len(lines), "a folder has one line"
    return dict(lines)


def test_the_map_has_a_line_for_each_folder_and_none_for_others() -> None:
    assert set(the_map()) == folders_in_git()


@pytest.mark.parametrize("folder", [f for f in the_map() if (ROOT / f / "__init__.py").is_file()])
def test_the_map_says_of_a_package_what_its_docstring_says(folder: str) -> None:
    docstring = ast.get_docstring(ast.parse((ROOT / folder / "__init__.py").read_bytes())) or ""
    assert the_map()[folder] == " ".join(docstring.split("\n\n")[0].split()).removesuffix(".")


@pytest.mark.parametrize("file", sorted((ROOT / "bench").glob("*.py")), ids=lambda f: f.stem)
def test_a_benchmark_says_how_it_is_run_and_imports(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    docstring = ast.get_docstring(ast.parse(text)) or ""
    if "__main__" in text:
        assert f"python -m bench.{file.stem}" in docstring
    importlib.import_module(f"bench.{file.stem}")
