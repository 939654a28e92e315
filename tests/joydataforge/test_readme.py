"""The room's README says what the code does: keys, flags, defaults, and its worked example."""

import argparse
import dataclasses
import importlib
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from joydataforge import vote
from joydataforge.joint import JointConfig
from joydataforge.magpie import MagpieConfig
from joydataforge.methods.answers import AnswerField
from joydataforge.methods.roles import Role
from joydataforge.methods.settings import MethodConfig
from joydataforge.preferences.dpo_settings import DpoConfig
from joydataforge.preferences.judging import Criterion
from joydataforge.preferences.reward_model import RewardSettings
from joydataforge.queries.evolution import Evolution, EvolutionLimits
from joydataforge.queries.instruction_filter import InstructionLimits
from joydataforge.synthesize import SynthesisConfig
from joydataforge.votes.vote_settings import VoteConfig
from joydataforge.wizard import WizardConfig
from tests.documented_commands import ROOT
from utils.row_files import read_records

PAGE = (ROOT / "joydataforge" / "README.md").read_text(encoding="utf-8")
# The section of a table of keys -> what holds them, by what stands before the keys there.
SETTINGS: dict[str, dict[str, type]] = {
    "Answers": {"": AnswerField},
    "The methods": {"": MethodConfig},
    "Synthesis with one model": {"": SynthesisConfig},
    "Vote": {"": VoteConfig},
    "Joint": {"": JointConfig, "roles.": Role},
    "Wizard": {"": WizardConfig, "evolutions.": Evolution, "limits.": EvolutionLimits},
    "Magpie": {"": MagpieConfig, "limits.": InstructionLimits},
    "DPO": {"": DpoConfig, "criteria.": Criterion, "reward.": RewardSettings},
}
# Methods explain these keys only where they mean something else.
COMMON = {each.name for each in dataclasses.fields(MethodConfig)}
# Explained in the text.
FILES = {"--input_file", "--output_file", "--input_files", "--help"}


def section(heading: str) -> str:
    """Give the text below a heading, up to the next one of any level."""
    found = re.search(rf"^#+ {re.escape(heading)}\n(.*?)(?=^#+ |\Z)", PAGE, re.S | re.M)
    assert found, heading
    return found[1]


def tables(text: str, kind: str) -> Iterator[dict[str, str]]:
    """Yield each table of keys or flags as name -> default, both as they are written."""
    for table in re.findall(
        rf"^\| {kind}[^|]* \| default \|.*\n\|[-|]+\n((?:\|.*\n)+)", text, re.M
    ):
        found: dict[str, str] = {}
        for line in table.splitlines():
            _, keys, defaults, *_ = line.split("|")
            names = re.findall(r"`([^`]+)`", keys)
            values = defaults.split(",") if len(names) > 1 else [defaults]
            values += [""] * (len(names) - len(values))
            found |= zip(names, (value.strip(" `") for value in values), strict=True)
        yield found


def default_of(each: "dataclasses.Field[Any]") -> Any:
    if each.default is not dataclasses.MISSING:
        return each.default
    return None if each.default_factory is dataclasses.MISSING else each.default_factory()


def wanted(holders: dict[str, type]) -> dict[str, Any]:
    """List the keys that a section must have with their defaults; None where there is none."""
    found = {
        prefix + each.name: default_of(each)
        for prefix, holder in holders.items()
        for each in dataclasses.fields(holder)
    }
    is_method = issubclass(holders[""], MethodConfig) and holders[""] is not MethodConfig
    return {name: value for name, value in found.items() if not (is_method and name in COMMON)}


@pytest.mark.parametrize("heading", SETTINGS)
def test_every_key_is_documented_with_its_default(heading: str) -> None:
    [documented] = tables(section(heading), "key")
    known = wanted(SETTINGS[heading])
    assert sorted(documented) == sorted(known)
    for name, written in documented.items():
        value = known[name]
        if dataclasses.is_dataclass(value) or value in (None, "", [], {}):
            assert written in ("", "null"), name
        else:
            read = written if isinstance(value, str) else yaml.safe_load(written)
            assert read == value, name


class Parsed(Exception):
    """Raised with the parser in place of the work."""


