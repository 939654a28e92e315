"""The forms in which a chat is asked for, and how an entry of the model map changes a request.

Everywhere else a request is a body of OpenAI's form; it takes the provider's as it goes out.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, NamedTuple, Protocol

from utils.providers import anthropic_form, gemini_form, openai_form
from utils.providers.replies import Reply, RunRefused

Body = dict[str, Any]
ProtocolName = Literal["openai", "anthropic", "gemini"]
SystemRole = Literal["system", "developer", "user"]


class ChatForm(NamedTuple):
    """One provider's form: where a body goes, how it is written, how its answer is read.

    `key_headers` names the headers that hold the key, None for OpenAI's own.
    """

    path: Callable[[Body], str]
    write: Callable[[Body], Body]
    read: Callable[[bytes, Body], Reply]
    key_headers: Callable[[str], dict[str, str]] | None = None


FORMS: dict[ProtocolName, ChatForm] = {
    "openai": ChatForm(openai_form.completion_path, dict, openai_form.parse_reply),
    "anthropic": ChatForm(
        lambda body: "/messages",
        anthropic_form.write_message,
        anthropic_form.read_message,
        anthropic_form.message_headers,
    ),
    "gemini": ChatForm(
        gemini_form.content_path,
        gemini_form.write_content,
        gemini_form.read_candidate,
        gemini_form.content_headers,
    ),
}


class RequestSettings(Protocol):
    """What an entry of the model map says of its requests."""

    @property
    def protocol(self) -> ProtocolName: ...
    @property
    def max_tokens_field(self) -> str: ...
    @property
    def drop_params(self) -> Sequence[str]: ...
    @property
    def system_role(self) -> SystemRole: ...
    @property
    def extra_body(self) -> Mapping[str, Any]: ...


def most_tokens(default: int, settings: RequestSettings) -> int:
    """Say how many tokens a reply may take: an entry's own fields go before the run's."""
    given = settings.extra_body.get(settings.max_tokens_field)
    return given if isinstance(given, int) else default


def written_body(body: Body, settings: RequestSettings) -> Body:
    """Write the body of a request as its model wants it.

    Raises RunRefused where a provider has no such request.
    """
    if "prompt" in body and settings.protocol != "openai":
        raise RunRefused(f"protocol '{settings.protocol}' has no completions of plain texts")
    asked = {name: value for name, value in body.items() if name not in settings.drop_params}
    if "messages" in asked and settings.system_role != "system":
        asked["messages"] = _without_system(asked["messages"], settings.system_role)
    written = FORMS[settings.protocol].write(asked)
    field = settings.max_tokens_field
    if field != "max_tokens" and "max_tokens" in written:
        written[field] = written.pop("max_tokens")
    # What `most_tokens` has read is in the body, and a longer reply may be asked for.
    own = {k: v for k, v in settings.extra_body.items() if k != field or not isinstance(v, int)}
    return _patched(written, own)


def _without_system(messages: list[dict[str, str]], role: SystemRole) -> list[dict[str, str]]:
    """Give the system text another role; as a user's it goes before the first question."""
    if role == "developer":
        return [{**m, "role": role} if m["role"] == "system" else m for m in messages]
    texts = [each["content"] for each in messages if each["role"] == "system"]
    others = [each for each in messages if each["role"] != "system"]
    if not texts:
        return others
    if not others or others[0]["role"] != "user":
        return [{"role": "user", "content": "\n\n".join(texts)}, *others]
    first = {**others[0], "content": "\n\n".join([*texts, others[0]["content"]])}
    return [first, *others[1:]]


def _patched(body: Body, changes: Mapping[str, Any]) -> Body:
    """Merge changes into a body, level by level; null takes a field out (RFC 7396)."""
    merged = dict(body)
    for name, value in changes.items():
        if value is None:
            merged.pop(name, None)
        elif isinstance(value, Mapping):
            old = merged.get(name)
            merged[name] = _patched(old if isinstance(old, dict) else {}, value)
        else:
            merged[name] = value
    return merged
