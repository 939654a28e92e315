"""The stand-in model behind the HTTP interface of OpenAI's chat and plain completions."""

import asyncio
import hashlib
from typing import Any

from aiohttp import web

from offline_model.answers import answer, count_tokens
from offline_model.conversation import (
    BadRequest,
    Conversation,
    read_completion,
    read_conversation,
)
from offline_model.misbehaviour import Answer
from utils.jsonl import dump_row, load_row

MODEL = "offline"
# A constant, so that equal requests get equal bytes.
CREATED = 1_735_689_600
LARGEST_BODY = 64 * 2**20  # bytes

SHARE = web.AppKey("misbehave_share", float)
DELAY = web.AppKey("delay", float)


def make_app(misbehave_share: float, delay: float) -> web.Application:
    """Build the application; `delay` is in seconds and held before every answer."""
    app = web.Application(client_max_size=LARGEST_BODY, middlewares=[errors_as_json])
    app[SHARE] = misbehave_share
    app[DELAY] = delay
    app.router.add_post("/v1/chat/completions", chat_completions)
    app.router.add_post("/v1/completions", completions)
    app.router.add_get("/v1/models", models)
    return app


async def chat_completions(request: web.Request) -> web.Response:
    conversation = read_conversation(await _body(request))
    found = answer(conversation, request.app[SHARE])
    await _hold(request)
    message = {"role": "assistant", "content": found.text}
    return _json(_completion(conversation, found, "chat.completion", {"message": message}))


async def completions(request: web.Request) -> web.Response:
    conversation = read_completion(await _body(request))
    found = answer(conversation, request.app[SHARE])
    await _hold(request)
    return _json(_completion(conversation, found, "text_completion", {"text": found.text}))


async def _body(request: web.Request) -> Any:
    try:
        return load_row(await request.read())
    except ValueError as error:
        raise BadRequest(f"the body is not JSON: {error}") from None


async def _hold(request: web.Request) -> None:
    if request.app[DELAY]:
        await asyncio.sleep(request.app[DELAY])


async def models(request: web.Request) -> web.Response:
    model = {"id": MODEL, "object": "model", "created": CREATED, "owned_by": "editloom"}
    return _json({"object": "list", "data": [model]})


@web.middleware
async def errors_as_json(request: web.Request, handler: Any) -> web.StreamResponse:
    """Answer mistakes of the client in OpenAI's form."""
    try:
        return await handler(request)
    except BadRequest as error:
        return _error(400, str(error), error.parameter)
    except web.HTTPClientError as error:
        return _error(error.status, f"{request.method} {request.path}: {error.reason}", None)


def _completion(
    conversation: Conversation, found: Answer, sort: str, content: dict[str, Any]
) -> dict[str, Any]:
    """Build the body of a response; `content` is where the two endpoints differ."""
    asked = count_tokens(conversation.prompt_characters)
    answered = count_tokens(len(found.text))
    choice = {"index": 0, **content, "logprobs": None, "finish_reason": found.finish_reason}
    key = f"{conversation.seed} {conversation.round} {found.text}"
    return {
        "id": f"{'chatcmpl' if 'message' in content else 'cmpl'}-{_digest(key)}",
        "object": sort,
        "created": CREATED,
        "model": conversation.model,
        "choices": [choice],
        "usage": {
            "prompt_tokens": asked,
            "completion_tokens": answered,
            "total_tokens": asked + answered,
        },
    }


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:24]


def _error(status: int, message: str, parameter: str | None) -> web.Response:
    error = {
        "message": message,
        "type": "invalid_request_error",
        "param": parameter,
        "code": None,
    }
    return _json({"error": error}, status)


def _json(body: dict[str, Any], status: int = 200) -> web.Response:
    return web.Response(body=dump_row(body), status=status, content_type="application/json")
