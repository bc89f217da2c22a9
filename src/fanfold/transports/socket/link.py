"""One connection to a network printer, for one document: sends it, listens, and weighs what the end of it proves.

What proves delivery, and what does not:

- The printer's close (FIN) after our end of data, when its TCP has acknowledged all of ours: it read to the end.
  TCP acknowledges in order; and a host whose program closes with bytes unread, or gets bytes after it closed,
  answers with a reset. So a close that was on its way before our last bytes arrived shows as a reset, if one waits
  for the acknowledgement of them; that is why the send queue is looked at even after a close.
- An answer after our end of data, when all is acknowledged: it is at work on what it has. Not so from a printer that
  talked before: it may talk by itself, whatever it reads.
- A close before our end of data proves nothing: it closed in the middle. Neither does an answer in the middle.
- An empty send queue alone proves little: the printer's TCP takes some kilobytes that nobody reads. That is `sent`.
- A reset after the first byte is a doubt, always: what it had taken until then may print.
- Before the first byte was handed to our own TCP, nothing of it can print.
"""

from __future__ import annotations

import asyncio
import os
import socket
import struct
import sys
from contextlib import aclosing, suppress
from enum import Enum
from typing import Any

from fanfold.errors import Interrupted, NotReached
from fanfold.model import Evidence, PrinterOptions, Reason
from fanfold.transports.base import Report
from fanfold.transports.reading import read
from fanfold.transports.socket.question import conversed, part
from fanfold.transports.stall import StallWatch
from fanfold.wire import CHUNK_BYTES, Receipt, Work

if sys.platform == "linux":
    import fcntl
    import termios

READ_BYTES = 4096
SAID_BYTES = 64 * 1024
"""How much is kept of what a printer says: statuses are short, and one that talks without end must not fill memory."""

PROMPT_S = 0.25
"""Printers that close after a job do so within some milliseconds; after this the job is put down as sent."""

LINGER_S = 0.25
"""How long one that answered gets to close: our close could reset the connection while it still reads."""

TRICKLE_BYTES = 2048
"""What is sent when room comes up again: less than TCP calls room, so that it goes whole or not at all."""

POLL_S = 0.02
"""How often the send queue is looked at where nothing tells of its change."""


class _End(Enum):
    CLOSED = "closed"
    ANSWERED = "answered"


