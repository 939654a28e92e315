"""Scores of answers by a reward model behind HTTP; what was scored is never asked again.

The shape of a request and the place of the score in its answer are the user's to say, so that any
server will do: see `joydataforge/configs/dpo_reward_model.yaml`.
"""

import asyncio
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from joydataforge.methods.templates import fill
from joydataforge.preferences.reward_settings import RewardSettings, find_scores
from utils.append_log import AppendLog, mend_tail, taken_lock
from utils.cli import log
from utils.errors import PipelineError
from utils.generation.client import ChatClient
from utils.generation.replies import PassingError, RequestRefused, RunRefused
from utils.jsonl import Row, dump_row, load_row
from utils.records import text_id
from utils.sampling import derive_seed

FIRST_BACKOFF, LONGEST_BACKOFF = 0.5, 60.0  # seconds


def _filled(value: Any, values: Row) -> Any:
    """Fill the places of all texts in a JSON value."""
    if isinstance(value, str):
        return fill(value, values)
    if isinstance(value, dict):
        return {name: _filled(each, values) for name, each in value.items()}
    return [_filled(each, values) for each in value] if isinstance(value, list) else value


class Answered(NamedTuple):
    """One answer to score, and the row it answers."""

    row: Row
    output: str


class RewardModel:
    """Scores answers; used in a `with` block, which holds the log of scores under a lock."""

    def __init__(self, settings: RewardSettings, log_path: Path, concurrency: int) -> None:
        self._settings = settings
        self.log_path = log_path
        self._concurrency = concurrency
        self._scores: dict[str, float] = {}
        # Moments of retries only; nothing that is written depends on it.
        self._jitter = random.Random(derive_seed("reward model"))
        self.requests = 0

    def __enter__(self) -> "RewardModel":
        self._lock = taken_lock(self.log_path)
        self._log = AppendLog(self.log_path)
        mend_tail(self.log_path)
        self._log.reopen()
        self._read_log()
        self._runner = asyncio.Runner()
        return self

    def __exit__(self, *exception: object) -> None:
        self._runner.close()
        self._log.sync()
        self._log.close()
        self._lock.release()

    def _read_log(self) -> None:
        damaged = 0
        with open(self.log_path, "rb") as file:
            for line in file:
                try:
                    row = load_row(line)
                    self._scores[row["key"]] = float(row["score"])
                except (ValueError, KeyError, TypeError):
                    damaged += 1
        if damaged:
            log.warning("%s: %d damaged lines; these are scored again", self.log_path, damaged)

    def score(self, answered: Sequence[Answered]) -> list[float | None]:
        """Score answers, those already scored from the log; None where the server refuses one.

        Raises PipelineError if the server refuses all, or the retries are used up.
        """
        bodies = [_filled(self._settings.request, {**a.row, "output": a.output}) for a in answered]
        keys = [self._key(body) for body in bodies]
        missing = {k: body for k, body in zip(keys, bodies, strict=True) if k not in self._scores}
        if missing:
            self._runner.run(self._fetch(list(missing.items())))
        return [self._scores.get(key) for key in keys]

    def _key(self, body: Any) -> str:
        settings = self._settings
        parts = (settings.url, settings.score_path, repr(settings.extra_body))
        return text_id(*parts, dump_row(body).decode())

    async def _fetch(self, items: list[tuple[str, Any]]) -> None:
        size = self._settings.batch_size
        batches = [items[start : start + size] for start in range(0, len(items), size)]
        base, _, name = self._settings.url.rpartition("/")
        client = ChatClient(base, self._settings.key(), self._concurrency, self._settings.timeout)
        slots = asyncio.Semaphore(self._concurrency)
        tasks = [asyncio.create_task(self._see_to(client, f"/{name}", b, slots)) for b in batches]
        try:
            # All are waited for, so that what is in flight is kept when one fails.
            ended = await asyncio.gather(*tasks, return_exceptions=True)
        finally:
            await client.close()
        for error in ended:
            if isinstance(error, BaseException):
                raise error

    async def _see_to(
        self, client: ChatClient, path: str, batch: list[tuple[str, Any]], slots: asyncio.Semaphore
    ) -> None:
        """Score a batch; one that the server refuses goes out again one by one."""
        try:
            async with slots:
                scores = await self._ask(client, path, [body for _, body in batch])
        except RequestRefused as error:
            if len(batch) == 1:
                log.warning("reward model: one answer is refused: %s", error)
                return
            for one in batch:
                await self._see_to(client, path, [one], slots)
            return
        except (PassingError, RunRefused) as error:
            raise PipelineError(
                f"reward model {self._settings.url}: {error}; mend it and run again with "
                "--continue_from_error, what was scored is kept"
            ) from None
        for (key, _), score in zip(batch, scores, strict=True):
            self._scores[key] = score
            self._log.append(dump_row({"key": key, "score": score}))

    async def _ask(self, client: ChatClient, path: str, items: list[Any]) -> list[float]:
        for attempt in range(self._settings.max_retries + 1):
            try:
                self.requests += 1
                return self._read(await client.post(path, self._body(items)), len(items))
            except PassingError as error:
                if attempt == self._settings.max_retries:
                    raise
                longest = min(LONGEST_BACKOFF, FIRST_BACKOFF * 2.0**attempt)
                wait = error.retry_after
                await asyncio.sleep(self._jitter.uniform(0, longest) if wait is None else wait)
        raise AssertionError("the loop returns or raises")

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
