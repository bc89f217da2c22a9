"""One open port, for one document: sends it, listens, and weighs what the end of it proves. Knows no system.

What proves delivery, and what does not:

- Nobody acknowledges a byte on a serial cable. When the system has none left of ours, and the port had time to put the
  last ones on the cable, the document is `sent`: whether a printer stands at the other end is not known.
- An answer after that is `delivered`: somebody reads. Not so from a printer that talked before, which may talk by
  itself; and one that comes before the last byte left cannot be an answer to the end.
- A printer that holds us up by its lines or by XOFF took what left us, and no more: a stall.
- A port that goes in the midst is a doubt, always: what it took until then may print. What an adapter seemed to send
  while it was being unplugged does not count: its transfers end then too, and the system notices only afterwards.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import aclosing, suppress

from fanfold.errors import Interrupted, NotReached
from fanfold.model import Evidence, PrinterOptions, Reason
from fanfold.transports.base import Report
from fanfold.transports.reading import read
from fanfold.transports.serial.line import Line
from fanfold.transports.serial.looks import Looks
from fanfold.transports.serial.port import Port
from fanfold.transports.serial.words import held_by
from fanfold.transports.stall import StallWatch
from fanfold.wire import Receipt, Work

SAID_BYTES = 64 * 1024
"""How much is kept of what a printer says: statuses are short, and one that talks without end must not fill memory."""

FIFO_BYTES = 256
"""What a port may still have when the system has nothing: UARTs buffer 16 to 128 bytes, USB adapters mostly 256."""

GONE_WITHIN_S = 0.3
"""How long the system may take to notice that an adapter was unplugged: hubs are asked each 256 ms (USB 2.0 §11.12)."""

ANSWER_S = 0.25
"""How long a printer may take to answer after the end of data; those that answer at all do so in some milliseconds."""

SOONEST_S, LATEST_S = 0.002, 0.25
"""How often the queue is looked at while it runs empty; nothing tells when it has."""

TURN_BYTES = 64 * 1024
"""After so many bytes that went without waiting others have their turn."""


class SerialLink:
    """An open port for one document. `said` is what the printer said meanwhile, its first 64 KiB."""

    def __init__(self, port: Port, line: Line, options: PrinterOptions, fifo_bytes: int = FIFO_BYTES) -> None:
        self.said = b""
        self._port, self._line, self._options = port, line, options
        self._fifo_bytes = 0 if port.counts_exactly else fifo_bytes
        self._fifo_s = line.seconds_for(fifo_bytes)
        self._loop = asyncio.get_running_loop()
        self._looks = Looks(GONE_WITHIN_S)
        self._empty_s = 0.0
        """When the system had nothing left."""
        self._left = 0
        self._total = 0
        self._kept_back: int | None = None
        self._busy = False
        self._clean = False
        self._listens_for_answer = False
        self._answered = asyncio.Event()
        self._gone: OSError | None = None
        port.listen(self._hear, self._lose)

    @property
    def sent_bytes(self) -> int:
        """How many bytes are on the cable or past it, as far as the port tells; 0 only if none is."""
        if self._kept_back is None and self._left < self._port.taken_bytes:
            with suppress(OSError):  # what a port that is gone had taken before stays as it was
                left = self._port.taken_bytes - self._port.queued_bytes - self._fifo_bytes
                self._left = max(self._left, left)
                self._looks.note(self._loop.time(), self._left)
        return self._left or (0 if self._port.counts_exactly else min(self._port.taken_bytes, 1))

    @property
    def held_up(self) -> bool:
        """Whether there is something that the printer does not take."""
        return self._busy

    @property
    def standing(self) -> str:
        """How far it is, in words."""
        return f"{self.sent_bytes} of {self._total} bytes{held_by(self._line) if self._is_held() else ''}"

    async def deliver(self, work: Work, report: Report) -> Receipt:
        """Send all copies, one after another, and wait until the last byte is on the cable, and for an answer.

        Raises NotReached or Interrupted. What is queued when it is cancelled or interrupted is dropped.
        """
        self._total = work.document.size_bytes * work.copies
        watch = StallWatch(self, self._line.port, self._options.stall_after_s, report)
        self._busy = True
        try:
            await self._send(work, report)
            await self._until_on_the_cable()
            self._busy, self._clean = False, True
            return await self._await_answer()
        except OSError as error:
            raise self._broken(error) from error
        finally:
            watch.stop()
            self._drop_the_rest()
            report.progress(self.sent_bytes)

    async def exchange(self, question: bytes, quiet_s: float) -> bytes:
        """Send a question; return what is said from then on until nothing more comes for so long.

        Waits without limit for the first byte. Raises OSError.
        """
        begun = len(self.said)
        await self._write(memoryview(question), None)
        await self._hears_more(begun)
        self._clean = True
        while await self._hears_more_within(quiet_s):
            pass
        return self.said[begun:]

    async def let_go(self) -> None:
        """Give the port up; what is queued is dropped where the delivery did not end well."""
        self._drop_the_rest()
        await self._port.close()

    # sending

    async def _send(self, work: Work, report: Report) -> None:
        for _ in range(work.copies):
            async with aclosing(read(work.document, self._unreadable)) as chunks:
                async for chunk in chunks:
                    for piece in _pieces(chunk):
                        await self._write(piece, report)
                        await asyncio.sleep(0)  # a port that takes all at once must not keep the loop from others

    async def _write(self, left: memoryview, report: Report | None) -> None:
        while left:
            self._must_be_there()
            taken = await self._port.write(left)
            left = left[taken:]
            if report is not None:
                report.progress(self.sent_bytes)

    # the end

    async def _until_on_the_cable(self) -> None:
        """Wait, without limit, until the system has nothing left, and then as long as the port itself may buffer."""
        while queued := self._port.queued_bytes:
            await self._pause(min(max(self._line.seconds_for(queued) / 2, SOONEST_S), LATEST_S))
        self._empty_s = self._loop.time()
        if self._port.transmitter_empty is None:
            await self._outlast_the_fifo()
        while self._port.transmitter_empty is False:
            await self._pause(SOONEST_S)
        self._must_be_there()
        self._left = self._port.taken_bytes

    async def _outlast_the_fifo(self) -> None:
        """Give an adapter the time for what it buffers, none of which counts while the printer holds the line."""
        left_s = self._fifo_s
        while left_s > 0 or self._port.held:
            step_s = min(max(left_s, SOONEST_S), LATEST_S)
            left_s = self._fifo_s if self._port.held else left_s - step_s
            await self._pause(step_s)

    async def _pause(self, for_s: float) -> None:
        self._must_be_there()
        await asyncio.sleep(for_s)

    async def _await_answer(self) -> Receipt:
        port, self._listens_for_answer = self._line.port, not self.said
        try:
            async with asyncio.timeout(min(ANSWER_S, self._options.close_wait_s)):
                await self._answered.wait()
        except TimeoutError:
            await self._outlast_an_unplugging()
            return Receipt(Evidence.SENT, f"all bytes went out on {port}; serial printers do not say that they came")
        self._must_be_there()
        return Receipt(Evidence.DELIVERED, f"the printer on {port} answered after the end of data")

    async def _outlast_an_unplugging(self) -> None:
        """See to it that the last bytes did not only end because the plug was pulled. Raises OSError: it was."""
        left_s = self._empty_s + GONE_WITHIN_S - self._loop.time()
        if left_s > 0 and not self._port.counts_exactly:
            await self._pause(left_s)
        self._must_be_there()

    def _drop_the_rest(self) -> None:
        if self._clean or not self._port.taken_bytes or self._kept_back is not None:
            return
        seen = self.sent_bytes
        self._kept_back = min(self._port.discard(), self._port.taken_bytes)
        self._left = max(seen, self._port.taken_bytes - self._kept_back)

    # listening

    def _hear(self, said: bytes) -> None:
        self.said += said[: SAID_BYTES - len(self.said)]
        if self._listens_for_answer:
            self._answered.set()

    def _lose(self, error: OSError) -> None:
        self._gone = error
        self._answered.set()

    async def _hears_more(self, than_bytes: int) -> None:
        while len(self.said) == than_bytes:
            self._must_be_there()
            await asyncio.sleep(SOONEST_S)

    async def _hears_more_within(self, quiet_s: float) -> bool:
        heard = len(self.said)
        try:
            async with asyncio.timeout(quiet_s):
                await self._hears_more(heard)
        except TimeoutError:
            return False
        return True

    def _is_held(self) -> bool:
        return self._gone is None and self._port.held

    def _must_be_there(self) -> None:
        if self._gone is not None:
            raise self._gone

    # errors

    def _unreadable(self, error: OSError) -> NotReached | Interrupted:
        why = f"the document could not be read from our disk ({error.strerror or error})"
        if not self._port.taken_bytes:
            return NotReached(f"{why}; nothing of it was sent to {self._line.port}")
        self._drop_the_rest()
        return Interrupted(f"{why} after {self._line.port} had taken {self.standing}")

    def _broken(self, error: OSError) -> NotReached | Interrupted:
        port, why = self._line.port, error.strerror or str(error)
        if not self._port.taken_bytes:
            says = f"{port} went away before it was given anything ({why}); plug it in again"
            return NotReached(says, reasons=(Reason.OFFLINE,))
        more = self._stand_still()
        perhaps = f", and perhaps up to {more} more" if more else ""
        says = f"{port} went away after it had taken {self.standing}{perhaps} ({why}); plug it in again"
        return Interrupted(says, reasons=(Reason.OFFLINE,))

    def _stand_still(self) -> int:
        """Let the count stay as it was before the port went; return how many bytes more may have left."""
        if not self._port.counts_exactly:
            self._left = self._looks.before(self._loop.time())
        self._kept_back = self._port.taken_bytes - self._left
        return self._port.taken_bytes - self.sent_bytes


def _pieces(chunk: bytes) -> Iterator[memoryview]:
    whole = memoryview(chunk)
    for start in range(0, len(whole), TURN_BYTES):
        yield whole[start : start + TURN_BYTES]
