"""A Zebra that dials in and only keeps what it is sent: one document for each ping that asks whether it has read it.

Written from the protocol's description; knows no ZPL and answers no question. For more see fanfold.simulate.weblink.
"""

from __future__ import annotations

import asyncio
import base64
import json
import struct
from collections.abc import Coroutine
from types import TracebackType
from typing import Any, Self

from aiohttp import ClientError, ClientSession, ClientWebSocketResponse, WSMsgType

SUBPROTOCOL = "v1.weblink.zebra.com"
RETRY_S = 0.05


def packet(serial: str) -> str:
    """Return a discovery packet of the shortest kind that names the printer, in base64."""
    data = bytearray(struct.pack(">3sBB", b"\x3a\x2c\x2e", 4, 0).ljust(396, b"\0"))
    data[8:11] = b"ZBR"
    data[76 : 76 + 22] = b"ZTC ZD620-203dpi ZPL\0\0"
    data[188 : 188 + len(serial)] = serial.encode()
    return base64.b64encode(data).decode()


class WeblinkSink:
    """Dials while its context is open. `documents` came whole; `pieces` broke off."""

    def __init__(self, url: str, serial: str) -> None:
        self.url, self.serial = url, serial
        self.documents: list[bytes] = []
        self.pieces: list[bytes] = []
        self.on = True
        self._news = asyncio.Condition()
        self._lines: set[ClientWebSocketResponse] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._client = ClientSession()
        self._do(self._stay())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._client.close()

    async def ended(self, count: int) -> list[bytes]:
        """Wait until so many documents came whole; return them all."""
        async with self._news:
            await self._news.wait_for(lambda: len(self.documents) >= count)
        return list(self.documents)

    async def switch_off(self) -> None:
        """Hang up and dial no more."""
        self.on = False
        for line in tuple(self._lines):
            await line.close()

    async def switch_on(self) -> None:
        """Dial again."""
        self.on = True

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _stay(self) -> None:
        while True:
            if self.on:
                await self._dial({"discovery_b64": packet(self.serial)})
            await asyncio.sleep(RETRY_S)

    async def _dial(self, hello: dict[str, str]) -> None:
        try:
            line = await self._client.ws_connect(
                self.url, protocols=(SUBPROTOCOL,), autoping=False, max_msg_size=0, compress=0
            )
        except (ClientError, OSError):
            return
        self._lines.add(line)
        try:
            await line.send_bytes(json.dumps(hello).encode())
            await (self._main(line) if "discovery_b64" in hello else self._raw(line))
        except (ClientError, OSError):
            pass
        finally:
            self._lines.discard(line)
            await line.close()

    async def _main(self, line: ClientWebSocketResponse) -> None:
        async for message in line:
            if message.type is WSMsgType.PING:
                await line.pong(message.data)
            elif message.type is WSMsgType.BINARY and (name := json.loads(message.data).get("open")):
                self._do(self._dial({"channel_name": name, "channel_id": "1", "unique_id": self.serial}))

    async def _raw(self, line: ClientWebSocketResponse) -> None:
        came = bytearray()
        try:
            async for message in line:
                if message.type is WSMsgType.BINARY:
                    assert len(message.data) <= 4096
                    came += message.data
                elif message.type is WSMsgType.PING:
                    if came:
                        await self._keep(bytes(came))
                        came.clear()
                    await line.pong(message.data)
        finally:
            if came:
                self.pieces.append(bytes(came))

    async def _keep(self, document: bytes) -> None:
        async with self._news:
            self.documents.append(document)
            self._news.notify_all()
