"""The commands people copy out of the READMEs and scripts are commands that the programs take."""

import argparse
import importlib
import re
import shlex
from pathlib import Path

import pytest

from tests.documented_commands import ROOT, all_commands


class Parsed(Exception):
    """Raised in place of the work, once the flags are read."""


@pytest.mark.parametrize("command", all_commands())
def test_every_documented_command_parses(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    words = shlex.split(command)[1:]
    module, arguments = (words[1], words[2:]) if words[0] == "-m" else (words[0][:-3], words[1:])
    main = importlib.import_module(module).main
    parse_args = argparse.ArgumentParser.parse_args

    def parse_and_stop(parser: argparse.ArgumentParser, argv: list[str] | None = None) -> None:
        parse_args(parser, argv)
        raise Parsed

    monkeypatch.setattr(argparse.ArgumentParser, "parse_args", parse_and_stop)
    with pytest.raises(Parsed):
        main(arguments)


def test_the_page_names_only_files_that_exist() -> None:
    page = (ROOT / "README.md").read_text(encoding="utf-8")
    named = re.findall(r"`([\w/]+\.(?:py|sh|yaml|md))`", page)
    assert len(named) > 5
    known = {path.name for path in ROOT.rglob("*") if ".venv" not in path.parts}
    assert [name for name in named if Path(name).name not in known] == []
