"""Finds out which program of the catalogue a code is, which edit is asked for, and its names.

The server keeps nothing of what it answered, and a prompt for tests may come from another process:
all is read off the code and the instruction themselves.
"""

import re
from collections import Counter
from dataclasses import dataclass
from functools import cache

from offline_model.compose import catalogue
from offline_model.programs import PLACEHOLDER, LayerEdit, Program

_LONGEST_LINE = 160
_MOST_SLOTS = 6  # in a line that names are read off
_CHOICE_SIGNS = {"{": "(?:", "|": "|", "}": ")"}


@dataclass(frozen=True)
class Recognised:
    """A program of the catalogue as it stands in a prompt."""

    program: Program
    edit: LayerEdit | None
    names: dict[str, str]

    def fill(self, text: str) -> str | None:
        """Spell a text of the catalogue as the program does; None where a name is not known."""
        slots = _slots(self.program)
        wanted = {match[0] for match in slots.finditer(text)}
        if wanted - self.names.keys():
            return None
        return slots.sub(lambda match: self.names[match[0]], text)


def recognise(code: str, instruction: str, signatures: str) -> Recognised | None:
    """Recognise a program and its edit; None where the code is none of the catalogue's.

    The signatures are those after the edit, which have the names that it brings.
    """
    lines = [_as_compared(line) for line in f"{code}\n{signatures}".split("\n")]
    scores = {p.name: len(_plain_lines(p) & set(lines)) for p in catalogue()}
    program = max(catalogue(), key=lambda each: scores[each.name])
    if not scores[program.name]:
        asked = (each for each in catalogue() if _edit_asked_for(each, instruction))
        program = next(asked, None)
    if program is None:
        return None
    return Recognised(program, _edit_asked_for(program, instruction), _names_in(lines, program))


def _as_compared(line: str) -> str:
    """A signature that is listed has no body, and no blanks around the sign of a default."""
    line = line.strip()
    is_signature = line.startswith("def ")
    return line.removesuffix(" ...").replace(" = ", "=") if is_signature else line


@cache
def _slots(program: Program) -> re.Pattern[str]:
    """Match whatever a program may spell one way or another: placeholders and synonyms."""
    named = {group[0] for group in (*program.synonyms, *program.renames)}
    names = "|".join(re.escape(name) for name in sorted(named, key=len, reverse=True))
    return re.compile(rf"(?<!\w)(?:{names})(?!\w)|{PLACEHOLDER.pattern}")


@cache
def _plain_lines(program: Program) -> frozenset[str]:
    """The lines that a program has whatever its names are, and no other program has."""
    others = {line for each in catalogue() if each is not program for line in each.code.lines}
    slots = _slots(program)
    own = set(program.code.lines) - others
    return frozenset(line for line in own if len(line) > 4 and not slots.search(line))


@cache
def _line_patterns(program: Program) -> list[tuple[re.Pattern[str], list[str], int]]:
    """Give a pattern for each line with slots, the slots, and how much of it is fixed text."""
    found = []
    for line in map(_as_compared, program.code.lines):
        slots = [match[0] for match in _slots(program).finditer(line)]
        fixed = _slots(program).split(line)[:: PLACEHOLDER.groups + 1]
        if 0 < len(slots) <= _MOST_SLOTS and (weight := len(re.findall(r"\w", "".join(fixed)))):
            values = [r"([^\s,]+?)" if slot[0] != "%" else r"([^,]+?)" for slot in slots]
            parts = zip(fixed, [*values, ""], strict=True)
            pieces = [re.escape(part) + value for part, value in parts]
            found.append((re.compile("".join(pieces)), slots, weight))
    return found


def _names_in(lines: list[str], program: Program) -> dict[str, str]:
    """Read a program's names off its lines; the more of a line is fixed, the more it counts.

    Lines that differ in what their slots are alone stand in the program's order.
    """
    votes: dict[str, Counter[str]] = {}
    used = set[int]()
    for line in lines:
        patterns = _line_patterns(program) if len(line) <= _LONGEST_LINE else []
        matches = [(n, each[0].fullmatch(line), each) for n, each in enumerate(patterns)]
        fitting = [(n, match, each) for n, match, each in matches if match]
        best = max((each[2] for _, _, each in fitting), default=0)
        fitting = [one for one in fitting if one[2][2] == best]
        unused = [one for one in fitting if one[0] not in used]
        for number, match, (_, slots, weight) in (unused or fitting)[:1]:
            used.add(number)
            for slot, value in zip(slots, match.groups(), strict=True):
                votes.setdefault(slot, Counter())[value] += weight
    names = {slot: counts.most_common(1)[0][0] for slot, counts in votes.items()}
    in_prose = {f"%{slot[1:]}": name.replace("_", " ") for slot, name in names.items()}
    return in_prose | names


def _edit_asked_for(program: Program, instruction: str) -> LayerEdit | None:
    said = instruction.replace("`", "").strip()
    for edit in program.edits:
        if any(pattern.match(said) for pattern in _wordings(program, edit.says, edit.lazy)):
            return edit
    return None


@cache
def _wordings(program: Program, *texts: str) -> list[re.Pattern[str]]:
    return [re.compile(_wording(program, text), re.IGNORECASE) for text in texts]


def _wording(program: Program, text: str) -> str:
    """Turn an instruction of the catalogue into a pattern of all that may be said for it."""
    fixed = _slots(program).split(" ".join(text.split()).replace("`", ""))
    parts = fixed[:: PLACEHOLDER.groups + 1]
    return r"[^\n]{1,60}?".join("".join(map(_sign_pattern, part)) for part in parts)


def _sign_pattern(sign: str) -> str:
    return r"\s*" if sign == " " else _CHOICE_SIGNS.get(sign) or re.escape(sign)
