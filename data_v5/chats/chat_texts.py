"""Conversations in plain text: turns that begin with `User:` and `Bot:`."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from utils.errors import PipelineError
from utils.jsonl import open_input

LABELS = {"User": "user", "Bot": "assistant"}
_TURN = re.compile(r"(User|Bot):[ \t]?(.*)", re.DOTALL)

Turn = tuple[str, str]


def read_text_file(path: Path) -> Iterator[list[Turn]]:
    """Yield the conversations of a text file, one by one.

    A line that begins with neither label goes on with the turn before it. A conversation ends
    where an empty line is followed by `User:`.
    """
    with open_input(path) as file:
        empty = True
        for turns in _conversations(_decoded(path, file)):
            empty = False
            yield turns
    if empty:
        raise PipelineError(f"{path}: holds no line that begins with 'User:' or 'Bot:'")


def _decoded(path: Path, lines: Iterable[bytes]) -> Iterator[str]:
    for number, line in enumerate(lines, 1):
        try:
            text = line.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError:
            raise PipelineError(f"{path}, line {number}: not UTF-8; convert it") from None
        yield text.removesuffix("\n").removesuffix("\r")


def _conversations(lines: Iterable[str]) -> Iterator[list[Turn]]:
    spoken: list[tuple[str, list[str]]] = []
    is_after_blank = False
    for line in lines:
        match = _TURN.match(line)
        if match and match[1] == "User" and is_after_blank and spoken:
            yield _joined(spoken)
            spoken = []
        if match:
            spoken.append((LABELS[match[1]], [match[2]]))
        elif spoken:
            spoken[-1][1].append(line)
        elif line.strip():
            # Text before the first label has no speaker.
            spoken.append(("", [line]))
        is_after_blank = not line.strip()
    if spoken:
        yield _joined(spoken)


def _joined(spoken: list[tuple[str, list[str]]]) -> list[Turn]:
    return [(role, "\n".join(lines).rstrip()) for role, lines in spoken]
