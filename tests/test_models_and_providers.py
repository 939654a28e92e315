"""Stage 2 by what an entry of the model map says: other protocols, refused fields, fallbacks."""

import json
from pathlib import Path
from typing import Any

import pytest

from code_generation_api import main
from tests.fault_server import FaultServer
from tests.odd_answers import THOUGHT
from tests.provider_server import ProviderServer
from tests.stage2 import (
    PRICES,
    flags,
    log_lines,
    outcome,
    read_jsonl,
    set_up,
    write_map,
    write_prompts,
)
from utils.errors import PipelineError
from utils.generation import sender

KEY = "sk-planted-0123456789"


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sender, "FIRST_BACKOFF", 0.02)
    monkeypatch.setenv("A_KEY", KEY)


def write_models(folder: Path, **entries: dict[str, Any]) -> None:
    made = {name: {"prices": PRICES, **entry} for name, entry in entries.items()}
    (folder / "models.yaml").write_text(json.dumps(made))


# Protocols


@pytest.mark.parametrize("protocol", ["anthropic", "gemini"])
def test_a_model_is_asked_in_its_providers_form(protocol: str, tmp_path: Path) -> None:
    write_prompts(tmp_path / "prompts.jsonl", 1)
    with ProviderServer() as server:
        write_map(tmp_path, server.url, protocol=protocol, api_key_env="A_KEY")
        assert main(flags(tmp_path, "--keep_reasoning")) == 0
    (row,) = read_jsonl(tmp_path / "out.jsonl")
    assert row["response"] == ["answer", "answer"] and row["reasoning"] == ["a thought"] * 2
    counts = {"prompt_tokens": 10, "completion_tokens": 5, "cached_tokens": 3}
    assert row["usage"] == [counts, counts]
    header = {"anthropic": "x-api-key", "gemini": "x-goog-api-key"}[protocol]
    assert all(headers[header] == KEY for headers in server.headers)
    assert not any("Authorization" in headers for headers in server.headers)
    where = {"anthropic": "/v1/messages", "gemini": "/v1/models/m:generateContent"}
    assert server.paths == [where[protocol]] * 2
    turns = server.bodies[1]["messages" if protocol == "anthropic" else "contents"]
    assert len(turns) == 3 and "be brief" in json.dumps(server.bodies[1])


@pytest.mark.parametrize(
    ("protocol", "status", "error", "code"),
    [
        ("anthropic", 401, {"type": "authentication_error", "message": "invalid x-api-key"}, 2),
        (
            *("anthropic", 400),
            {"type": "invalid_request_error", "message": "Your credit balance is too low"},
            2,
        ),
        (
            *("anthropic", 400),
            {"type": "invalid_request_error", "message": "prompt is too long: 9 tokens > 8"},
            1,
        ),
        ("anthropic", 529, {"type": "overloaded_error", "message": "Overloaded"}, 1),
        (
            *("gemini", 400),
            {"code": 400, "message": "API key not valid.", "status": "INVALID_ARGUMENT"},
            2,
        ),
        (
            *("gemini", 429),
            {"code": 429, "message": "Resource exhausted", "status": "RESOURCE_EXHAUSTED"},
            1,
        ),
    ],
)
def test_errors_of_other_providers_are_told_apart(
    protocol: str, status: int, error: Any, code: int, tmp_path: Path
) -> None:
    write_prompts(tmp_path / "prompts.jsonl", 1, rounds=1)
    with ProviderServer(status, error) as server:
        write_map(tmp_path, server.url, protocol=protocol, api_key_env="A_KEY")
        assert main(flags(tmp_path, "--max_retries", "1")) == code
    assert len(server.bodies) == (2 if status in (429, 529) else 1)


def test_an_unknown_protocol_is_named(tmp_path: Path) -> None:
    write_prompts(tmp_path / "prompts.jsonl", 1)
    write_map(tmp_path, "http://127.0.0.1:1/v1", protocol="grpc")
    with pytest.raises(PipelineError, match="protocol"):
        main(flags(tmp_path))


# Thoughts and contexts


