import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joydataforge.methods.query_cache import QueryCache, cache_key, check_cache_path, normalised
from utils.errors import PipelineError
from utils.jsonl import read_rows


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("What is gout?", "  what  is\tGOUT? "),
        ("Caf\u00e9 au lait", "cafe\u0301 au LAIT"),
        ("x = 1\n  y", "x = 1\r\n  y  \n"),
        ("痛风是什么？", " 痛风是什么？\n"),
    ],
)
def test_spellings_of_one_query_are_equal(one: str, other: str) -> None:
    assert normalised(one) == normalised(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("What is 5²?", "What is 52?"),
        ("Rename `Item` to `item`", "Rename `item` to `Item`"),
        ("if a:\n    b()\nc()", "if a:\n    b()\n    c()"),
        ('split(" ")', 'split("  ")'),
        ("Is X = 2?", "Is x = 2?"),
        ("What is gout?", "What is gout"),
    ],
)
def test_queries_that_mean_something_else_stay_apart(one: str, other: str) -> None:
    assert normalised(one) != normalised(other)


def test_the_cache_keeps_apart_what_differs_in_case_or_inner_space() -> None:
    keys = {cache_key(q) for q in ("the US", "the us", "a  b", "a b")}
    assert len(keys) == 4 and cache_key(" x = 1\r\n  y \n") == "x = 1\n  y"


@given(st.text())
def test_a_normalised_query_stays_as_it_is(text: str) -> None:
    assert normalised(normalised(text)) == normalised(text)


def write(path: Path, *entries: tuple[str, str, dict[str, Any]]) -> Path:
    lines = (json.dumps(dict(zip(("task", "query", "result"), e, strict=True))) for e in entries)
    path.write_text("".join(line + "\n" for line in lines))
    return path


def test_an_answer_holds_for_its_own_task_alone(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", ("t1", "What is gout?", {"target": "x"}))
    assert QueryCache("t1", [path]).find(" What is gout?\n") == {"target": "x"}
    assert QueryCache("t2", [path]).find(" What is gout?\n") is None


def test_of_equal_entries_in_merged_caches_the_last_one_counts(tmp_path: Path) -> None:
    first = write(tmp_path / "a.jsonl", ("t", "q", {"n": 1}), ("t", "only here", {"n": 2}))
    second = write(tmp_path / "b.jsonl", ("t", " q ", {"n": 3}), ("u", "q", {"n": 4}))
    cache = QueryCache("t", [first, second])
    assert (cache.find("q"), cache.find("only here")) == ({"n": 3}, {"n": 2})


def test_a_mapping_of_another_program_holds_for_every_task(tmp_path: Path) -> None:
    path = tmp_path / "old.json"
    path.write_text(json.dumps({"What is gout?": "A disease.", "q": {"label": "a"}}))
    own = write(tmp_path / "own.jsonl", ("t", "q", {"label": "b"}))
    cache = QueryCache("t", [own, path])
    assert cache.find(" What is gout?\n") == {"target": "A disease."}
    assert cache.find("q") == {"label": "b"}, "the task's own answer goes first"
    assert QueryCache("u", [own, path]).find("q") == {"label": "a"}


def test_saving_adds_to_what_the_file_holds_and_what_was_read(tmp_path: Path) -> None:
    read = write(tmp_path / "read.jsonl", ("t", "one", {"n": 1}))
    (tmp_path / "deep").mkdir()
    saved = write(tmp_path / "deep" / "saved.jsonl", ("u", "two", {"n": 2}), ("t", "three", {}))
    cache = QueryCache("t", [read])
    cache.add("three ", {"n": 3})
    cache.add("four\u2028x", {"n": "\ud800"})
    cache.save(saved)
    again = QueryCache("t", [saved])
    assert again.find("one") == {"n": 1} and again.find("three") == {"n": 3}
    assert again.find("four\u2028x") == {"n": "\ud800"}
    assert QueryCache("u", [saved]).find("two") == {"n": 2}
    before = saved.read_bytes()
    again.save(saved)
    assert saved.read_bytes() == before
    assert len(list(read_rows(saved))) == 4


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"query": "q"}', "'task' is missing"),
        ('{"task": 1, "query": "q", "result": {}}', "must be texts"),
        ('{"task": "t", "query": "q", "result": "x"}', "'result' must be an object"),
    ],
)
def test_a_file_that_is_no_cache_is_refused(tmp_path: Path, line: str, message: str) -> None:
    path = tmp_path / "c.jsonl"
    path.write_text(line + "\n")
    with pytest.raises(PipelineError, match=message):
        QueryCache("t", [path])
    with pytest.raises(PipelineError, match=message):
        check_cache_path(path)


def test_a_place_where_nothing_can_be_saved_is_refused(tmp_path: Path) -> None:
    for path, message in ((tmp_path, "is a folder"), (tmp_path / "c.json", "a cache is JSONL")):
        with pytest.raises(PipelineError, match=message):
            check_cache_path(path)
    check_cache_path(tmp_path / "new.jsonl")


def test_a_missing_cache_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(PipelineError, match="no such file"):
        QueryCache("t", [tmp_path / "gone.jsonl"])


def test_a_cache_without_entries_is_one(tmp_path: Path) -> None:
    QueryCache("t").save(tmp_path / "empty.jsonl")
    assert QueryCache("t", [tmp_path / "empty.jsonl"]).find("q") is None


def test_queries_paid_before_are_read_and_saved_as_they_were(tmp_path: Path) -> None:
    path = tmp_path / "cache.jsonl"
    written = b'{"task":"t","query":"What is gout?","result":{"target":"A disease."}}\n'
    path.write_bytes(written)
    cache = QueryCache("t", [path])
    assert cache.find("What is gout?") == {"target": "A disease."}
    cache.save(path)
    assert path.read_bytes() == written
    assert [each.name for each in tmp_path.iterdir() if each.name[0] != "."] == ["cache.jsonl"]
