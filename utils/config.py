"""YAML files read into frozen dataclasses; an unknown key or a wrong type is an error."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import ConfigDict, TypeAdapter, ValidationError, with_config

from utils.errors import PipelineError
from utils.jsonl import open_input

T = TypeVar("T")


def read_yaml(path: str | Path) -> Any:
    """Parse a YAML (or JSON) file; PipelineError names the line of a syntax error."""
    with open_input(path, "r") as file:
        try:
            return yaml.safe_load(file)
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            where = f", line {mark.line + 1}" if mark else ""
            problem = getattr(error, "problem", None) or "not YAML"
            raise PipelineError(
                f"{path}{where}: {problem}; check the indentation and colons"
            ) from None
        except UnicodeDecodeError:
            raise PipelineError(f"{path}: not UTF-8 text; save it as UTF-8") from None


def load_config(path: str | Path, settings: type[T]) -> T:
    """Read a YAML mapping into the dataclass `settings`, whose fields are the YAML's keys."""
    return parse_config(read_yaml(path), settings, path)


def parse_config(values: Any, settings: type[T], path: str | Path) -> T:
    """Check a mapping against the dataclass `settings`; `path` is named in the error."""
    if not isinstance(values, Mapping):
        raise PipelineError(f"{path}: must be a mapping of keys to values")
    try:
        return _adapter(settings).validate_python(dict(values))
    except ValidationError as error:
        raise PipelineError(f"{path}: {_first_problem(error)}") from None


def _adapter(settings: type[T]) -> TypeAdapter[T]:
    if not hasattr(settings, "__pydantic_config__"):
        with_config(ConfigDict(extra="forbid", arbitrary_types_allowed=True))(settings)
    return TypeAdapter(settings)


def _first_problem(error: ValidationError) -> str:
    problem = error.errors(include_url=False)[0]
    key = ".".join(str(part) for part in problem["loc"])
    match problem["type"]:
        case "unexpected_keyword_argument" | "extra_forbidden":
            return f"unknown key '{key}'; remove it or check its spelling"
        case "missing" | "missing_argument":
            return f"key '{key}' is missing; add it"
        case _:
            message = problem["msg"].removeprefix("Value error, ")
            return f"key '{key}': {message}" if key else message
