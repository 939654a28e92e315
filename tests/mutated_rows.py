"""Rows that the stages take, and what may stand in a field of one instead of what should."""

import copy
import importlib
import itertools
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.documented_commands import ROOT
from utils.errors import PipelineError

Run = Callable[[list[str]], bool]

BEFORE, AFTER = "def add(a, b):\n    return a\n", "def add(a, b):\n    return a + b\n"
SEED = {
    "commit": "c1",
    "old_file": "a.py",
    "new_file": "a.py",
    "old_contents": BEFORE * 3,
    "new_contents": AFTER * 3,
    "subject": "Add both numbers",
    "message": "Add both numbers",
    "lang": "Python",
    "license": "mit",
    "repos": "o/r",
}
REPLY = {
    "prompt_id": "p1",
    "commit": ["c1", "c2"],
    "code_snippet": [BEFORE, AFTER],
    "commit_message": ["Add", "Add"],
    "license": ["mit", "mit"],
    "repos": ["o/r", "o/r"],
    "edit_kind": "fix",
    "split": "train",
    "response": ["one", "two"],
    "response_1": f"### Code Before\n```python\n{BEFORE}```",
    "response_2": f"### Instruction\nAdd both.\n### Code After\n```python\n{AFTER}```",
    "sample_index": 1,
    "model": "m",
    "finish_reason": ["stop", "stop"],
    "usage": [{"prompt_tokens": 1, "completion_tokens": 1, "cached_tokens": 0}] * 2,
}
TRIPLET = {
    "commit": ["c1", "c2"],
    "prompt_id": "p1",
    "code_snippet": [BEFORE, AFTER],
    "code_before": BEFORE,
    "code_after": AFTER,
    "instruct_descriptive": "Return the sum of both numbers.",
    "instruct_lazy": "Fix add.",
    "code_before_purify": BEFORE,
    "code_after_purify": AFTER,
    "instruct_descriptive_purify": "Return the sum of both numbers.",
    "instruct_lazy_purify": "Fix add.",
    "model": "m",
    "license": ["mit", "mit"],
    "repos": ["o/r", "o/r"],
    "lang": "Python",
}
MIXED = {
    "commit": ["c1", "c2"],
    "prompt_id": "p1",
    "code_snippet": [BEFORE, AFTER],
    "code_before_purify": BEFORE,
    "code_after_purify": AFTER,
    "instruct_purify": "Return the sum of both numbers.",
    "instr_type": "m_lazy",
    "model": "m",
    "license": ["mit", "mit"],
    "repos": ["o/r", "o/r"],
    "split": "train",
}
CHAT = {
    "instruction": "a",
    "messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Ho"}],
    "lang": "en",
}
SAMPLE = {
    "history": [{"type": "code", "lang": "python", "code": ""}],
    "current": {"type": "code", "lang": "python", "code": BEFORE},
    "user": "Add both.",
    "chat": "Added.",
    "next": {"type": "code", "lang": "python", "code": AFTER},
    "data_type": "commit",
    "prompt_id": "s1",
    "license": "mit",
    "model": "m",
    "area": [1, 2],
    "loc": [1, 2],
}


PROMPT = {
    "prompt_id": "p1",
    "commit": ["c1", "c2"],
    "system": "Be brief.",
    "user": ["Write a program.", "Now edit it."],
    "code_snippet": [BEFORE, AFTER],
    "commit_message": ["Add", "Add"],
    "license": ["mit", "mit"],
    "repos": ["o/r", "o/r"],
    "edit_kind": "fix",
}
FEW_SHOT = {"code_before": BEFORE, "instruct_descriptive": "Add both.", "instruct_lazy": "Fix it."}
SNIPPET = {"code": AFTER * 3, "lang": "python", "commit": "c1", "license": "mit", "repos": "o/r"}
STAGED = {"output": [BEFORE, AFTER, AFTER + "print(add(1, 2))\n"], "lang": "python"}
COMMIT = {"code1": BEFORE, "code2": AFTER, "git": "Mend the sum", "lang": "python", "commit": "c0"}
SUBMITTED = {
    "submissions": [BEFORE, AFTER],
    "language": "Python",
    "problems_contexts": "Add two numbers.",
    "problem_id": "7",
}
QUESTION = {
    "input": "May I take ibuprofen before breakfast?",
    "target": "",
    "history": [["Hello", "Good morning"]],
    "tag": "medicine",
    "task_label": ["medicalknowledge"],
}
EDIT_WISH = {"input": "Handle an empty list.", "code": BEFORE, "target": "", "history": []}
EXERCISE = {
    "question": "There are 48 passengers on a bus, and 17 get off. How many are left?",
    "answer": "There are 48 - 17 = <<48-17=31>>31 passengers.\n#### 31",
}
RECORD = {"question": "1 + 1?", "answer": "#### 2", "source": "word_problems", "fields": {}}
SHOTS = {"origin": RECORD, "shot": [RECORD, RECORD]}
INSTRUCTION = {"instruction": "Solve it.", "input": "1 + 1?", "output": "2", "source": "s"}


