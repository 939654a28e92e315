"""The sender alone, with requests of a kind that no stage has: one policy for all of them."""

import asyncio
import json
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from aiohttp import web

from tests.embedding_server import EmbeddingServer, error
from utils.errors import PipelineError
from utils.generation import sender as module
from utils.generation.model_map import ModelSettings, Prices
from utils.generation.sender import Request, Sender, send_in_batches
from utils.generation.servers import BudgetSpent, Channel, open_channel
from utils.generation.traffic import RunStatistics, Stopped, Traffic
from utils.providers.replies import PassingError, RequestRefused, RunRefused, Usage

PRICES = Prices(input=1e6)  # 1 a token
KEY = "sk-planted-0123456789"


@pytest.fixture
def server() -> Iterator[EmbeddingServer]:
    with EmbeddingServer() as running:
        yield running


def traffic(concurrency: int = 2, max_retries: int = 3, **more: Any) -> Traffic:
    return Traffic(concurrency, max_retries, RunStatistics(PRICES), **more)


def channel(*servers: EmbeddingServer, **limits: Any) -> Channel:
    bases = [server.url for server in servers]
    return open_channel("m", ModelSettings(bases, prices=PRICES, **limits), bases, KEY, 8, 5.0)


def read_count(content: bytes) -> tuple[int, Usage | None]:
    answer = json.loads(content)
    return len(answer["data"]), None


def request(*texts: str, parse: Any = read_count, **more: Any) -> Request[int]:
    body = {"model": "m", "input": list(texts), "encoding_format": "float"}
    return Request("/embeddings", body, tokens=7, parse=parse, **more)


def send(
    requests: Sequence[Request[int]], to: Channel, run: Traffic, sender: Sender | None = None
) -> list[int]:
    async def in_turn() -> list[int]:
        party = sender or Sender(run, to)
        try:
            return [await party.send(each) for each in requests]
        finally:
            party.release_slot()
            await to.endpoints.close()

    return asyncio.run(in_turn())


def failing(times: int, answer: Callable[[], web.Response]) -> Callable[[Any, int], Any]:
    return lambda texts, number: answer() if number <= times else None


def test_a_request_of_any_kind_is_sent_again_and_its_retries_are_counted_by_cause() -> None:
    run = traffic()
    with EmbeddingServer(failing(2, lambda: error(500))) as server:
        assert send([request("a", "b")], channel(server), run) == [2]
    assert run.statistics.retries == {"500": 2} and run.statistics.requests == 1


def test_a_useless_answer_is_asked_for_again_and_what_it_took_counts_towards_the_budget(
    server: EmbeddingServer,
) -> None:
    run, useless = traffic(max_cost=100.0), []

    def parse(content: bytes) -> tuple[int, Usage | None]:
        if not useless:
            useless.append(content)
            raise PassingError("unparseable", "half an answer", usage=Usage(5, 0))
        return 1, Usage(3, 0)

    assert send([request("a", parse=parse, highest_cost=9.0)], channel(server), run) == [1]
    assert run.statistics.retries == {"unparseable": 1}
    assert run.budget.spent == 8.0


def test_what_a_server_does_not_count_is_taken_as_estimated(server: EmbeddingServer) -> None:
    run = traffic()
    send([request("a"), request("b")], channel(server), run)
    assert run.budget.spent == 14.0
    assert run.statistics.summary()["usages_estimated"] == 2


def test_the_last_failure_is_raised_when_the_retries_are_used_up() -> None:
    run = traffic(max_retries=1)
    with EmbeddingServer(failing(9, lambda: error(503, "busy"))) as server:
        with pytest.raises(PassingError, match="HTTP 503: busy"):
            send([request("a")], channel(server), run)
        assert len(server.bodies) == 2
    assert run.limiter.in_flight == 0 and run.statistics.retries == {"503": 1}


@pytest.mark.parametrize(("status", "kind"), [(400, RequestRefused), (401, RunRefused)])
def test_what_no_retry_mends_is_sent_once(status: int, kind: type[Exception]) -> None:
    with EmbeddingServer(failing(9, lambda: error(status))) as server:
        with pytest.raises(kind):
            send([request("a")], channel(server), traffic())
        assert len(server.bodies) == 1


