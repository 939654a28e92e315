"""How much of an answer is read, so that one without end, or a bomb, takes a bounded room."""

from contextvars import ContextVar
from typing import Any

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
    bound, size = _bound.get(_OTHER_BYTES), 0
    pieces = []
    async for piece in response.aiter_bytes():
        size += len(piece)
        if size > bound:
            raise BodyTooLarge(f"the answer is longer than {bound:,} bytes")
        pieces.append(piece)
    response._content = b"".join(pieces)
