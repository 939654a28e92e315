import http.client
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from tests.stage2 import outcome, read_jsonl, start_stage, write_prompts
from utils.errors import PipelineError
from utils.generation import embedded
from utils.generation.embedded import embedded_server

ROOT = Path(__file__).resolve().parents[3]


def answers(url: str) -> bool:
    body = {"model": "offline", "messages": [{"role": "user", "content": "hello"}]}
    request = urllib.request.Request(
        url + "/chat/completions", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    try:
        with urllib.request.urlopen(request, timeout=5) as response:
            return bool(json.load(response)["choices"])
    except (urllib.error.URLError, ConnectionError, http.client.HTTPException):
        return False


def test_the_embedded_model_answers_while_the_block_lasts() -> None:
    with embedded_server() as url:
        assert url.startswith("http://127.0.0.1:") and answers(url)
    assert not answers(url)


def test_it_ends_with_a_stage_that_is_killed() -> None:
    program = """
import time
from utils.generation.embedded import embedded_server
with embedded_server() as url:
    print(url, flush=True)
    time.sleep(60)
"""
    with subprocess.Popen(
        [sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as stage:
        assert stage.stdout is not None
        url = stage.stdout.readline().strip()
        assert answers(url)
        stage.kill()
    ending = time.monotonic() + 10
    while answers(url):
        assert time.monotonic() < ending, "the server outlives its stage"
        time.sleep(0.05)


def test_a_server_that_does_not_start_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "_PROJECT", tmp_path)
    with pytest.raises(PipelineError, match="did not start"), embedded_server():
        pass


def test_ctrl_c_at_the_terminal_leaves_it_running_for_what_is_in_flight(tmp_path: Path) -> None:
    write_prompts(tmp_path / "prompts.jsonl", 2000)
    (tmp_path / "models.yaml").write_text("m: {base: embedded}")
    with start_stage(tmp_path, start_new_session=True) as stage:
        while not (tmp_path / "out.jsonl").exists() or not read_jsonl(tmp_path / "out.jsonl"):
            assert stage.poll() is None
            time.sleep(0.02)
        os.killpg(stage.pid, signal.SIGINT)  # as a terminal does: to all of the group
        said = stage.communicate(timeout=20)[1]
    assert stage.returncode == 130 and "Traceback" not in said
    assert outcome(tmp_path)["retries"] == {}
    assert 0 < len(read_jsonl(tmp_path / "out.jsonl")) < 2000
