"""A key that a server echoes, or that stands at the wrong place, is in nothing that is left."""

import base64
import json
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.stage2 import command, write_prompts

KEY = "sk-0echoed0by0the0server"
SECRET = "hidden-in-the-body-77"


class Echo(BaseHTTPRequestHandler):
    """Answers with all that it was sent: headers, path and body."""

    seen: list[dict[str, str]] = []
    status = 200
    finish = "stop"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"])).decode()
        said = f"{dict(self.headers)} {self.path} {body}"
        self.seen.append({"path": self.path, "auth": self.headers.get("authorization", "")})
        message = {"role": "assistant", "content": said}
        answer: dict[str, Any] = {"choices": [{"message": message, "finish_reason": self.finish}]}
        if self.status != 200:
            answer = {"error": {"message": said}}
        data = json.dumps(answer).encode()
        self.send_response(self.status)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[int]:
    Echo.seen, Echo.status, Echo.finish = [], 200, "stop"
    with ThreadingHTTPServer(("127.0.0.1", 0), Echo) as http:
        threading.Thread(target=http.serve_forever, daemon=True).start()
        yield http.server_address[1]
        http.shutdown()


Done = subprocess.CompletedProcess[str]


def run(folder: Path, entry: dict[str, Any] | str, *more: str) -> Done:
    text = entry if isinstance(entry, str) else json.dumps({"m": entry})
    (folder / "models.yaml").write_text(text)
    if not (folder / "prompts.jsonl").exists():
        write_prompts(folder / "prompts.jsonl", 2)
    environment = {"PATH": "/usr/bin:/bin", "ECHOED": KEY, "BROKEN": "sk-one\nsk-two-1234567"}
    return subprocess.run(
        command(folder, "--max_retries", "0", *more),
        cwd=folder, env=environment, capture_output=True, text=True, timeout=120,
    )  # fmt: skip


def left_in(folder: Path) -> str:
    inputs = {"models.yaml", "prompts.jsonl"}
    return "".join(
        path.read_text("utf-8", "replace")
        for path in folder.iterdir()
        if path.name not in inputs and path.is_file()
    )


@pytest.mark.parametrize("status", [200, 400, 401, 503])
def test_an_echoed_key_is_in_nothing_that_a_run_writes(
    tmp_path: Path, server: int, status: int
) -> None:
    Echo.status, Echo.finish = status, f"stop {KEY}"
    base = f"http://ann:pass-word-55@127.0.0.1:{server}/v1?api_key=in-the-query-66"
    entry = {"base": base, "api_key_env": "ECHOED", "extra_body": {"access_token": SECRET}}
    done = run(tmp_path, entry)
    assert Echo.seen and done.returncode == (0 if status == 200 else done.returncode)
    basic = base64.b64encode(b"ann:pass-word-55").decode()
    for secret in (KEY, SECRET, "pass-word-55", "in-the-query-66", basic):
        assert secret not in done.stderr + done.stdout
        assert secret not in left_in(tmp_path)


def test_a_user_and_a_query_of_a_base_reach_the_server(tmp_path: Path, server: int) -> None:
    base = f"http://ann:pass-word-55@127.0.0.1:{server}/v1?api_key=in-the-query-66"
    run(tmp_path, {"base": base})
    basic = "Basic " + base64.b64encode(b"ann:pass-word-55").decode()
    assert len(Echo.seen) == 4  # two prompts of two rounds
    for seen in Echo.seen:
        assert seen == {"path": "/v1/chat/completions?api_key=in-the-query-66", "auth": basic}


def test_a_run_with_a_secret_in_its_body_goes_on(tmp_path: Path, server: int) -> None:
    entry = {"base": f"http://127.0.0.1:{server}/v1", "extra_body": {"access_token": SECRET}}
    Echo.status = 503
    assert run(tmp_path, entry).returncode == 1
    Echo.status = 200
    done = run(tmp_path, entry, "--continue_from_error", "--retry_failed")
    assert done.returncode == 0, done.stderr
    assert len((tmp_path / "out.jsonl").read_text().splitlines()) == 2


@pytest.mark.parametrize(
    "entry",
    [
        {"base": "http://127.0.0.1:1/v1", "api_key": KEY},
        {"base": "http://127.0.0.1:1/v1", "api_key_env": KEY},
        {"base": "http://127.0.0.1:1/v1", "rpm": KEY},
        {"base": "http://127.0.0.1:1/v1", "protocol": KEY},
        {"base": "http://127.0.0.1:1/v1", KEY: 1},
        {"base": KEY},
        {"base": f"https://ann:{KEY}@"},
        {"base": f"https://ann:{KEY}@host:port/v1"},
        {"base": "http://127.0.0.1:1/v1", "api_key_env": "BROKEN"},
        {"base": "http://127.0.0.1:1/v1", "api": "sk-one\nsk-two-1234567"},
        KEY,
        f"m: {KEY}",
        f"{KEY}: {{base: 'http://127.0.0.1:1/v1'}}",
        f"m:\n  base: x\n  {KEY}: 1\n  {KEY}: 2\n",
    ],
)
def test_a_key_at_a_wrong_place_is_one_line_that_does_not_repeat_it(
    tmp_path: Path, entry: dict[str, Any] | str
) -> None:
    done = run(tmp_path, entry)
    assert done.returncode == 2, done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert KEY not in done.stderr and "sk-two" not in done.stderr


@pytest.mark.parametrize("flag", ["--concurrency", "--provider", f"--{KEY}"])
def test_a_key_typed_at_a_wrong_place_is_not_repeated(tmp_path: Path, flag: str) -> None:
    done = run(tmp_path, {"base": "http://127.0.0.1:1/v1"}, flag, KEY, "\x1b[2J")
    assert done.returncode == 2
    assert KEY not in done.stderr and "\x1b" not in done.stderr
