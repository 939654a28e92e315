"""How much of an answer is read, so that one without end, or a bomb, takes a bounded room."""

from collections.abc import AsyncIterable
from contextvars import ContextVar
from typing import Any

import aiohttp

CHUNK_BYTES = 16 << 10

_FRAME_BYTES = 1 << 20  # what goes around an answer
_TOKEN_BYTES = 256  # of a token's text, escaped, several times over
_LISTED_TOKEN_BYTES = 8 << 10  # with the likelihoods of others
_OTHER_BYTES = 64 << 20  # embeddings and scores, of which no request says how long they get

# The bound of the request that this task is sending.
_bound: ContextVar[int] = ContextVar("bound")


class BodyTooLarge(Exception):
    """An answer that is longer than any to its request can be."""


class ForeignRedirect(Exception):
    """An answer that would have the request, with what it holds, sent to another host."""


def bound_of(body: Any, asked_for: int | None = None) -> int:
    """Give the most bytes that the answer to a request may have, unpacked."""
    if asked_for is not None:
        return asked_for
    tokens = body.get("max_tokens") if isinstance(body, dict) else None
    if not isinstance(tokens, int):
        return _OTHER_BYTES
    each = _LISTED_TOKEN_BYTES if "logprobs" in body else _TOKEN_BYTES
    return _FRAME_BYTES + tokens * each


def set_bound(size: int) -> None:
    """Set the bound of what this task reads next."""
    _bound.set(size)


async def read_bounded(response: Any) -> None:
    """Read a response while it is unpacked, and stop at its bound: for the transport to call."""
    if response.has_redirect_location:
        here, there = response.url, response.url.join(response.headers["location"])
        if there.host != here.host or (here.scheme, there.scheme) == ("https", "http"):
            raise ForeignRedirect(f"redirects to another host, {there.host!r}")
    response._content = await _joined(response.aiter_bytes(), _bound.get(_OTHER_BYTES))


async def read_plain(content: aiohttp.StreamReader, bound: int) -> bytes:
    """Read an answer that is not packed, and stop at its bound."""
    return await _joined(content.iter_chunked(CHUNK_BYTES), bound)


async def _joined(stream: AsyncIterable[bytes], bound: int) -> bytes:
    size, pieces = 0, []
    async for piece in stream:
        size += len(piece)
        if size > bound:
            raise BodyTooLarge(f"the answer is longer than {bound:,} bytes")
        pieces.append(piece)
    return b"".join(pieces)
