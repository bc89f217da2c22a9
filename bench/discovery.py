"""What it costs to look for printers in the network, while nothing happens: a share of one core."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from bench import machine
from bench.announcer import SERVICES
from bench.plan import Plan
from bench.processes import Server, gateway
from bench.table import Row

CHAPTER = "Looking for printers"
IDLE_CORES = 0.01
SETTLE_S = 6.0
"""The questions of the beginning are asked within so long."""
ROUNDS = 6
PAGE_S = 3.0
"""How often the page asks for its list."""


def discovery_rows(plan: Plan) -> list[Row]:
    """The same gateway before anybody asked for devices, after somebody did, and while a page shows them."""
    loopback = {"FANFOLD_DISCOVERY_INTERFACES": "127.0.0.1", "FANFOLD_DISCOVERY_CUPS": "false"}
    with gateway(plan.folder / "discovery", {}, loopback) as server, _announced():
        time.sleep(SETTLE_S)
        before = _cores(server, plan.seconds * ROUNDS)
        start = time.perf_counter()
        devices = _listed(server, wait_s=3)
        first_s = time.perf_counter() - start
        time.sleep(SETTLE_S)
        looking = _cores(server, plan.seconds * ROUNDS)
        shown = _cores(server, plan.seconds * ROUNDS, lambda: _listed(server))
        took_ms = _took_ms(server)
    many = f"{SERVICES} services of {devices} printers announced"
    return [
        Row(CHAPTER, "idle, since somebody asked", looking, "cores", before + IDLE_CORES, floor=before, note=many),
        Row(CHAPTER, "while a page lists them every 3 s", shown, "cores", floor=before),
        Row(CHAPTER, "the first list, with 3 s for answers", first_s, "s"),
        Row(CHAPTER, "a later list", took_ms, "ms"),
    ]


@contextmanager
def _announced() -> Iterator[None]:
    pipe = subprocess.PIPE
    process = subprocess.Popen([sys.executable, "-m", "bench.announcer"], stdin=pipe, stdout=pipe, text=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "there\n"
        yield
    finally:
        process.communicate(timeout=20)


def _cores(server: Server, seconds: float, do: Callable[[], object] = lambda: None) -> float:
    start, before_s = time.perf_counter(), machine.cpu_s(server.pid)
    while time.perf_counter() - start < seconds:
        do()
        time.sleep(min(PAGE_S, seconds))
    return (machine.cpu_s(server.pid) - before_s) / (time.perf_counter() - start)


def _took_ms(server: Server) -> float:
    start = time.perf_counter()
    _listed(server)
    return (time.perf_counter() - start) * 1e3


def _listed(server: Server, wait_s: float = 0) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    try:
        connection.request("GET", f"/v1/discovered?wait_s={wait_s}")
        devices = json.loads(connection.getresponse().read())["devices"]
        return sum("Bench" in one["name"] for one in devices)
    finally:
        connection.close()
