import json
from pathlib import Path
from typing import Any

import pytest

from utils.errors import PipelineError
from utils.generation.prompt_file import PromptFile, estimate_run, opening_messages


def prompts(tmp_path: Path, *rows: Any, **more: Any) -> PromptFile:
    path = tmp_path / "prompts.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return PromptFile(path, **more)


def test_jobs_come_prompt_by_prompt_without_those_to_skip(tmp_path: Path) -> None:
    file = prompts(
        tmp_path, {"prompt_id": "a", "user": ["1", "2"]}, {"prompt_id": "b", "user": "x"}
    )
    keys = list(file.keys(2))
    assert keys == [("a", 1), ("a", 2), ("b", 1), ("b", 2)]
    jobs = list(file.jobs(2, {keys[0], keys[2]}))
    assert [job.key for job in jobs] == [("a", 2), ("b", 2)]
    assert jobs[0].row == {"prompt_id": "a", "user": ["1", "2"]}


def test_max_samples_takes_the_first_prompts_but_knows_all(tmp_path: Path) -> None:
    file = prompts(tmp_path, *({"prompt_id": i, "user": "x"} for i in "abc"), max_samples=2)
    assert file.ids == ["a", "b"] and len(file) == 2 and set(file.hashes) == {"a", "b", "c"}


def test_prompts_without_an_id_get_one_that_stays_when_others_are_appended(tmp_path: Path) -> None:
    few = prompts(tmp_path, {"user": "x"}, {"user": "y"}, {"user": "x"}).ids
    more = prompts(tmp_path, {"user": "x"}, {"user": "y"}, {"user": "x"}, {"user": "z"}).ids
    assert more[:3] == few and len(set(more)) == 4


def test_the_hash_tells_texts_apart_and_nothing_else(tmp_path: Path) -> None:
    base = {"prompt_id": "a", "system": "s", "user": ["1", "2"], "license": ["mit"]}

    def digest(**change: Any) -> str:
        return prompts(tmp_path, {**base, **change}).hashes["a"]

    assert digest() == digest(license=["bsd"])
    assert len({digest(), digest(system="t"), digest(user=["1", "3"]), digest(user="1")}) == 4


@pytest.mark.parametrize(
    ("row", "field"),
    [
        ({"prompt_id": "a"}, "user"),
        ({"prompt_id": "a", "user": None}, "user"),
        ({"prompt_id": "a", "user": []}, "user"),
        ({"prompt_id": "a", "user": ["x", " "]}, "user"),
        ({"prompt_id": "a", "user": [1]}, "user"),
        ({"prompt_id": "", "user": "x"}, "prompt_id"),
        ({"prompt_id": 3, "user": "x"}, "prompt_id"),
        ({"prompt_id": 'a"b', "user": "x"}, "prompt_id"),
        ({"prompt_id": "a", "user": "x", "system": 4}, "system"),
    ],
)
def test_a_bad_prompt_is_an_error_before_anything_is_asked(
    tmp_path: Path, row: Any, field: str
) -> None:
    with pytest.raises(PipelineError, match=rf"prompts.jsonl, (row|line) 2: .*'{field}'"):
        prompts(tmp_path, {"prompt_id": "good", "user": "x"}, row)


def test_an_id_that_stands_twice_is_an_error(tmp_path: Path) -> None:
    row = {"prompt_id": "a", "user": "x"}
    with pytest.raises(PipelineError, match="row 2: .*'a' stands twice"):
        prompts(tmp_path, row, row)


def test_an_empty_system_text_is_not_sent() -> None:
    assert opening_messages({"user": "x", "system": ""}) == [{"role": "user", "content": "x"}]
    assert opening_messages({"user": ["x"], "system": "s"})[0]["role"] == "system"


def test_an_estimate_sends_the_history_again_each_round(tmp_path: Path) -> None:
    file = prompts(tmp_path, {"prompt_id": "a", "user": ["x" * 396, "y" * 36]})
    requests, tokens_in, tokens_out = estimate_run(file, completions=3, reply_tokens=50)
    assert (requests, tokens_out) == (6, 300)
    assert tokens_in == 3 * (100 + (100 + 50 + 10))
