"""A server for simulated Weblink printers to dial, as plain as can be: aiohttp, and what it heard."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import WSMessage, WSMsgType, web
from aiohttp.web_ws import WebSocketResponse

SUBPROTOCOL = "v1.weblink.zebra.com"


@dataclass(eq=False)
class Call:
    """One connection of a printer: what it said, and a way to talk to it."""

    ws: WebSocketResponse
    request: web.Request
    first: bytes = b""
    messages: list[bytes] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    pings: list[bytes] = field(default_factory=list)
    pongs: list[bytes] = field(default_factory=list)
    closed: int | None = None

    @property
    def introduction(self) -> dict[str, str]:
        said = json.loads(self.first)
        assert isinstance(said, dict)
        return said

    @property
    def kind(self) -> str:
        return self.introduction.get("channel_name", "main").split(".")[1] if b"channel_name" in self.first else "main"

    async def say(self, said: object) -> None:
        await self.ws.send_bytes(json.dumps(said).encode())

    async def send(self, data: bytes) -> None:
        await self.ws.send_bytes(data)

    @property
    def all(self) -> bytes:
        """Everything behind the first message."""
        return b"".join(self.messages)


class Desk:
    """The server's side: its calls, and waiting for what they say."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.requests: list[web.Request] = []
        self.url = ""
        self.pongs = True
        self.says_length = True
        self.gate: Callable[[web.Request], web.StreamResponse | None] = lambda _: None
        self._news = asyncio.Event()

    def tell(self) -> None:
        self._news.set()
        self._news = asyncio.Event()

    async def until(self, so: Callable[[], bool]) -> None:
        while not so():
            await self._news.wait()

    async def call(self, number: int = 1) -> Call:
        """Return the so-manieth call that has said its first message."""
        await self.until(lambda: len(self._spoken()) >= number)
        return self._spoken()[number - 1]

    def _spoken(self) -> list[Call]:
        return [call for call in self.calls if call.first]

    async def open(self, main: Call, kind: str = "raw") -> Call:
        """Ask for a channel and return it."""
        count = len(self._spoken())
        await main.say({"open": f"v1.{kind}.zebra.com"})
        return await self.call(count + 1)

    async def pong(self, call: Call, data: bytes = b"there?") -> None:
        """Ping, and wait for its pong."""
        await call.ws.ping(data)
        await self.until(lambda: data in call.pongs)

    async def answer(self, call: Call, asked: bytes, enough: Callable[[bytes], bool]) -> bytes:
        """Ask on a channel and return the answer when there is enough of it."""
        call.messages.clear()
        await call.send(asked)
        await self.until(lambda: enough(call.all))
        return call.all

    async def serve(self, request: web.Request) -> web.StreamResponse:
        self.requests.append(request)
        self.tell()
        if (refused := self.gate(request)) is not None:
            return refused
        ws = WebSocketResponse(protocols=[SUBPROTOCOL], compress=False, max_msg_size=0, autoping=False)
        await ws.prepare(request)
        call = Call(ws, request)
        self.calls.append(call)
        self.tell()
        async for message in ws:
            await self._hear(call, message)
            self.tell()
        call.closed = ws.close_code
        self.tell()
        return ws

    async def _hear(self, call: Call, message: WSMessage) -> None:
        match message.type:
            case WSMsgType.PING:
                call.pings.append(message.data)
                if self.pongs:
                    await call.ws.pong(message.data)
            case WSMsgType.PONG:
                call.pongs.append(message.data)
            case WSMsgType.TEXT:
                call.texts.append(message.data)
                call.first = call.first or message.data.encode()
            case _ if call.first:
                call.messages.append(message.data)
            case _:
                call.first = message.data

    async def put_length(self, _: web.Request, response: web.StreamResponse) -> None:
        if self.says_length and isinstance(response, WebSocketResponse):
            response.headers["Content-Length"] = "0"


@asynccontextmanager
async def desk(**options: object) -> AsyncIterator[Desk]:
    """Run a server on loopback; its `url` is where printers dial."""
    made = Desk()
    app = web.Application()
    app.on_response_prepare.append(made.put_length)
    app.router.add_get("/{path:.*}", made.serve)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, **options)  # type: ignore[arg-type]
    await site.start()
    scheme = "wss" if "ssl_context" in options else "ws"
    made.url = f"{scheme}://127.0.0.1:{runner.addresses[0][1]}/weblink"
    try:
        yield made
    finally:
        for call in made.calls:
            if not call.ws.closed:
                await call.ws.close()
        await runner.cleanup()
