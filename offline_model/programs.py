"""The programs of the catalogue: code in layers, and the edits that switch a layer on.

A file in `programs/` holds one program. Each line of its `code` has a gutter, closed by `|`, that
names the layers the line needs: `+window` shows it when the layer `window` is on, `-window` when it
is off, an empty gutter always. Text between guillemets shows with the layer `types`. Names stand as
`$item` (an identifier), `%item` (prose), in the plural, capitalised or in capitals as spelled.
The program before an edit is the one with the edit's layer off, the program after has it on.
"""

import random
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from offline_model.naming import forms, split_words

FOLDER = Path(__file__).parent / "programs"
STYLE_LAYERS = ("types", "docs")

_GUTTER = re.compile(r"\s*([-+\w ]*?)\s*\| ?(.*)")
_TYPES = re.compile("«([^»]*)»")
_WRAPPED = re.compile(r"^( *def \w+\()\n +(.*[^,\n])\n *(\).*:)$", re.MULTILINE)
_TYPED_DEFAULT = re.compile("«[^»]*» = ")
PLACEHOLDER = re.compile(r"[$%]\{(\w+)\}|[$%](?:[Aa]n_)?(?:[a-z]+|[A-Z][a-z]+|[A-Z]+)(?![a-zA-Z])")


class LayeredCode:
    """Code whose lines depend on which layers are on."""

    def __init__(self, text: str) -> None:
        self._lines: list[tuple[frozenset[str], frozenset[str], str, str]] = []
        for line in text.splitlines():
            match = _GUTTER.fullmatch(line)
            if match is None:
                raise ValueError(f"a line of code without a gutter: {line!r}")
            marks, code = match[1].split(), match[2].rstrip()
            needed = frozenset(mark[1:] for mark in marks if mark[0] == "+")
            barred = frozenset(mark[1:] for mark in marks if mark[0] == "-")
            self._lines.append((needed, barred, _untyped(code), _TYPES.sub(r"\1", code)))

    def render(self, layers: Collection[str]) -> str:
        on = frozenset(layers)
        typed = "types" in on
        lines = [
            typed_code if typed else plain_code
            for needed, barred, plain_code, typed_code in self._lines
            if needed <= on and not barred & on
        ]
        return spaced("\n".join(lines)) + "\n"

    @property
    def layers(self) -> set[str]:
        return {layer for needed, barred, *_ in self._lines for layer in needed | barred}

    @property
    def text(self) -> str:
        return "\n".join(line[3] for line in self._lines)

    @property
    def lines(self) -> list[str]:
        """All lines that any layers show, in order, as they are with and without types."""
        shown = [code.strip() for *_, plain, typed in self._lines for code in (plain, typed)]
        return list(dict.fromkeys(shown))


def spaced(code: str) -> str:
    """Put two blank lines before what stands at the top level, at most one inside of it."""
    code = re.sub(r"^( *class .*:\n)\n+", r"\1", code, flags=re.MULTILINE)
    code = re.sub(r"\n{2,}(?=def |class |@|if __name__)", "\n\n\n", code.strip("\n"))
    return re.sub(r"\n{3,}(?! *(?:def |class |@|if __name__))|\n{3,}(?= )", "\n\n", code)


def joined_signatures(code: str) -> str:
    """Put a signature that fits into one line there, as a formatter would."""
    return _WRAPPED.sub(
        lambda match: (
            match[0] if len(match[1] + match[2] + match[3]) > 88 else match[1] + match[2] + match[3]
        ),
        code,
    )


def _untyped(code: str) -> str:
    """Take the annotations out; a default then stands without blanks around its sign."""
    if code.lstrip().startswith("def ") or code.endswith(",") or code.count("«") > 1:
        code = _TYPED_DEFAULT.sub("=", code)
    return _TYPES.sub("", code)


@dataclass(frozen=True)
class LayerEdit:
    """An edit that is made by switching one layer on.

    `says` and `lazy` are the instructions, with `{a|b}` for free choices. `check` is code that
    passes on the program after the edit and fails on the one before it. `same_output` tells that
    the program prints the same before and after. `needs` are the marks of other layers.
    """

    layer: str
    kind: str
    says: str
    lazy: str
    check: str
    same_output: bool = False
    needs: str = ""


