"""Queries that several rows of one run have: the first row asks, the others take its answer."""

import asyncio
from collections.abc import Callable

from joydataforge.methods.query_cache import cache_key
from utils.generation.conversation import Conversation
from utils.jsonl import Row
from utils.records import text_id


class AskedQueries:
    """Who asks what in a run; which row is the first depends on the plan alone.

    `earlier(ids)` gives the answers that runs before this one got for the rows of these ids.
    """

    def __init__(self, earlier: Callable[[set[str]], dict[str, Row]]) -> None:
        self._earlier = earlier
        self._answers_before: dict[str, Row] | None = None
        self._first: dict[str, str] = {}
        self._repeated: set[str] = set()
        self._answers: dict[str, asyncio.Future[Row | None]] = {}

    def note(self, query: str, prompt_id: str) -> None:
        """Note a planned row; all must be noted, in order, before any is asked for."""
        first = self._first.setdefault(text_id(cache_key(query)), prompt_id)
        if first != prompt_id:
            self._repeated.add(first)

    async def find(self, query: str, prompt_id: str, conversation: Conversation) -> Row | None:
        """Wait for the answer of the first row of this query; None if this row has to ask."""
        first = self._first[text_id(cache_key(query))]
        if first == prompt_id:
            return None
        if first in self._answers:
            return await conversation.wait_for(self._answers[first])
        if self._answers_before is None:
            self._answers_before = self._earlier(self._repeated)
        return self._answers_before.get(first)

    def begin(self, prompt_id: str) -> None:
        """Say that a row asks its query, so that later rows of the same query wait for it."""
        if prompt_id in self._repeated:
            self._answers[prompt_id] = asyncio.get_running_loop().create_future()

    def end(self, prompt_id: str, answer: Row | None) -> None:
        """Hand on what a row's query was answered with; None if it was not."""
        if prompt_id in self._answers:
            self._answers[prompt_id].set_result(answer)
