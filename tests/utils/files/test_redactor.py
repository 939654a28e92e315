import html
import json
from pathlib import Path
from urllib.parse import quote

import pytest

from utils.errors import PipelineError
from utils.files.append_log import AppendLog
from utils.files.redactor import (
    is_variable_name,
    keep_secret,
    note_address,
    note_environment,
    note_secrets_in,
    redacted,
    redacted_bytes,
    without_secrets,
    worded_address,
)
from utils.jsonl import read_rows, write_json, write_rows
from utils.stage_output import StageOutput

KEY = "k3y-of-somebody"


def test_a_known_secret_is_in_no_file_and_moves_no_place_in_one(tmp_path: Path) -> None:
    keep_secret(KEY)
    write_rows(tmp_path / "a.jsonl", [{"text": f"it is {KEY}."}])
    write_json(tmp_path / "b.json", {KEY: [KEY]})
    log = AppendLog(tmp_path / "c.jsonl")
    log.append(b'{"a":"' + KEY.encode() + b'"}\n')
    log.close()
    for file in tmp_path.iterdir():
        assert KEY not in file.read_text()
    assert len((tmp_path / "c.jsonl").read_bytes()) == len(KEY) + 9


@pytest.mark.parametrize("ending", ["jsonl", "json", "parquet"])
def test_rows_of_every_kind_of_file_hold_no_secret(tmp_path: Path, ending: str) -> None:
    keep_secret(KEY)
    with StageOutput(tmp_path / f"x.{ending}") as output:
        output.keep({"text": f"{KEY} twice {KEY}"})
        output.reject({"text": KEY}, "bad")
    for file in tmp_path.iterdir():
        assert KEY.encode() not in file.read_bytes()
    if ending != "json":
        assert next(iter(read_rows(tmp_path / f"x.{ending}")))["text"].startswith("*" * len(KEY))


def test_an_error_repeats_no_secret() -> None:
    keep_secret(KEY)
    assert KEY not in str(PipelineError(f"key {KEY!r} is unknown"))


@pytest.mark.parametrize("form", ["a/b+c=d8 x", 'quo"te\\d99', "<tag>&12345"])
def test_a_secret_is_known_as_json_an_address_and_a_page_write_it(form: str) -> None:
    keep_secret(form)
    for written in (form, json.dumps(form), quote(form, safe=""), html.escape(form)):
        assert "***" in redacted(written)
        assert b"***" in redacted_bytes(written.encode())


@pytest.mark.parametrize("key", ["none", "EMPTY", "password", "ollama", "a" * 10, "12345678"])
def test_what_is_a_word_of_many_programs_stays_in_data(key: str) -> None:
    keep_secret(key)
    assert redacted_bytes(f"x = {key}".encode()) == f"x = {key}".encode()


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("https://ann:s3cret-9@host:8/v1?api_key=abc#x", "https://host:8/v1"),
        ("https://ann:s3/cr?et@host/v1", "https://host/v1"),
        ("https://token@host", "https://host"),
        ("ann:s3cret@host/v1", "host/v1"),
        ("http://[::1]:8000/v1", "http://[::1]:8000/v1"),
        ("http://h/v1/@cf/meta", "http://h/v1/@cf/meta"),
        ("https://a@b@host/v1", "https://host/v1"),
    ],
)
def test_an_address_is_worded_without_user_and_query(address: str, shown: str) -> None:
    assert worded_address(address) == shown


def test_what_an_address_holds_is_known_from_then_on() -> None:
    note_address("https://ann:s3cret-9@host/v1?api_key=drawn-1234&page=overview-12")
    assert redacted_bytes(b"s3cret-9 drawn-1234 overview-12") == b"******** ********** overview-12"
    assert redacted_bytes(b"YW5uOnMzY3JldC05") == b"*" * 16  # as a header has it


def test_settings_are_searched_by_the_names_and_shapes_of_their_values() -> None:
    body = {
        "headers": {"Authorization": "Bearer abc-1234567", "X-Api-Key": "hidden-key-77"},
        "nested": [{"token": "hidden-token-88"}],
        "note": "sk-a1b2c3d4e5f6g7h8i9j0",
        "max_tokens": "100-and-some",
        "model": "Qwen/Qwen3-Coder-30B-A3B-Instruct-FP8",
        "reasoning_effort": "medium-or-high",
    }
    note_secrets_in(body)
    for secret in ("abc-1234567", "hidden-key-77", "hidden-token-88", body["note"]):
        assert str(secret) not in redacted(f"it is {secret}!")
    assert redacted_bytes(str(body["model"]).encode()).decode() == body["model"]
    kept = without_secrets(body)
    assert kept["headers"] == {"Authorization": "***", "X-Api-Key": "***"}
    assert kept["nested"] == [{"token": "***"}] and kept["note"] == "***"
    assert (kept["max_tokens"], kept["model"]) == (body["max_tokens"], body["model"])
    assert kept["reasoning_effort"] == "medium-or-high"


def test_variables_that_are_called_like_secrets_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_API_KEY", "from-the-environment-1")
    monkeypatch.setenv("SOME_PATH", "not-a-secret-at-all-2")
    note_environment()
    assert redacted("from-the-environment-1 not-a-secret-at-all-2") == "*** not-a-secret-at-all-2"


def test_a_key_of_a_known_shape_is_not_said_though_nobody_named_it() -> None:
    said = redacted("git: https://x:ghtok@host/o/n, key sk-proj-a1b2c3d4e5f6g7h8, ?api_key=zzz")
    assert said == "git: https://host/o/n, key ***, ?api_key=***"
    assert redacted("key 'reward.request.output_of_all' is missing") == (
        "key 'reward.request.output_of_all' is missing"
    )


def test_a_variable_is_told_from_a_key_in_its_place() -> None:
    assert is_variable_name("OPENAI_API_KEY") and is_variable_name("my_key2")
    assert not is_variable_name("sk-proj-abcdef") and not is_variable_name("A1b2C3d4E5f6G7h8I9j0K1")
