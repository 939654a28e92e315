"""A chat server for measurements: every reply is 3 KB and comes after a fixed delay.

python -m bench.slow_server --delay 1.0        # prints its base URL
"""

import argparse
import asyncio
import json
import sys

from aiohttp import web

REPLY = json.dumps(
    {
        "id": "chatcmpl-bench",
        "object": "chat.completion",
        "created": 0,
        "model": "bench",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": "def f():\n    return 1\n" * 140},
                "finish_reason": "stop",
            }
        ],
        "usage": {"prompt_tokens": 900, "completion_tokens": 770, "total_tokens": 1670},
    }
).encode()


async def serve(delay: float) -> None:
    answered = 0

    async def answer(request: web.Request) -> web.Response:
        nonlocal answered
        await request.read()
        await asyncio.sleep(delay)
        answered += 1
        return web.Response(body=REPLY, content_type="application/json")

    async def tell(request: web.Request) -> web.Response:
        return web.Response(text=str(answered))

    app = web.Application()
    app.router.add_post("/v1/chat/completions", answer)
    app.router.add_get("/count", tell)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, backlog=4096)
    await site.start()
    sys.stdout.write(f"http://127.0.0.1:{runner.addresses[0][1]}/v1\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--delay", type=float, default=1.0)
    try:
        import uvloop

        uvloop.run(serve(parser.parse_args().delay))
    except KeyboardInterrupt:
        pass
