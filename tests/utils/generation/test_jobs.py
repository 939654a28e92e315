import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.fault_server import FaultServer
from utils.cli import parse_flags
from utils.errors import BadReply, PipelineError
from utils.generation.conversation import Conversation, Job, ask_for
from utils.generation.jobs import PromptFile, estimate_run, generate_samples, opening_messages
from utils.generation.settings import SampleFlags, sample_settings
from utils.jsonl import Row
from utils.row_files import read_records


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


def accept(text: str) -> str:
    """Take the answers of half of all requests."""
    if text.split()[1] > "8":
        raise BadReply("too_high")
    return text.split()[1]


def write_map(folder: Path, **models: dict[str, Any]) -> Path:
    path = folder / "models.json"
    path.write_text(json.dumps(models))
    return path


def plan_of(texts: list[str]) -> Iterator[Row]:
    for number, text in enumerate(texts):
        row: Row = {"prompt_id": f"p{number}", "text": text}
        yield row if text else row | {"reject_reason": "empty_text"}


@dataclass(frozen=True, kw_only=True)
class Flags(SampleFlags):
    """Try the flags of a room's script."""

    output_path: str


def run_script(
    folder: Path,
    *flags: str,
    name: str = "out.json",
    max_try: int = 5,
    parse: Any = accept,
    prompts: str = "its prompts",
    texts: Any = None,
) -> int:
    words = ["--model_map", str(folder / "models.json"), "--max_try", str(max_try), *flags]
    args = parse_flags(Flags, ["--output_path", str(folder / name), *words])

    async def converse(job: Job, conversation: Conversation) -> Row:
        question = [{"role": "user", "content": job.row["text"]}]
        first = await ask_for(conversation, question, parse, args.max_try)
        second = await ask_for(conversation, question, parse, args.max_try)
        return {"text": job.row["text"], "parts": [first, second]}

    source = folder / "in.json"
    return generate_samples(
        [source],
        lambda: plan_of(texts() if texts else list(read_records(source))),
        args.output_path,
        sample_settings(args, args.output_path, prompts),
        converse,
        stage="samples",
    )


def write_texts(folder: Path, texts: list[str]) -> None:
    (folder / "in.json").write_text(json.dumps(texts))


def read_json(path: Path) -> Any:
    return json.loads(path.read_text())


def rejected(folder: Path) -> list[Row]:
    return list(read_records(folder / "out.rejected.jsonl"))


def test_bad_answers_are_asked_again_with_another_seed(tmp_path: Path) -> None:
    write_texts(tmp_path, [f"text {n}" for n in range(40)])
    with FaultServer() as server:
        write_map(tmp_path, m={"base": server.url})
        assert run_script(tmp_path, max_try=20) == 0
        assert server.state.asked.total() > 100
        assert max(server.state.asked.values()) == 2, "the two questions alone are alike"
    rows = read_json(tmp_path / "out.json")
    assert [row["text"] for row in rows] == [f"text {n}" for n in range(40)]
    assert set(rows[0]) == {"prompt_id", "model", "text", "parts"}
    assert read_json(tmp_path / "out.summary.json")["requests"] == server.state.asked.total()


def test_after_so_many_bad_answers_a_sample_is_rejected_and_the_run_is_well(tmp_path: Path) -> None:
    write_texts(tmp_path, ["a", "", "b", "c", "d", "e", "f"])
    with FaultServer() as server:
        write_map(tmp_path, m={"base": server.url})
        assert run_script(tmp_path, max_try=1) == 0
    kept, dropped = read_json(tmp_path / "out.json"), rejected(tmp_path)
    assert len(kept) + len(dropped) == 7 and len(kept) > 0
    reasons = {row["text"]: row["reject_reason"] for row in dropped}
    assert reasons.pop("") == "empty_text" and set(reasons.values()) == {"too_high"}
    assert read_json(tmp_path / "out.summary.json")["reject_reasons"]["empty_text"] == 1


def test_a_rejected_sample_goes_on_with_further_tries_and_pays_no_answer_twice(
    tmp_path: Path,
) -> None:
    write_texts(tmp_path, [f"text {n}" for n in range(12)])
    with FaultServer() as server:
        write_map(tmp_path, m={"base": server.url})
        assert run_script(tmp_path, max_try=1) == 0
        before, asked = len(rejected(tmp_path)), server.state.asked.total()
        assert before > 0
        assert run_script(tmp_path, "--continue_from_error", max_try=9) == 0
        assert server.state.asked.total() == asked, "only on demand"
        assert run_script(tmp_path, "--continue_from_error", "--retry_failed", max_try=9) == 0
        assert len(read_json(tmp_path / "out.json")) == 12
        assert not (tmp_path / "out.rejected.jsonl").exists()
        assert server.state.answered.total() == server.state.asked.total() > asked
        summary = read_json(tmp_path / "out.summary.json")
        tokens = summary["completion_tokens"]
        assert tokens == 20 * server.state.answered.total(), "bad answers are paid for as well"
    fresh = tmp_path / "fresh"
    fresh.mkdir()
    write_texts(fresh, [f"text {n}" for n in range(12)])
    with FaultServer() as server:
        write_map(fresh, m={"base": server.url})
        assert run_script(fresh, max_try=9) == 0
    assert (fresh / "out.json").read_bytes() == (tmp_path / "out.json").read_bytes()


