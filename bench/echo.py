"""The floor: the same framework with nothing behind it. A WebSocket or a POST comes back as it went.

python -m bench.echo PORT
"""

from __future__ import annotations

import asyncio
import sys

from aiohttp import web

from bench.loop import run


async def socket(request: web.Request) -> web.StreamResponse:
    answer = web.WebSocketResponse(heartbeat=30, compress=False)
    await answer.prepare(request)
    async for message in answer:
        await answer.send_str(message.data)
    return answer


async def post(request: web.Request) -> web.StreamResponse:
    return web.Response(body=await request.read())


async def serve(port: int) -> None:
    app = web.Application()
    app.add_routes([web.get("/", socket), web.post("/", post)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    run(serve(int(sys.argv[1])))
