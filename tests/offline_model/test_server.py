"""The server as its clients meet it: a process on loopback."""

import json
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.offline_model.prompts import REVIEW, body, code_extend_text

ROOT = Path(__file__).parents[2]


def start(*options: str) -> tuple[subprocess.Popen[str], str]:
    process = subprocess.Popen(
        [sys.executable, "-m", "offline_model", "--port", "0", *options],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    return process, process.stdout.readline().strip()


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    process, url = start("--exit_with_stdin", "--misbehave_share", "0")
    with process:
        yield url
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(10) == 0


def send(url: str, data: bytes | None) -> tuple[int, Any]:
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=300) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def complete(url: str, request: dict[str, Any]) -> dict[str, Any]:
    status, answer = send(url + "/chat/completions", json.dumps(request).encode())
    assert status == 200
    return answer


def test_the_url_is_the_first_line(url: str) -> None:
    assert url.startswith("http://127.0.0.1:") and url.endswith("/v1")


def test_a_completion_has_the_form_of_openais(url: str) -> None:
    answer = complete(url, body(code_extend_text()))
    choice = answer["choices"][0]
    usage = answer["usage"]
    assert answer["object"] == "chat.completion" and answer["model"] == "offline"
    assert answer["id"].startswith("chatcmpl-") and isinstance(answer["created"], int)
    assert choice["message"]["role"] == "assistant" and choice["finish_reason"] == "stop"
    assert choice["message"]["content"].startswith("[Program Before Edit]\n```python\n")
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"] > 100


def test_equal_requests_get_equal_answers_in_both_rounds(url: str) -> None:
    first = body(code_extend_text())
    assert complete(url, first) == complete(url, first)
    text = complete(url, first)["choices"][0]["message"]["content"]
    second = complete(url, body(code_extend_text(), text, REVIEW))
    assert second["choices"][0]["message"]["content"].startswith("[Program After Edit]\n")


def test_the_models_are_listed(url: str) -> None:
    status, answer = send(url + "/models", None)
    assert status == 200 and [model["id"] for model in answer["data"]] == ["offline"]


@pytest.mark.parametrize(
    "data", [b"", b"nonsense", b"[]", b'{"messages": 3}', b"\xff\xfe", b"[" * 100_000]
)
def test_a_malformed_request_gets_an_error_and_leaves_the_server_up(url: str, data: bytes) -> None:
    status, answer = send(url + "/chat/completions", data)
    assert status == 400
    assert answer["error"]["type"] == "invalid_request_error" and answer["error"]["message"]
    assert send(url + "/models", None)[0] == 200


def test_an_unknown_path_gets_an_error_in_the_same_form(url: str) -> None:
    status, answer = send(url + "/embeddings", b"{}")
    assert status == 404 and "/v1/embeddings" in answer["error"]["message"]


def test_a_lone_surrogate_is_answered(url: str) -> None:
    request = body(code_extend_text("\ud800 = 1", "x = 2"))
    assert complete(url, request)["choices"][0]["finish_reason"] == "stop"


def test_sigterm_ends_the_server_and_a_wrong_option_never_starts_it() -> None:
    process, url = start("--delay", "0.01")
    with process:
        assert complete(url, body("hello"))["choices"]
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    process, url = start("--misbehave_share", "2")
    with process:
        assert url == "" and process.wait(10) == 2
