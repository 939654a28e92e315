"""Stage 2 against servers that answer oddly: what is kept, what fails, what stops, what is paid."""

from pathlib import Path

import pytest

from code_generation_api import main
from tests.fault_server import FaultServer
from tests.odd_answers import THOUGHT
from tests.stage2 import flags, log_lines, outcome, read_jsonl, write_map, write_prompts
from utils.generation import sender

PASSING = "200_overloaded 429_unit 498 529 no_choice no_message loading events page latin_1"
STOPPING = {
    "200_key": "No auth credentials found; check the key",
    "200_balance": "no balance",
    "400_arrears": "Make sure your account is in good standing.",
    "429_arrears": "Insufficient balance.",
    "429_day": "free-models-per-day; go on when the day is over, or with another model",
}
REFUSED = {
    "403_moderation": 'HTTP 403: Your input was flagged for "violence". No credits used.',
    "400_inspection": "HTTP 400: may be inappropriate content",
    "400_unknown": "HTTP 400: parameter.enable_thinking must be false",
    "404_unknown": "HTTP 404: no such thing",
    "422_unknown": "HTTP 422: body.seed: bad",
    "withheld_null": "content_filter: the server withheld the answer",
    "withheld_prohibited": "content_filter: PROHIBITED_CONTENT: the server withheld the answer",
    "sensitive": "sensitive: the server withheld the answer",
    "refused": "the model refuses: I can't help with that.",
}
READ = (
    "parts thinking_part thought_beside no_reason half_resource thought_before usage_null "
    "usage_half blank_lines keep_alive mark not_a_number"
)


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sender, "FIRST_BACKOFF", 0.02)


def run_stage(folder: Path, server: FaultServer, *more: str) -> int:
    write_map(folder, server.url)
    return main(flags(folder, *more))


def ask_two(folder: Path, kind: str, *more: str) -> tuple[int, FaultServer]:
    """Ask one prompt that gets a good answer, then one that gets odd ones."""
    write_prompts(folder / "prompts.jsonl", 2, rounds=1)
    with FaultServer({"only_after": {kind: 1}}) as server:
        return run_stage(folder, server, "--concurrency", "1", *more), server


@pytest.mark.parametrize("kind", READ.split())
def test_an_answer_in_another_form_is_read_at_once(kind: str, tmp_path: Path) -> None:
    code, server = ask_two(tmp_path, kind)
    assert code == 0 and len(server.state.bodies) == 2
    row = read_jsonl(tmp_path / "out.jsonl")[1]
    assert "answer " in row["response_1"] and row["model"] == "m"
    assert row["response_1"].startswith("<think>") == (kind == "thought_before")


@pytest.mark.parametrize("kind", PASSING.split())
def test_what_is_of_the_moment_is_asked_again(kind: str, tmp_path: Path) -> None:
    write_prompts(tmp_path / "prompts.jsonl", 1, rounds=1)
    write_prompts(tmp_path / "prompts.jsonl", 1, rounds=1, mark=f"<<{kind}*2>>", first=2)
    with FaultServer() as server:
        assert run_stage(tmp_path, server) == 0
    assert len(server.state.bodies) == 4
    assert len(read_jsonl(tmp_path / "out.jsonl")) == 2


@pytest.mark.parametrize(("kind", "said"), STOPPING.items())
def test_what_is_about_the_account_stops_the_run_in_the_servers_words(
    kind: str, said: str, tmp_path: Path
) -> None:
    code, server = ask_two(tmp_path, kind)
    assert code == 2 and len(server.state.bodies) == 2
    assert said in outcome(tmp_path)["stopped"]
    assert len(read_jsonl(tmp_path / "out.jsonl")) == 1


@pytest.mark.parametrize(("kind", "said"), REFUSED.items())
def test_what_is_about_a_prompt_fails_it_alone_and_once(
    kind: str, said: str, tmp_path: Path
) -> None:
    code, server = ask_two(tmp_path, kind)
    assert code == 1 and len(server.state.bodies) == 2
    (failed,) = read_jsonl(tmp_path / "out.failed.jsonl")
    assert failed["prompt_id"] == "p2" and failed["error"] == said
    assert failed["reject_reason"] == "refused_by_server"
    is_unknown = kind.endswith("unknown")
    assert failed["passing"] == is_unknown
    with FaultServer() as again:
        assert run_stage(tmp_path, again, "--continue_from_error") == int(not is_unknown)
        assert len(again.state.bodies) == int(is_unknown)


@pytest.mark.parametrize(
    ("kind", "cause"), [("tool_call", "tool_call"), ("thought_only", "no_answer")]
)
def test_an_answer_that_is_none_is_paid_once_and_counted(
    kind: str, cause: str, tmp_path: Path
) -> None:
    code, server = ask_two(tmp_path, kind)
    assert code == 1 and len(server.state.bodies) == 2
    (failed,) = read_jsonl(tmp_path / "out.failed.jsonl")
    assert failed["reject_reason"] == cause and not failed["passing"]
    assert outcome(tmp_path)["completion_tokens"] == 40
    with FaultServer() as again:
        run_stage(tmp_path, again, "--continue_from_error", "--retry_failed")
        assert again.state.asked.total() == 1
    assert outcome(tmp_path)["completion_tokens"] == 60