def flags_of(module: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """List a script's flags with their defaults."""

    def stop(parser: argparse.ArgumentParser, argv: list[str] | None = None) -> None:
        raise Parsed(parser)

    monkeypatch.setattr(argparse.ArgumentParser, "parse_args", stop)
    with pytest.raises(Parsed) as caught:
        importlib.import_module(f"joydataforge.{module}").main([])
    actions = caught.value.args[0]._actions
    return {action.option_strings[-1]: action.default for action in actions}


def check_flags(documented: dict[str, str], known: dict[str, Any]) -> None:
    assert sorted(documented) == sorted(known)
    for name, written in documented.items():
        if known[name] in (None, False):
            assert written == "", name
        else:
            assert yaml.safe_load(written) == known[name], name


@pytest.mark.parametrize(
    ("module", "heading", "number"),
    [
        ("minhash_filter", "Select", 0),
        ("k_center", "Select", 1),
        ("evaluate_diversity", "Measure diversity", 0),
    ],
)
def test_every_flag_of_the_selections_is_documented(
    module: str, heading: str, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    flags = flags_of(module, monkeypatch)
    own = {n: v for n, v in flags.items() if n not in FILES and not n.startswith("--embed_")}
    check_flags(list(tables(section(heading), "flag"))[number], own)


def test_every_flag_of_the_embeddings_is_documented(monkeypatch: pytest.MonkeyPatch) -> None:
    flags = flags_of("k_center", monkeypatch)
    [documented] = tables(section("Embeddings"), "flag")
    check_flags(documented, {n: v for n, v in flags.items() if n.startswith("--embed_")})


def test_every_flag_of_a_run_is_documented(monkeypatch: pytest.MonkeyPatch) -> None:
    flags = flags_of("vote", monkeypatch)
    keys = {f"--{each.name}" for each in dataclasses.fields(VoteConfig)}
    [documented] = tables(section("Going on, and costs"), "flag")
    run_flags = {n: v for n, v in flags.items() if n not in keys | {"--config", "--help"}}
    check_flags(documented, run_flags)


def table_commands() -> list[str]:
    return re.findall(r"^\| .* \| `(python [^`]+)` \|", PAGE, re.M)


def test_the_table_has_a_command_for_every_method_that_ships() -> None:
    named = {word for command in table_commands() for word in command.split() if ".yaml" in word}
    shipped = {path.stem for path in (ROOT / "joydataforge" / "configs").glob("*.yaml")}
    missing = shipped - {Path(name).stem for name in named}
    assert missing == {"models", "dpo_reward_model"}
    assert all((ROOT / name).is_file() for name in named)


@pytest.mark.parametrize("command", table_commands())
def test_the_commands_of_the_table_parse(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    parse_args = argparse.ArgumentParser.parse_args

    def parse_and_stop(parser: argparse.ArgumentParser, argv: list[str] | None = None) -> None:
        raise Parsed(parse_args(parser, argv))

    monkeypatch.setattr(argparse.ArgumentParser, "parse_args", parse_and_stop)
    _, _, module, *arguments = shlex.split(command)
    with pytest.raises(Parsed):
        importlib.import_module(module).main(arguments)


def test_the_worked_example_labels_ten_rows_and_goes_on_to_twelve(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    example = section("A worked example: several models vote, a stronger one checks")
    config, models = re.findall(r"^```yaml\n(.*?)^```", example, re.S | re.M)
    (tmp_path / "my_vote.yaml").write_text(config)
    names = yaml.safe_load(models)
    (tmp_path / "my_models.yaml").write_text(yaml.dump({n: {"base": "embedded"} for n in names}))
    (tmp_path / "joydataforge").symlink_to(ROOT / "joydataforge")
    monkeypatch.chdir(tmp_path)

    def labelled(*flags: str) -> list[dict[str, Any]]:
        assert vote.main(["--config", "my_vote.yaml", *flags]) == 0
        out = tmp_path / "results" / "cdss_datas_with_votes_post_processing"
        name = "cdss_agent_data_synth_cdss_multi_model_vote_and_post_labeling"
        kept = list(read_records(out / f"{name}.jsonl", []))
        put_aside = out / f"{name}.rejected.jsonl"
        rejected = list(read_records(put_aside, [])) if put_aside.exists() else []
        return kept + rejected

    rows = labelled()
    assert len(rows) == 10
    fields = re.findall(r"^\| (`[^|]+) \|", example.split("A row comes out with")[1], re.M)
    documented = {name for cell in fields for name in re.findall(r"`(\w+)`", cell)}
    assert documented <= {name for row in rows for name in row}
    assert {row["from_where"] for row in rows} == {"examples"}
    assert (tmp_path / "caches" / "cdss.jsonl").is_file()
    assert len(labelled("--threshold", "12", "--continue_from_error")) == 12