def test_retry_after_is_waited_for_unless_another_server_may_be_asked() -> None:
    def busy() -> web.Response:
        return error(429, **{"Retry-After": "0.4"})

    started = time.perf_counter()
    with EmbeddingServer(failing(1, busy)) as only:
        send([request("a")], channel(only), traffic())
    assert time.perf_counter() - started > 0.4
    with EmbeddingServer(failing(1, lambda: error(429, **{"Retry-After": "600"}))) as one:
        with EmbeddingServer() as other:
            assert send([request("a")], channel(one, other), traffic()) == [1]
        assert len(one.bodies) == len(other.bodies) == 1


def test_a_party_stays_with_the_server_that_answered_it() -> None:
    with EmbeddingServer() as one, EmbeddingServer() as other:
        send([request(str(number)) for number in range(6)], channel(one, other), traffic())
        assert sorted([len(one.bodies), len(other.bodies)]) == [0, 6]


def test_no_request_goes_out_that_could_pass_the_budget(server: EmbeddingServer) -> None:
    run = traffic(max_cost=10.0)
    with pytest.raises(BudgetSpent):
        send([request("a", highest_cost=7.0)] * 2, channel(server), run)
    assert len(server.bodies) == 1


def test_nothing_goes_out_once_the_run_is_stopping(server: EmbeddingServer) -> None:
    run = traffic()
    run.stop.request("enough", 1)
    with pytest.raises(Stopped):
        send([request("a")], channel(server), run)
    assert server.bodies == []


def test_a_waiting_party_lets_its_slot_go_to_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FIRST_BACKOFF", 0.5)

    def fault(texts: Sequence[str], number: int) -> web.Response | None:
        return error(500) if number in (1, 2) else None

    run = traffic(concurrency=1)

    async def both(to: Channel) -> None:
        async def one(text: str) -> None:
            sender = Sender(run, to)
            await sender.send(request(text))
            sender.release_slot()

        await asyncio.gather(one("first"), *(one(f"other {n}") for n in range(3)))
        await to.endpoints.close()

    with EmbeddingServer(fault) as server:
        asyncio.run(both(channel(server)))
        sent = [body["input"][0] for body in server.bodies]
        assert server.most_in_flight == 1
    assert sent[:2] == ["first", "other 0"], "the second goes while the first waits to retry"


class Work:
    """Asks for texts, and remembers what came of them."""

    def __init__(self) -> None:
        self.saved: list[str] = []
        self.refused: list[str] = []

    def request(self, batch: Sequence[str]) -> Request[int]:
        return request(*batch)

    def save(self, batch: Sequence[str], answer: int) -> None:
        assert len(batch) == answer
        self.saved += batch

    def refuse(self, item: str, error: RequestRefused) -> None:
        self.refused.append(item)


def send_all(work: Work, texts: Sequence[str], size: int, to: Channel, run: Traffic) -> None:
    asyncio.run(send_in_batches(work, texts, size, run, to))


def test_a_refused_item_spoils_no_batch_and_the_halves_find_it() -> None:
    def fault(texts: Sequence[str], number: int) -> web.Response | None:
        return error(413) if "long" in texts else None

    work, texts = Work(), ["a", "b", "long", "c", "d"]
    with EmbeddingServer(fault) as server:
        send_all(work, texts, 5, channel(server), traffic())
    assert work.refused == ["long"] and sorted(work.saved) == ["a", "b", "c", "d"]


def test_the_first_error_that_no_retry_mends_ends_the_work_and_what_is_in_flight_is_saved() -> None:
    def fault(texts: Sequence[str], number: int) -> web.Response | None:
        return error(401) if texts == ["t0"] else None

    work, texts = Work(), [f"t{number}" for number in range(50)]
    with EmbeddingServer(fault, delay=0.02) as server, pytest.raises(RunRefused, match="the key"):
        send_all(work, texts, 1, channel(server), traffic(concurrency=4))
    assert sorted(work.saved) == sorted(server.answered)
    assert len(server.bodies) < 50


def test_an_error_of_saving_is_raised_after_the_others_came_in(server: EmbeddingServer) -> None:
    class Full(Work):
        def save(self, batch: Sequence[str], answer: int) -> None:
            if batch == ["t0"]:
                raise PipelineError("no room")
            super().save(batch, answer)

    work = Full()
    with pytest.raises(PipelineError, match="no room"):
        send_all(work, ["t0", "t1"], 1, channel(server), traffic())
    assert work.saved == ["t1"]
