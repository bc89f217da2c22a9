"""Questions to printers, channels opened anew, conversations written down: for people. Knows no protocol."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from fanfold.engine.devices import Devices
from fanfold.engine.lane import Lane
from fanfold.engine.names import address
from fanfold.engine.roster import Roster
from fanfold.errors import NotReached, Refused
from fanfold.messages import AskPrinter, Done, PrinterSaid, ReopenChannel, Traced, TracePrinter
from fanfold.transports.base import Converses, Traces

T = TypeVar("T")

LONGEST_ANSWER_S = 300.0
MOST_FRAMES = 10_000


class AskingDesk:
    """The engine's hand for printers that can be talked with. Methods raise Refused."""

    def __init__(self, roster: Roster, devices: Devices) -> None:
        self._roster, self._devices = roster, devices

    async def ask(self, ask: AskPrinter) -> PrinterSaid:
        """Put a question to a printer."""
        lane = self._roster.find(ask.printer)
        transport = conversing(lane)
        if not ask.question:
            raise Refused("A question must not be empty.", code="bad-request", status=422)

        async def put(left_s: float) -> bytes:
            return await transport.ask(lane.printer, ask.question, channel=ask.channel, within_s=left_s)

        return PrinterSaid(await ask_between_jobs(lane, put, ask.within_s))

    async def reopen(self, ask: ReopenChannel) -> Done:
        """Have a printer that dials in open a channel anew."""
        printer = self._roster.find(ask.printer).printer
        receiver = self._roster.receiver(printer.uri)
        if receiver is None:
            says = f"{printer.name} has no channels: it does not dial in."
            raise Refused(says, code="unknown-channel", status=422)
        try:
            await receiver.reopen(address(printer.uri), ask.channel)
        except NotReached as absence:
            raise _away(printer.name, absence) from absence
        return Done((f"{printer.name} opened its channel {ask.channel} anew",))

    def trace(self, ask: TracePrinter) -> Traced:
        """Begin or end to write down a printer's conversation, or show what was written."""
        lane = self._roster.get(ask.device)
        uri = address(lane.printer.uri) if lane else self._devices.uri(ask.device, self._devices.newcomers())
        transport = self._roster.transport(uri)
        if not isinstance(transport, Traces):
            says = f"{uri} cannot be traced: only conversations with printers that dial in are written down."
            raise Refused(says, code="cannot-trace", status=422)
        if ask.frames is not None:
            if not 0 <= ask.frames <= MOST_FRAMES:
                raise Refused(f"frames must be 0 to {MOST_FRAMES}.", code="bad-request", status=422)
            transport.trace(uri, ask.frames)
        return Traced(tuple(transport.traced(uri)))


def conversing(lane: Lane) -> Converses:
    """Return the printer's transport, over which it answers. Raises Refused `cannot-ask` 422."""
    if not isinstance(lane.transport, Converses):
        says = f"{lane.printer.name} cannot be asked: over {lane.scheme}: nothing comes back from a printer."
        raise Refused(says, code="cannot-ask", status=422)
    return lane.transport


async def ask_between_jobs(lane: Lane, talk: Callable[[float], Awaitable[T]], within_s: float) -> T:
    """Have a talk with a printer, which is given the seconds left for it. Raises Refused."""
    name = lane.printer.name
    if not 0 < within_s <= LONGEST_ANSWER_S:
        says = f"A printer has 0 to {LONGEST_ANSWER_S:g} s (`within_s`) for its answer."
        raise Refused(says, code="bad-request", status=422)
    try:
        return await lane.ask(talk, within_s)
    except NotReached as absence:
        raise _away(name, absence) from absence
    except TimeoutError as silence:
        why = f": {silence}" if str(silence) else ""
        says = f"{name} was asked and did not answer within {within_s:g} s{why}."
        raise Refused(says, code="no-answer", status=504) from silence


def _away(name: str, absence: NotReached) -> Refused:
    return Refused(f"{name} cannot be asked now: {absence.says}", code="printer-away", status=503)
