"""Starts the gateway so that it kills itself at a named point, or breaks a promise; its code knows nothing of it.

python -m tests.crash.launch [--die POINT] [--sabotage WAY] [--hurry] [--usb FOLDER] [--windows PLACE] -- serve …
"""

# ruff: noqa: B010  # setattr says what is done here: another's name is replaced

from __future__ import annotations

import argparse
import functools
import inspect
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from fanfold import registry
from fanfold.cli import main
from fanfold.engine.flight import Flight
from fanfold.engine.lane import Lane
from fanfold.engine.way import Way
from fanfold.model import Evidence, JobState
from fanfold.store.documents import DocumentFiles
from fanfold.store.sqlite import SqliteStore
from fanfold.store.writer import Urgency, Writer
from fanfold.transports import file
from fanfold.transports.usb.transport import UsbTransport
from fanfold.transports.weblink import transport as weblink
from fanfold.transports.weblink.channel import Channel
from fanfold.transports.weblink.device import Device
from fanfold.transports.weblink.pace import Pace
from fanfold.transports.weblink.prover import Prover
from fanfold.transports.winspool.hand import Hand
from fanfold.transports.winspool.transport import WinspoolTransport
from tests.crash import sabotage
from tests.peers.usbprinter import open_printer
from tests.peers.winspool import LentSpooler

HURRY_S = 0.3
FINISHED, HELD, PRINTED = JobState.COMPLETED, JobState.HELD, Evidence.PRINTED


@dataclass(frozen=True, slots=True)
class Point:
    """Where to die: before or after a call, of those for which `when` holds.

    `when` gets the call's arguments, and after the call its result as the last.
    """

    owner: Any
    name: str
    before: bool
    when: Callable[..., bool]


def before(owner: Any, name: str, when: Callable[..., bool] = lambda *_, **__: True) -> Point:
    return Point(owner, name, before=True, when=when)


def after(owner: Any, name: str, when: Callable[..., bool] = lambda *_, **__: True) -> Point:
    return Point(owner, name, before=False, when=when)


POINTS = {
    # a job is accepted
    "asked": before(SqliteStore, "add"),
    "document in its place": after(DocumentFiles, "keep"),
    "committed": after(Writer, "_commit", lambda _, group, *__: group[0].urgency is Urgency.ADD),
    "kept": after(SqliteStore, "add"),
    # its lane prints it
    "reached": after(Way, "open"),
    "claimed": after(SqliteStore, "claim", lambda *call: call[-1] is not None),
    "some bytes left": after(Flight, "progress", lambda flight, sent, _: 0 < sent < flight.job.size_bytes),
    "file written": after(file._Sheet, "_write"),
    "file in its place": before(file, "_sync_folder"),
    "handed over": before(Flight, "sent"),
    "handing over noted": after(Flight, "sent"),
    "all bytes left": after(Lane, "_bring"),
    "about to settle": before(SqliteStore, "settle", lambda _, change: change.to_state is FINISHED),
    "settled": after(SqliteStore, "settle", lambda _, change, __: change.to_state is FINISHED),
    "settled and next claimed": after(SqliteStore, "settle_and_claim", lambda *call: call[-1][1] is not None),
    # the spooler of Windows takes it
    "about to begin in Windows": before(Hand, "begin"),
    "begun in Windows": after(Hand, "begin"),
    "about to end in Windows": before(Hand, "end"),
    "ended in Windows": after(Hand, "end"),
    # a printer that dials in takes it
    "counter asked": after(Channel, "count"),
    "last frame left": before(Channel, "acknowledged", lambda channel: channel.busy),
    "ping behind it left": after(Channel, "acknowledged", lambda channel, _: channel.busy),
    "pong came": before(Device, "delivered"),
    # and tells more of it later
    "counter read": after(Prover, "_read"),
    "about to prove": before(Flight, "proved", lambda _, receipt: receipt.evidence is PRINTED),
    "about to raise": before(SqliteStore, "settle", lambda _, change: change.evidence is PRINTED),
    "raised": after(SqliteStore, "settle", lambda _, change, __: change.evidence is PRINTED),
    "about to doubt": before(Flight, "disproved"),
    # the next start finds it in flight
    "found in flight": after(SqliteStore, "unsettled", lambda _, found: bool(found)),
    "about to hold": before(SqliteStore, "settle", lambda _, change: change.to_state is HELD),
    "held": after(SqliteStore, "settle", lambda _, change, __: change.to_state is HELD),
}


def die() -> NoReturn:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("still alive")


def arm(point: Point) -> None:
    """Wrap the function that the point names."""
    honest = inspect.getattr_static(point.owner, point.name)
    call = honest.__func__ if isinstance(honest, classmethod) else honest

    @functools.wraps(call)
    def plain(*args: Any, **named: Any) -> Any:
        if point.before and point.when(*args, **named):
            die()
        result = call(*args, **named)
        if not point.before and point.when(*args, result, **named):
            die()
        return result

    @functools.wraps(call)
    async def awaited(*args: Any, **named: Any) -> Any:
        if point.before and point.when(*args, **named):
            die()
        result = await call(*args, **named)
        if not point.before and point.when(*args, result, **named):
            die()
        return result

    wrapped = awaited if inspect.iscoroutinefunction(call) else plain
    setattr(point.owner, point.name, classmethod(wrapped) if isinstance(honest, classmethod) else wrapped)


def run(arguments: list[str]) -> None:
    """Read the command line, arm, and be the gateway."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--die", choices=POINTS)
    parser.add_argument("--sabotage", choices=sabotage.WAYS)
    parser.add_argument("--hurry", action="store_true", help="look twice at a printer's counter sooner")
    parser.add_argument("--windows", help="where another process's spooler of Windows is")
    parser.add_argument("--usb", type=Path, help="a machine's /sys and /dev, where another process's USB printers are")
    split = arguments.index("--")
    asked = parser.parse_args(arguments[:split])
    if asked.hurry:
        assert hasattr(weblink, "Pace"), "its times are made elsewhere now"
        setattr(weblink, "Pace", functools.partial(Pace, apart_s=HURRY_S))
    if asked.windows:
        assert hasattr(registry, "_winspool"), "it is made elsewhere now"
        setattr(registry, "_winspool", functools.partial(WinspoolTransport, LentSpooler(asked.windows)))
    if asked.usb:
        assert hasattr(registry, "UsbTransport"), "it is made elsewhere now"
        setattr(registry, "UsbTransport", functools.partial(UsbTransport, asked.usb, open_printer))
    if asked.sabotage:
        sabotage.WAYS[asked.sabotage]()
    if asked.die:
        arm(POINTS[asked.die])
    main(arguments[split + 1 :], prog_name="fanfold")


if __name__ == "__main__":
    run(sys.argv[1:])
