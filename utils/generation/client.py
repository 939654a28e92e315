"""One request over the `openai` client: sent once, failures told apart by who is to blame.

The client's own retries are off, since retrying belongs to the sender, which sees all requests. Its
typed response objects are skipped (`cast_to` the raw response): they cost more CPU than the rest.
"""

import asyncio
import base64
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from math import isfinite
from time import time
from typing import Any, NamedTuple, TypeVar

import aiohttp
import httpx2
from openai import (
    APIConnectionError,
    APIStatusError,
    AsyncOpenAI,
    DefaultAioHttpClient,
    Omit,
)

from utils.files.redactor import (
    keep_secret,
    note_address,
    redacted,
    redacted_bytes,
    worded_address,
)
from utils.jsonl import dump_row
from utils.providers.blame import Blame, find_sign
from utils.providers.bounds import (
    CHUNK_BYTES,
    BodyTooLarge,
    ForeignRedirect,
    bound_of,
    read_bounded,
    read_plain,
    set_bound,
)
from utils.providers.error_bodies import (
    LONGEST_SAYING,
    ServerError,
    cleaned,
    find_error,
    read_error,
)
from utils.providers.replies import UNREADABLE, PassingError, RequestRefused, RunRefused

Parsed = TypeVar("Parsed")

THROTTLED_STATUSES = {429, 503}
# Idle connections are dropped before most servers and balancers would drop them (60 s and up).
KEEP_ALIVE_SECONDS = 30.0
CONNECT_SECONDS = 30.0


class _Like(NamedTuple):
    """What all requests to a path have in common."""

    session: aiohttp.ClientSession
    url: str
    headers: dict[str, str]