def trees() -> dict[str, Any]:
    with open(ROOT / "data_v5/examples/trees.jsonl") as file:
        row: dict[str, Any] = json.loads(file.readline())
    return row


WRONG: list[Any] = [
    None,
    5,
    -1,
    1e308,
    True,
    "",
    [],
    [5],
    [None],
    {},
    {"a": [1]},
    "x" * 20_000,
    "\ud800\x00\x1b[2J",
    10**30,
    10**400,
]

# What no row of a file may hold, as it stands in the file: it can't be written again.
UNREADABLE = ["1e999", "[" * 990 + "]" * 990, "[-1e999]", '["\\ud800", 1e400]', "NaN"]


def mutants(value: Any, depth: int = 0) -> Iterator[Any]:
    """Yield copies of a value with one part in it replaced, at each place down to the third."""
    yield from (wrong for wrong in WRONG if depth)
    places: Any = ()
    if isinstance(value, dict) and depth < 3:
        places = list(value)
    elif isinstance(value, list) and depth < 3:
        places = range(min(1, len(value)))
    for place in places:
        for changed in mutants(value[place], depth + 1):
            made = copy.copy(value)
            made[place] = changed
            yield made


def as_line(row: Any) -> str:
    return json.dumps(row) + "\n"


def write_lines(path: Path, rows: list[Any]) -> None:
    path.write_text("".join(map(as_line, rows)))


def with_ids(rows: list[Any]) -> list[Any]:
    """Give each row an id of its own, unless its id is what was changed."""
    return [
        {**row, "prompt_id": f"m{number}"} if row.get("prompt_id") == "p1" else row
        for number, row in enumerate(rows)
    ]


def unreadable_lines(row: Any) -> Iterator[str]:
    """Yield lines of a row with a value that can't be written in one of its fields."""
    for name, text in zip(row, itertools.cycle(UNREADABLE)):
        yield as_line({**row, name: "@"}).replace('"@"', text)


@dataclass(frozen=True)
class Stage:
    """A stage's command line over IN, a row that it takes, and rows that must stand beside it."""

    module: str
    words: str
    row: dict[str, Any]
    beside: Sequence[dict[str, Any]] = ()
    file: str = "in.jsonl"

    def stops(self, lines: list[str]) -> bool:
        """Run it over lines; true if it stopped with one line, and nothing else may happen."""
        Path(self.file).write_text("".join([*lines, *map(as_line, self.beside)]))
        names = {"IN": self.file, "OUT": "out/rows.jsonl"}
        try:
            main = importlib.import_module(self.module).main
            main([names.get(word, word) for word in self.words.split()])
        except PipelineError as error:
            assert "\n" not in str(error)
            return True
        return False


def assert_a_reason_or_one_line(row: dict[str, Any], stops: Run) -> None:
    """Run over all mutants of a row; one that stops a run is set apart, as it may hide others."""
    assert not stops([as_line(row)]), "the sound row is refused"
    lines = list(map(as_line, with_ids(list(mutants(row)))))
    waiting = [lines[start : start + 200] for start in range(0, len(lines), 200)]
    while waiting:
        some = waiting.pop()
        if stops(some) and len(some) > 1:
            step = max(1, len(some) // 8)
            waiting += [some[start : start + step] for start in range(0, len(some), step)]


def assert_unreadable_is_one_line(row: dict[str, Any], stops: Run) -> None:
    for line in unreadable_lines(row):
        assert stops([line]), line[:200]
