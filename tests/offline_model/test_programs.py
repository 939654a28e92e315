"""Programs in layers: what shows when, and what the catalogue promises."""

import ast
import random

import pytest

from offline_model.compose import catalogue, draw_draft
from offline_model.programs import LayeredCode, Program, Spelling

CODE = """\
          | import re
   +logs  | import logging
          |
          | def total(rows«: list[int]», start«: int» = 0)« -> int»:
   +docs  |     \"\"\"Add up.\"\"\"
   -fast  |     return start + sum([row for row in rows])
   +fast -logs | return start + sum(rows)
"""


def test_lines_show_when_their_layers_are_on() -> None:
    code = LayeredCode(CODE)
    assert "import logging" not in code.render(set())
    assert "import logging" in code.render({"logs"})
    assert "return start + sum(rows)" not in code.render({"fast", "logs"})
    assert code.layers == {"logs", "docs", "fast"}


def test_annotations_are_a_layer_too() -> None:
    code = LayeredCode(CODE)
    assert "def total(rows, start=0):" in code.render(set())
    assert "def total(rows: list[int], start: int = 0) -> int:" in code.render({"types"})


def test_a_line_without_a_gutter_is_an_error() -> None:
    with pytest.raises(ValueError, match="without a gutter"):
        LayeredCode("import re\n")


def test_top_level_definitions_stand_two_blank_lines_apart() -> None:
    assert LayeredCode(CODE).render(set()).startswith("import re\n\n\ndef total")


def test_placeholders_are_filled_and_formats_are_left_alone() -> None:
    spelling = Spelling({"$item": "row", "%items": "rows"}, {"send": "publish"})
    assert spelling.fill("send_${item}(send, '%d %items', $other)") == (
        "send_row(publish, '%d rows', $other)"
    )


@pytest.mark.parametrize("program", catalogue(), ids=lambda program: program.name)
def test_every_state_of_a_program_parses(program: Program) -> None:
    layers = sorted(program.code.layers | {"types"})
    rng = random.Random(1)
    states = [set(), set(layers)]
    states += [{layer for layer in layers if rng.random() < 0.5} for _ in range(40)]
    draft = draw_draft(program, "", rng)
    for state in states:
        ast.parse(draft.code(frozenset(state)))


@pytest.mark.parametrize("program", catalogue(), ids=lambda program: program.name)
def test_a_program_file_is_consistent(program: Program) -> None:
    layers = [edit.layer for edit in program.edits]
    assert len(layers) == len(set(layers))
    known = set(layers) | set(program.free) | {"types", "docs"}
    assert program.code.layers <= known and set(layers) <= program.code.layers
    assert "logs" in layers
    # Slots of these names would swallow the formats of log messages.
    slots = {*program.names, *program.choices}
    slots |= {
        key
        for options in program.choices.values()
        for o in options
        if isinstance(o, dict)
        for key in o
    }
    assert not slots & {"d", "s", "r", "f", "i"}
    assert all(edit.check.strip() for edit in program.edits)


@pytest.mark.parametrize("program", catalogue(), ids=lambda program: program.name)
def test_synonyms_are_new_names(program: Program) -> None:
    groups = [list(group) for group in program.synonyms]
    new = [name for group in groups for name in group[1:]]
    assert len(new) == len(set(new))
    code = program.code.text
    spelled = [name for name in new if f" {name}(" in code or f".{name}(" in code]
    assert spelled == []
