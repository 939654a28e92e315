"""Scores of answers by a reward model behind HTTP; what was scored is never asked again.

The shape of a request and the place of the score in its answer are the user's to say, so that any
server will do: see `joydataforge/configs/dpo_reward_model.yaml`.
"""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from joydataforge.methods.templates import fill
from joydataforge.preferences.reward_settings import RewardSettings, find_scores
from utils.cli import log
from utils.errors import PipelineError
from utils.files.paid_log import PaidLog
from utils.files.redactor import worded_address
from utils.generation.model_map import ModelSettings
from utils.generation.sender import Request, send_in_batches
from utils.generation.servers import open_channel
from utils.generation.traffic import RunStatistics, Traffic
from utils.jsonl import Row, dump_row, load_row
from utils.providers.replies import PassingError, RequestRefused, RunRefused
from utils.records import text_id

Keyed = tuple[str, Any]  # the body that asks for one score, under its key in the log


def _filled(value: Any, values: Row) -> Any:
    """Fill the places of all texts in a JSON value."""
    if isinstance(value, str):
        return fill(value, values)
    if isinstance(value, dict):
        return {name: _filled(each, values) for name, each in value.items()}
    return [_filled(each, values) for each in value] if isinstance(value, list) else value


def _key_of(row: Row) -> str:
    _score_of(row)
    return str(row["key"])


def _score_of(row: Row) -> float:
    return float(row["score"])


class Answered(NamedTuple):
    """One answer to score, and the row it answers."""

    row: Row
    output: str


class RewardModel:
    """Scores answers; used in a `with` block, which holds the log of scores under a lock.

    As the sender's work it says how batches are asked for, and keeps what comes of them.
    """

    def __init__(self, settings: RewardSettings, log_path: Path, concurrency: int) -> None:
        self._settings = settings
        self._concurrency = concurrency
        self._scores = PaidLog(log_path, _key_of, "these are scored again")
        address = urlsplit(settings.url)
        base, _, self._path = address.path.rpartition("/")
        self._model = ModelSettings(address._replace(path=base).geturl())

    def __enter__(self) -> "RewardModel":
        self._scores.__enter__()
        self._runner = asyncio.Runner()
        return self

    def __exit__(self, *exception: object) -> None:
        self._runner.close()
        self._scores.__exit__(*exception)

    def score(self, answered: Sequence[Answered]) -> list[float | None]:
        """Score answers, those already scored from the log; None where the server refuses one.

        Raises PipelineError if the server refuses all, or the retries are used up.
        """
        bodies = [_filled(self._settings.request, {**a.row, "output": a.output}) for a in answered]
        keys = [self._key(body) for body in bodies]
        missing = {k: body for k, body in zip(keys, bodies, strict=True) if k not in self._scores}
        if missing:
            self._runner.run(self._fetch(list(missing.items())))
        return [_score_of(self._scores.read(k)) if k in self._scores else None for k in keys]

    def _key(self, body: Any) -> str:
        settings = self._settings
        parts = (settings.url, settings.score_path, repr(settings.extra_body))
        return text_id(*parts, dump_row(body).decode())

    async def _fetch(self, missing: Sequence[Keyed]) -> None:
        settings, model, connections = self._settings, self._model, self._concurrency
        channel = open_channel(
            "reward model", model, model.bases, settings.key(), connections, settings.timeout
        )
        traffic = Traffic(connections, settings.max_retries, RunStatistics(model.prices))
        try:
            await send_in_batches(self, missing, settings.batch_size, traffic, channel)
        except (PassingError, RunRefused) as error:
            raise PipelineError(
                f"reward model {worded_address(settings.url)}: {error}; mend it and run again with "
                "--continue_from_error, what was scored is kept"
            ) from None

    def request(self, batch: Sequence[Keyed]) -> Request[list[float]]:
        body = self._body([body for _, body in batch])
        return Request(
            path=f"/{self._path}",
            body=body,
            tokens=0,
            parse=lambda content: (self._read(content, len(batch)), None),
        )

    def save(self, batch: Sequence[Keyed], answer: list[float]) -> None:
        for (key, _), score in zip(batch, answer, strict=True):
            self._scores.add(key, {"key": key, "score": score})

    def refuse(self, item: Keyed, error: RequestRefused) -> None:
        log.warning("reward model: one answer is refused: %s", error)

    def _body(self, items: list[Any]) -> Any:
        settings = self._settings
        if not settings.is_batched:
            return items[0] | settings.extra_body
        return (
            {settings.batch_field: items, **settings.extra_body} if settings.batch_field else items
        )

    def _read(self, content: bytes, count: int) -> list[float]:
        try:
            scores = find_scores(load_row(content), self._settings.score_path)
        except ValueError as error:
            raise PassingError("unparseable", str(error)) from None
        if len(scores) != count:
            raise PassingError("unparseable", f"{len(scores)} scores for {count} answers")
        return scores
