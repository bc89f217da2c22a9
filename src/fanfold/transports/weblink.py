"""Zebra printers that dial in (Weblink): links to those that are there. Knows no visitor; its door receives them."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from typing import Any, cast, get_args

from fanfold.config import Weblink
from fanfold.errors import NotReached, Refused
from fanfold.model import Evidence, Job, JobId, Printer, Reason
from fanfold.reception import Newcomer, Reception
from fanfold.transports.base import Found, Link, Report
from fanfold.transports.weblink_channel import Channel, Lost
from fanfold.transports.weblink_device import Device
from fanfold.transports.weblink_door import SCHEME, WeblinkDoor, serial_of
from fanfold.transports.weblink_link import Tally, WeblinkLink
from fanfold.transports.weblink_messages import Channel as Kind
from fanfold.transports.weblink_proof import AllPrinted, Counted, NothingPrinted
from fanfold.transports.weblink_pulse import beat
from fanfold.wire import Receipt

log = logging.getLogger("fanfold.weblink")

_URI = re.compile(r"weblink:(?:[A-Za-z0-9._~-]|%[0-9A-Fa-f]{2}){1,96}", re.IGNORECASE)

FRESH_S = 2.0
"""A raw channel on which something came a moment ago is taken for alive; another is pinged before it gets a job."""
STANDS_S = 10.0
TURN_S = 10.0
"""How long a job waits behind a question to the printer."""
FIND_S = 120.0
"""How long a printer may take to dial in again after our restart, before a job that it had is called doubtful."""


class WeblinkTransport:
    """Prints on `weblink:SERIAL`. `tally` makes what counts the labels of a document in ZPL."""

    schemes: tuple[str, ...] = (SCHEME,)
    takes: tuple[str, ...] = ("raw",)

    def __init__(self, manners: Weblink, tally: Callable[[], Tally]) -> None:
        self._manners, self._tally = manners, tally
        self._tasks: set[asyncio.Task[None]] = set()
        self._door = WeblinkDoor(manners, self._start)
        self._pulse: asyncio.Task[None] | None = None
        self._asked_after: dict[JobId, float] = {}

    # what every transport promises

    def check(self, uri: str) -> None:
        """Say whether the URI has a serial. Raises Refused `bad-uri`."""
        if not _URI.fullmatch(uri):
            says = f"{uri[:80]!r} names no printer that dials in. Write its serial, such as weblink:50J171200001."
            raise Refused(says, code="bad-uri", status=422)

    @asynccontextmanager
    async def open(self, printer: Printer) -> AsyncIterator[Link]:
        """Take the printer's raw channel for one job. Raises NotReached."""
        device = self._device(printer)
        raw = await device.raw()
        await _take_turn(raw, device.words)
        try:
            await _see_that_it_stands(raw, device.words)
            tally = self._tally if device.counts_labels(printer.options.language) else None
            yield WeblinkLink(device, raw, printer.options, tally)
        finally:
            raw.turn.release()

    async def close(self) -> None:
        """Stop all that runs for printers; their lines are the server's to end. Idempotent."""
        tasks = [*self._tasks, *([self._pulse] if self._pulse else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # printers reach us

    @property
    def door(self) -> WeblinkDoor:
        """Where they come in."""
        return self._door

    def receive_for(self, reception: Reception) -> None:
        """Take who decides on visitors, and begin to watch over lines."""
        self._door.receive_for(reception)
        self._pulse = asyncio.get_running_loop().create_task(
            beat(self._door.lines, self._manners), name="weblink pulse"
        )

    def newcomers(self) -> Sequence[Newcomer]:
        """List who waits to be let in."""
        return self._door.newcomers

    def channels(self, uri: str) -> Sequence[str]:
        """List the channels that the printer has open now."""
        device = self._door.devices.get(serial_of(uri))
        return device.lines.kinds if device else ()

    def adopted(self, uri: str) -> None:
        """Note that the printer of this URI is let in from now on."""
        self._door.adopted(uri)

    def turned_out(self, uri: str, because: str) -> None:
        """Note that it is not let in any more."""
        self._door.turned_out(uri, because)

    async def reopen(self, uri: str, channel: str) -> None:
        """Have the printer open a channel anew. Raises Refused, NotReached."""
        await self._there(uri).reopen(_kind(channel))

    # questions

    async def ask(self, printer: Printer, question: bytes, *, channel: str = "", within_s: float) -> bytes:
        """Put a question to the printer between jobs. Raises Refused, NotReached, TimeoutError."""
        device, kind = self._there(printer.uri), _kind(channel or "raw")
        loop = asyncio.get_running_loop()
        until_s = loop.time() + within_s
        taken = await device.channel(kind)
        await _take_turn(taken, device.words, within_s)
        try:
            return await taken.converse(question, max(0.1, until_s - loop.time()))
        except Lost as lost:
            raise TimeoutError(f"{device.words}: {lost} before it answered") from lost
        except ValueError as error:
            raise Refused(f"{device.words}: {error}.", code="answer-too-large", status=502) from error
        finally:
            taken.turn.release()

    # after a crash

    async def find(self, printer: Printer, job: Job, report: Report) -> Found:
        """Say by the label counter what became of a job that it had when we stopped. Raises NotReached."""
        counted = Counted.read(job.foreign)
        if counted is None:
            return Found(uncertain="nothing was kept of where the printer's label counter stood")
        since_s = self._asked_after.setdefault(job.id, asyncio.get_running_loop().time())
        device = self._door.devices.get(serial_of(printer.uri))
        if device is None or device.lines.primary is None:
            if asyncio.get_running_loop().time() - since_s < FIND_S:
                raise _away(printer.uri)
            del self._asked_after[job.id]
            return Found(uncertain=f"the printer has not dialled in within {FIND_S:g} s")
        verdict = await device.prover.settle(counted)
        report.resumed()
        del self._asked_after[job.id]
        if isinstance(verdict, AllPrinted):
            return Found(Receipt(Evidence.PRINTED, "its label counter moved by all its labels"))
        if isinstance(verdict, NothingPrinted):
            return Found(untouched="by the printer's label counter and empty buffer nothing of it was printed")
        return Found(uncertain=verdict.says)

    async def recall(self, printer: Printer, job: Job) -> None:
        """Nothing calls bytes back that a printer has."""

    # for support

    def trace(self, uri: str, frames: int) -> None:
        """Write down what this printer opens from now on."""
        self._door.traces.begin(serial_of(uri), frames)

    def traced(self, uri: str) -> Sequence[str]:
        """Return what was written."""
        return self._door.traces.lines(serial_of(uri))

    # within

    def _device(self, printer: Printer) -> Device:
        return self._there(printer.uri)

    def _there(self, uri: str) -> Device:
        device = self._door.devices.get(serial_of(uri))
        if device is None:
            raise _away(uri)
        return device

    def _start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("work for a printer that dials in failed", exc_info=error)


async def _take_turn(channel: Channel, words: str, within_s: float = TURN_S) -> None:
    try:
        async with asyncio.timeout(within_s):
            await channel.turn.acquire()
    except TimeoutError:
        says = f"{words} is busy with something else on its {channel.kind} channel"
        raise NotReached(says, reasons=(Reason.BUSY_ELSEWHERE,)) from None


async def _see_that_it_stands(raw: Channel, words: str) -> None:
    """Raise NotReached where the channel is dead, or takes nothing: before the first byte that costs nothing."""
    if not raw.is_live:
        raise NotReached(f"{words} lost its raw channel", reasons=(Reason.OFFLINE,))
    if asyncio.get_running_loop().time() - raw.line.heard_s < FRESH_S:
        return
    try:
        if await raw.stands(STANDS_S):
            return
    except Lost as lost:
        raise NotReached(f"{words}: {lost}", reasons=(Reason.OFFLINE,)) from lost
    says = f"{words} reads nothing on its raw channel; see to its paper, cover and pause key"
    raise NotReached(says, reasons=(Reason.STALLED,))


def _kind(channel: str) -> Kind:
    if channel not in get_args(Kind):
        says = f"There is no channel {channel[:40]!r}. There are {' and '.join(get_args(Kind))}."
        raise Refused(says, code="unknown-channel", status=422)
    return cast("Kind", channel)


def _away(uri: str) -> NotReached:
    says = f"the printer {serial_of(uri)} has not dialled in since the gateway was started"
    return NotReached(
        f"{says}; see that it is on, in the network and set up for this server", reasons=(Reason.OFFLINE,)
    )
