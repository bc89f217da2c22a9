"""Those who print: tills by the native API, pages by PrinterWebSocket. A ledger keeps what they were told."""

from __future__ import annotations

import asyncio
import base64
import json
import random
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import aiohttp

from tests.crash.checker import Ledger
from tests.crash.gateway import Gateway
from tests.crash.paper import Label

LARGE_BYTES = 300 * 1024
"""Kept as a file beside the store."""
GIVES_UP = 0.3
"""How likely somebody whose connection broke lets it be."""
PAUSE_S = 0.06
"""A client's longest pause between two labels: load, but not the machine's last breath."""

BROKEN = (aiohttp.ClientError, OSError, EOFError)


@dataclass
class Crowd:
    """What all clients share. `over` ends them; each then finishes what it has begun."""

    gateway: Gateway
    printers: Sequence[str]
    rng: random.Random
    ledger: Ledger = field(default_factory=Ledger)
    over: asyncio.Event = field(default_factory=asyncio.Event)

    def next_label(self, client: str, number: int) -> tuple[Label, str]:
        """Return a new label and the printer that it shall come out of."""
        size_bytes = LARGE_BYTES + number if self.rng.random() < 0.06 else self.rng.randrange(100, 4000)
        label = Label(f"{client}-{number}", size_bytes, self.rng.choice((1, 1, 1, 2, 3)))
        return self.ledger.paper.offer(label), self.rng.choice(self.printers)

    async def pause(self) -> bool:
        """Pace a client; tell whether it shall go on."""
        await asyncio.sleep(self.rng.uniform(0, PAUSE_S))
        await self.gateway.up.wait()
        return not self.over.is_set()


async def till(crowd: Crowd, client: str) -> None:
    """Print with a key; when the connection breaks, ask again with the same key, or let it be."""
    async with aiohttp.ClientSession(headers=crowd.gateway.headers) as web:
        for number in count():
            if not await crowd.pause():
                return
            label, printer = crowd.next_label(client, number)
            submit = crowd.rng.choice((submit_raw, submit_json))
            while True:
                try:
                    crowd.ledger.acknowledge(label, await submit(web, crowd.gateway.url, label, printer))
                    break
                except BROKEN:
                    if crowd.rng.random() < GIVES_UP:
                        break
                    await crowd.gateway.up.wait()


async def submit_raw(web: aiohttp.ClientSession, url: str, label: Label, printer: str) -> str:
    """Send the bytes as they are; return the job's id."""
    headers = {"Idempotency-Key": label.name, "Content-Type": "application/vnd.zebra-zpl"}
    async with web.post(f"{url}/v1/printers/{printer}/jobs", data=label.data, headers=headers) as answer:
        return _job_id(answer.status, await answer.json(content_type=None))


async def submit_json(web: aiohttp.ClientSession, url: str, label: Label, printer: str) -> str:
    """Send the bytes within JSON, and wait a little for the printer; return the job's id."""
    data = base64.b64encode(label.data).decode()
    ask = {"printer": printer, "data": data, "key": label.name, "wait": "delivered", "wait_s": 0.5}
    async with web.post(f"{url}/v1/jobs", json=ask) as answer:
        return _job_id(answer.status, await answer.json(content_type=None))


async def caller(crowd: Crowd, client: str) -> None:
    """A till that keeps one WebSocket of the native API open, and tells its key at each call."""
    async with aiohttp.ClientSession(headers=crowd.gateway.headers) as web:
        number = count()
        open_label: tuple[Label, str] | None = None
        while await crowd.pause():
            with suppress(*BROKEN):
                async with web.ws_connect(f"{crowd.gateway.url}/v1/ws", protocols=("fanfold.v1",)) as socket:
                    while open_label or await crowd.pause():
                        label, printer = open_label = open_label or crowd.next_label(client, next(number))
                        crowd.ledger.acknowledge(label, await _call(socket, label, printer))
                        open_label = None
            if crowd.rng.random() < GIVES_UP:
                open_label = None


async def _call(socket: aiohttp.ClientWebSocketResponse, label: Label, printer: str) -> str:
    params = {"printer": printer, "text": label.data.decode(), "key": label.name}
    await socket.send_json({"id": label.name, "call": "jobs.submit", "params": params})
    answer = await _hear(socket)
    assert answer["id"] == label.name, answer
    if "error" in answer:
        return _job_id(answer["error"]["status"], answer["error"])
    return _job_id(201, answer["result"])


async def page(crowd: Crowd, client: str) -> None:
    """A web page: no key, never sends again, does not wait for one label before it sends the next."""
    async with aiohttp.ClientSession(headers=crowd.gateway.headers) as web:
        number = count()
        while await crowd.pause():
            with suppress(*BROKEN):
                async with web.ws_connect(crowd.gateway.url, origin="http://localhost") as socket:
                    talk = Talk(socket, crowd.ledger)
                    hearing = asyncio.create_task(talk.listen())
                    try:
                        while await crowd.pause() and not hearing.done():
                            await talk.print(*crowd.next_label(client, next(number)))
                        await talk.leave()
                        await hearing
                    finally:
                        hearing.cancel()
                        await asyncio.gather(hearing, return_exceptions=True)


class Talk:
    """One connection of a page."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, ledger: Ledger) -> None:
        self._socket, self._ledger = socket, ledger
        self._open: set[str] = set()
        self._leaving = False

    async def print(self, label: Label, printer: str) -> None:
        """Ask for a label."""
        self._open.add(label.name)
        params = {"printer": {"name": printer}, "data": [label.data.decode()]}
        await self._socket.send_json({"call": "print", "uid": label.name, "params": params})

    async def leave(self) -> None:
        """Go when it is known what became of everything that was asked for."""
        self._leaving = True
        await self._socket.send_json({"call": "server.version", "uid": ""})  # its answer wakes the listening

    async def listen(self) -> None:
        """Note what is told, until the page has left or the connection broken."""
        while self._open or not self._leaving:
            frame = await _hear(self._socket)
            if "job_id" in frame:
                self._ledger.acknowledge(self._ledger.paper.labels[frame["uid"]], frame["job_id"])
            if frame.get("status") in {"success", "error"}:
                self._ledger.told[frame["uid"]] = frame["status"]
                self._open.discard(frame["uid"])


async def _hear(socket: aiohttp.ClientWebSocketResponse) -> dict[str, Any]:
    message = await socket.receive()
    if message.type is not aiohttp.WSMsgType.TEXT:
        raise EOFError("the gateway is gone")
    heard: dict[str, Any] = json.loads(message.data)
    return heard


def _job_id(status: int, answer: Mapping[str, Any]) -> str:
    if status == 503:
        raise EOFError("the gateway is going")
    assert status == 201, answer
    return str(answer["id"])
