"""One request over the `openai` client: sent once, failures told apart; and completions parsed.

The client's own retries are off, since retrying belongs to the sender, which sees all requests. Its
typed response objects are skipped (`cast_to` the raw response): they cost more CPU than the rest.
"""

import asyncio
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from math import isfinite
from time import time
from typing import Any

import aiohttp
import httpx2
import orjson
from openai import (
    APIConnectionError,
    APIStatusError,
    AsyncOpenAI,
    DefaultAioHttpClient,
)

from utils.bounds import BodyTooLarge, ForeignRedirect, bound_of, read_bounded, set_bound
from utils.generation.replies import (
    PassingError,
    Reply,
    RequestRefused,
    RunRefused,
    Usage,
    is_token_count,
)
from utils.jsonl import dump_row, load_row

PASSING_STATUSES = {408, 409, 425, 429}
# What to look at when every request would be refused alike.
REFUSED_RUN_HINTS = {
    401: "check the key",
    402: "check the account's credit",
    403: "check what the key may do",
    404: "check 'base' and 'model' in the model map",
}
THROTTLED_STATUSES = {429, 503}
CHARACTERS_PER_TOKEN = 4  # a rough mean over English and code, for estimates that say so
# Idle connections are dropped before most servers and balancers would drop them (60 s and up).
KEEP_ALIVE_SECONDS = 30.0
CONNECT_SECONDS = 30.0
LONGEST_MESSAGE = 500  # characters of a server's error that are passed on


class Client:
    """Sends requests to one base URL.

    `timeout` bounds a whole request in seconds, so that a trickling server can't hold a slot.
    """

    def __init__(
        self,
        base_url: str,
        key: str,
        connections: int,
        timeout: float,
        max_response_bytes: int | None = None,
    ) -> None:
        self.base_url = base_url
        self._max_response_bytes = max_response_bytes
        self._key = key
        self._timeout = timeout
        loopback = httpx2.URL(base_url).host in ("127.0.0.1", "localhost", "::1")
        self._client = AsyncOpenAI(
            base_url=base_url,
            api_key=key,
            max_retries=0,
            timeout=httpx2.Timeout(timeout, connect=min(timeout, CONNECT_SECONDS)),
            http_client=DefaultAioHttpClient(
                # Both transports throttle at 100 connections unless told otherwise.
                limits=httpx2.Limits(
                    max_connections=connections,
                    max_keepalive_connections=connections,
                    keepalive_expiry=KEEP_ALIVE_SECONDS,
                ),
                timeout=timeout,
                event_hooks={"response": [read_bounded]},
                trust_env=not loopback,  # a proxy can't reach this machine's loopback
            ),
        )

    async def post(self, path: str, body: Any) -> bytes:
        """Send one request to a path below the base and return the body of its answer.

        Raises PassingError, RequestRefused or RunRefused.
        """
        set_bound(bound_of(body, self._max_response_bytes))
        try:
            async with asyncio.timeout(self._timeout):
                # Serialised here, since the client's own way stops at a lone surrogate.
                response = await self._client.post(
                    path, cast_to=httpx2.Response, content=dump_row(body)
                )
        except (
            *(TimeoutError, APIConnectionError, aiohttp.ClientError),
            *(BodyTooLarge, ForeignRedirect),
        ) as error:
            raise self._connection_error(error) from None
        except APIStatusError as error:
            raise self._status_error(error) from None
        return response.content

    async def close(self) -> None:
        await self._client.close()

    def redact(self, text: str) -> str:
        """Take the key out of a text; servers like to quote it in their errors."""
        text = text.replace(self._key, "***") if len(self._key) > 4 else text
        # A terminal would obey what a server writes.
        return "".join(each if each.isprintable() or each.isspace() else "?" for each in text)

    def _connection_error(self, error: BaseException) -> Exception:
        # The transport reports a dropped connection as a timeout; what lies beneath tells.
        chain = [error]
        while (cause := chain[-1].__cause__) is not None:
            chain.append(cause)
        if isinstance(chain[-1], ForeignRedirect):
            return RunRefused(f"{self.base_url}: {chain[-1]}; name what answers in 'base'")
        if isinstance(chain[-1], BodyTooLarge):
            return RequestRefused(f"{chain[-1]}; raise --max_response_bytes if that may be")
        if any(isinstance(each, TimeoutError) for each in chain):
            return PassingError("timeout", f"{self.base_url}: no answer in {self._timeout:g} s")
        text = self.redact(f"{self.base_url}: {type(chain[-1]).__name__}: {chain[-1]}")
        return PassingError("connection", " ".join(text.split())[:LONGEST_MESSAGE])

    def _status_error(self, error: APIStatusError) -> Exception:
        status = error.status_code
        code, message = error_details(error.response.content)
        # Redacted before it is cut: half a key is too much as well.
        text = f"HTTP {status}: {self.redact(message)[:LONGEST_MESSAGE]}"
        if is_refused_run(status, code, message):
            hint = REFUSED_RUN_HINTS.get(status)
            return RunRefused(f"{self.base_url}: {text}{'; ' + hint if hint else ''}")
        if status in PASSING_STATUSES or status >= 500:
            wait = retry_after_seconds(error.response.headers)
            return PassingError(str(status), text, wait, throttled=status in THROTTLED_STATUSES)
        return RequestRefused(text)