def test_thoughts_are_kept_beside_the_replies_where_they_are_wanted(tmp_path: Path) -> None:
    write_prompts(tmp_path / "prompts.jsonl", 1, rounds=1, mark="<<thought_beside>>")
    write_prompts(tmp_path / "prompts.jsonl", 1, rounds=1, mark="<<thought_before>>", first=2)
    write_prompts(tmp_path / "prompts.jsonl", 1, rounds=1, first=3)
    with FaultServer() as server:
        write_map(tmp_path, server.url)
        assert main(flags(tmp_path, "--keep_reasoning")) == 0
    rows = read_jsonl(tmp_path / "out.jsonl")
    assert [row["reasoning"] for row in rows] == [[THOUGHT], [THOUGHT], [""]]


def test_thoughts_of_a_round_before_a_crash_are_kept_too(tmp_path: Path) -> None:
    write_prompts(tmp_path / "prompts.jsonl", 1, mark="")
    with FaultServer({"faults": {"thought_beside": 1}, "only_after": {"401": 1}}) as server:
        write_map(tmp_path, server.url)
        assert main(flags(tmp_path, "--keep_reasoning")) == 2
    with FaultServer({"faults": {"thought_beside": 1}}) as server:
        write_map(tmp_path, server.url)
        assert main(flags(tmp_path, "--keep_reasoning", "--continue_from_error")) == 0
        assert len(server.state.bodies) == 1
    (row,) = read_jsonl(tmp_path / "out.jsonl")
    assert row["reasoning"] == [THOUGHT, THOUGHT]


def test_a_context_that_a_server_cuts_is_warned_of_once(tmp_path: Path) -> None:
    write_prompts(tmp_path / "prompts.jsonl", 3, rounds=1, mark=" word" * 200 + "<<cut_context>>")
    with FaultServer() as server, log_lines() as lines:
        write_map(tmp_path, server.url)
        assert main(flags(tmp_path)) == 0
    (said,) = [line for line in lines if "OLLAMA_CONTEXT_LENGTH" in line]
    assert "read 11 tokens of a prompt of about 25" in said


# Fields


def test_fields_of_an_entry_reach_the_server(tmp_path: Path) -> None:
    with FaultServer() as server:
        write_prompts(tmp_path / "prompts.jsonl", 1, rounds=1)
        write_map(
            *(tmp_path, server.url),
            max_tokens_field="max_completion_tokens",
            drop_params=["temperature", "seed"],
            system_role="user",
            extra_body={"top_p": None, "enable_thinking": False},
        )
        assert main(flags(tmp_path)) == 0
    assert server.state.bodies == [
        {
            "model": "m",
            "messages": [{"role": "user", "content": "be brief\n\np1r1"}],
            "max_completion_tokens": 2048,
            "enable_thinking": False,
        }
    ]


def test_a_run_goes_on_with_the_same_form_only(tmp_path: Path) -> None:
    with FaultServer() as server:
        set_up(tmp_path, server, 1)
        assert main(flags(tmp_path)) == 0
        write_map(tmp_path, server.url, system_role="user")
        with pytest.raises(PipelineError, match="system_role of m"):
            main(flags(tmp_path, "--continue_from_error"))


# Fallbacks


def run_with_fallback(folder: Path, first: str, second: str, *more: str) -> int:
    write_models(
        folder,
        m={"base": first, "fallback": "other"},
        other={"base": second, "prices": {"input": 1.0, "output": 1.0}},
    )
    return main(flags(folder, "--concurrency", "1", *more))


def test_an_account_that_is_refused_is_said_once_and_the_fallback_goes_on(tmp_path: Path) -> None:
    write_prompts(tmp_path / "prompts.jsonl", 4)
    with FaultServer({"only_after": {"400_arrears": 3}}) as first, FaultServer() as second:
        with log_lines() as lines:
            assert run_with_fallback(tmp_path, first.url, second.url) == 0
        assert (len(first.state.bodies), len(second.state.bodies)) == (4, 5)
    said = [line for line in lines if "good standing" in line]
    assert len(said) == 1 and "going on with its fallback 'other'" in said[0]
    rows = read_jsonl(tmp_path / "out.jsonl")
    assert [row["model"] for row in rows] == ["m", "m, other", "other", "other"]
    figures = outcome(tmp_path)
    assert figures["answered_by"] == {"m": 3, "other": 5}
    assert figures["fallbacks"] == {"m -> other": 1}
    costs = [usage["cost"] for row in rows for usage in row["usage"]]
    assert figures["cost"] == pytest.approx(sum(costs))
    assert min(costs[:3]) > 100 * max(costs[3:])


