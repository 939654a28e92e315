import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from tests.embedding_server import EmbeddingServer, error, unit, vector_of
from tests.stage2 import log_lines
from utils.errors import PipelineError
from utils.generation import sender
from utils.similarity.embed import embed_texts, open_embedder
from utils.similarity.embedding_settings import EmbeddingSettings
from utils.similarity.paid_embeddings import EmbeddingLog, EndpointEmbedder

ROWS = np.array([[1.5, -2.0], [0.1, 1e-30], [3.0, 4.0]], dtype=np.float32)
LOGGED_TEXTS = ["one", "two\n", "three \ud800"]


@pytest.fixture
def path(tmp_path):
    with EmbeddingLog(tmp_path / "new" / "answers.jsonl") as answers:
        answers.add(LOGGED_TEXTS[:2], ROWS[:2])
        answers.add(LOGGED_TEXTS[2:], ROWS[2:])
    return tmp_path / "new" / "answers.jsonl"


def test_what_was_added_is_there_to_the_last_bit_in_any_order(path):
    with EmbeddingLog(path) as answers:
        assert answers.missing([*LOGGED_TEXTS, "four"]) == ["four"]
        np.testing.assert_array_equal(answers.read(LOGGED_TEXTS[::-1]), ROWS[::-1])


def test_what_was_just_added_can_be_read_too(path):
    with EmbeddingLog(path) as answers:
        answers.read(["one"])
        answers.add(["four"], ROWS[:1] * 4)
        answers.add(["five"], ROWS[:1] * 5)
        np.testing.assert_array_equal(answers.read(["five", "four"]), [ROWS[0] * 5, ROWS[0] * 4])


def test_a_line_that_a_crash_cut_off_is_asked_again(path):
    path.write_bytes(path.read_bytes()[:-20])
    with EmbeddingLog(path) as answers:
        assert answers.missing(LOGGED_TEXTS) == LOGGED_TEXTS[2:]
        answers.add(LOGGED_TEXTS[2:], ROWS[2:])
        np.testing.assert_array_equal(answers.read(LOGGED_TEXTS), ROWS)
    with log_lines() as lines, EmbeddingLog(path) as answers:
        assert answers.missing(LOGGED_TEXTS) == [] and lines == []


@pytest.mark.parametrize(
    ("old", "new"),
    [(b'"check"', b'"chuck"'), (b'":"AADA', b'":"AAD?'), (b"AADA", b"AADB"), (b"{", b"")],
)
def test_a_damaged_line_is_reported_and_asked_again(path, old, new):
    assert old in path.read_bytes()
    path.write_bytes(path.read_bytes().replace(old, new, 1))
    with log_lines() as lines, EmbeddingLog(path) as answers:
        assert answers.missing(LOGGED_TEXTS) == LOGGED_TEXTS[:1]
    assert lines == [f"{path}: 1 damaged lines; their texts are asked again"]


def test_two_runs_do_not_write_one_log(path):
    with EmbeddingLog(path), pytest.raises(PipelineError, match="another run"), EmbeddingLog(path):
        pass
    with EmbeddingLog(path) as answers:
        assert answers.has_any()


def test_another_number_of_dimensions_is_told(path):
    with EmbeddingLog(path) as answers, pytest.raises(PipelineError, match="2 numbers.*sends 3"):
        answers.add(["four"], np.ones((1, 3), dtype=np.float32))


# A line as it has always been written.
WRITTEN_BEFORE = (
    b'{"text":"7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed",'
    b'"check":3437177914,"embedding":"AADAPwAAAMA="}\n'
)


def test_what_was_paid_before_is_read_and_the_form_of_a_line_stays(tmp_path):
    path = tmp_path / "answers.jsonl"
    path.write_bytes(WRITTEN_BEFORE)
    with EmbeddingLog(path) as answers:
        assert answers.missing(["one"]) == [] and answers.read(["one"]).tolist() == [[1.5, -2.0]]
        answers.add(["one"], ROWS[:1])
    assert path.read_bytes() == WRITTEN_BEFORE * 2


ROOT = Path(__file__).resolve().parents[3]
TEXTS = [f"text {number}" for number in range(30)]
PROGRAM = """
import json, sys
from pathlib import Path
from utils.similarity.embed import embed_texts
from utils.similarity.embedding_settings import EmbeddingSettings
map_file, folder, texts = sys.argv[1:]
settings = EmbeddingSettings("endpoint", "m", map_file, batch_size=2, concurrency=1)
embed_texts(json.loads(texts), settings, Path(folder))
"""


@pytest.fixture(autouse=True)
def short_waits(monkeypatch):
    monkeypatch.setattr(sender, "FIRST_BACKOFF", 0.01)


def settings_for(folder, base, entry=None, **more):
    path = folder / "models.yaml"
    path.write_text(json.dumps({"m": {"base": base, **(entry or {})}}))
    return EmbeddingSettings("endpoint", "m", str(path), **more)


def expected(texts):
    return np.array([unit(vector_of(text)) for text in texts])


