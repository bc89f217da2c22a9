"""The floor of printers that dial in: the same framework with TLS, which asks each for its second line, and no more.

python -m bench.weblink_floor PORT FOLDER [plain]
"""

from __future__ import annotations

import asyncio
import ssl
import sys
from pathlib import Path

from aiohttp import WSMsgType, web

from bench.loop import run
from fanfold.app import allow_files

OPEN_FILES = 65_536
BACKLOG = 4096


async def line(request: web.Request) -> web.StreamResponse:
    answer = web.WebSocketResponse(protocols=("v1.weblink.zebra.com",), compress=False)
    await answer.prepare(request)
    async for message in answer:
        if message.type is WSMsgType.BINARY and b"discovery_b64" in message.data:
            await answer.send_bytes(b'{"open": "v1.raw.zebra.com"}')
    return answer


async def serve(port: int, folder: Path) -> None:
    allow_files(OPEN_FILES)
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    app = web.Application()
    app.add_routes([web.get("/", line)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port, ssl_context=tls, backlog=BACKLOG).start()
    print("listening", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    served = serve(int(sys.argv[1]), Path(sys.argv[2]))
    if sys.argv[3:] == ["plain"]:
        asyncio.run(served)
    else:
        run(served)
