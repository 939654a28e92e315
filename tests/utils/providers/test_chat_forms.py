"""What a request becomes on its way to each provider, by what the entry of the model map says."""

from typing import Any

import pytest

from utils.generation.model_map import ModelSettings
from utils.providers.chat_forms import FORMS, most_tokens, written_body
from utils.providers.replies import RunRefused

SCHEMA = {"type": "object"}
SYSTEM = {"role": "system", "content": "be brief"}
USER = {"role": "user", "content": "hi"}


def body(**more: Any) -> dict[str, Any]:
    return {
        "model": "m",
        "messages": [SYSTEM, USER],
        "temperature": 0.5,
        "top_p": 0.9,
        "max_tokens": 100,
        "seed": 7,
        **more,
    }


def written(asked: dict[str, Any] | None = None, **settings: Any) -> dict[str, Any]:
    return written_body(asked or body(), ModelSettings("http://h/v1", **settings))


def test_openais_form_is_sent_as_it_is() -> None:
    assert written() == body()
    assert written({"model": "m", "prompt": "x"}) == {"model": "m", "prompt": "x"}


def test_another_field_of_the_tokens_takes_their_place() -> None:
    sent = written(max_tokens_field="max_completion_tokens")
    assert sent["max_completion_tokens"] == 100 and "max_tokens" not in sent


def test_null_takes_a_field_out_at_any_depth() -> None:
    sent = written(extra_body={"top_p": None, "seed": None, "a": {"b": 1, "c": None}, "no": None})
    assert sent == {
        **{name: value for name, value in body().items() if name not in ("top_p", "seed")},
        "a": {"b": 1},
    }
    assert "max_tokens" not in written(extra_body={"max_tokens": None})


def test_parameters_that_a_model_refuses_are_dropped() -> None:
    sent = written(drop_params=["temperature", "top_p", "seed", "no_such"])
    assert sent == {"model": "m", "messages": [SYSTEM, USER], "max_tokens": 100}


def test_tokens_in_the_entry_go_before_the_runs_and_may_be_raised() -> None:
    model = ModelSettings("http://h/v1", extra_body={"max_tokens": 500})
    assert most_tokens(100, model) == 500 and most_tokens(100, ModelSettings("b")) == 100
    assert written_body(body(max_tokens=1000), model)["max_tokens"] == 1000


@pytest.mark.parametrize(
    ("messages", "sent"),
    [
        ([SYSTEM, USER], [{"role": "user", "content": "be brief\n\nhi"}]),
        ([USER], [USER]),
        ([SYSTEM], [{"role": "user", "content": "be brief"}]),
    ],
)
def test_a_system_text_goes_before_the_first_question(messages: Any, sent: Any) -> None:
    assert written(body(messages=messages), system_role="user")["messages"] == sent


def test_a_system_text_may_be_a_developers() -> None:
    assert written(system_role="developer")["messages"][0] == {**SYSTEM, "role": "developer"}


@pytest.mark.parametrize("protocol", ["anthropic", "gemini"])
def test_plain_texts_are_completed_in_openais_form_alone(protocol: Any) -> None:
    with pytest.raises(RunRefused, match=f"'{protocol}' has no completions"):
        written({"model": "m", "prompt": "x"}, protocol=protocol)


def test_anthropics_form() -> None:
    wanted = {"type": "json_schema", "json_schema": {"name": "x", "schema": SCHEMA}}
    asked = body(stop=["a"], response_format=wanted, metadata={"prompt_kind": "k"})
    assert FORMS["anthropic"].path(asked) == "/messages"
    extra = {"thinking": {"type": "enabled", "budget_tokens": 50}}
    assert written(asked, protocol="anthropic", extra_body=extra) == {
        "model": "m",
        "messages": [USER],
        "system": "be brief",
        "temperature": 0.5,
        "max_tokens": 100,
        "stop_sequences": ["a"],
        "output_config": {"format": {"type": "json_schema", "schema": SCHEMA}},
        **extra,
    }
    without = written(protocol="anthropic", drop_params=["temperature"])
    assert without["top_p"] == 0.9 and "temperature" not in without


def test_geminis_form() -> None:
    wanted = {"type": "json_schema", "json_schema": {"name": "x", "schema": SCHEMA}}
    turns = [SYSTEM, USER, {"role": "assistant", "content": "yes"}, USER]
    asked = body(messages=turns, stop="a", response_format=wanted)
    assert FORMS["gemini"].path(asked) == "/models/m:generateContent"
    assert FORMS["gemini"].path({"model": "tunedModels/x"}) == "/tunedModels/x:generateContent"
    extra = {"generationConfig": {"thinkingConfig": {"thinkingBudget": 0}, "seed": None}}
    assert written(asked, protocol="gemini", extra_body=extra) == {
        "contents": [
            {"role": "user", "parts": [{"text": "hi"}]},
            {"role": "model", "parts": [{"text": "yes"}]},
            {"role": "user", "parts": [{"text": "hi"}]},
        ],
        "systemInstruction": {"parts": [{"text": "be brief"}]},
        "generationConfig": {
            "temperature": 0.5,
            "topP": 0.9,
            "maxOutputTokens": 100,
            "stopSequences": ["a"],
            "responseMimeType": "application/json",
            "responseJsonSchema": SCHEMA,
            "thinkingConfig": {"thinkingBudget": 0},
        },
    }
