from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from utils.generation.journal import Journal
from utils.generation.model_map import ModelSettings, Prices
from utils.generation.recovery import SampleKey
from utils.generation.run_state import (
    TEMPLATE_TOKENS,
    BatchSettings,
    RunState,
    Sampling,
)
from utils.generation.servers import Channel, Endpoints
from utils.generation.traffic import RunStatistics
from utils.providers.replies import Reply, Usage

PRICES = Prices(input=1e6, output=10e6)  # 1 a prompt token, 10 a completion token


def run_state(journal: Any = None, model: Any = None, **settings: Any) -> RunState:
    model = model or ModelSettings("http://127.0.0.1:1/v1", prices=PRICES)
    batch, statistics = BatchSettings(**settings), RunStatistics(model.prices)
    channel = Channel("m", model, Endpoints([]))
    return RunState([channel], journal, Sampling(), batch, statistics)


def highest_cost(run: RunState, request: dict[str, Any]) -> float:
    return run.highest_cost(run.channels["m"], request)


def body(*contents: str, max_tokens: int = 0) -> dict[str, Any]:
    messages = [{"role": "user", "content": content} for content in contents]
    return {"messages": messages, "max_tokens": max_tokens}


def test_a_request_costs_at_most_its_bytes_and_its_longest_answer() -> None:
    run = run_state(max_cost=1.0)
    empty = highest_cost(run, body(""))
    assert empty == pytest.approx(TEMPLATE_TOKENS)
    assert highest_cost(run, body("ab")) - empty == pytest.approx(2)
    assert highest_cost(run, body("ü\u2028\ud800")) - empty == pytest.approx(2 + 3 + 3)
    assert highest_cost(run, body("", max_tokens=7)) - empty == pytest.approx(70)
    assert highest_cost(run, body("", "")) == pytest.approx(2 * empty), "each message has a frame"


@given(st.lists(st.text(max_size=30), min_size=1, max_size=4), st.integers(1, 1000))
def test_no_answer_costs_more_than_was_set_aside(contents: list[str], max_tokens: int) -> None:
    run = run_state(max_cost=1.0)
    tokens = sum(len(content.encode()) for content in contents)
    spent = run.statistics.cost_of(Usage(tokens, max_tokens))
    assert spent <= highest_cost(run, body(*contents, max_tokens=max_tokens))


def test_without_a_limit_nothing_is_set_aside() -> None:
    assert highest_cost(run_state(), body("x", max_tokens=9)) == 0.0


def test_the_budget_knows_what_was_paid_before() -> None:
    model = ModelSettings("http://127.0.0.1:1/v1", prices=PRICES)
    statistics = RunStatistics(PRICES)
    statistics.add_reply(Usage(5, 1), 0.1)
    batch = BatchSettings(max_cost=100.0)
    journal: Any = None
    channel = Channel("m", model, Endpoints([]))
    run = RunState([channel], journal, Sampling(), batch, statistics)
    assert (run.budget.limit, run.budget.spent) == (100.0, 15.0)


def test_one_model_is_never_drawn_and_several_are_drawn_evenly_and_by_the_seed() -> None:
    assert run_state().draw_channel("a", 1, 0).name == "m"

    def draws(seed: int) -> list[str]:
        model = ModelSettings("http://127.0.0.1:1/v1")
        channels = [Channel(name, model, Endpoints([])) for name in ("x", "y", "z")]
        journal: Any = None
        batch, statistics = BatchSettings(random_seed=seed), RunStatistics(PRICES)
        run = RunState(channels, journal, Sampling(), batch, statistics)
        return [run.draw_channel(str(number), 1, 0).name for number in range(600)]

    assert draws(1) == draws(1) != draws(2)
    assert all(150 < draws(1).count(name) < 250 for name in ("x", "y", "z"))


def test_equal_seeds_wait_equally() -> None:
    def draws(seed: int) -> list[float]:
        return [run_state(random_seed=seed).jitter.random() for _ in range(2)]

    assert draws(1) == draws(1) != draws(2)


@pytest.mark.parametrize(("unsynced", "is_due"), [(0, False), (2, False), (3, True), (9, True)])
def test_a_sync_is_due_when_enough_rows_have_come_together(unsynced: int, is_due: bool) -> None:
    log: list[Any] = []
    run = run_state(SimpleNamespace(unsynced_rows=unsynced, add_figures=log.append), save_every=3)
    run.note_write()
    assert run.work_to_sync.is_set() is is_due


def test_rows_of_all_files_of_a_journal_count_towards_a_sync(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "out.jsonl", tmp_path / "rec.jsonl", {})
    run = run_state(journal, save_every=2)
    key, reply = SampleKey("a", 1), Reply("x", "stop", Usage(1, 1))
    journal.add_round(key, "h", reply)
    run.note_write()
    assert not run.work_to_sync.is_set()
    journal.add_finished(key, {**key._asdict(), "prompt_hash": "h", "usage": []})
    run.note_write()
    assert run.work_to_sync.is_set()
    journal.close()
