"""What all methods are told: the keys of a method's YAML, and flags that override them."""

import dataclasses
import typing
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeVar

import yaml
from pydantic import NonNegativeInt, PositiveInt

from utils.cli import add_flags, new_parser, part_of, settings_of
from utils.config import parse_config, read_yaml
from utils.errors import PipelineError
from utils.generation.settings import (
    BatchSettings,
    MaxTokens,
    Persistence,
    RunFlags,
    RunSettings,
    Sampling,
    Temperature,
    TopP,
    answers_file,
    run_settings,
)
from utils.jsonl import read_document
from utils.records import text_id

# A method's own settings that may be named by the path of a file instead of being written out.
TEMPLATE_SUFFIXES = (".txt", ".md", ".j2")


@dataclass(frozen=True, kw_only=True)
class MethodConfig:
    """The keys that every method has; the names are those of JoyDataForge's arguments.

    Rows `threshold_low` up to `threshold` (not included; null for all) are processed. `prompt` is
    a template with `{field}` places, or the path of a file that holds one; so is any other key
    whose name begins with `prompt` or `system`.
    """

    method: str
    model: str = "offline"
    model_list: list[str] = field(default_factory=list)
    model_map: str = "model_map.yaml"
    prompt: str = ""
    prompt_post_pipline: str = ""
    system: str = ""
    data_read_path: str = ""
    file_type: Literal["", "json", "jsonl"] = ""
    data_write_path: str = "data/joydataforge"
    data_write_file_name: str = "synthesised.jsonl"
    task_name: str = ""
    from_where: str = ""
    threshold: int | None = None
    threshold_low: NonNegativeInt = 0
    max_works: PositiveInt = 10
    data_cache_path: list[str] = field(default_factory=list)
    is_save_caches: bool = False
    save_cache_path: str = "caches/caches.jsonl"
    max_try: PositiveInt = 5
    temperature: Temperature = 0.7
    top_p: TopP = Sampling.top_p
    max_tokens: MaxTokens = Sampling.max_tokens
    random_seed: int = 42

    def __post_init__(self) -> None:
        if self.threshold is not None and self.threshold <= self.threshold_low:
            raise ValueError("threshold must be above threshold_low, or null for all rows")

    @property
    def output_file(self) -> Path:
        """`<data_write_path>/<data_write_file_name>`, the task's name put before the ending."""
        path = Path(self.data_write_path) / self.data_write_file_name
        if path.suffix not in (".jsonl", ".json"):
            path = path.with_name(path.name + ".jsonl")
        return path.with_stem(f"{path.stem}_{self.task_name}") if self.task_name else path

    def model_names(self) -> list[str]:
        """List the models the method asks; methods that ask more than `model` say so."""
        return [self.model]

    def written_fields(self) -> list[str]:
        """List the fields that the answers go to, for methods that may overwrite a row's own."""
        return []

    def shape(self) -> dict[str, Any]:
        """Give the settings that shape the answers, for the identity of the work."""
        carried = {"data_read_path", "file_type", "data_write_path", "data_write_file_name"}
        carried |= {"threshold", "threshold_low", "max_works", "max_try", "model_map"}
        carried |= {"data_cache_path", "is_save_caches", "save_cache_path", "from_where"}
        return {name: value for name, value in _values(self).items() if name not in carried}

    def task_id(self) -> str:
        """Hash what shapes the answers; a cached answer holds for this alone."""
        return text_id(repr(sorted(self.shape().items())))


Config = TypeVar("Config", bound=MethodConfig)


def _values(config: MethodConfig) -> dict[str, Any]:
    return {each.name: getattr(config, each.name) for each in dataclasses.fields(config)}


def read_settings(
    argv: list[str] | None, description: str, config_class: type[Config], default: str
) -> tuple[Config, RunSettings]:
    """Read the YAML that `--config` names, override it by flags, and check both."""
    parser = new_parser(description)
    parser.add_argument("--config", default=default, help=f"YAML of the method ({default})")
    hints = typing.get_type_hints(config_class)
    for name in _flag_names(hints):
        parser.add_argument(f"--{name}", **_takes(hints[name]), help="overrides the YAML's key")
    add_flags(parser, RunFlags)
    args = parser.parse_args(argv)
    run_flags = settings_of(args, RunFlags)
    given = {name: getattr(args, name) for name in _flag_names(hints)}
    overrides = {n: _parse_flag(n, v, hints[n]) for n, v in given.items() if v is not None}
    values = read_yaml(args.config)
    if not isinstance(values, dict):
        raise PipelineError(f"{args.config}: must be a mapping of keys to values")
    values = {key: _as_list(value, hints.get(key)) for key, value in (values | overrides).items()}
    config = parse_config(_with_templates(values), config_class, args.config)
    return config, _run_settings(config, run_flags)


def _flag_names(hints: dict[str, Any]) -> Iterator[str]:
    """Name the keys that a flag can override: all but nested ones."""
    for name, hint in hints.items():
        inner = typing.get_args(hint) if typing.get_origin(hint) is list else (hint,)
        if all(typing.get_origin(each) is not dict and not _is_nested(each) for each in inner):
            yield name


def _is_nested(hint: Any) -> bool:
    return dataclasses.is_dataclass(hint) or hint is dict


def _takes(hint: Any) -> dict[str, Any]:
    """Say how many values a flag takes; a list may be emptied, and a switch needs none."""
    if typing.get_origin(hint) is list:
        return {"nargs": "*"}
    return {"nargs": "?", "const": "true"} if hint is bool else {}


def _as_list(value: Any, hint: Any) -> Any:
    """Take a single text for a list of texts, and '' for none."""
    if hint != list[str]:
        return value
    texts = [value] if isinstance(value, str) else value
    return [text for text in texts if text != ""] if isinstance(texts, list) else texts


def _parse_flag(name: str, value: Any, hint: Any) -> Any:
    if isinstance(value, list) or hint is str or typing.get_origin(hint) is Literal:
        return value
    try:
        return yaml.safe_load(value)
    except yaml.YAMLError:
        raise PipelineError(f"--{name} {value!r}: can't be read; mend the value") from None


def _with_templates(values: Any, key: str = "", is_prompt: bool = False) -> Any:
    """Read the prompts that are named by a file's path, however deep they stand."""
    if isinstance(values, dict):
        return {
            name: _with_templates(value, f"{key}.{name}".lstrip("."), is_prompt or _is_prompt(name))
            for name, value in values.items()
        }
    if isinstance(values, list):
        return [_with_templates(value, key, is_prompt) for value in values]
    return _template(key, values) if is_prompt and isinstance(values, str) else values


def _is_prompt(key: Any) -> bool:
    return str(key).startswith(("prompt", "system"))


def _template(key: str, value: str) -> str:
    if "\n" in value or "{" in value or not value.endswith(TEMPLATE_SUFFIXES):
        return value
    try:
        text = read_document(value).decode("utf-8-sig")
    except (UnicodeDecodeError, PipelineError) as error:
        raise PipelineError(
            f"key '{key}': {value}: can't be read ({error}); name a UTF-8 file"
        ) from None
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _run_settings(config: MethodConfig, flags: RunFlags) -> RunSettings:
    return run_settings(
        flags,
        part_of(config, Sampling),
        BatchSettings(
            **vars(part_of(flags, Persistence)),
            concurrency=config.max_works,
            random_seed=config.random_seed,
        ),
        model_names=config.model_names(),
        model_map=config.model_map,
        output_file=answers_file(config.output_file),
        shaping={"task": config.task_id()},
    )
