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
from fanfold.model import Evidence, Job, Printer, Reason
from fanfold.reception import Newcomer, Reception
from fanfold.transports.base import Found, Link, Report
from fanfold.transports.weblink.channel import Channel, Lost
from fanfold.transports.weblink.device import Device
from fanfold.transports.weblink.door import SCHEME, WeblinkDoor, serial_of, uri_of
from fanfold.transports.weblink.link import Tally, WeblinkLink
from fanfold.transports.weblink.messages import Channel as Kind
from fanfold.transports.weblink.opener import NOT_OPENED, not_opened
from fanfold.transports.weblink.pace import Pace
from fanfold.transports.weblink.proof import AllPrinted, Counted, NothingPrinted
from fanfold.transports.weblink.pulse import beat
from fanfold.wire import Receipt

log = logging.getLogger("fanfold.weblink")

_URI = re.compile(r"weblink:(?:[A-Za-z0-9._~-]|%[0-9A-Fa-f]{2}){1,96}", re.IGNORECASE)

NORMAL = 1000
"""Close code of a channel that ended as it should."""


class WeblinkTransport:
    """Prints on `weblink:SERIAL`. `tally` makes what counts the labels of a document in ZPL."""

    schemes: tuple[str, ...] = (SCHEME,)
    takes: tuple[str, ...] = ("raw",)
    language = "zpl"
    """Of those that do not say; the others are asked when they come."""

    def __init__(self, manners: Weblink, tally: Callable[[], Tally], pace: Pace | None = None) -> None:
        self._manners, self._tally, self._pace = manners, tally, pace or Pace()
        self._tasks: set[asyncio.Task[None]] = set()
        self._door = WeblinkDoor(manners, self._pace, self._start)
        self._since_s = 0.0
        self._is_closed = False

    # what every transport promises

    def check(self, uri: str) -> None:
        """Say whether the URI has a serial. Raises Refused `bad-uri`."""
        scheme, _, rest = uri.partition(":")
        if not _URI.fullmatch(uri) or f"{scheme.lower()}:{rest}" != uri_of(serial_of(uri)):
            says = f"{uri[:80]!r} names no printer that dials in. Write its serial, such as weblink:50J171200001."
            raise Refused(says, code="bad-uri", status=422)

    @asynccontextmanager
    async def open(self, printer: Printer) -> AsyncIterator[Link]:
        """Take the printer's raw channel for one job. Raises NotReached."""
        device = self._there(printer.uri)
        raw = await device.raw_for_job()
        await _take_turn(raw, device.words, self._pace.turn_s)
        try:
            await self._see_that_it_stands(raw, device.words)
            tally = self._tally if device.counts_labels(printer.options.language) else None
            yield WeblinkLink(device, raw, printer.options, tally, self._pace.note_after_s)
        finally:
            raw.turn.release()

    async def close(self) -> None:
        """Stop all that runs for printers; their lines are the server's to end. Idempotent."""
        self._is_closed = True
        for device in self._door.devices.values():
            device.prover.stop()
        tasks = tuple(self._tasks)
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
        self._since_s = asyncio.get_running_loop().time()
        self._start(beat(self._door.lines, self._manners))

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
        until_s = asyncio.get_running_loop().time() + within_s
        while True:
            taken = await _channel(device, kind, until_s)
            was_in_use = taken.has_answered
            try:
                return await taken.converse(question, _left_s(until_s), self._manners.message_bytes)
            except Lost as lost:
                # some printers close config after each answer: that one was about to, and has not read the question
                if not (kind == "config" and was_in_use and lost.code == NORMAL):
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
        device = self._door.devices.get(serial_of(printer.uri))
        if device is None or device.lines.primary is None:
            if asyncio.get_running_loop().time() - self._since_s < self._pace.find_s:
                raise _away(printer.uri)
            return Found(uncertain=f"the printer has not dialled in within {self._pace.find_s:g} s")
        verdict = await device.prover.settle(counted)
        report.resumed()
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

    def _there(self, uri: str) -> Device:
        device = self._door.devices.get(serial_of(uri))
        if device is None:
            raise _away(uri)
        return device

    async def _see_that_it_stands(self, raw: Channel, words: str) -> None:
        """Raise NotReached where it is dead, or takes nothing: before the first byte that costs nothing."""
        if not raw.is_live:
            raise NotReached(f"{words} lost its raw channel", reasons=(Reason.OFFLINE,))
        if asyncio.get_running_loop().time() - raw.line.heard_s < self._pace.fresh_s:
            return
        try:
            if await raw.stands(self._pace.stands_s):
                return
        except Lost as lost:
            raise NotReached(f"{words}: {lost}", reasons=(Reason.OFFLINE,)) from lost
        says = f"{words} reads nothing on its raw channel; see to its paper, cover and pause key"
        raise NotReached(says, reasons=(Reason.STALLED,))

    def _start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        if self._is_closed:
            task.cancel()
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("work for a printer that dials in failed", exc_info=error)


async def _channel(device: Device, kind: Kind, until_s: float) -> Channel:
    """Return a channel for a question, with its turn. Raises NotReached."""
    while True:
        try:
            async with asyncio.timeout_at(until_s):
                taken = await device.channel(kind)
        except TimeoutError:
            says = f"{device.words} {not_opened(kind)}"
            raise NotReached(says, reasons=(NOT_OPENED,)) from None
        await _take_turn(taken, device.words, _left_s(until_s))
        if taken.is_live:
            return taken
        taken.turn.release()  # it was lost while who had it before was busy with it


def _left_s(until_s: float) -> float:
    return max(0.1, until_s - asyncio.get_running_loop().time())


async def _take_turn(channel: Channel, words: str, within_s: float) -> None:
    try:
        async with asyncio.timeout(within_s):
            await channel.turn.acquire()
    except TimeoutError:
        says = f"{words} is busy with something else on its {channel.kind} channel"
        raise NotReached(says, reasons=(Reason.BUSY_ELSEWHERE,)) from None


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
