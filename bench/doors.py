"""The doors through which the load prints, and their floors: one label sent, its answers awaited and looked at."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from bench.clients import Http, WebSocket, request, text_frame

LABEL_BYTES = 1024
LABEL = ("^XA" + "^FO50,50^A0N,30^FDFanfold^FS".ljust(32) * 31).ljust(LABEL_BYTES - 3) + "^XZ"
"""1 KiB of ZPL."""


def native_frame(printer: str, wait: str) -> bytes:
    return _json({"id": 1, "call": "jobs.submit", "params": {"printer": printer, "text": LABEL, "wait": wait}})


def page_frame(printer: str) -> bytes:
    """What a page that speaks PrinterWebSocket sends to print."""
    return _json({"call": "print", "uid": "bench", "params": {"printer": {"name": printer}, "data": [LABEL]}})


def _json(value: object) -> bytes:
    return text_frame(json.dumps(value).encode())


def _must_say(message: bytes, words: bytes) -> bool:
    if words not in message:
        raise ValueError(f"not the answer that was waited for: {message[:300]!r}")
    return True


def _is_page_last(message: bytes) -> bool:
    return b'"status":"success"' in message or not _must_say(message, b"job started")


@dataclass(frozen=True, slots=True)
class Way:
    """How to print over a WebSocket: the frame for a printer, and which answer is a job's last.

    `is_last` raises ValueError for an answer that should not be.
    """

    frame: Callable[[str], bytes]
    is_last: Callable[[bytes], bool]
    path: str = "/"
    subprotocol: str = ""


NATIVE = ("/v1/ws", "fanfold.v1")
WAYS = {
    "echo": Way(lambda printer: text_frame(LABEL.encode()), lambda message: _must_say(message, b"^XZ")),
    "native, kept": Way(lambda printer: native_frame(printer, "kept"), lambda m: _must_say(m, b'"result"'), *NATIVE),
    "native": Way(
        lambda printer: native_frame(printer, "delivered"),
        lambda message: _must_say(message, b'"evidence":"delivered"'),
        *NATIVE,
    ),
    "PrinterWebSocket": Way(page_frame, _is_page_last),
}


class Door(Protocol):
    """One client at one door."""

    async def submit(self) -> tuple[float, float]:
        """Send one label; return when the first and the last answer came."""


class SocketDoor:
    def __init__(self, way: Way, client: WebSocket, printer: str) -> None:
        self._way, self._client, self._frame = way, client, way.frame(printer)

    async def submit(self) -> tuple[float, float]:
        self._client.send(self._frame)
        is_last = self._way.is_last(await self._client.next())
        first_s = last_s = time.perf_counter()
        while not is_last:
            is_last = self._way.is_last(await self._client.next())
            last_s = time.perf_counter()
        return first_s, last_s


class PostDoor:
    def __init__(self, client: Http, asked: bytes, answer: bytes) -> None:
        self._client, self._asked, self._answer = client, asked, answer

    async def submit(self) -> tuple[float, float]:
        self._client.send(self._asked)
        _must_say(await self._client.next(), self._answer)
        now_s = time.perf_counter()
        return now_s, now_s


async def door(name: str, port: int, printer: str) -> Door:
    """Connect one client: to a way's name, to `REST`, or to its floor `POST`."""
    if way := WAYS.get(name):
        return SocketDoor(way, await WebSocket.connect(port, way.path, way.subprotocol), printer)
    path, answer = (f"/v1/printers/{printer}/jobs", b" 201 ") if name == "REST" else ("/", b" 200 ")
    asked = request(port, "POST", path, LABEL.encode(), "application/octet-stream")
    return PostDoor(await Http.connect(port), asked, answer)
