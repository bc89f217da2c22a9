"""One USB printer, claimed for one document: sends it piece by piece and says how far it came. Knows no driver."""

from __future__ import annotations

import asyncio
from contextlib import aclosing, suppress

from fanfold.errors import Interrupted, NotReached
from fanfold.model import Evidence, PrinterOptions, Reason
from fanfold.transports.base import Report
from fanfold.transports.reading import read
from fanfold.transports.stall import StallWatch
from fanfold.transports.usb.ear import Ear
from fanfold.transports.usb.known import Known
from fanfold.transports.usb.port import PIECE_BYTES, Port
from fanfold.transports.usb.stalls import Movement, StallReasons
from fanfold.transports.usb.status import Judge
from fanfold.wire import CHUNK_BYTES, Receipt, Work


class UsbLink:
    """An open way. `said` is what the printer said meanwhile, its first 64 KiB."""

    def __init__(self, port: Port, where: str, options: PrinterOptions, judge: Judge, *, tells: bool) -> None:
        self._port, self._where, self._options = port, where, options
        self._judge, self._tells = judge, tells
        self._ear, self._known = Ear(port), Known(port, tells=tells)
        self._attempted = 0
        self._total = 0

    @property
    def said(self) -> bytes:
        """What the printer said while it was given the document."""
        return self._ear.said

    @property
    def sent_bytes(self) -> int:
        """How many bytes the printer has for certain; 0 only if none left, for it may have more."""
        return self._known.bytes or min(self._attempted, 1)

    async def deliver(self, work: Work, report: Report) -> Receipt:
        """Send every copy and wait until the printer has taken the last byte.

        `delivered`: its hardware acknowledged them all, and it is still there. A printer that could be asked before
        and cannot be asked after leaves it at `sent`.
        """
        self._total = work.document.size_bytes * work.copies
        tasks = [asyncio.ensure_future(task) for task in (self._ear.listen(), self._known.follow())]
        reasons = StallReasons(report, self._port, self._where, self._judge, lambda: self.sent_bytes)
        watch = StallWatch(Movement(self._port, self._total), self._where, self._options.stall_after_s, reasons)
        try:
            await self._port.look()  # what is gone by now got nothing
            await self._send(work, report)
            await self._port.ready()
            return await self._end()
        except OSError as error:
            raise self._broken(error) from error
        finally:
            watch.stop()
            reasons.stop()
            report.progress(self.sent_bytes)
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)

    async def _send(self, work: Work, report: Report) -> None:
        for _ in range(work.copies):
            async with aclosing(read(work.document, self._unreadable)) as chunks:
                async for chunk in chunks:
                    await self._write(memoryview(chunk), report)
                    if len(chunk) == CHUNK_BYTES:
                        await asyncio.sleep(0)  # a printer that takes all at once must not keep the loop from others

    async def _write(self, left: memoryview, report: Report) -> None:
        while left:
            await self._port.ready()
            report.progress(self.sent_bytes)
            piece = left[:PIECE_BYTES]
            self._attempted = self._port.handed_bytes + len(piece)
            with suppress(BlockingIOError):
                left = left[self._port.write(piece) :]

    # the end

    async def _end(self) -> Receipt:
        """Weigh what it proves that the last piece is gone. Raises OSError: the printer is, too."""
        status = await self._known.settle()
        if status is None and self._tells:
            return Receipt(Evidence.SENT, f"{self._where} was given every byte, and does not say since how it is")
        wrong = self._judge(status)
        now = f"; now it {wrong.says}" if wrong else ""
        return Receipt(Evidence.DELIVERED, f"{self._where} took every byte{now}")

    # errors

    def _unreadable(self, error: OSError) -> NotReached | Interrupted:
        why = f"the document could not be read from our disk ({error.strerror or error})"
        if not self._attempted:
            return NotReached(f"{why}; nothing of it was sent to {self._where}")
        return Interrupted(f"{why} after {self._where} had taken {self._standing}")

    def _broken(self, error: OSError) -> NotReached | Interrupted:
        why = error.strerror or str(error)
        if not self._attempted:
            says = f"{self._where} went before it was given anything ({why}); see that it is on, and to its cable"
            return NotReached(says, reasons=(Reason.OFFLINE,))
        says = f"{self._where} broke off after it had taken {self._standing} ({why})"
        return Interrupted(says, reasons=(Reason.OFFLINE,))

    @property
    def _standing(self) -> str:
        known = self._known.bytes
        more = self._attempted - known
        return f"{known} of {self._total} bytes" + (f", and perhaps up to {more} more" if more > 0 else "")
