"""Printers that dial in, and who prints on them, in a process of their own: `python -m bench.weblink_fleet`.

The first line of its stdin says what there is; each other one is an order such as `{"do": "dial", "gateway": PID}`,
answered by a line of JSON.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from itertools import cycle, islice
from pathlib import Path
from typing import Any

from bench.clients import WebSocket, text_frame
from bench.doors import NATIVE
from bench.loop import run
from bench.measured import Measured, Shares, quantiles
from bench.weblink_printers import Labels, Printer, label
from fanfold.app import allow_files
from fanfold.simulate.weblink import Account, Switches, trusting

Order = dict[str, Any]

DESKS = 16
"""Connections over which jobs are submitted."""
LABEL_S = 0.1
RETRY_S = 10.0
OPEN_FILES = 65_536
WAIT_S = 30.0
"""How long a job's answer is waited for, and after the last label the next."""


class Desk(WebSocket):
    """A client that submits jobs and hands on what it is told."""

    told: Callable[[bytes], None]

    def take(self, message: bytes) -> None:
        self.told(message)


class Batch:
    """Jobs under way: when each was asked for and told."""

    def __init__(self, numbers: range, evidence: str) -> None:
        self.numbers, self._evidence = numbers, evidence
        self.asked_s: dict[int, float] = {}
        self.told_s: dict[int, float] = {}
        self.others: list[str] = []
        """Answers that were not those waited for."""
        self._ended = asyncio.Event()

    def ask(self, desk: Desk, number: int, printer: str) -> None:
        waits = {"wait": self._evidence, "wait_s": WAIT_S}
        params = {"printer": printer, "text": label(number), "external_id": str(number), **waits}
        frame = text_frame(json.dumps({"id": number, "call": "jobs.submit", "params": params}).encode())
        self.asked_s[number] = time.perf_counter()
        desk.send(frame)

    def told(self, message: bytes) -> None:
        said = json.loads(message)
        if "result" in said and self._evidence in ("kept", said["result"]["evidence"]):
            self.told_s[said["id"]] = time.perf_counter()
        else:
            self.others.append(message.decode()[:300])
        if len(self.told_s) + len(self.others) == len(self.numbers):
            self._ended.set()

    async def end(self, within_s: float) -> None:
        """Return when each was told of, or after so long."""
        try:
            async with asyncio.timeout(within_s):
                await self._ended.wait()
        except TimeoutError:
            return

    def took_ms(self, until_s: dict[int, float]) -> list[float]:
        return [(until_s[one] - self.asked_s[one]) * 1000 for one in self.numbers if one in until_s]


class Fleet:
    """All printers of a site; `say` has its ports, names and serials."""

    def __init__(self, say: Order) -> None:
        self._port: int = say["port"]
        self._labels = Labels()
        switches = Switches(label_s=LABEL_S, retry_s=RETRY_S, keeps_bytes=False)
        account = Account(trusting(Path(say["ca"]).read_text()))
        self._printers = [Printer(say["url"], serial, switches, account=account) for serial in say["serials"]]
        for printer in self._printers:
            printer.labels_seen = self._labels
        self._turns = cycle(say["serials"])
        self._asked = 0
        self._on = AsyncExitStack()

    async def dial(self, order: Order) -> Measured:
        """Switch all on at once; tell when each has its lines."""
        since_s = time.perf_counter()
        for printer in self._printers:
            await self._on.enter_async_context(printer)
        return await self.back(order | {"since_s": since_s})

    async def back(self, order: Order) -> Measured:
        """Tell when all have their lines, since that moment."""
        for printer in self._printers:
            await printer.connected()
            await printer.opened()
        return {"up_s": time.perf_counter() - order["since_s"]}

    async def alone(self, _: Order) -> Measured:
        """Wait until all have lost their lines."""
        for printer in self._printers:
            await printer.alone()
        return {}

    async def hush(self, _: Order) -> Measured:
        """Let none tell what it printed."""
        for printer in self._printers:
            printer.replace_alerts("")
        return {}

    async def print(self, order: Order) -> Measured:
        """Submit labels to all printers in turn, so many a second or all at once, each told at that evidence."""
        batch = Batch(range(self._asked, self._asked + order["count"]), order["until"])
        self._asked += order["count"]
        desks = [await Desk.connect(self._port, *NATIVE) for _ in range(DESKS)]
        for desk in desks:
            desk.told = batch.told
        began_s = time.perf_counter()
        await self._submit(batch, desks, order.get("per_s", 0))
        if order["until"] != "kept":
            await self._labels.all_out(batch.numbers, WAIT_S)
        await batch.end(WAIT_S)
        for desk in desks:
            desk.close()
        return self._outcome(batch, began_s)

    async def _submit(self, batch: Batch, desks: Sequence[Desk], per_s: float) -> None:
        began_s = time.perf_counter()
        names = islice(self._turns, len(batch.numbers))
        for step, (number, name, desk) in enumerate(zip(batch.numbers, names, cycle(desks), strict=False)):
            if per_s:
                await asyncio.sleep(began_s + step / per_s - time.perf_counter())
            batch.ask(desk, number, name)

    def _outcome(self, batch: Batch, began_s: float) -> Measured:
        out = [self._labels.at_s[one] for one in batch.numbers if one in self._labels.at_s]
        return {
            "first": batch.numbers.start,
            "jobs": len(batch.numbers),
            "out": quantiles(batch.took_ms(self._labels.at_s)),
            "told": quantiles(batch.took_ms(batch.told_s)),
            "all_out_s": max(out, default=began_s) - began_s,
            "otherwise": len(batch.numbers) - len(batch.told_s),
            "others": batch.others[:3],
        }

    async def seen(self, order: Order) -> Measured:
        """Wait for all labels since the first; tell which are missing and which came twice."""
        numbers = range(order["first"], self._asked)
        await self._labels.all_out(numbers, order["within_s"])
        return {
            "last_s": max((self._labels.at_s.get(one, 0.0) for one in numbers), default=0.0),
            "missing": [one for one in numbers if one not in self._labels.at_s],
            "doubled": [one for one in numbers if self._labels.times[one] > 1],
        }

    async def close(self) -> None:
        await self._on.aclose()


async def obey() -> None:
    """Do what stdin says, one after the other, until it ends."""
    allow_files(OPEN_FILES)
    loop = asyncio.get_running_loop()
    fleet = Fleet(json.loads(sys.stdin.readline()))
    orders: dict[str, Callable[[Order], Awaitable[Measured]]] = {
        deed.__name__: deed for deed in (fleet.dial, fleet.back, fleet.alone, fleet.hush, fleet.print, fleet.seen)
    }
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        order = json.loads(line)
        shares = Shares(order["gateway"])
        measured = await orders[order["do"]](order)
        print(json.dumps(shares.measured() | measured), flush=True)
    await fleet.close()


if __name__ == "__main__":
    run(obey())