@dataclass(frozen=True, eq=False)
class Program:
    """One entry of the catalogue.

    `names` are the slots that snippets fill, `choices` those with a list to draw from, `free` the
    layers that only vary the program, `synonyms` the names that may be exchanged for one of their
    others. `tests` are test functions in layered code. `renames` lists [good name, poor names ...].
    """

    name: str
    about: str
    names: tuple[str, ...]
    code: LayeredCode
    edits: tuple[LayerEdit, ...]
    tests: LayeredCode
    renames: tuple[tuple[str, ...], ...]
    choices: Mapping[str, tuple[Any, ...]]
    synonyms: tuple[tuple[str, ...], ...]
    free: tuple[str, ...] = ()

    @cached_property
    def words(self) -> frozenset[str]:
        """All words that the code's own identifiers use; a dealt name keeps clear of them."""
        texts = [self.code.text, self.tests.text, *map(str, self.choices.values())]
        texts += [name for group in (*self.renames, *self.synonyms) for name in group]
        plain = PLACEHOLDER.sub(" ", "\n".join(texts))
        return frozenset(split_words(plain))

    def draw_layers(self, rng: random.Random) -> set[str]:
        """Draw a state of all layers: bugs repaired, a part of the other edits made."""
        layers = {layer for layer in (*self.free, *STYLE_LAYERS) if rng.random() < 0.5}
        for edit in self.edits:
            draw = rng.random()
            if edit.kind == "bug_fix" or (draw < 0.25 and edit.kind != "logging"):
                layers.add(edit.layer)
        return layers

    def draw_spelling(
        self, names: Mapping[str, str], extra: Mapping[str, str], rng: random.Random
    ) -> "Spelling":
        """Settle every placeholder: the dealt names, a draw from each choice, the synonyms."""
        spellings: dict[str, str] = dict(extra)
        for slot, name in names.items():
            spellings |= forms(slot, name)
        for slot, options in self.choices.items():
            option = rng.choice(options)
            chosen = option if isinstance(option, dict) else {slot: option}
            for key, value in chosen.items():
                spellings |= {f"${key}": str(value), f"%{key}": str(value).replace("_", " ")}
        plain = Spelling(spellings, {})
        drawn = [(group[0], rng.choice(group)) for group in self.synonyms]
        return Spelling(spellings, {plain.fill(old): plain.fill(new) for old, new in drawn})


class Spelling:
    """Replaces a template's placeholders, then names that have been exchanged for synonyms."""

    def __init__(self, spellings: Mapping[str, str], exchanged: Mapping[str, str]) -> None:
        self._spellings = spellings
        self._exchanged = {old: new for old, new in exchanged.items() if old != new}
        self._names = re.compile(rf"\b(?:{'|'.join(self._exchanged)})\b")

    def fill(self, text: str) -> str:
        """Fill a text; what is no placeholder of the program stays (`%d`)."""
        text = PLACEHOLDER.sub(self._spelled, text)
        if not self._exchanged:
            return text
        return self._names.sub(lambda match: self._exchanged[match[0]], text)

    def _spelled(self, match: re.Match[str]) -> str:
        key = match[0][0] + match[1] if match[1] else match[0]
        return self._spellings.get(key, match[0])


def load_program(path: Path) -> Program:
    """Read one file of the catalogue; raises ValueError, TypeError or KeyError when it is wrong."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    fields = yaml.load(path.read_text("utf-8"), loader)
    return Program(
        name=path.stem,
        about=fields["about"],
        names=tuple(fields["names"]),
        code=LayeredCode(fields["code"]),
        edits=tuple(LayerEdit(**edit) for edit in fields["edits"]),
        tests=LayeredCode(fields["tests"]),
        renames=tuple(map(tuple, fields["renames"])),
        synonyms=tuple(map(tuple, fields["synonyms"])),
        choices={slot: tuple(options) for slot, options in fields.get("choices", {}).items()},
        free=tuple(fields.get("free", ())),
    )


def load_catalogue() -> tuple[Program, ...]:
    return tuple(load_program(path) for path in sorted(FOLDER.glob("*.yaml")))
