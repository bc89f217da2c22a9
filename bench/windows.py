"""Queues of Windows, by a gateway under Wine. The floor is pywin32 in a loop in the same Wine, which does no more.

Each queue is one of a private CUPS that throws away what it prints; handing a job to that is most of what it takes.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bench.doors import LABEL
from bench.measured import cores
from bench.plan import Plan
from bench.processes import Server, free_port, measure
from bench.table import Row
from tests.peers.cupsd import private_cupsd
from tests.peers.processes import answers, until
from tests.peers.wine import Windows, windows

CHAPTER = "Windows queues under Wine, 1 KiB of ZPL a job"
JOBS_PER_S = 100.0
ROUNDS = 3
QUEUES = tuple(f"queue-{number}" for number in range(8))
CLIENTS = 32
STARTS_WITHIN_S = 60
AS_SHIPPED_S = 30
"""How long CUPS keeps to itself that it has a job, before it writes that down."""
_FLOOR = """\
import json, sys, time, threading, win32print as w
data, seconds, queues = sys.argv[1].encode(), float(sys.argv[2]), sys.argv[3:]
counts, until = [0] * len(queues), time.perf_counter() + seconds
def prints(number, name):
    while time.perf_counter() < until:
        queue = w.OpenPrinter(name)
        w.StartDocPrinter(queue, 1, ("floor", None, "RAW")); w.StartPagePrinter(queue)
        assert w.WritePrinter(queue, data) == len(data)
        w.EndPagePrinter(queue); w.EndDocPrinter(queue); w.ClosePrinter(queue)
        counts[number] += 1
began = time.perf_counter()
threads = [threading.Thread(target=prints, args=one) for one in enumerate(queues)]
for one in threads: one.start()
for one in threads: one.join()
print(json.dumps(sum(counts) / (time.perf_counter() - began)))
"""


@dataclass(frozen=True, slots=True)
class Site:
    """A gateway on Windows."""

    windows: Windows
    server: Server


def windows_rows(plan: Plan) -> list[Row]:
    """Measure in turns with the floor, so that what disturbs one disturbs the other."""
    folder = plan.folder / "windows"
    folder.mkdir()
    try:
        return asyncio.run(_rows(plan, folder))
    except pytest.skip.Exception as missing:
        print(f"not measured: {missing}", file=sys.stderr)
        return []


async def _rows(plan: Plan, folder: Path) -> list[Row]:
    rows = []
    async with _site(folder) as site:
        for what, queues, clients in (("one queue", QUEUES[:1], 1), ("eight queues", QUEUES, CLIENTS)):
            rounds = [await _round(plan, site, queues, clients) for _ in range(ROUNDS)]
            at, floor = sorted(rounds, key=lambda one: float(one[0]["rate"]))[ROUNDS // 2]
            rate = Row(
                CHAPTER, f"{what}, {clients} clients: jobs with the spooler", at["rate"], "/s",
                JOBS_PER_S if len(queues) > 1 else None, at_least=True, floor=floor, note=cores(at),
            )  # fmt: skip
            rows += [
                rate,
                Row(CHAPTER, f"{what}: told so, p50", at["told"]["p50"], "ms", floor=1000 * len(queues) / floor),
            ]
    return rows


async def _round(plan: Plan, site: Site, queues: tuple[str, ...], clients: int) -> tuple[Any, float]:
    many = {"door": "PrinterWebSocket", "clients": clients, "seconds": plan.seconds, "printers": queues}
    at = await asyncio.to_thread(measure, "together", site.server, (), **many)
    floor = await site.windows.does("-c", _FLOOR, LABEL, str(plan.seconds), *queues)
    return at, float(json.loads(floor))


@asynccontextmanager
async def _site(folder: Path) -> AsyncIterator[Site]:
    port = free_port()
    environment = {
        "FANFOLD_DISCOVERY_CUPS": "false",
        "FANFOLD_DISCOVERY_MDNS": "false",
        "FANFOLD_DISCOVERY_USB": "false",
    }
    async with (
        private_cupsd(folder, dict.fromkeys(QUEUES, "file:///dev/null"), dirty_clean_s=AS_SHIPPED_S) as cups,
        windows({**environment, "CUPS_SERVER": cups.server}) as here,
    ):
        start = time.perf_counter()
        serve = (
            "serve",
            "--data",
            here.path(folder / "data"),
            "--listen",
            f"127.0.0.1:{port}",
            "--log-level",
            "warning",
        )
        gateway = await here.start("-m", "fanfold", *serve, log=folder / "gateway.log")
        try:
            await until(lambda: answers(port), "the gateway under Wine", within_s=STARTS_WITHIN_S)
            yield Site(here, Server(gateway.process.pid, port, time.perf_counter() - start))
        finally:
            gateway.kill()
            await gateway.ended()