def test_a_model_out_of_reach_is_left_alone_for_a_while(tmp_path: Path) -> None:
    write_prompts(tmp_path / "prompts.jsonl", 20, rounds=1)
    with FaultServer({"faults": {"503": 1}}) as first, FaultServer() as second:
        assert run_with_fallback(tmp_path, first.url, second.url, "--max_retries", "1") == 0
    assert len(second.state.bodies) == 20
    assert len(first.state.bodies) <= 2 * 5  # those begun before the first was given up


@pytest.mark.parametrize("fault", ["403_moderation", "400_unknown"])
def test_what_one_model_refuses_another_is_asked_for(fault: str, tmp_path: Path) -> None:
    write_prompts(tmp_path / "prompts.jsonl", 2, rounds=1)
    with FaultServer({"faults": {fault: 1}}) as first, FaultServer() as second:
        assert run_with_fallback(tmp_path, first.url, second.url, "--max_retries", "1") == 0
    assert [row["model"] for row in read_jsonl(tmp_path / "out.jsonl")] == ["other", "other"]
    assert len(first.state.bodies) == 2


def test_a_fallback_that_refuses_too_ends_it(tmp_path: Path) -> None:
    write_prompts(tmp_path / "prompts.jsonl", 2, rounds=1)
    with FaultServer({"faults": {"401": 1}}) as server:
        assert run_with_fallback(tmp_path, server.url, server.url) == 2
    assert len(server.state.bodies) == 2


def test_a_fallback_may_be_added_to_a_run_and_goes_on_where_it_stopped(tmp_path: Path) -> None:
    write_prompts(tmp_path / "prompts.jsonl", 2)
    with FaultServer({"only_after": {"402": 1}}) as first, FaultServer() as second:
        write_models(tmp_path, m={"base": first.url})
        assert main(flags(tmp_path, "--concurrency", "1")) == 2
        assert run_with_fallback(tmp_path, first.url, second.url, "--continue_from_error") == 0
        assert len(second.state.bodies) == 3
    assert [row["model"] for row in read_jsonl(tmp_path / "out.jsonl")] == ["m, other", "other"]


@pytest.mark.parametrize(
    ("fallback", "said"), [("m", "comes back to itself"), ("gone", "no model 'gone'")]
)
def test_a_fallback_that_is_none_is_refused(fallback: str, said: str, tmp_path: Path) -> None:
    write_prompts(tmp_path / "prompts.jsonl", 1)
    write_map(tmp_path, "http://127.0.0.1:1/v1", fallback=fallback)
    with pytest.raises(PipelineError, match=said):
        main(flags(tmp_path))


# Schemas


def write_judging_prompts(path: Path, count: int) -> None:
    rows = [
        {"prompt_id": f"j{number}", "judged_prompt_id": "p", "user": [f"judge {number}"]}
        for number in range(count)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


@pytest.mark.parametrize("structured", [True, False])
def test_a_verdict_is_asked_for_with_its_schema_where_the_entry_says_so(
    structured: bool, tmp_path: Path
) -> None:
    write_judging_prompts(tmp_path / "prompts.jsonl", 1)
    with FaultServer() as server:
        write_map(tmp_path, server.url, structured=structured)
        assert main(flags(tmp_path)) == 0
    (body,) = server.state.bodies
    assert ("response_format" in body) == structured
    if structured:
        schema = body["response_format"]["json_schema"]["schema"]
        assert "after_fulfills_it" in schema["required"] and not schema["additionalProperties"]


def test_other_prompts_have_no_schema(tmp_path: Path) -> None:
    write_prompts(tmp_path / "prompts.jsonl", 1)
    with FaultServer() as server:
        write_map(tmp_path, server.url, structured=True)
        assert main(flags(tmp_path)) == 0
    assert not any("response_format" in body for body in server.state.bodies)


def test_a_server_that_refuses_schemas_is_noticed_once(tmp_path: Path) -> None:
    write_judging_prompts(tmp_path / "prompts.jsonl", 5)
    with FaultServer({"no_schemas": True}) as server, log_lines() as lines:
        write_map(tmp_path, server.url, structured=True)
        assert main(flags(tmp_path, "--concurrency", "1")) == 0
    asked = ["response_format" in body for body in server.state.bodies]
    assert asked == [True] + [False] * 5
    assert len([line for line in lines if "takes no schema" in line]) == 1