def error_details(content: bytes) -> tuple[str, str]:
    """Read (code, message) out of an error body of any of the usual shapes."""
    try:
        body = load_row(content)
    except ValueError:
        body = None
    error = body.get("error", body) if isinstance(body, dict) else body
    if isinstance(error, dict):
        code = str(error.get("code") or error.get("type") or "")
        message = str(error.get("message") or error.get("detail") or error)
    else:
        code, message = "", content.decode("utf-8", "replace") if error is None else str(error)
    return code, " ".join(message.split())


def is_refused_run(status: int, code: str, message: str) -> bool:
    """Ask whether an error would meet every request alike: key, model, credit."""
    says = f"{code} {message}".lower()
    if status in REFUSED_RUN_HINTS or "insufficient_quota" in says:
        return True
    unknown = ("not exist", "not found", "not_found", "unknown model", "invalid model")
    return status in (400, 422) and "model" in says and any(word in says for word in unknown)


def retry_after_seconds(headers: Mapping[str, str]) -> float | None:
    """Read `retry-after-ms` or `Retry-After` (seconds or an HTTP date), in seconds."""
    milliseconds = _number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return max(0.0, milliseconds / 1000)
    value = headers.get("retry-after")
    seconds = _number(value)
    if seconds is not None:
        return max(0.0, seconds)
    try:
        return max(0.0, parsedate_to_datetime(value or "").timestamp() - time())
    except (ValueError, OverflowError):
        return None


def _number(text: str | None) -> float | None:
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if isfinite(number) else None


def completion_path(body: dict[str, Any]) -> str:
    """Give the path that a body with `messages`, or with a plain `prompt`, goes to."""
    return "/completions" if "prompt" in body else "/chat/completions"


def parse_reply(content: bytes, body: dict[str, Any]) -> Reply:
    """Turn a response body into a Reply; an unreadable or empty one raises PassingError."""
    try:
        answer = orjson.loads(content)
    except orjson.JSONDecodeError:
        try:
            answer = load_row(content)  # lone surrogates
        except ValueError:
            raise PassingError("unparseable", "the response body is not JSON") from None
    try:
        choice = answer["choices"][0]
        message = {"content": choice["text"]} if "prompt" in body else choice["message"]
        finish_reason = choice.get("finish_reason") or "unknown"
        text = message.get("content")
    except (KeyError, IndexError, TypeError, AttributeError):
        raise PassingError("unparseable", "the response body holds no choices") from None
    if not text and finish_reason == "stop":
        # Reasoning models behind some servers put the whole answer there.
        text = message.get("reasoning_content") or message.get("reasoning")
    usage = answer.get("usage")
    if "prompt" in body and message["content"] == "" and finish_reason == "stop":
        return Reply("", finish_reason, parse_usage(usage, body, ""))  # nothing is to be added
    if not isinstance(text, str) or not text.strip():
        if finish_reason == "content_filter":
            raise RequestRefused("content_filter: the server withheld the answer")
        raise PassingError(
            "empty",
            f"empty answer (finish_reason {finish_reason})",
            usage=parse_usage(usage, body, "") if usage else None,
        )
    return Reply(text, finish_reason, parse_usage(usage, body, text))


def parse_usage(usage: Any, body: dict[str, Any], text: str) -> Usage:
    """Read the server's token counts; estimate them, and say so, where there are no sound ones."""
    guess = Usage(
        guess_prompt_tokens(asked_messages(body)),
        len(text) // CHARACTERS_PER_TOKEN + 1,
        estimated=True,
    )
    try:
        details = usage.get("prompt_tokens_details") or {}
        cached = details.get("cached_tokens") or usage.get("prompt_cache_hit_tokens") or 0
        counts = (usage["prompt_tokens"], usage["completion_tokens"], cached)
        if not all(map(is_token_count, counts)) or cached > counts[0]:
            return guess
        prompt_tokens, completion_tokens, cached_tokens = map(int, counts)
        return Usage(prompt_tokens, completion_tokens, cached_tokens, guess=guess)
    except (KeyError, TypeError, AttributeError):
        return guess


def asked_messages(body: dict[str, Any]) -> list[dict[str, str]]:
    """List the messages of a request; a plain prompt counts as one."""
    return [{"content": body["prompt"]}] if "prompt" in body else body["messages"]


def guess_prompt_tokens(messages: list[dict[str, str]]) -> int:
    """Guess the prompt tokens of a request from its length."""
    return sum(len(message["content"]) for message in messages) // CHARACTERS_PER_TOKEN + 1
