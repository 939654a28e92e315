"""The commands people copy out of the READMEs and scripts are commands that the programs take."""

import importlib
import re
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.documented_commands import ROOT, all_commands
from utils import cli
from utils.config import check_settings


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
