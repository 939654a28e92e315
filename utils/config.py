"""YAML files read into frozen dataclasses; an unknown key or a wrong type is an error."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any, TypeVar

import yaml
from pydantic import ConfigDict, TypeAdapter, ValidationError, with_config

from utils.errors import PipelineError
from utils.jsonl import open_input

T = TypeVar("T")
LARGEST = 1 << 24  # bytes of a file of settings
MOST_VALUES = 100_000  # in it, each as often as an alias repeats it
MULTIPLIED = f"aliases make more than {MOST_VALUES:,} values of it"
# pydantic's names for these problems, in dataclasses and elsewhere.
UNKNOWN_KEY = ("unexpected_keyword_argument", "extra_forbidden")
MISSING_KEY = ("missing", "missing_argument")
# A ValueError of our own, whose words are the message.
OWN_WORDS = "value_error"
LIMITS = {
    "greater_than": "must be above {gt:g}",
    "greater_than_equal": "must be at least {ge:g}",
    "less_than": "must be below {lt:g}",
    "less_than_equal": "must be at most {le:g}",
    "literal_error": "must be {expected}",
    "finite_number": "must be a finite number",
}


def read_yaml(path: str | Path) -> Any:
    """Parse a YAML (or JSON) file; PipelineError names the line of a syntax error."""
    with open_input(path, "r") as file:
        size = os.fstat(file.fileno()).st_size
        if size > LARGEST:
            raise PipelineError(f"{path}: has {size:,} bytes, no settings do; is it another file?")
        try:
            found = yaml.load(file, _OneOfEachKey)
            _check_extent(found)
            return found
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            where = f", line {mark.line + 1}" if mark else ""
            problem = getattr(error, "problem", None) or "not YAML"
            raise PipelineError(f"{path}{where}: {problem}; mend that line") from None
        except RecursionError:
            raise PipelineError(f"{path}: nested too deeply; write it flatter") from None
        except UnicodeDecodeError:
            raise PipelineError(f"{path}: not UTF-8 text; save it as UTF-8") from None
        except ValueError as error:  # 2024-13-45 looks like a date
            raise PipelineError(f"{path}: {error}; put that value in quotes") from None


def _check_extent(found: Any) -> None:
    """Raise YAMLError if aliases multiply a few lines into more values than anybody writes."""
    left, seen = [found], 0
    while left:
        value = left.pop()
        seen += 1
        if seen > MOST_VALUES:
            raise yaml.MarkedYAMLError(problem=MULTIPLIED)
        if isinstance(value, int) and value.bit_length() > 1023:
            raise yaml.MarkedYAMLError(problem="a number is too large to reckon with")
        if isinstance(value, dict):
            left += [*value.keys(), *value.values()]
        elif isinstance(value, list | set | tuple):
            left += value


class _OneOfEachKey(yaml.SafeLoader):
    """Refuses a key that stands twice in a mapping, where YAML would silently take the last."""

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        super().flatten_mapping(node)
        if len(node.value) > MOST_VALUES:
            raise yaml.constructor.ConstructorError(
                problem=MULTIPLIED, problem_mark=node.start_mark
            )

    def __init__(self, stream: IO[str]) -> None:
        super().__init__(stream)
        self._checked: dict[int, yaml.MappingNode] = {}

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        # A node that others refer to comes here again, with merged keys in it by then.
        is_new = id(node) not in self._checked
        self._checked[id(node)] = node
        seen: set[str] = set()
        for key_node, _ in node.value if is_new else []:
            if not isinstance(key_node, yaml.ScalarNode):
                continue
            if key_node.value in seen:
                raise yaml.constructor.ConstructorError(
                    problem=f"key '{key_node.value}' stands twice", problem_mark=key_node.start_mark
                )
            seen.add(key_node.value)
        return super().construct_mapping(node, deep)


def load_config(path: str | Path, settings: type[T]) -> T:
    """Read a YAML mapping into the dataclass `settings`, whose fields are the YAML's keys."""
    return parse_config(read_yaml(path), settings, path)


def parse_config(values: Any, settings: type[T], path: str | Path) -> T:
    """Check a mapping against the dataclass `settings`; `path` is named in the error."""
    if not isinstance(values, Mapping):
        raise PipelineError(f"{path}: must be a mapping of keys to values")
    try:
        return check_settings(values, settings)
    except ValidationError as error:
        raise PipelineError(f"{path}: {_first_problem(error)}") from None


def _adapter(settings: type[T]) -> TypeAdapter[T]:
    if not hasattr(settings, "__pydantic_config__"):
        with_config(ConfigDict(extra="forbid", arbitrary_types_allowed=True))(settings)
    return TypeAdapter(settings)


def check_settings(values: Mapping[str, Any], settings: type[T]) -> T:
    """Make the dataclass `settings` of values; pydantic's ValidationError if they don't fit it."""
    return _adapter(settings).validate_python(dict(values))


def _first_problem(error: ValidationError) -> str:
    """Word one problem; an unknown key first, since a misspelt one also makes another missing."""
    problems = error.errors(include_url=False)
    unknown = [p for p in problems if p["type"] in UNKNOWN_KEY]
    problem = (unknown or problems)[0]
    key = ".".join(str(part) for part in problem["loc"])
    if unknown:
        return f"unknown key '{key}'; remove it or check its spelling"
    if problem["type"] in MISSING_KEY:
        return f"key '{key}' is missing; add it"
    said = say_problem(problem)
    if problem["type"] == OWN_WORDS:
        return f"key '{key}': {said}" if key else said
    return f"key '{key}': {said}; mend the value"


def say_problem(problem: Mapping[str, Any]) -> str:
    """Word what is wrong with a value, as `must be above 0, not -1`; its name goes before."""
    if problem["type"] == OWN_WORDS:
        return str(problem["ctx"]["error"])
    limits = problem.get("ctx", {})
    if limits.get("ge") == 0:
        wish = "must not be negative"
    elif problem["type"] in LIMITS:
        wish = LIMITS[problem["type"]].format(**limits)
    else:
        wish = problem["msg"][0].lower() + problem["msg"][1:]
    # A flag's `1` may have been made 1.0.
    return f"{wish}, not {repr(problem['input']).removesuffix('.0'):.60}"
