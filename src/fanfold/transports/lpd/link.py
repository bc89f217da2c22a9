"""One connection to an LPD server, for one job: the steps of RFC 1179, and what the end of each proves.

What proves what:

- Each step is answered by one byte, and zero means yes. Anything else that comes is no answer: more bytes at once, a
  byte before it was asked for, words. What came before our question is never taken for the answer to it.
- Until the first byte of the document was handed to our own TCP nothing of it can print, whatever breaks.
- From then on it is a doubt. A server ought to print only what it has whole; but printers that speak LPD themselves
  print while the bytes come.
- The zero after the last byte of the last file ends it well: whoever answers has the whole job. That is `sent`, because
  most who answer are servers that hand it on; `delivered` where the owner says that it is the printer itself.
"""

from __future__ import annotations

import asyncio
import os
import socket
import struct
import sys
from collections.abc import Callable
from contextlib import aclosing, suppress
from typing import Any

from fanfold.errors import Declined, Interrupted, NotReached
from fanfold.model import Evidence, PrinterOptions, Reason
from fanfold.transports.base import Report
from fanfold.transports.lpd.address import Address, Far, Order
from fanfold.transports.lpd.files import Files, clean, files_for
from fanfold.transports.reading import read
from fanfold.transports.stall import StallWatch
from fanfold.wire import CHUNK_BYTES, Document, Receipt, Work

if sys.platform == "linux":
    import fcntl
    import termios

RECEIVE_JOB, ABORT, CONTROL, DATA = b"\x02", b"\x01\n", b"\x02", b"\x03"
YES = b"\0"
ANSWER_BYTES = 512
"""As much is read of an answer as of the words that some servers send instead."""

WORDS_S, WORDS_LENGTH = 0.2, 200
PROMPT_S = 0.25
"""Servers answer within some milliseconds; after this it is put down that all is sent."""

POLL_S = 0.05
"""How often it is looked whether the server's TCP has all; nothing tells when it has."""

FAREWELL_S = 1.0
TRICKLE_BYTES = 2048
"""What is sent when room comes up again: less than TCP calls room, so that it goes whole or not at all."""

NOT_ACCEPTING = "not-accepting-jobs"
_MEANINGS = {
    1: "there is no such queue, it is not shared, or it takes no jobs now",
    2: "it has no room now, or wants it to be tried later",
}
"""What servers of the BSD family mean; RFC 1179 says only that anything but zero is no."""


