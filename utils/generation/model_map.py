"""The models a run may ask: where each is served, its key, its prices and its limits."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from utils.config import parse_config, read_yaml
from utils.errors import PipelineError
from utils.files.redactor import (
    is_http_address,
    is_variable_name,
    keep_secret,
    note_secrets_in,
    worded_address,
)
from utils.jsonl import load_row, open_input
from utils.providers.chat_forms import ProtocolName, SystemRole

EMBEDDED = "embedded"
Amount = Annotated[float, Field(ge=0, allow_inf_nan=False)]


@dataclass(frozen=True)
class Prices:
    """What a million tokens cost, in one currency throughout a model map."""

    input: Amount = 0.0
    output: Amount = 0.0
    cached_input: Amount | None = None

    def cost(self, prompt_tokens: int, completion_tokens: int, cached_tokens: int = 0) -> float:
        """Add up a cost; cached tokens are among the prompt's, and as dear where unpriced."""
        cached_price = self.input if self.cached_input is None else self.cached_input
        return (
            (prompt_tokens - cached_tokens) * self.input
            + cached_tokens * cached_price
            + completion_tokens * self.output
        ) / 1e6


@dataclass(frozen=True)
class ModelSettings:
    """One entry of the model map.

    `base` is the URL of an API up to `/v1`, a list of them (servers of the same model), or
    "embedded" for the stand-in that ships with EditLoom. The key comes from the environment
    variable `api_key_env`; `api` holds it literally where a file of Programming-Instruct's form is
    read. `rpm` and `tpm` are the provider's limits of requests and tokens per minute.
    """

    base: str | list[str]
    model: str | None = None
    api_key_env: str | None = None
    api: str | None = None
    extra_body: dict[str, Any] = field(default_factory=dict)
    prices: Prices = field(default_factory=Prices)
    rpm: Amount | None = None
    tpm: Amount | None = None
    send_seed: bool = True
    protocol: ProtocolName = "openai"
    max_tokens_field: str = "max_tokens"
    drop_params: list[str] = field(default_factory=list)
    system_role: SystemRole = "system"
    structured: bool = False
    fallback: str | None = None

    @property
    def bases(self) -> list[str]:
        return [self.base] if isinstance(self.base, str) else self.base

    @property
    def is_embedded(self) -> bool:
        return self.base == EMBEDDED

    def key(self, name: str) -> str:
        """Return the API key, or raise PipelineError naming the variable to set."""
        if self.api:
            return self._checked(self.api, f"model '{name}': key 'api'", "mend the value")
        if not self.api_key_env:
            return "none"  # local servers take any key; the client insists on one
        if not is_variable_name(self.api_key_env):
            raise PipelineError(
                f"model '{name}': key 'api_key_env': must name an environment variable, as "
                "OPENAI_API_KEY; export the key under that name, and leave it out of the file"
            )
        value = os.environ.get(self.api_key_env, "").strip()
        where = f"model '{name}': environment variable {self.api_key_env}"
        if not value:
            raise PipelineError(f"{where} is not set; export {self.api_key_env}=<your key>")
        return self._checked(value, where, "export it again")

    def _checked(self, key: str, where: str, fix: str) -> str:
        key = key.strip()
        keep_secret(key)
        if not key.isascii() or not key.isprintable():
            raise PipelineError(f"{where} holds characters that no key has; {fix}")
        return key


def _read_map(path: str | Path) -> Any:
    """Read YAML, or JSON where it is; JSON may be indented by tabs, which YAML forbids."""
    with open_input(path) as file:
        try:
            return load_row(file.read())
        except ValueError:
            return read_yaml(path)


def load_model(path: str | Path, name: str) -> ModelSettings:
    """Read one model of a map; a name that isn't there is an error that lists those that are."""
    return load_models(path, [name])[name]


def load_models(path: str | Path, names: Iterable[str]) -> dict[str, ModelSettings]:
    """Read several models of a map, in the order of the names; a repeated name counts once."""
    entries = _read_entries(path)
    return {name: _parse_entry(path, entries, name) for name in names}


def load_fallbacks(
    path: str | Path, models: Mapping[str, ModelSettings]
) -> dict[str, ModelSettings]:
    """Read the models that stand in for these, and for one another; a circle is an error."""
    found: dict[str, ModelSettings] = {}
    for name, model in models.items():
        line = [name]
        while (standin := model.fallback) is not None:
            if standin in line:
                raise PipelineError(
                    f"{path}, model '{line[-1]}': key 'fallback': {standin!r} comes back to "
                    "itself; name another model"
                )
            line.append(standin)
            model = load_model(path, standin)
            found[standin] = model
    return found


def only_model(path: str | Path) -> str:
    """Name the only model of a map; where there are several, which one is meant must be said."""
    entries = _read_entries(path)
    if len(entries) > 1:
        raise PipelineError(
            f"{path}: has several models ({', '.join(map(str, entries))}); "
            "name one or more of them with --model_name"
        )
    return str(next(iter(entries)))


def _read_entries(path: str | Path) -> dict[Any, Any]:
    entries = _read_map(path)
    note_secrets_in(entries)
    if not isinstance(entries, dict) or not entries:
        raise PipelineError(f"{path}: must map model names to their settings")
    return entries


def _parse_entry(path: str | Path, entries: dict[Any, Any], name: str) -> ModelSettings:
    if name not in entries:
        close = get_close_matches(name, map(str, entries), 1)
        hint = f"did you mean '{close[0]}'?" if close else "add it there"
        raise PipelineError(
            f"{path}: no model '{name}' (has: {', '.join(map(str, entries))}); {hint}"
        )
    settings = parse_config(entries[name], ModelSettings, f"{path}, model '{name}'")
    for url in settings.bases:
        if url != EMBEDDED and not is_http_address(url):
            raise PipelineError(
                f"{path}, model '{name}': key 'base': {worded_address(url)!r} is no http(s) URL; "
                "give the address up to /v1"
            )
    if not settings.bases or (EMBEDDED in settings.bases and not settings.is_embedded):
        raise PipelineError(f"{path}, model '{name}': key 'base': name one or more URLs")
    return settings
