"""Errors of all shapes that servers write, read from a refusal or found in a success."""

import json
from typing import Any

import pytest

from utils.providers.error_bodies import ServerError, find_error, read_error


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b'{"error": {"code": "c", "message": "a\\nb"}}', ("c", "a b")),
        (b'{"error": {"type": "t", "message": "m"}}', ("t", "m")),
        (b'{"error": {"code": "c", "type": "t", "message": "m"}}', ("c t", "m")),
        (b'{"error": "plain"}', ("", "plain")),
        (b'{"code": "Arrearage", "message": "m"}', ("Arrearage", "m")),
        (b'{"detail": "Not Found"}', ("", "Not Found")),
        (b'{"detail": [{"loc": ["body", "x"], "msg": "bad", "input": "I"}]}', ("", "body.x: bad")),
        (b'{"error_code": 17, "error_msg": "m"}', ("17", "m")),
        (b'{"base_resp": {"status_code": 1008, "status_msg": "m"}}', ("1008", "m")),
        (b"<html>busy</html>", ("", "<html>busy</html>")),
        (b"\xff\x00\x1b[31mred", ("", "\ufffd [31mred")),
        (b"", ("", "")),
        (b"null", ("", "")),
    ],
)
def test_error_bodies_of_the_usual_shapes_are_read(content: bytes, found: tuple[str, str]) -> None:
    assert (read_error(content).codes, read_error(content).message) == found


def test_the_status_in_a_body_is_read() -> None:
    body = b'{"error": {"message": "Upstream provider overloaded", "code": 502}}'
    assert read_error(body) == ServerError("502", "Upstream provider overloaded", 502)


def test_what_the_provider_behind_a_broker_said_is_read() -> None:
    error = {"message": "Provider returned error", "code": 400, "metadata": {"raw": "too long"}}
    assert read_error(json.dumps({"error": error}).encode()).message.endswith("error: too long")


def test_reason_and_wait_are_read_out_of_details() -> None:
    details = [{"reason": "API_KEY_INVALID"}, {"retryDelay": "35.5s"}, "odd"]
    error = {"code": 429, "status": "RESOURCE_EXHAUSTED", "message": "m", "details": details}
    for body in ({"error": error}, [{"error": error}]):
        assert read_error(json.dumps(body).encode()) == ServerError(
            "429 RESOURCE_EXHAUSTED API_KEY_INVALID", "m", 429, 35.5
        )


@pytest.mark.parametrize(
    "body",
    [
        {"id": "gen-1", "error": {"message": "m", "code": 502}},
        {"error": "m"},
        {"object": "error", "message": "m"},
        {"type": "error", "error": {"message": "m"}},
        {"code": 400, "message": "m"},
        {"choices": None, "base_resp": {"status_code": 1008, "status_msg": "m"}},
        [{"error": {"message": "m"}}],
    ],
)
def test_an_error_under_a_success_is_found(body: Any) -> None:
    found = find_error(json.dumps(body).encode())
    assert found is not None and found.message == "m"


@pytest.mark.parametrize(
    "content", [b"", b"<html>", b"[]", b"3", b'{"choices": []}', b'{"error": null}', b'{"data": 1}']
)
def test_what_is_no_error_is_none(content: bytes) -> None:
    assert find_error(content) is None