def test_the_figures_of_a_run_that_stopped_without_a_summary_are_kept(tmp_path: Path) -> None:
    write_texts(tmp_path, [f"text {n}" for n in range(12)])
    with FaultServer({"faults": {"500": 0.3}, "only_after": {"401": 15}}) as server:
        write_map(tmp_path, m={"base": server.url})
        assert run_script(tmp_path, max_try=9) == 2
        assert not (tmp_path / "out.summary.json").exists()
        first = server.state.given.copy()
    with FaultServer({"faults": {"500": 0.3}}) as server:
        write_map(tmp_path, m={"base": server.url})
        assert run_script(tmp_path, "--continue_from_error", max_try=9) == 0
        given = first + server.state.given
    summary = read_json(tmp_path / "out.summary.json")
    assert first["good"] and first["500"] and server.state.given["good"]
    assert summary["requests"] == summary["latency_seconds"]["of_requests"] == given["good"]
    assert summary["retries"] == {"500": given["500"]}


def test_a_run_that_has_nothing_left_to_ask_keeps_the_figures(tmp_path: Path) -> None:
    write_texts(tmp_path, ["a", "b"])
    with FaultServer() as server:
        write_map(tmp_path, m={"base": server.url})
        run_script(tmp_path)
        before = (tmp_path / "out.summary.json").read_bytes()
        run_script(tmp_path, "--continue_from_error")
    assert (tmp_path / "out.summary.json").read_bytes() == before


def test_a_run_goes_on_only_with_the_same_prompts(tmp_path: Path) -> None:
    write_texts(tmp_path, ["a", "b"])
    with FaultServer() as server:
        write_map(tmp_path, m={"base": server.url})
        assert run_script(tmp_path) == 0
        with pytest.raises(PipelineError, match="made with prompts"):
            run_script(tmp_path, "--continue_from_error", prompts="other words")


@pytest.mark.parametrize("name", ["folder.json", "in.json/x.json"])
def test_an_output_that_can_not_be_written_is_told_before_anything_is_asked(
    tmp_path: Path, name: str
) -> None:
    write_texts(tmp_path, ["a"])
    (tmp_path / "folder.json").mkdir()
    with FaultServer() as server:
        write_map(tmp_path, m={"base": server.url})
        with pytest.raises(PipelineError):
            run_script(tmp_path, name=name)
        assert not server.state.asked


def test_the_recovery_file_is_not_the_output(tmp_path: Path) -> None:
    write_texts(tmp_path, ["a"])
    write_map(tmp_path, m={"base": "http://127.0.0.1:9/v1"})
    with pytest.raises(PipelineError, match="--recovery_file"):
        run_script(tmp_path, "--recovery_file", str(tmp_path / "out.json"))


def test_an_input_that_changes_while_it_is_worked_on_ends_the_run(tmp_path: Path) -> None:
    write_texts(tmp_path, ["a", "b", "c"])
    with FaultServer() as server:
        write_map(tmp_path, m={"base": server.url})
        reads = iter([["a", "b", "c"], ["a", "B", "c"]])

        with pytest.raises(PipelineError, match="changed while it was read"):
            run_script(tmp_path, texts=lambda: next(reads))


def test_a_cut_off_answer_is_a_bad_one(tmp_path: Path) -> None:
    write_texts(tmp_path, ["a<<length>>"])
    with FaultServer() as server:
        write_map(tmp_path, m={"base": server.url})
        assert run_script(tmp_path, "--max_tokens", "2000") == 0
        assert server.state.asked.total() == 5
    assert rejected(tmp_path)[0]["reject_reason"] == "truncated"
    assert read_json(tmp_path / "out.summary.json")["unfinished"] == {"length": 5}


