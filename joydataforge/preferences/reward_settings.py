"""How a reward model is asked over HTTP, and where in its answer the scores stand."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from pydantic import NonNegativeInt, PositiveFloat, PositiveInt

from joydataforge.methods.templates import places
from utils.errors import PipelineError
from utils.files.redactor import is_http_address, note_secrets_in, worded_address
from utils.generation.model_map import ModelSettings

EACH = "*"


@dataclass(frozen=True)
class RewardSettings:
    """Where the reward model is, what it is sent, and where in its answer the score stands.

    `request` is sent for one answer; in its texts `{output}` stands for the answer, `{input}` and
    any other name for a field of the row. `score_path` names keys and places of lists with dots
    between them. With `*` in it, for each of a list, `batch_size` answers go out as one list: the
    value of `batch_field`, or the whole body where that is empty; `extra_body` is put beside it.
    """

    url: str = ""
    request: dict[str, Any] = field(
        default_factory=lambda: {"input": "{input}", "output": "{output}"}
    )
    score_path: str = "score"
    batch_field: str = ""
    batch_size: PositiveInt = 1
    extra_body: dict[str, Any] = field(default_factory=dict)
    api_key_env: str = ""
    max_retries: NonNegativeInt = 8
    timeout: PositiveFloat = 120.0

    def __post_init__(self) -> None:
        if (self.batch_size > 1 or self.batch_field) and not self.is_batched:
            raise ValueError("score_path must have a '*' where the scores of a batch stand")
        if self.extra_body and self.is_batched and not self.batch_field:
            raise ValueError("extra_body needs a batch_field to stand beside")
        if "output" not in self.places():
            raise ValueError("request has no place for '{output}', the answer; add it")

    @property
    def is_batched(self) -> bool:
        return EACH in self.score_path.split(".")

    def places(self) -> list[str]:
        """List the fields that the request has places for."""
        return [name for text in _texts(self.request) for name in places(text)]

    def check_url(self) -> None:
        """Raise PipelineError unless requests can be sent."""
        if not is_http_address(self.url):
            raise PipelineError(
                f"key 'reward.url': {worded_address(self.url)!r} is no http(s) URL; name the "
                "reward model's"
            )
        note_secrets_in({"url": self.url, "request": self.request, "extra_body": self.extra_body})
        self.key()

    def key(self) -> str:
        return ModelSettings(self.url, api_key_env=self.api_key_env or None).key("reward model")


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    inner = value.values() if isinstance(value, dict) else value
    for each in inner if isinstance(inner, list) or isinstance(value, dict) else ():
        yield from _texts(each)


def find_scores(answer: Any, path: str) -> list[float]:
    """Read the scores at a path of a JSON value; raises ValueError saying what is wrong."""
    found = [answer]
    for part in path.split("."):
        found = [inner for each in found for inner in _step(each, part, path)]
    for score in found:
        is_number = isinstance(score, (int, float)) and not isinstance(score, bool)
        if not is_number or not math.isfinite(score):
            raise ValueError(f"{score!r:.60} at '{path}' is no finite number")
    return [float(score) for score in found]


def _step(value: Any, part: str, path: str) -> list[Any]:
    if part == EACH and isinstance(value, list):
        return value
    if (
        isinstance(value, list)
        and part.lstrip("-").isdigit()
        and -len(value) <= int(part) < len(value)
    ):
        return [value[int(part)]]
    if isinstance(value, dict) and part in value:
        return [value[part]]
    raise ValueError(f"the answer has no '{part}' of '{path}'")