class SocketLink:
    """An open connection. `said` is what the printer said meanwhile, its first 64 KiB."""

    def __init__(self, wire: socket.socket, where: str, options: PrinterOptions) -> None:
        self.said = b""
        self.broke_off = False
        """It ended the connection before its time, perhaps because it prints for another host."""
        self._wire, self._where, self._options = wire, where, options
        self._loop = asyncio.get_running_loop()
        self._written = 0
        self._acknowledged = 0
        self._total = 0
        self._blocked = False
        self._finished = False
        self._clean = False
        self._talks_anyway = False
        self._ended: asyncio.Future[_End | OSError] = self._loop.create_future()

    @property
    def sent_bytes(self) -> int:
        """How many bytes the printer's TCP acknowledged (Linux; elsewhere: our own TCP took); 0 only if none left."""
        if self._acknowledged < self._written and self._wire.fileno() >= 0:
            self._acknowledged = max(self._acknowledged, self._written - self.unacknowledged_bytes)
        return self._acknowledged or min(self._written, 1)  # what is under way may arrive yet

    @property
    def unacknowledged_bytes(self) -> int:
        """How many bytes of the document our TCP has and the printer's has not, as far as we are told."""
        if sys.platform != "linux":
            return 0
        answer = bytearray(4)
        fcntl.ioctl(self._wire.fileno(), termios.TIOCOUTQ, answer)
        queued = int.from_bytes(answer, sys.byteorder)
        return max(0, queued - 1) if self._finished else queued  # the end of data counts as one there

    @property
    def held_up(self) -> bool:
        """Whether there is something that the printer does not take."""
        return self._blocked or self.unacknowledged_bytes > 0

    @property
    def standing(self) -> str:
        """How far it is, in words."""
        return f"{self.sent_bytes} of {self._total} bytes"

    async def stands(self, for_s: float) -> None:
        """Wait so long for the printer to turn us away. Raises NotReached when it does."""
        try:
            async with asyncio.timeout(for_s):
                said = await self._loop.sock_recv(self._wire, READ_BYTES)
        except TimeoutError:
            return
        except OSError as error:
            raise self._not_let_in(error) from error
        if not said:
            raise self._not_let_in()
        self._keep(said)

    async def deliver(self, work: Work, report: Report) -> Receipt:
        """Send all copies, one after another, then the end of data, and wait for the printer's close or answer.

        Raises NotReached or Interrupted. A cancelled or interrupted connection is reset when it is let go.
        """
        self._look_before_first_byte()
        self._total = work.document.size_bytes * work.copies
        listening = asyncio.ensure_future(self._listen())
        watch = StallWatch(self, self._where, self._options.stall_after_s, report)
        try:
            await self._send(work, report)
            self._end_data()
            receipt = await self._await_end(report, listening)
        except OSError as error:
            raise self._broken(error) from error
        else:
            self._clean = True
            return receipt
        finally:
            watch.stop()
            report.progress(self.sent_bytes)
            if not listening.done():
                await _stop(listening)

    async def converse(self, question: bytes, until_s: float) -> bytes:
        """Ask instead of delivering; return the answer.

        Raises NotReached (nothing was asked), Refused, TimeoutError.
        """
        self._look_before_first_byte()
        try:
            return await conversed(self._wire, self._where, question, until_s)
        finally:
            await part(self._wire)

    def let_go(self) -> None:
        """Close the connection; reset it where the delivery did not end well, so that nothing trickles out after."""
        if self._written and not self._clean:
            kind = "hh" if sys.platform == "win32" else "ii"
            with suppress(OSError):  # it may be gone already: then there is nothing to reset
                self._wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack(kind, 1, 0))
        self._wire.close()

    # sending

    def _look_before_first_byte(self) -> None:
        try:
            said = self._wire.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return
        except OSError as error:
            raise self._not_let_in(error) from error
        if not said:
            raise self._not_let_in()

    async def _send(self, work: Work, report: Report) -> None:
        for _ in range(work.copies):
            async with aclosing(read(work.document, self._unreadable)) as chunks:
                async for chunk in chunks:
                    await self._write(chunk, report)
                    if len(chunk) == CHUNK_BYTES:
                        await asyncio.sleep(0)  # a printer that takes all at once must not keep the loop from others

    async def _write(self, chunk: bytes, report: Report) -> None:
        left = memoryview(chunk)
        while left:
            self._must_be_open()
            try:
                taken = self._wire.send(left)
            except BlockingIOError:
                taken = await self._trickle(left[:TRICKLE_BYTES])
            self._written += taken
            left = left[taken:]
            report.progress(self.sent_bytes)

    async def _trickle(self, piece: memoryview) -> int:
        """Send a piece as soon as there is room, unless the printer ends the connection first."""
        sending = asyncio.ensure_future(self._loop.sock_sendall(self._wire, piece))
        self._blocked = True
        either: set[asyncio.Future[Any]] = {sending, self._ended}
        try:
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            if sending.done():
                sending.result()
        finally:
            self._blocked = False
            if not sending.done():
                await _stop(sending)
        self._must_be_open()
        return len(piece)

    def _must_be_open(self) -> None:
        if not self._ended.done():
            return
        end = self._ended.result()
        raise end if isinstance(end, OSError) else ConnectionAbortedError("it closed the connection in the middle")

    def _end_data(self) -> None:
        self._hear_what_came()  # so that it is not taken for an answer to the end of data
        self._talks_anyway = bool(self.said)
        self._wire.shutdown(socket.SHUT_WR)
        self._finished = True

    # listening

    async def _listen(self) -> None:
        try:
            while said := await self._loop.sock_recv(self._wire, READ_BYTES):
                self._keep(said)
                if self._finished and not self._talks_anyway and not self.unacknowledged_bytes:
                    self._conclude(_End.ANSWERED)
            self._conclude(_End.CLOSED)
        except OSError as error:
            self._conclude(error)

    def _conclude(self, end: _End | OSError) -> None:
        if not self._ended.done():
            self._ended.set_result(end)

    def _hear_what_came(self) -> None:
        with suppress(BlockingIOError):
            while said := self._wire.recv(READ_BYTES):
                self._keep(said)

    def _keep(self, said: bytes) -> None:
        self.said += said[: SAID_BYTES - len(self.said)]

    # the end

    async def _await_end(self, report: Report, listening: asyncio.Future[None]) -> Receipt:
        emptied_s = self._loop.time()
        await self._ends_within(min(PROMPT_S, self._options.close_wait_s))
        while not self._ended.done() and self.unacknowledged_bytes:
            await self._ends_within(POLL_S)  # without limit: a printer that takes nothing is a stall, no end
            emptied_s = self._loop.time()
        if not self._ended.done():
            await report.sent()
            await self._ends_within(emptied_s + self._options.close_wait_s - self._loop.time())
        if not self._ended.done():
            says = f"{self._where} has all bytes, but did not close or answer within {self._options.close_wait_s:g} s"
            return Receipt(Evidence.SENT, says)
        match self._ended.result():
            case OSError() as error:
                raise error
            case _End.ANSWERED:
                await asyncio.wait({listening}, timeout=LINGER_S)
                return Receipt(Evidence.DELIVERED, f"{self._where} answered after the end of data")
            case _End.CLOSED:
                await self._all_acknowledged()
                return Receipt(Evidence.DELIVERED, f"{self._where} closed after the end of data")

    async def _ends_within(self, for_s: float) -> None:
        await asyncio.wait({self._ended}, timeout=for_s)

    async def _all_acknowledged(self) -> None:
        """Wait until the printer's TCP has all bytes, or has reset the connection. Raises OSError."""
        while True:
            left = self.unacknowledged_bytes
            if failed := self._wire.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
                raise OSError(failed, os.strerror(failed))
            if not left:
                self._acknowledged = self._written
                return
            await asyncio.sleep(POLL_S)

    # errors

    def _not_let_in(self, error: OSError | None = None) -> NotReached:
        self.broke_off = True
        how = f"({error.strerror})" if error else "before it was given anything"
        return turned_away(self._where, f"ended the connection {how}")

    def _unreadable(self, error: OSError) -> NotReached | Interrupted:
        why = f"the document could not be read from our disk ({error.strerror or error})"
        if not self._written:
            return NotReached(f"{why}; nothing of it was sent to {self._where}")
        return Interrupted(f"{why} after {self._where} had taken {self.standing}")

    def _broken(self, error: OSError) -> NotReached | Interrupted:
        why = error.strerror or str(error)
        if not self._written:
            return self._not_let_in(error)
        self.broke_off = True
        says = f"{self._where} broke the connection after it had taken {self.standing} ({why})"
        return Interrupted(says, reasons=(Reason.OFFLINE,))


def turned_away(where: str, what: str) -> NotReached:
    """Return the error for a printer that is there, but not for us."""
    says = f"{where} {what}: it prints for another host, or nobody listens on that port. It is tried again"
    return NotReached(says, reasons=(Reason.BUSY_ELSEWHERE,))


async def _stop(task: asyncio.Future[None]) -> None:
    """End what still waits on the connection: closing it before would leave its number watched for another's."""
    task.cancel()
    await asyncio.wait({task})