def test_a_thought_that_takes_all_tokens_is_asked_again_only_for_longer(tmp_path: Path) -> None:
    code, server = ask_two(tmp_path, "long_thought")
    assert code == 1 and len(server.state.bodies) == 2
    (failed,) = read_jsonl(tmp_path / "out.failed.jsonl")
    assert failed["reject_reason"] == "out_of_tokens"
    assert "2,048 tokens; raise --max_tokens" in failed["error"]
    with FaultServer({"faults": {"long_thought": 1}}) as again:
        run_stage(tmp_path, again, "--continue_from_error", "--retry_failed")
        assert not again.state.bodies
        longer = ("--length_retry_factor", "2")
        code = run_stage(tmp_path, again, "--continue_from_error", "--retry_failed", *longer)
        assert code == 0 and [body["max_tokens"] for body in again.state.bodies] == [4096]
    row = read_jsonl(tmp_path / "out.jsonl")[1]
    assert row["usage"][0]["completion_tokens"] == 2048 + 20
    assert outcome(tmp_path)["completion_tokens"] == 2048 + 40


def test_a_longer_question_follows_at_once_where_it_is_wanted(tmp_path: Path) -> None:
    code, server = ask_two(tmp_path, "long_thought", "--length_retry_factor", "2")
    assert code == 0 and [b["max_tokens"] for b in server.state.bodies] == [2048, 2048, 4096]
    assert outcome(tmp_path)["completion_tokens"] == 2048 + 40


def test_thoughts_longer_than_all_that_is_asked_fail_once_and_count_once(tmp_path: Path) -> None:
    code, server = ask_two(tmp_path, "long_thought", "--length_retry_factor", "1.2")
    assert code == 1 and len(server.state.bodies) == 3
    assert outcome(tmp_path)["completion_tokens"] == 20 + 2048 + 2457
    with FaultServer() as again:
        run_stage(tmp_path, again, "--continue_from_error")
        assert not again.state.bodies
    assert outcome(tmp_path)["completion_tokens"] == 20 + 2048 + 2457


@pytest.mark.parametrize("kind", ["400_unknown", "404_unknown", "422_unknown"])
def test_ten_unknown_refusals_alike_in_a_row_stop_the_run(kind: str, tmp_path: Path) -> None:
    write_prompts(tmp_path / "prompts.jsonl", 30, rounds=1)
    with FaultServer({"faults": {kind: 1}}) as server, log_lines() as lines:
        assert run_stage(tmp_path, server, "--concurrency", "1") == 2
        assert len(server.state.bodies) == 10
        assert any("10 requests in a row were refused alike: HTTP 4" in line for line in lines)
    with FaultServer() as good:
        assert run_stage(tmp_path, good, "--continue_from_error") == 0
        assert len(good.state.bodies) == 30


def test_refusals_that_differ_or_are_broken_by_an_answer_stop_nothing(tmp_path: Path) -> None:
    for number in range(12):
        mark = f"<<{('400_unknown', '422_unknown')[number % 2]}>>"
        write_prompts(tmp_path / "prompts.jsonl", 1, rounds=1, mark=mark, first=number + 1)
    for number in range(12, 30):
        mark = "" if number % 9 == 0 else "<<400_unknown>>"
        write_prompts(tmp_path / "prompts.jsonl", 1, rounds=1, mark=mark, first=number + 1)
    with FaultServer() as server:
        assert run_stage(tmp_path, server, "--concurrency", "1") == 1
        assert len(server.state.bodies) == 30


def test_what_a_server_says_is_shown_cleaned_and_not_at_length(tmp_path: Path) -> None:
    ask_two(tmp_path, "page", "--max_retries", "0")
    (failed,) = read_jsonl(tmp_path / "out.failed.jsonl")
    assert failed["error"] == (
        "the response body is not JSON: <!doctype html><title>Web UI</title>"
    )


def test_thoughts_that_a_server_gives_apart_are_no_part_of_the_reply(tmp_path: Path) -> None:
    ask_two(tmp_path, "thinking_part")
    assert THOUGHT not in (tmp_path / "out.jsonl").read_text()


def test_a_thought_in_the_text_that_took_all_tokens_is_no_answer_and_paid_once(
    tmp_path: Path,
) -> None:
    code, server = ask_two(tmp_path, "thought_in_content")
    assert code == 1 and len(server.state.bodies) == 2
    (failed,) = read_jsonl(tmp_path / "out.failed.jsonl")
    assert failed["reject_reason"] == "out_of_tokens" and "--max_tokens" in failed["error"]
    with FaultServer() as again:
        run_stage(tmp_path, again, "--continue_from_error")
        assert not again.state.bodies