class Client:
    """Sends requests to one base URL.

    `timeout` bounds a whole request in seconds, so that a trickling server can't hold a slot.
    `key_headers` hold the key where a provider has other headers for it than OpenAI's.
    """

    def __init__(
        self,
        base_url: str,
        key: str,
        connections: int,
        timeout: float,
        key_headers: dict[str, str] | None = None,
        max_response_bytes: int | None = None,
    ) -> None:
        keep_secret(key)
        note_address(base_url)
        self.base_url = worded_address(base_url)
        self._max_response_bytes = max_response_bytes
        self._timeout = timeout
        address = httpx2.URL(base_url)
        loopback = address.host in ("127.0.0.1", "localhost", "::1")
        self._options: Any = {"headers": _authorization(address, key_headers)}
        self._http = DefaultAioHttpClient(
            # Both transports throttle at 100 connections unless told otherwise.
            limits=httpx2.Limits(
                max_connections=connections,
                max_keepalive_connections=connections,
                keepalive_expiry=KEEP_ALIVE_SECONDS,
            ),
            timeout=timeout,
            event_hooks={"response": [read_bounded]},
            trust_env=not loopback,  # a proxy can't reach this machine's loopback
        )
        self._time_limits = aiohttp.ClientTimeout(
            total=timeout, sock_connect=min(timeout, CONNECT_SECONDS)
        )
        self._like: dict[str, _Like] = {}  # by path
        self._client = AsyncOpenAI(
            # The transport takes no user beside a header, nor the client a query in a base.
            base_url=address.copy_with(userinfo=b"", query=None, fragment=None),
            default_query=dict(address.params),
            api_key=key,
            max_retries=0,
            timeout=httpx2.Timeout(timeout, connect=min(timeout, CONNECT_SECONDS)),
            http_client=self._http,
        )

    async def post(self, path: str, body: Any) -> bytes:
        """Send one request to a path below the base and return the body of its answer.

        Raises PassingError, RequestRefused or RunRefused.
        """
        bound = bound_of(body, self._max_response_bytes)
        set_bound(bound)
        # Serialised here, since the client's own way stops at a lone surrogate.
        content = dump_row(body)
        try:
            response = await self._posted(path, content, bound)
        except (
            *(TimeoutError, APIConnectionError, httpx2.HTTPError, aiohttp.ClientError),
            *(BodyTooLarge, ForeignRedirect),
        ) as error:
            raise self._connection_error(error) from None
        except APIStatusError as error:
            raise self._status_error(error.response) from None
        if isinstance(response, bytes):
            return redacted_bytes(response)
        if response.is_error:
            raise self._status_error(response)
        return redacted_bytes(response.content)

    async def _posted(self, path: str, content: bytes, bound: int) -> bytes | httpx2.Response:
        if (like := self._like.get(path)) is not None:
            return await self._post_like(like, content, bound)
        return await self._post_first(path, content)

    async def _post_first(self, path: str, content: bytes) -> httpx2.Response:
        """Send the first request to a path by the client, which makes its URL and headers."""
        async with asyncio.timeout(self._timeout):
            response = await self._client.post(
                path, cast_to=httpx2.Response, content=content, options=self._options
            )
        request = response.history[0].request if response.history else response.request
        transport: Any = self._http._transport_for_url(request.url)
        if transport.proxy is None:
            headers = dict(request.headers)
            del headers["content-length"]
            self._like[path] = _Like(transport.client, str(request.url), headers)
        return response

    async def _post_like(self, like: _Like, content: bytes, bound: int) -> bytes | httpx2.Response:
        """Send a request like the first one over the client's own connections.

        What the client makes anew for each took more of the processor than all else together. An
        answer that is not plain is the client's to read again: packed, an error, or a redirect.
        """
        async with like.session.post(
            like.url,
            data=content,
            headers=like.headers,
            allow_redirects=False,
            auto_decompress=False,
            timeout=self._time_limits,
        ) as answer:
            if answer.status == HTTPStatus.OK and "Content-Encoding" not in answer.headers:
                return await read_plain(answer.content, bound)
            response = httpx2.Response(
                answer.status,
                headers=answer.raw_headers,
                content=answer.content.iter_chunked(CHUNK_BYTES),
                request=httpx2.Request("POST", like.url),
            )
            await read_bounded(response)
        if response.has_redirect_location:
            request = httpx2.Request("POST", like.url, headers=like.headers, content=content)
            async with asyncio.timeout(self._timeout):
                return await self._http.send(request)
        return response

    def read(self, content: bytes, parse: Callable[[bytes], Parsed]) -> Parsed:
        """Read an answer; an error that came as a success is told like one, in the server's words.

        Raises PassingError, RequestRefused or RunRefused.
        """
        try:
            return parse(content)
        except PassingError as error:
            may_be_error = error.usage is None or error.cause == UNREADABLE
            if may_be_error and (found := find_error(content)) is not None:
                raise self._refusal(found.status or 200, found, found.wait) from None
            if error.cause != UNREADABLE:
                raise
            said = self._said(content[: 1 << 16].decode("utf-8", "replace"))
            raise PassingError(
                error.cause, f"{error}: {said}" if said else str(error), usage=error.usage
            ) from None

    async def close(self) -> None:
        await self._client.close()

    def _said(self, text: str) -> str:
        """Give the beginning of what a server said; the key, which servers like to quote, is out.

        It is taken out before the text is cut: half a key is too much as well.
        """
        return cleaned(redacted(text))[:LONGEST_SAYING]

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
        text = f"{self.base_url}: {type(chain[-1]).__name__}: {chain[-1]}"
        return PassingError("connection", self._said(text))

    def _status_error(self, response: httpx2.Response) -> Exception:
        found = read_error(response.content)
        wait = retry_after_seconds(response.headers)
        return self._refusal(response.status_code, found, found.wait if wait is None else wait)

    def _refusal(self, status: int, error: ServerError, wait: float | None) -> Exception:
        """Make of a server's error what is to be done about it."""
        sign = find_sign(status, error.codes, error.message)
        text = f"HTTP {status}: {self._said(error.message or error.codes)}"
        match sign.blame:
            case Blame.ACCOUNT:
                return RunRefused(f"{self.base_url}: {text}{sign.hint and '; '}{sign.hint}")
            case Blame.MOMENT:
                throttled = status in THROTTLED_STATUSES
                return PassingError(str(status), text, wait, throttled=throttled)
            case _:
                return RequestRefused(text, is_unknown=sign.blame is Blame.UNKNOWN)


def _authorization(address: httpx2.URL, key_headers: dict[str, str] | None) -> dict[str, Any]:
    """Give the headers by which a server knows who asks: a user of the address goes before a key.

    A provider may have headers of its own for a key.
    """
    if address.userinfo:
        user = f"{address.username}:{address.password}".encode()
        named = {"Authorization": f"Basic {base64.b64encode(user).decode()}"}
        return {**named, **(key_headers or {})}
    return {"Authorization": Omit(), **key_headers} if key_headers else {}


def retry_after_seconds(headers: Mapping[str, str]) -> float | None:
    """Read `retry-after-ms` or `Retry-After` (seconds or an HTTP date), in seconds."""
    milliseconds = _number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return max(0.0, milliseconds / 1000)
    value = headers.get("retry-after")
    seconds = _number((value or "").strip().removesuffix("s"))  # some write `1s`
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
