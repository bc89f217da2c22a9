"""What others feel: the longest answers while a large document passes, and while printers stall or are away."""

from __future__ import annotations

import socket
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from typing import Any

from bench import machine
from bench.plan import MIB, Plan, Site, site
from bench.processes import Load, Server, listening, load, measure, uri
from bench.table import Row

LARGE = "50 MiB documents through the raw-body route"
ILL = "Others, while one printer reads nothing, one refuses and one is silent, each with jobs waiting"
GROWTH = 1.5
ANSWER_MS = 100.0
LARGE_EVERY_S = 0.5
ILL_JOBS = 10
ILL_BYTES = 8 * MIB
"""More than the buffers between two sockets take."""


def large_rows(plan: Plan) -> list[Row]:
    with closing(listening()) as big, site(plan.folder / "large", {"big": uri(big)}) as at:
        quiet = _probe(plan, at)
        machine.forget_peak(at.server.pid)
        before = machine.resident_bytes(at.server.pid)
        with _probing(plan, at) as probing:
            passed = measure("upload", at.server, [big], printer="big", size_bytes=plan.large_bytes, **_often(plan))
            busy = probing.result()
        growth = (machine.peak_resident_bytes(at.server.pid) - before) / plan.large_bytes
    sent_ms, told_ms = passed["sent"]["p50"], passed["delivered"]["p50"]
    took = f"{passed['sent']['count']} of them; p50 taken in {sent_ms:.0f} ms, told delivered after {told_ms:.0f} ms"
    resident = Row(LARGE, "resident size grew by (of the document's size)", growth, "×", GROWTH, note=took)
    return [resident, *_rows(LARGE, busy, quiet)]


def _often(plan: Plan) -> dict[str, Any]:
    """As often as fills the time of the probes: one alone is over before many were asked."""
    return {"times": int(plan.seconds * 2 / LARGE_EVERY_S), "every_s": LARGE_EVERY_S}


def stalled_rows(plan: Plan) -> list[Row]:
    with ExitStack() as open_here:
        ill = {name: uri(open_here.enter_context(made)) for name, made in _ill_printers(open_here).items()}
        at = open_here.enter_context(site(plan.folder / "ill", ill))
        quiet = _probe(plan, at)
        for name in ill:
            for _ in range(ILL_JOBS):
                _submit(at.server, name, bytes(ILL_BYTES))
        busy = _probe(plan, at)
    return _rows(ILL, busy, quiet)


def _ill_printers(open_here: ExitStack) -> dict[str, socket.socket]:
    """One that takes connections and never reads, one that refuses them, and one whose host answers no SYN."""
    refusing, silent = socket.socket(), socket.socket()
    refusing.bind(("127.0.0.1", 0))
    silent.bind(("127.0.0.1", 0))
    silent.listen(0)
    for _ in range(3):  # its queue is full; what knocks after that is not heard
        waiting = open_here.enter_context(socket.socket())
        waiting.setblocking(False)
        waiting.connect_ex(silent.getsockname())
    return {"stalled": listening(), "refusing": refusing, "silent": silent}


def _submit(server: Server, printer: str, document: bytes) -> None:
    where = f"http://127.0.0.1:{server.port}/v1/printers/{printer}/jobs"
    asked = urllib.request.Request(where, document, {"Content-Type": "application/octet-stream"})
    with urllib.request.urlopen(asked, timeout=60) as answer:
        answer.read()


@contextmanager
def _probing(plan: Plan, at: Site) -> Iterator[Load]:
    probed = {"printer": at.names[0], "seconds": plan.seconds * 2, "per_s": plan.probes_per_s}
    with load("probe", at.server, at.sinks[:1], **probed) as running:
        running.first()
        yield running


def _probe(plan: Plan, at: Site) -> Any:
    with _probing(plan, at) as probing:
        return probing.result()


def _rows(chapter: str, busy: Mapping[str, Any], quiet: Mapping[str, Any]) -> list[Row]:
    rows = []
    for what, key in (("/v1/health answered", "health"), ("a label accepted", "kept"), ("a label printed", "sunk")):
        took = busy[key]
        note = f"{took['count']} asked, p50 {took['p50']:.2f} ms"
        longest = Row(chapter, f"{what}, longest", took["longest"], "ms", ANSWER_MS, note=note)
        rows.append(longest.over(quiet[key]["longest"]))
    return rows
