"""What the room's page says of domains, formats and files is so."""

import json
import re
from dataclasses import fields
from pathlib import Path

import pytest

from data_v5.chat_2_seq2seq import main
from data_v5.reading.domain import DOMAINS, load_domain
from data_v5.reading.formats import Format
from data_v5.reading.questions import question_record
from data_v5.selection.shot_prompts import PromptRules, lay_out_shot, make_shot_prompt, word
from tests.documented_commands import ROOT
from utils.jsonl import read_rows

PAGE = (ROOT / "data_v5/README.md").read_text(encoding="utf-8")


def block(language: str, beginning: str) -> str:
    """Find the page's block of a language that begins so."""
    blocks = re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.S | re.M)
    [found] = [text for text in blocks if text.startswith(beginning)]
    return str(found)


def test_the_example_of_a_domain_words_its_row_as_shown(tmp_path: Path) -> None:
    path = tmp_path / "capitals.yaml"
    path.write_text(block("yaml", "instruction:"))
    domain = load_domain(str(path))
    [source] = domain.sources
    raw = json.loads(block("json", '{"id"'))
    assert source.selects(raw) and not source.selects(raw | {"level": "hard"})
    record = question_record(raw, source)
    rules = PromptRules(domain.instruction, {source.title: source.format})
    shown = block("text", "Q: ").rstrip("\n")
    assert lay_out_shot(word(record, rules)) == shown
    row = make_shot_prompt(record, [], rules).row
    assert f"{row['input']} {row['output']}" == shown


def test_every_key_of_a_format_is_explained_and_every_explained_key_exists() -> None:
    table = PAGE.split("The keys of `format`:")[1].split("\n## ")[0]
    explained = re.findall(r"^\| (`.+?`) \|", table, re.M)
    names = [name for cell in explained for name in re.findall(r"`(\w+)`", cell)]
    assert sorted(names) == sorted(field.name for field in fields(Format))


@pytest.mark.parametrize("path", sorted(DOMAINS.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_domain_is_named(path: Path) -> None:
    assert f"`{path.stem}`" in PAGE.split("A **domain**")[1].split("\n\n")[0]


def test_the_row_of_a_conversation_is_what_its_text_gives(tmp_path: Path) -> None:
    talk = tmp_path / "talk.txt"
    talk.write_text("User: Is 1 a prime?\nBot: No.\nUser: Why?\nBot: It has one divisor.\n")
    output = tmp_path / "rows.jsonl"
    flags = ["--input_file", str(talk), "--input_format", "text", "--turns", "last"]
    main([*flags, "--output_file", str(output)])
    assert list(read_rows(output)) == [json.loads(block("text", '{"Input"'))]
