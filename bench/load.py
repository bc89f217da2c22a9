"""The load, in a process of its own: `python -m bench.load '{"mode": …}'` prints what it measured as JSON."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any

from bench.clients import Http, WebSocket, request, request_head
from bench.doors import WAYS, Way, door, native_frame
from bench.loop import run
from bench.measured import Measured, Paper, Shares, quantiles

Spec = dict[str, Any]

WARM_UP_JOBS = 200
WARM_UP_S = 1.0


async def alone(spec: Spec) -> Measured:
    """One client, back to back."""
    paper = await Paper.of(spec["sinks"])
    client = await door(spec["door"], spec["port"], spec["printer"])
    for _ in range(WARM_UP_JOBS):
        await client.submit()
    shares, first, last, starts = Shares(spec["gateway"]), [], [], []
    for _ in range(spec["count"]):
        starts.append(start := time.perf_counter())
        first_s, last_s = await client.submit()
        first.append((first_s - start) * 1000)
        last.append((last_s - start) * 1000)
    measured = shares.measured() | {"jobs": spec["count"], "first": quantiles(first), "last": quantiles(last)}
    if not spec["sinks"]:
        return measured
    await paper.reaches(WARM_UP_JOBS + spec["count"])
    sunk = [(at - start) * 1000 for at, start in zip(paper.moments[WARM_UP_JOBS:], starts, strict=True)]
    return measured | {"sunk": quantiles(sunk)}


class Crowd:
    """What the pages of one load share."""

    def __init__(self, way: Way, count: int) -> None:
        self.way = way
        self.took_ms: list[float] = []
        self.going = True
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._left = count

    def leave(self) -> None:
        self._left -= 1
        if not self._left and not self.ended.done():
            self.ended.set_result(None)

    def fail(self, error: Exception) -> None:
        if not self.ended.done():
            self.ended.set_exception(error)

    async def goes_on(self, for_s: float) -> None:
        """Let so much time pass, unless a page fails before."""
        await asyncio.wait({self.ended}, timeout=for_s)
        if self.ended.done():
            self.ended.result()


class Page(WebSocket):
    """A page that prints again as soon as it is told how the last job ended. Called back: no task, no future."""

    def start(self, crowd: Crowd, printer: str) -> None:
        self._crowd, self._is_last, self._asks = crowd, crowd.way.is_last, crowd.way.frame(printer)
        self._print()

    def _print(self) -> None:
        self._since_s = time.perf_counter()
        self.send(self._asks)

    def take(self, message: bytes) -> None:
        try:
            if not self._is_last(message):
                return
        except ValueError as error:
            self._crowd.fail(error)
            return
        self._crowd.took_ms.append((time.perf_counter() - self._since_s) * 1000)
        if self._crowd.going:
            self._print()
        else:
            self._crowd.leave()


async def together(spec: Spec) -> Measured:
    """Many clients on several printers, each waiting for its answer before it prints again."""
    paper = await Paper.of(spec["sinks"])
    way, printers = WAYS[spec["door"]], spec["printers"]
    crowd = Crowd(way, spec["clients"])
    pages = [await Page.connect(spec["port"], way.path, way.subprotocol) for _ in range(spec["clients"])]
    for number, page in enumerate(pages):
        page.start(crowd, printers[number % len(printers)])
    await crowd.goes_on(WARM_UP_S)
    crowd.took_ms.clear()
    shares, printed = Shares(spec["gateway"]), len(paper.moments)
    await crowd.goes_on(spec["seconds"])
    measured, jobs = shares.measured(), len(crowd.took_ms)
    out = {"jobs": jobs, "printed": len(paper.moments) - printed, "rate": jobs / measured["seconds"]}
    measured |= out | {"told": quantiles(crowd.took_ms)}
    crowd.going = False
    await crowd.ended
    return measured


async def idle(spec: Spec) -> Measured:
    """Many clients that say nothing: tell when they are there, hold them until stdin closes."""
    way = WAYS[spec["door"]]
    clients = [await WebSocket.connect(spec["port"], way.path, way.subprotocol) for _ in range(spec["clients"])]
    print(json.dumps({"connected": len(clients)}), flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    return {"connected": len(clients)}


async def upload(spec: Spec) -> Measured:
    """Large documents as raw bodies, begun at fixed intervals, each awaited until it is delivered."""
    paper = await Paper.of(spec["sinks"])
    body = memoryview(b"^XA" + os.urandom(spec["size_bytes"] - 6) + b"^XZ")
    client = await Http.connect(spec["port"])
    path = f"/v1/printers/{spec['printer']}/jobs?wait=delivered&wait_s=120"
    head = request_head(spec["port"], "POST", path, len(body), "application/octet-stream")
    sent_ms, delivered_ms = [], []
    began_s = time.perf_counter()
    for number in range(spec["times"]):
        await asyncio.sleep(began_s + number * spec["every_s"] - time.perf_counter())
        start = time.perf_counter()
        client.send(head)
        await client.send_large(body)
        sent_ms.append((time.perf_counter() - start) * 1000)
        answer = await client.next()
        delivered_ms.append((time.perf_counter() - start) * 1000)
        if b" 201 " not in answer or b'"evidence":"delivered"' not in answer or paper.bytes != len(body) * (number + 1):
            raise ValueError(f"a large document did not arrive: {paper.bytes} bytes came out; {answer!r}")
    return {"sent": quantiles(sent_ms), "delivered": quantiles(delivered_ms)}


class Probe:
    """Asks at fixed moments, whether or not the last answer is there: what waits is counted as it is."""

    def __init__(self, spec: Spec) -> None:
        self.health: list[float] = []
        self.kept: list[float] = []
        self.starts: list[float] = []
        self._port, self._printer = spec["port"], spec["printer"]

    async def run(self, count: int, every_s: float) -> None:
        health, native = await Http.connect(self._port), await WebSocket.connect(self._port, "/v1/ws", "fanfold.v1")
        async with asyncio.TaskGroup() as group:
            group.create_task(self._answers(count, health.next, b" 200 ", self.health))
            group.create_task(self._answers(count, native.next, b'"result"', self.kept))
            began_s = time.perf_counter()
            for number in range(count):
                await asyncio.sleep(began_s + number * every_s - time.perf_counter())
                self.starts.append(time.perf_counter())
                health.send(request(self._port, "GET", "/v1/health"))
                native.send(native_frame(self._printer, "kept"))

    async def _answers(
        self, count: int, answer: Callable[[], Awaitable[bytes]], words: bytes, took_ms: list[float]
    ) -> None:
        for number in range(count):
            message = await answer()
            took_ms.append((time.perf_counter() - self.starts[number]) * 1000)
            if words not in message:
                raise ValueError(f"a probe was refused: {message[:300]!r}")


async def probe(spec: Spec) -> Measured:
    """Ask for health and print a label, so many times a second."""
    paper = await Paper.of(spec["sinks"])
    asking = Probe(spec)
    print(json.dumps({"begun": True}), flush=True)
    await asking.run(int(spec["seconds"] * spec["per_s"]), 1 / spec["per_s"])
    await paper.reaches(len(asking.starts))
    sunk = [(at - start) * 1000 for at, start in zip(paper.moments, asking.starts, strict=True)]
    return {"health": quantiles(asking.health), "kept": quantiles(asking.kept), "sunk": quantiles(sunk)}


MODES = {"alone": alone, "together": together, "idle": idle, "upload": upload, "probe": probe}

if __name__ == "__main__":
    asked = json.loads(sys.argv[1])
    print(json.dumps(run(MODES[asked["mode"]](asked))), flush=True)
