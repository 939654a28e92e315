"""The suites of tests that files of replies hold, found by the ids of their prompts."""

from __future__ import annotations

from collections import Counter
from contextlib import ExitStack
from typing import Any

from utils.jsonl import Row, RowIndex
from utils.replies.finish_reasons import unfinished_words
from utils.verify.suites import SuiteTest, read_suite


class RepliedSuites:
    """Reads the suites of one triplet after the other; memory holds where the replies are."""

    def __init__(self, paths: list[str]) -> None:
        self._closing = ExitStack()
        self._places: dict[str, list[tuple[RowIndex, int]]] = {}
        self.replies = 0
        for path in paths:
            index = self._closing.enter_context(RowIndex(path, ["prompt_id", "response"]))
            for number, row in index.scan():
                self._places.setdefault(str(row["prompt_id"]), []).append((index, number))
                self.replies += 1

    def __enter__(self) -> RepliedSuites:
        return self

    def __exit__(self, *exception: object) -> None:
        self._closing.close()

    def of(
        self, prompt_id: str, program_names: frozenset[str]
    ) -> tuple[list[list[SuiteTest]], Counter[str]]:
        """Give the suites that were written to a prompt, and count what the replies were."""
        suites, counts = [], Counter[str]()
        for index, number in self._places.get(prompt_id, []):
            suite = _suite_of(index.read(number), program_names)
            counts["unreadable_suites" if suite is None else "suites"] += 1
            if suite is not None:
                suites.append(suite)
        return suites, counts


def _suite_of(row: Row, program_names: frozenset[str]) -> list[SuiteTest] | None:
    reply = _last_round(row["response"])
    if not isinstance(reply, str) or unfinished_words([_last_round(row.get("finish_reason"))]):
        return None
    return read_suite(reply, program_names)


def _last_round(rounds: Any) -> Any:
    return rounds[-1] if isinstance(rounds, list) and rounds else rounds