@pytest.mark.parametrize("stop_after", [1, 17, 60])
def test_going_on_asks_nothing_twice_and_gives_the_same_bytes(
    tmp_path: Path, stop_after: int
) -> None:
    texts = [f"text {n}" for n in range(20)] + [""]
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    for folder in (whole, parts):
        folder.mkdir()
        write_texts(folder, texts)
    with FaultServer() as server:
        write_map(whole, m={"base": server.url})
        assert run_script(whole) == 0
        needed = server.state.asked
    with FaultServer({"only_after": {"401": stop_after}}) as first:
        write_map(parts, m={"base": first.url})
        assert run_script(parts, "--num_proc", "4") == 2
        assert not (parts / "out.json").exists()
    with FaultServer() as server:
        write_map(parts, m={"base": server.url})
        assert run_script(parts, "--continue_from_error", "--num_proc", "7") == 0
        assert first.state.answered + server.state.answered == needed
        assert run_script(parts, "--continue_from_error") == 0
        assert first.state.answered + server.state.answered == needed, "nothing was left to ask"
    for name in ("out.json", "out.rejected.jsonl", "out.answers.jsonl"):
        assert (parts / name).read_bytes() == (whole / name).read_bytes()


def test_a_refused_sample_is_put_aside_and_asked_again_on_demand(tmp_path: Path) -> None:
    write_texts(tmp_path, ["a", "b<<400_filter*1>>c"])
    with FaultServer() as server:
        write_map(tmp_path, m={"base": server.url})
        assert run_script(tmp_path, parse=str) == 1
        assert [row["reject_reason"] for row in rejected(tmp_path)] == ["refused_by_server"]
        assert run_script(tmp_path, "--continue_from_error", "--retry_failed", parse=str) == 0
    assert len(read_json(tmp_path / "out.json")) == 2


def test_each_request_draws_one_of_the_models_and_pays_its_price(tmp_path: Path) -> None:
    write_texts(tmp_path, [f"text {n}" for n in range(30)])
    names = ["cheap", "dear"]
    with FaultServer({"only_after": {"401": 31}}) as one, FaultServer() as other:
        prices = {"cheap": {"input": 1.0, "output": 1.0}, "dear": {"input": 1e3, "output": 1e3}}
        models = {
            name: {"base": server.url, "prices": prices[name], "model": f"org/{name}"}
            for name, server in zip(names, (one, other), strict=True)
        }
        write_map(tmp_path, **models)
        assert run_script(tmp_path, "--model_name", *names, max_try=20) == 2
    with FaultServer() as third:
        for model in models.values():
            model["base"] = third.url
        write_map(tmp_path, **models)
        assert (
            run_script(tmp_path, "--model_name", *names, "--continue_from_error", max_try=20) == 0
        )
    bodies = [
        body
        for server in (one, other, third)
        for name, body in zip(server.state.order, server.state.bodies, strict=True)
    ]
    asked = {name: sum(body["model"] == f"org/{name}" for body in bodies) for name in names}
    assert min(asked.values()) > 20
    summary = read_json(tmp_path / "out.summary.json")
    rows = list(read_records(tmp_path / "out.answers.jsonl"))
    assert {row["model"] for row in rows} >= {"cheap, dear"}
    costs = sum(usage["cost"] for row in rows for usage in row["usage"])
    assert summary["cost"] == pytest.approx(costs, abs=1e-5)
    answered_by_other = other.state.answered.total() + sum(
        body["model"] == "org/dear" for body in third.state.bodies
    )
    tokens = 24 / 1e6 * 1e3  # what an answer takes at least: 20 tokens out, 2 or so in
    assert 0.8 * answered_by_other * tokens < summary["cost"] < 1.2 * answered_by_other * tokens


def test_several_models_and_no_name_is_an_error_that_lists_them(tmp_path: Path) -> None:
    write_texts(tmp_path, ["a"])
    base = "http://127.0.0.1:9/v1"
    write_map(tmp_path, one={"base": base}, two={"base": base})
    with pytest.raises(PipelineError, match=r"one, two.*--model_name"):
        run_script(tmp_path)


def test_an_output_may_not_be_an_input(tmp_path: Path) -> None:
    write_texts(tmp_path, ["a"])
    write_map(tmp_path, m={"base": "http://127.0.0.1:9/v1"})
    with pytest.raises(PipelineError, match="would be overwritten"):
        run_script(tmp_path, name="in.json")


def test_ids_that_a_log_can_not_hold_are_refused(tmp_path: Path) -> None:
    write_map(tmp_path, m={"base": "http://127.0.0.1:9/v1"})
    flags = parse_flags(SampleFlags, ["--model_map", str(tmp_path / "models.json")])
    settings = sample_settings(flags, tmp_path / "out.json", "its prompts")

    async def converse(job: Job, conversation: Conversation) -> Row:
        raise AssertionError("nothing is asked")

    for ids in (["a", "a"], ['"'], [""], [3]):
        with pytest.raises(PipelineError, match="prompt_id"):
            generate_samples(
                ["x"],
                lambda ids=ids: ({"prompt_id": each} for each in ids),  # type: ignore[misc]
                tmp_path / "out.json",
                settings,
                converse,
                stage="samples",
            )