def test_rows_come_in_order_scaled_each_text_asked_once_and_blank_ones_never(tmp_path):
    texts = [TEXTS[3], " ", TEXTS[1], TEXTS[3], "", TEXTS[0]]
    with EmbeddingServer() as server:
        rows = embed_texts(texts, settings_for(tmp_path, server.url, batch_size=2))
    np.testing.assert_allclose(
        rows[[0, 2, 3, 5]], expected([texts[i] for i in (0, 2, 3, 5)]), atol=1e-6
    )
    assert not rows[[1, 4]].any()
    assert server.answered == {TEXTS[3]: 1, TEXTS[1]: 1, TEXTS[0]: 1}


def test_a_changed_list_asks_only_for_what_is_new(tmp_path):
    with EmbeddingServer() as server:
        settings = settings_for(tmp_path, server.url)
        embed_texts(TEXTS[:20], settings, tmp_path)
        rows = embed_texts(TEXTS[10:], settings, tmp_path)
        embed_texts(TEXTS[10:], settings, tmp_path, rebuild=True)
    np.testing.assert_allclose(rows, expected(TEXTS[10:]), atol=1e-6)
    assert server.answered == dict.fromkeys(TEXTS, 1)


def test_another_model_or_size_is_asked_anew(tmp_path):
    with EmbeddingServer() as server:
        embed_texts(TEXTS[:2], settings_for(tmp_path, server.url), tmp_path)
        embed_texts(TEXTS[:2], settings_for(tmp_path, server.url, {"model": "b"}), tmp_path)
        embed_texts(TEXTS[:2], settings_for(tmp_path, server.url, dimensions=4), tmp_path)
        embed_texts(TEXTS[:2], settings_for(tmp_path, server.url, batch_size=1), tmp_path)
    assert [body["model"] for body in server.bodies] == ["m", "b", "m"]


def test_after_a_failure_what_was_answered_is_not_paid_again(tmp_path):
    broken = True

    def fault(texts, number):
        return error(500) if broken and number > 5 else None

    with EmbeddingServer(fault) as server:
        settings = settings_for(tmp_path, server.url, batch_size=2, max_retries=1)
        with pytest.raises(PipelineError, match="what was answered is kept; run it again"):
            embed_texts(TEXTS, settings, tmp_path)
        assert server.answered.total() == 10
        broken = False
        rows = embed_texts(TEXTS, settings, tmp_path)
    np.testing.assert_allclose(rows, expected(TEXTS), atol=1e-6)
    assert server.answered == dict.fromkeys(TEXTS, 1)


def test_a_killed_run_goes_on_where_it_was(tmp_path):
    stuck = threading.Event()

    def fault(texts, number):
        if number == 6 and not stuck.is_set():
            stuck.set()
            time.sleep(0.3)  # holds all answers back while the process is killed
        return None

    with EmbeddingServer(fault) as server:
        settings = settings_for(tmp_path, server.url)
        arguments = [settings.model_map, str(tmp_path), json.dumps(TEXTS)]
        command = [sys.executable, "-c", PROGRAM, *arguments]
        with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL) as process:
            assert stuck.wait(30)
            process.send_signal(signal.SIGKILL)
        log_file = next(tmp_path.glob("answers_*.jsonl"))
        assert log_file.read_bytes().count(b"\n") == 10
        rows = embed_texts(TEXTS, settings, tmp_path)
    np.testing.assert_allclose(rows, expected(TEXTS), atol=1e-6)
    # Only what was in flight came twice.
    assert {text for text, times in server.answered.items() if times > 1} <= set(TEXTS[10:12])


def test_without_a_cache_nothing_is_left_behind(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    with EmbeddingServer() as server:
        embed_texts(TEXTS, settings_for(tmp_path, server.url))
    assert list((tmp_path / "temporary").iterdir()) == []


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"base": "embedded"}, "makes no embeddings; take the backend tfidf"),
        ({"api_key_env": "NO_SUCH_KEY_IS_SET"}, "NO_SUCH_KEY_IS_SET is not set"),
    ],
)
def test_what_is_missing_is_told_before_anything_is_asked(tmp_path, entry, message):
    settings = settings_for(tmp_path, "http://127.0.0.1:9/v1", entry)
    with pytest.raises(PipelineError, match=message):
        open_embedder(settings)


def test_an_interrupt_keeps_what_is_in_flight(tmp_path: Path) -> None:
    texts = [f"text {number}" for number in range(24)]

    def interrupt_at_the_fourth(asked: list[str], number: int) -> None:
        if number == 4:
            os.kill(os.getpid(), signal.SIGINT)

    with EmbeddingServer(interrupt_at_the_fourth, delay=0.02) as server:
        settings = settings_for(tmp_path, server.url, batch_size=2, concurrency=3)
        with pytest.raises(KeyboardInterrupt):
            list(EndpointEmbedder(settings, tmp_path).embed(texts))
        assert 4 <= len(server.bodies) < 12
        assert sum(map(len, EndpointEmbedder(settings, tmp_path).embed(texts))) == len(texts)
        assert set(server.answered.values()) == {1}, "nothing is paid twice"
