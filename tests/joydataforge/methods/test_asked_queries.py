import asyncio
from collections.abc import Awaitable
from typing import Any, cast

from joydataforge.methods.asked_queries import AskedQueries
from utils.generation.conversation import Conversation
from utils.jsonl import Row


class Waiting:
    """Waits as a conversation does, which also lets its slot go."""

    async def wait_for(self, other: Awaitable[Any]) -> Any:
        return await other


CONVERSATION = cast(Conversation, Waiting())


def asked(**earlier: Row) -> tuple[AskedQueries, list[set[str]]]:
    looked_for: list[set[str]] = []

    def find(ids: set[str]) -> dict[str, Row]:
        looked_for.append(ids)
        return earlier

    queries = AskedQueries(find)
    for _ in range(2):  # a plan is gone through several times
        for prompt_id, query in (("a", "one"), ("b", "two"), ("c", "ONE"), ("d", "one")):
            queries.note(query, prompt_id)
    return queries, looked_for


def test_the_first_row_asks_and_the_others_take_its_answer() -> None:
    async def scenario() -> list[Row | None]:
        queries, looked_for = asked()
        found = [await queries.find("one", "a", CONVERSATION)]
        queries.begin("a")
        waiting = [asyncio.ensure_future(queries.find("one", i, CONVERSATION)) for i in "cd"]
        found.append(await queries.find("two", "b", CONVERSATION))
        queries.begin("b")
        queries.end("b", {"n": 2})
        queries.end("a", {"n": 1})
        assert looked_for == []
        return [*found, *await asyncio.gather(*waiting)]

    assert asyncio.run(scenario()) == [None, None, {"n": 1}, {"n": 1}]


def test_without_an_answer_of_the_first_the_next_one_asks_itself() -> None:
    async def scenario() -> Row | None:
        queries, _ = asked()
        queries.begin("a")
        queries.end("a", None)
        return await queries.find("one", "c", CONVERSATION)

    assert asyncio.run(scenario()) is None


def test_a_first_row_that_was_answered_before_is_looked_up_once() -> None:
    async def scenario() -> tuple[Row | None, Row | None, list[set[str]]]:
        queries, looked_for = asked(a={"n": 5})
        found = [await queries.find("one", each, CONVERSATION) for each in "cd"]
        return found[0], found[1], looked_for

    assert asyncio.run(scenario()) == ({"n": 5}, {"n": 5}, [{"a"}])
