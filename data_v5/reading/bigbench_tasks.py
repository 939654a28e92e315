"""Task files of BIG-bench, read as rows in the columns of tasksource/bigbench.

A task is `task.json`: {"name", "description", "task_prefix", "example_input_prefix",
"example_output_prefix", "examples": [{"input", "target" or "target_scores"}]}. Tasks that are
programs have none.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from utils.errors import PipelineError
from utils.jsonl import Row, open_input, read_json

TASK_FILE = "task.json"
_FIX = "name a task file of BIG-bench"
# What only says that the answer follows, which our own wording does.
_BARE_MARK = re.compile(
    r"\s*(?:q(?:uestion)?|example|a(?:nswer)?|output|response|the answer is)?\s*:?\s*",
    re.IGNORECASE,
)
_FIRST_LINE = 1 << 20


def task_files(path: Path) -> list[Path]:
    """List the task files of a path: itself, or those with examples in a folder and below it."""
    if not path.is_dir():
        if _examples(path) is None:
            raise PipelineError(
                f"{path}: has no list of examples; {_FIX}, or its folder for those of its subtasks"
            )
        return [path]
    found = [one for one in sorted(path.rglob(TASK_FILE)) if _examples(one) is not None]
    if not found:
        raise PipelineError(f"{path}: holds no {TASK_FILE} with examples; {_FIX}")
    return found


def task_instruction(path: Path) -> str:
    """Give what a task asks for, in its own words."""
    task = _read_task(path)
    texts = (task.get("task_prefix"), task.get("description"))
    return next((one.strip() for one in texts if isinstance(one, str) and one.strip()), "")


def is_task_file(path: Path) -> bool:
    """Tell a task file from a `.json` file of rows, by its first line if that is a row."""
    if path.suffix != ".json":
        return False
    with open_input(path) as file:
        beginning = file.read(_FIRST_LINE).lstrip()
    if not beginning.startswith(b"{"):
        return False
    has_rows = b"\n{" in beginning
    return not has_rows and _examples(path) is not None


def task_rows(path: Path) -> Iterator[Row]:
    """Yield a task's examples; PipelineError where one is none."""
    task, examples = _read_task(path), _examples(path) or []
    before, behind = _affix(task, "example_input_prefix"), _affix(task, "example_output_prefix")
    for number, example in enumerate(examples, 1):
        if not isinstance(example, dict) or "input" not in example:
            raise PipelineError(f"{path}, example {number}: has no 'input'; {_FIX}")
        asked = example["input"]
        if isinstance(asked, str | int | float):
            # Where the options are all there is, the task's own words ask.
            asked = f"{before}{asked}{behind}".strip() or task_instruction(path)
        yield {"inputs": asked, **_answers(example)}


def _answers(example: Row) -> Row:
    scores = example.get("target_scores")
    target = example.get("target")
    if not isinstance(scores, dict):
        targets = target if isinstance(target, list) else [target]
        return {"targets": targets, "multiple_choice_targets": [], "multiple_choice_scores": []}
    known = (score for score in scores.values() if isinstance(score, int | float))
    best = max(known, default=None)
    return {
        "targets": [option for option, score in scores.items() if score == best is not None],
        "multiple_choice_targets": list(scores),
        "multiple_choice_scores": list(scores.values()),
    }


def _affix(task: Row, key: str) -> str:
    text = task.get(key)
    return text if isinstance(text, str) and not _BARE_MARK.fullmatch(text) else ""


def _examples(path: Path) -> list[Any] | None:
    examples = _read_task(path).get("examples")
    return examples if isinstance(examples, list) else None


def _read_task(path: Path) -> Row:
    task = read_json(path, _FIX)
    return task if isinstance(task, dict) else {}