class LpdLink:
    """A connection to an LPD server. `greet` it, then `deliver`, then `let_go`."""

    def __init__(
        self,
        wire: socket.socket,
        address: Address,
        options: PrinterOptions,
        number: Callable[[], int],
        step_limit_s: float,
    ) -> None:
        self._wire, self._address, self._options = wire, address, options
        self._number, self._step_limit_s = number, step_limit_s
        self._loop = asyncio.get_running_loop()
        self._handed = 0
        self._under_way = 0
        """Bytes that wait for room: counted as handed over, for any part of them may go, and not as gone."""
        self._after = 0
        """Bytes that are no document, handed over behind it."""
        self._acknowledged = 0
        self._total = 0
        self._busy = False
        self._awaits_answer = False
        self._done = False
        self._sound = False
        """The server waits for our next command: it can be told to forget the job, or left."""

    @property
    def sent_bytes(self) -> int:
        """How many bytes of the document the server's TCP has (Linux; elsewhere: ours took); 0 only if none left."""
        if self._acknowledged < self._handed and self._wire.fileno() >= 0:
            left = self._handed - self._under_way - max(0, self._unacknowledged_bytes() - self._after)
            self._acknowledged = max(self._acknowledged, left)
        return min(self._acknowledged or min(self._handed, 1), self._total)  # what is under way may arrive yet

    @property
    def held_up(self) -> bool:
        """Whether the server is waited for."""
        return self._busy

    @property
    def standing(self) -> str:
        """How far it is, in words."""
        if self._awaits_answer and not self._unacknowledged_bytes():
            return f"all {self._total} bytes, does not say that it has them,"
        return f"{self.sent_bytes} of {self._total} bytes"

    async def greet(self) -> None:
        """Ask whether the queue takes a job. Raises NotReached."""
        await self._step(RECEIVE_JOB + f"{self._address.queue}\n".encode(), "when asked for the queue")
        self._sound = True

    async def deliver(self, work: Work, report: Report) -> Receipt:
        """Send the job's two files. Raises NotReached, Interrupted, or Declined for an empty document."""
        self._total = work.document.size_bytes
        if not self._total:
            raise Declined("the document is empty, which LPD cannot say")  # there 0 means: until the connection ends
        number = await asyncio.to_thread(self._number)
        files = files_for(work, self._address, number, socket.gethostname())
        watch = StallWatch(self, str(self._address), self._options.stall_after_s, report)
        try:
            if self._address.order is Order.CONTROL_FIRST:
                await self._send_control(files)
                await self._send_data(work.document, files, report)
            else:
                await self._send_data(work.document, files, report)
                await self._send_control(files)
        finally:
            watch.stop()
            report.progress(self.sent_bytes)
        self._done = True
        return self._receipt()

    async def let_go(self) -> None:
        """Close the connection. Where the job was not wholly sent the server is told, or made, to forget it."""
        try:
            if self._handed and not self._sound:
                self._reset_at_close()
            elif self._sound and not self._done:
                await self._forget()
        finally:
            self._wire.close()

    # the files

    async def _send_control(self, files: Files) -> None:
        await self._step(
            CONTROL + f"{len(files.control)} {files.control_name}\n".encode(), "when told of the control file"
        )
        await self._step(files.control + b"\0", "when given the control file")
        self._sound = True

    async def _send_data(self, document: Document, files: Files, report: Report) -> None:
        await self._step(DATA + f"{self._total} {files.data_name}\n".encode(), "when told of the document")
        self._busy, self._sound = True, False
        answering = asyncio.ensure_future(self._loop.sock_recv(self._wire, ANSWER_BYTES))
        try:
            await self._stream(document, answering, report)
            await self._await_answer(answering, report)
        except OSError as error:
            raise self._broken("in the midst of the document", error) from error
        finally:
            await _stop(answering)
        self._busy, self._sound = False, True

    async def _stream(self, document: Document, answering: asyncio.Future[bytes], report: Report) -> None:
        """Send the document and the zero behind it; the zero goes with the last bytes, never alone."""
        held, sent = b"", 0
        async with aclosing(read(document, lambda error: self._unreadable(error.strerror or str(error)))) as chunks:
            async for chunk in chunks:
                if sent + len(chunk) > self._total:
                    break
                await self._write(held, answering, report)
                held, sent = chunk, sent + len(chunk)
                if len(chunk) == CHUNK_BYTES:
                    await asyncio.sleep(0)  # a server that takes all at once must not keep the loop from others
            else:
                if sent == self._total:
                    await self._write(held + b"\0", answering, report, after=1)
                    return
        raise self._unreadable(f"it has another size than the {self._total} bytes that were kept")

    async def _write(self, data: bytes, answering: asyncio.Future[bytes], report: Report, *, after: int = 0) -> None:
        left = memoryview(data)
        while left:
            self._must_be_silent(answering)
            try:
                taken = self._wire.send(left)
            except BlockingIOError:
                taken = await self._trickle(left[:TRICKLE_BYTES], answering)
            left = left[taken:]
            self._handed += taken
            if not left:
                self._handed, self._after = self._handed - after, after
            report.progress(self.sent_bytes)

    async def _trickle(self, piece: memoryview, answering: asyncio.Future[bytes]) -> int:
        """Send a piece as soon as there is room, unless the server answers or ends it first."""
        self._handed, self._under_way = self._handed + len(piece), len(piece)
        sending = asyncio.ensure_future(self._loop.sock_sendall(self._wire, piece))
        either: set[asyncio.Future[Any]] = {sending, answering}
        try:
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            if sending.done():
                sending.result()
        finally:
            await _stop(sending)
        self._must_be_silent(answering)
        self._handed, self._under_way = self._handed - len(piece), 0
        return len(piece)

    def _must_be_silent(self, answering: asyncio.Future[bytes]) -> None:
        if answering.done():
            raise self._refused("in the midst of the document", answering.result())

    async def _await_answer(self, answering: asyncio.Future[bytes], report: Report) -> None:
        """Wait, without limit, for the zero: the server may wait for its printer."""
        self._awaits_answer = True
        await asyncio.wait({answering}, timeout=PROMPT_S)
        while not answering.done() and self._unacknowledged_bytes():
            await asyncio.wait({answering}, timeout=POLL_S)  # until then our own system has some of it
        if not answering.done():
            report.progress(self.sent_bytes)
            await report.sent()
        answer = await answering
        self._awaits_answer = False
        if answer != YES:
            self._sound = len(answer) == 1
            raise self._refused("after the document", answer)
        if self._unacknowledged_bytes():
            raise self._interrupted("answered before it had all of the document")
        self._acknowledged = self._handed

    # the steps

    async def _step(self, command: bytes, when: str) -> None:
        """Send what is answered by one byte. Raises NotReached, or Interrupted after the document's first byte."""
        try:
            self._must_not_have_spoken()
            self._sound = False
            async with asyncio.timeout(None if self._handed else self._step_limit_s):
                self._busy = True
                await self._loop.sock_sendall(self._wire, command)
                answer = await self._loop.sock_recv(self._wire, ANSWER_BYTES)
        except TimeoutError as late:
            says = f"{self._address} does not answer {when}, not within {self._step_limit_s:g} s"
            raise NotReached(says, reasons=(Reason.OFFLINE,)) from late
        except OSError as error:
            raise self._broken(when, error) from error
        finally:
            self._busy = False
        if answer != YES:
            self._sound = len(answer) == 1
            raise self._refused(when, answer + await self._more_words(answer))

    def _must_not_have_spoken(self) -> None:
        with suppress(BlockingIOError):
            raise self._refused("before it was asked", self._wire.recv(ANSWER_BYTES))

    async def _more_words(self, answer: bytes) -> bytes:
        """Read on for a moment where words come instead of an answer."""
        said = b""
        if answer and answer[0] >= ord(" "):
            with suppress(OSError):  # TimeoutError among them
                async with asyncio.timeout(WORDS_S):
                    while more := await self._loop.sock_recv(self._wire, ANSWER_BYTES):
                        said += more[: ANSWER_BYTES - len(said)]
        return said

    # the end

    def _receipt(self) -> Receipt:
        if self._address.server is Far.PRINTER:
            return Receipt(Evidence.DELIVERED, f"the printer has acknowledged all of it ({self._address})")
        says = f"{self._address} has acknowledged all of it; what it makes of it LPD does not tell"
        return Receipt(Evidence.SENT, says)

    async def _forget(self) -> None:
        """Have the server drop what it has of the job (RFC 1179 §6.1), which it answers."""
        with suppress(OSError):
            async with asyncio.timeout(FAREWELL_S):
                await self._loop.sock_sendall(self._wire, ABORT)

    def _reset_at_close(self) -> None:
        kind = "hh" if sys.platform == "win32" else "ii"
        with suppress(OSError):  # it may be gone already: then there is nothing to reset
            self._wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack(kind, 1, 0))

    def _unacknowledged_bytes(self) -> int:
        if sys.platform != "linux":
            return 0
        answer = bytearray(4)
        fcntl.ioctl(self._wire.fileno(), termios.TIOCOUTQ, answer)
        return int.from_bytes(answer, sys.byteorder)

    # errors

    def _refused(self, when: str, answer: bytes) -> NotReached | Interrupted:
        if not answer:
            return self._not_now(f"closed the connection {when}")
        if len(answer) == 1 and answer != YES and answer[0] < ord(" "):
            meaning = _MEANINGS.get(answer[0], "it does not say why")
            return self._not_now(f"said no {when} (code {answer[0]}: {meaning})", NOT_ACCEPTING)
        words = clean(answer.decode("utf-8", "replace"), WORDS_LENGTH)
        return self._not_now(f"said {words or answer[:20]!r} {when}, which is no answer of LPD's", NOT_ACCEPTING)

    def _not_now(self, what: str, reason: str = Reason.OFFLINE) -> NotReached | Interrupted:
        if self._handed:
            return self._interrupted(what)
        return NotReached(f"{self._address} {what}. It is tried again; see to the queue there", reasons=(reason,))

    def _interrupted(self, what: str) -> Interrupted:
        says = f"{self._address} {what}, when {self.sent_bytes} of {self._total} bytes had gone there"
        return Interrupted(says, reasons=(Reason.OFFLINE,))

    def _broken(self, when: str, error: OSError) -> NotReached | Interrupted:
        why = os.strerror(error.errno) if error.errno else str(error)
        return self._not_now(f"broke the connection {when} ({why})")

    def _unreadable(self, why: str) -> NotReached | Interrupted:
        says = f"the document could not be read from our disk ({why})"
        if not self._handed:
            return NotReached(f"{says}; nothing of it was sent to {self._address}")
        return Interrupted(f"{says} after {self.sent_bytes} of {self._total} bytes had gone to {self._address}")


async def _stop(task: asyncio.Future[Any]) -> None:
    """End what still waits on the connection: closing it before would leave its number watched for another's."""
    task.cancel()
    await asyncio.wait({task})
    if not task.cancelled():
        task.exception()  # what it met was met by us too
