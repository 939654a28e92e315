from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from utils.errors import PipelineError
from utils.generation.recovery import Recovery, SampleKey, log_rows, sample_key
from utils.jsonl import dump_row
from utils.providers.replies import Reply, Usage

SETTINGS = {"model": "m", "temperature": 0.8}
A, B = SampleKey("a", 1), SampleKey("a", 2)
ONE, TWO = Reply("one", "stop", Usage(10, 5)), Reply("two \ud800", "length", Usage(1, 2, 1, True))


def loaded(path: Path, done: Any = (), fingerprint: Any = None) -> Recovery:
    recovery = Recovery(path, fingerprint or SETTINGS)
    recovery.load(done)
    return recovery


@contextmanager
def opened(path: Path) -> Iterator[Recovery]:
    recovery = loaded(path)
    recovery.compact()
    recovery.open()
    yield recovery
    recovery.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file of two rounds of A, a cut-off reply of B and a wasted answer."""
    with opened(tmp_path / "rec.jsonl") as recovery:
        recovery.add_round(A, "ha", ONE)
        recovery.add_cut_off(B, "hb", TWO)
        recovery.add_waste(Usage(100, 50))
        recovery.add_round(A, "ha", TWO)
    return tmp_path / "rec.jsonl"


def test_what_was_noted_is_given_back(path: Path) -> None:
    recovery = loaded(path)
    assert recovery.answered_rounds(A) == [ONE, TWO] and recovery.answered_rounds(B) == []
    assert recovery.cut_off_reply(B, 0) == TWO and recovery.cut_off_reply(A, 1) is None
    assert recovery.prompt_hashes() == {A: "ha", B: "hb"}


def test_everything_paid_for_is_summed_up(path: Path) -> None:
    assert loaded(path).paid() == {
        "prompt_tokens": 112,
        "completion_tokens": 59,
        "cached_tokens": 2,
        "estimated": 2,
    }


def test_figures_add_up_through_lines_headers_and_damage(path: Path) -> None:
    with opened(path) as recovery:
        recovery.add_figures(Counter({"requests": 2, "retries 429": 1}))
        recovery.add_figures(Counter({"requests": 1, "milliseconds": 30}))
        assert recovery.unsynced == 0, "they are worth no sync of their own"
    with open(path, "a") as file:
        file.write('{"figures": 3}\n{"figures": {"requests": "many", "retries 500": 1}}\n')
    wanted = {"requests": 3, "milliseconds": 30, "retries 429": 1, "retries 500": 1}
    with opened(path) as recovery:
        assert recovery.figures == wanted
        recovery.drop_finished({A, B})
        assert recovery.figures == wanted
    assert loaded(path).figures == wanted


def test_done_samples_are_left_out_since_their_rows_tell_what_they_cost(path: Path) -> None:
    recovery = loaded(path, done={A})
    assert recovery.prompt_hashes() == {B: "hb"} and recovery.answered_rounds(A) == []
    assert recovery.paid()["prompt_tokens"] == 101


def test_a_new_file_and_an_empty_one_hold_nothing(tmp_path: Path) -> None:
    (tmp_path / "empty.jsonl").touch()
    for name in ("none.jsonl", "empty.jsonl"):
        recovery = loaded(tmp_path / name)
        assert not recovery.prompt_hashes() and not recovery.paid()
        assert recovery.answered_rounds(A) == [] and recovery.cut_off_reply(A, 0) is None


def test_loading_again_counts_nothing_twice(path: Path) -> None:
    recovery = loaded(path)
    before = recovery.paid()
    recovery.load(())
    assert recovery.paid() == before and recovery.answered_rounds(A) == [ONE, TWO]


def test_a_longer_reply_takes_the_place_of_the_one_cut_off(path: Path) -> None:
    with opened(path) as recovery:
        recovery.add_round(B, "hb", ONE)
    recovery = loaded(path)
    assert recovery.cut_off_reply(B, 0) is None and recovery.answered_rounds(B) == [ONE]


def test_compacting_keeps_the_unfinished_and_the_sum_of_the_waste(path: Path) -> None:
    with opened(path) as recovery:
        recovery.add_waste(Usage(1, 1))
        recovery.drop_finished({A})
        recovery.add_round(B, "hb", ONE)  # the log goes on in the new file
    assert len(path.read_bytes().splitlines()) == 3
    assert loaded(path).paid()["prompt_tokens"] == 111
    assert loaded(path, {A, B}).paid()["prompt_tokens"] == 101, "waste is nobody's, and stays"


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["add_round", "add_cut_off", "add_waste"]), st.sampled_from([A, B]),
        st.sampled_from([ONE, TWO]),
    ),
    max_size=8,
)  # fmt: skip


@settings(max_examples=25, deadline=None)
@given(STEPS)
def test_compacting_changes_nothing_that_a_run_asks_for(
    tmp_path_factory: pytest.TempPathFactory, steps: Any
) -> None:
    path = tmp_path_factory.mktemp("recovery") / "rec.jsonl"
    with opened(path) as recovery:
        for step, key, reply in steps:
            if step == "add_waste":
                recovery.add_waste(reply.usage)
            else:
                getattr(recovery, step)(key, "h", reply)
    before = loaded(path)
    before.compact()
    after = loaded(path)
    assert after.paid() == before.paid() and after.prompt_hashes() == before.prompt_hashes()
    for key in (A, B):
        assert after.answered_rounds(key) == before.answered_rounds(key)
        number = len(after.answered_rounds(key))
        assert after.cut_off_reply(key, number) == before.cut_off_reply(key, number)


@pytest.mark.parametrize(
    "line",
    [
        b"not json\n",
        b"{}\n",
        b"[1]\n",
        b'"text"\n',
        b'{"prompt_id": "a", "text": "a row of something else"}\n',
        b'{"fingerprint": {}, "wasted": 3}\n',
    ],
)
def test_a_foreign_file_is_refused_and_left_alone(tmp_path: Path, line: bytes) -> None:
    path = tmp_path / "rec.jsonl"
    path.write_bytes(line)
    with pytest.raises(PipelineError, match="does not begin with a run's settings"):
        loaded(path)
    assert path.read_bytes() == line


@pytest.mark.parametrize(
    ("now", "said"),
    [
        ({**SETTINGS, "model": "n"}, "made with model 'm', now 'n'; go on with the same settings"),
        ({"model": "m"}, "made with temperature 0.8, now None"),
        ({**SETTINGS, "seed": 1}, "made with seed None, now 1"),
    ],
)
def test_other_settings_are_refused_naming_the_first_that_differs(
    path: Path, now: dict[str, Any], said: str
) -> None:
    with pytest.raises(PipelineError, match=said):
        loaded(path, fingerprint=now)


def test_a_line_that_is_broken_is_named(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"{broken\n")
    with pytest.raises(PipelineError, match=r"rec\.jsonl, line 6: not valid JSON"):
        loaded(path)


def test_rows_of_a_log_are_numbered_by_their_lines(tmp_path: Path) -> None:
    path = tmp_path / "log"
    assert list(log_rows(path)) == []
    path.write_bytes(dump_row({"a": 1}) + dump_row({"a": 2}) + dump_row({"b": 3}))
    rows = log_rows(path, required=["a"], skip=1)
    assert next(rows) == {"a": 2}
    with pytest.raises(PipelineError, match="line 3: field 'a' is missing"):
        next(rows)


def test_a_sample_is_named_by_its_prompt_and_number() -> None:
    assert sample_key({"prompt_id": "a", "sample_index": 2, "text": "x"}) == B == ("a", 2)
