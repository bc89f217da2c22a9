"""Printers that dial in, two thousand at one gateway: how soon they are there, what they cost, how soon they print.

The gateway is one process; the printers, and who submits their jobs, are another. The floor is the same fleet at an
aiohttp server with nothing behind it.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import machine
from bench.measured import cores
from bench.plan import Plan
from bench.processes import Server, listening
from bench.table import Row
from bench.weblink_site import PLAIN, Fleet, Site, fleet, floor, kill, make_certificate

CHAPTER = "{:,} printers that dial in (Weblink), two lines with TLS each"
STORM = "The gateway killed under them while they print; each dials again after 10 s, and a job waits for each"
UP_S = 60.0
PRINTER_KB = 120.0
EACH_S = 5.0
OUT_MS = 100.0
PER_S = 200
PACED_S = 10
SETTLE_S = 3.0
"""How long a gateway is let alone before its memory is read."""
IDLE_S = 20.0
"""As long as a line is silent before it is pinged."""
LAST_S = 20.0
"""So long after a label no other is waited for; longer than a printer waits before it dials again."""


@dataclass(frozen=True, slots=True)
class There:
    """How a fleet came: how soon all were there, how much memory each of them takes, how busy the cores were."""

    up_s: float
    printer_kb: float
    note: str


def weblink_rows(plan: Plan) -> list[Row]:
    serials = [f"50J{number:09d}" for number in range(plan.dialling)]
    chapter, folder = CHAPTER.format(len(serials)), plan.folder / "weblink-floor"
    folder.mkdir()
    make_certificate(folder)
    bare, bare_plain = (_floor(folder, serials, plain=plain) for plain in (False, True))
    plain = _plain(plan, serials)
    site = Site(plan.folder / "weblink", serials)
    site.prepare()
    with fleet(site.folder, serials, site.port, site.dial_port) as printers:
        with site.gateway() as server:
            there = _dialled(site, server, printers)
            rows = [
                Row(chapter, "all there after a cold start", there.up_s, "s", UP_S, floor=bare.up_s, note=there.note),
                Row(chapter, "the same without uvloop", plain.up_s, "s", UP_S, floor=bare_plain.up_s, note=plain.note),
                _memory(chapter, "resident per printer, idle", there, bare),
                _memory(chapter, "the same without uvloop", plain, bare_plain),
                *_at_work(chapter, site, server, printers),
            ]
            burst = printers.do("print", server.pid, count=len(serials), until="kept")
            killed_s = kill(server)
        return [*rows, *_storm(site, printers, burst["first"], killed_s)]


# --- coming


def _floor(folder: Path, serials: Sequence[str], *, plain: bool) -> There:
    with floor(folder, plain=plain) as (pid, port), fleet(folder, serials, 0, port) as printers:
        return _came(pid, printers, len(serials))


def _plain(plan: Plan, serials: Sequence[str]) -> There:
    site = Site(plan.folder / "weblink-plain", serials, PLAIN)
    site.prepare()
    with fleet(site.folder, serials, site.port, site.dial_port) as printers, site.gateway() as server:
        return _dialled(site, server, printers)


def _dialled(site: Site, server: Server, printers: Fleet) -> There:
    site.adopt()
    return _came(server.pid, printers, len(site.serials))


def _came(pid: int, printers: Fleet, count: int) -> There:
    time.sleep(SETTLE_S)
    before = machine.resident_bytes(pid)
    dialled = printers.do("dial", pid)
    time.sleep(SETTLE_S)
    return There(dialled["up_s"], (machine.resident_bytes(pid) - before) / count / 1e3, cores(dialled))


def _memory(chapter: str, what: str, there: There, bare: There) -> Row:
    return Row(chapter, what, there.printer_kb, "kB", PRINTER_KB, floor=bare.printer_kb)


# --- work


def _at_work(chapter: str, site: Site, server: Server, printers: Fleet) -> list[Row]:
    empty = machine.resident_bytes(server.pid)
    idle = _idle_cores(server)
    each = printers.do("print", server.pid, count=len(site.serials), until="printed")
    grown_kb = (machine.resident_bytes(server.pid) - empty) / len(site.serials) / 1e3
    proven = _paced(server, printers, "printed")
    with closing(listening()) as silent, closing(socket.socket()) as refusing:
        refusing.bind(("127.0.0.1", 0))
        site.hook((silent, refusing))
        hooked = _paced(server, printers, "printed")
    site.hook(())
    printers.do("hush", server.pid)  # last: what is not proven by now never will be
    delivered = _paced(server, printers, "delivered")
    return [
        Row(chapter, "processor, all idle", idle, "cores"),
        Row(chapter, "a label for each at once: all of them out", each["all_out_s"], "s", EACH_S, note=_told(each)),
        Row(chapter, "resident per printer: that label added", grown_kb, "kB"),
        *_out(chapter, f"{PER_S} jobs/s over all", delivered),
        *_out(chapter, f"{PER_S} jobs/s, each proven printed", proven),
        *_out(chapter, "the same, two webhooks unanswered", hooked),
    ]


def _idle_cores(server: Server) -> float:
    before_s = machine.cpu_s(server.pid)
    time.sleep(IDLE_S)
    return (machine.cpu_s(server.pid) - before_s) / IDLE_S


def _paced(server: Server, printers: Fleet, until: str) -> Any:
    return printers.do("print", server.pid, count=PER_S * PACED_S, per_s=PER_S, until=until)


def _out(chapter: str, what: str, at: Any) -> list[Row]:
    p50 = Row(chapter, f"{what}: at it, p50", at["out"]["p50"], "ms")
    return [p50, Row(chapter, f"{what}: at it, p99", at["out"]["p99"], "ms", OUT_MS, note=_told(at))]


def _told(at: Any) -> str:
    told, otherwise = at["told"], f", {at['otherwise']} told otherwise" if at["otherwise"] else ""
    return f"told so: p50 {told['p50']:.0f} ms, p99 {told['p99']:.0f} ms{otherwise}; {cores(at)}"


# --- a storm


def _storm(site: Site, printers: Fleet, first: int, killed_s: float) -> list[Row]:
    with site.gateway() as server:
        printers.do("alone", server.pid)
        printers.do("print", server.pid, count=len(site.serials), until="kept")
        back = printers.do("back", server.pid, since_s=killed_s)
        seen = printers.do("seen", server.pid, first=first, within_s=LAST_S)
        held = site.held()
    missing = {*seen["missing"]}
    doubt = f"{len(missing & held)} of them not out"
    return [
        Row(STORM, "all there again, after the kill", back["up_s"], "s", note=cores(back)),
        Row(STORM, "the last label out, after the kill", seen["last_s"] - killed_s, "s"),
        Row(STORM, "labels that came twice", len(seen["doubled"]), "jobs", 0),
        Row(STORM, "labels that did not come, and are not held", len(missing - held), "jobs", 0),
        Row(STORM, "held in doubt: under way at the kill", len(held), "jobs", note=doubt),
    ]
