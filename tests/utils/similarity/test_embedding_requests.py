import time

import numpy as np
import pytest
from aiohttp import web

from tests.embedding_server import EmbeddingServer, error, vector_of
from utils.errors import PipelineError
from utils.generation import sender
from utils.generation.model_map import ModelSettings
from utils.providers.replies import PassingError
from utils.similarity.embedding_requests import (
    EmbeddingRequests,
    fetch_embeddings,
    parse_embeddings,
)

KEY = "sk-planted-0123456789"
TEXTS = [f"text {number}" for number in range(20)]


@pytest.fixture(autouse=True)
def short_waits(monkeypatch):
    monkeypatch.setattr(sender, "FIRST_BACKOFF", 0.01)


def fetch(*servers, texts=TEXTS, model=None, **settings):
    """Fetch from the servers; returns the vectors by text, and fails where one comes twice."""
    model = model or ModelSettings(base=[server.url for server in servers], api=KEY)
    settings = {"batch_size": 3, "concurrency": 4, "timeout": 5.0} | settings
    got: dict[str, np.ndarray] = {}

    def save(batch, vectors):
        assert not got.keys() & set(batch)
        got.update(zip(batch, vectors, strict=True))

    try:
        fetch_embeddings(texts, EmbeddingRequests(model, "m", **settings), save)
    except PipelineError as failure:
        failure.got = got
        raise
    return got


def assert_all_right(got, texts=TEXTS):
    assert got.keys() == set(texts)
    for text in texts:
        np.testing.assert_array_equal(got[text], np.array(vector_of(text), dtype=np.float32))


def test_each_text_gets_its_own_vector_though_answers_come_in_another_order():
    with EmbeddingServer() as server:
        assert_all_right(fetch(server))
    assert sum(len(body["input"]) for body in server.bodies) == 20
    assert [len(body["input"]) for body in server.bodies].count(3) == 6


def test_a_request_carries_the_model_the_key_and_further_fields():
    with EmbeddingServer() as server:
        model = ModelSettings(base=server.url, model="e5", api=KEY, extra_body={"user": "me"})
        fetch(model=model, texts=["a"], dimensions=4)
    assert server.bodies == [
        {"model": "e5", "input": ["a"], "encoding_format": "float", "dimensions": 4, "user": "me"}
    ]
    assert server.headers[0]["Authorization"] == f"Bearer {KEY}"


def test_several_requests_are_in_flight_and_no_more_than_may_be():
    with EmbeddingServer(delay=0.05) as server:
        fetch(server, batch_size=1, concurrency=4)
    assert server.most_in_flight == 4


@pytest.mark.parametrize("status", [429, 500, 502, 503])
def test_what_may_pass_is_asked_again(status):
    def fault(texts, number):
        return error(status) if number in (1, 2, 4) else None

    with EmbeddingServer(fault) as server:
        assert_all_right(fetch(server))
    assert max(server.answered.values()) == 1


def test_retry_after_is_waited_for():
    def fault(texts, number):
        return error(429, **{"Retry-After": "0.4"}) if number == 1 else None

    with EmbeddingServer(fault) as server:
        started = time.perf_counter()
        assert_all_right(fetch(server, texts=["a"]), ["a"])
    assert time.perf_counter() - started > 0.4


@pytest.mark.parametrize(
    "body",
    [
        {"data": []},
        {"data": [{"index": 0, "embedding": [1.0]}, {"index": 0, "embedding": [2.0]}]},
        {"data": [{"index": 0, "embedding": [1.0]}, {"index": 1, "embedding": [2.0, 3.0]}]},
        {"data": [{"index": 0, "embedding": []}, {"index": 1, "embedding": []}]},
        {"data": [{"index": 0, "embedding": [1.0]}, {"index": 1, "embedding": [None]}]},
        {"data": [{"index": 0, "embedding": [1.0]}, {"index": 1, "embedding": [1e300]}]},
        {"data": [{"index": place, "embedding": [1.0]} for place in range(3)]},
        {"error": "busy"},
        [],
    ],
)
@pytest.mark.filterwarnings("error")
def test_an_answer_that_does_not_fit_is_asked_again(body):
    def fault(texts, number):
        return web.json_response(body) if number == 1 else None

    with EmbeddingServer(fault) as server:
        assert_all_right(fetch(server, texts=["a", "b"]), ["a", "b"])
    assert len(server.bodies) == 2


def test_items_without_an_index_are_taken_in_their_order():
    content = b'{"data": [{"embedding": [1, 2]}, {"embedding": [3, 4]}]}'
    assert parse_embeddings(content, 2).tolist() == [[1, 2], [3, 4]]
    with pytest.raises(PassingError, match="no 3 embeddings"):
        parse_embeddings(content, 3)


def test_a_batch_that_is_too_large_goes_in_parts():
    def fault(texts, number):
        return error(400, "at most 2 inputs") if len(texts) > 2 else None

    with EmbeddingServer(fault) as server:
        assert_all_right(fetch(server, batch_size=8))
    assert max(server.answered.values()) == 1


def test_one_refused_text_is_named_and_the_others_are_not_lost():
    def fault(texts, number):
        return error(400, "too many tokens") if "text 5" in texts else None

    with EmbeddingServer(fault) as server, pytest.raises(PipelineError) as caught:
        fetch(server, concurrency=1, batch_size=4)
    assert str(caught.value).startswith("model 'm': text 'text 5' is refused: HTTP 400: too many")
    assert {"text 0", "text 3", "text 4"} <= caught.value.got.keys()


def test_a_wrong_key_ends_the_run_and_is_not_shown():
    def fault(texts, number):
        return error(401, f"wrong key {KEY}")

    with EmbeddingServer(fault) as server, pytest.raises(PipelineError) as caught:
        fetch(server, concurrency=1)
    assert "check the key" in str(caught.value) and KEY not in str(caught.value)
    assert len(server.bodies) == 1


def test_used_up_retries_end_the_run_and_what_is_in_flight_is_still_saved():
    def fault(texts, number):
        return error(500, "broken") if "text 0" in texts else None

    with EmbeddingServer(fault, delay=0.02) as server, pytest.raises(PipelineError) as caught:
        fetch(server, max_retries=1)
    assert "HTTP 500: broken" in str(caught.value)
    answered = set(server.answered)
    assert answered and caught.value.got.keys() == answered


def test_a_failing_server_leaves_the_work_to_the_other():
    def fault(texts, number):
        return error(503)

    with EmbeddingServer(fault) as bad, EmbeddingServer() as good:
        assert_all_right(fetch(bad, good, concurrency=2))
    assert good.answered.total() == 20


def test_the_rate_of_the_account_is_kept_to():
    texts = [f"text {number}" for number in range(30)]
    with EmbeddingServer() as server:
        model = ModelSettings(base=server.url, api=KEY, rpm=61 * 20)
        started = time.perf_counter()
        fetch(model=model, batch_size=1, texts=texts)
    # Twenty a second, of which the first twenty may go at once.
    assert time.perf_counter() - started > 0.4
