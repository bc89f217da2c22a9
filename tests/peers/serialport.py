"""A printer at the end of a serial cable: a pty whose other end it reads, paces and unplugs. Knows no pyserial.

A cable has no end of a document; here it ends when the port is closed, which a pty shows to its other end.
"""

from __future__ import annotations

import asyncio
import errno
import os
import tty
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Self

CLOSED_POLL_S = 0.002
"""How often it is looked whether the port was opened: a pty that nobody has open is readable all the time."""


class SerialPrinter:
    """`async with SerialPrinter(folder / "port") as printer:`; `port` stays the same name over `unplug` and `plug`.

    `papers` has what came between an opening and a closing, `partial` what came until the cable was pulled. `answer`,
    if set, is called with all that came since the port was opened, and says what is said to it.
    """

    def __init__(self, port: Path, *, bytes_per_s: int | None = None) -> None:
        self.port = port
        self.papers: list[bytes] = []
        self.partial: list[bytes] = []
        self.answer: Callable[[bytes], bytes] = lambda _: b""
        self.holds_at: int | None = None
        """Of a document it reads so much, and no more until it is released."""
        self._bytes_per_s = bytes_per_s
        self._paper = bytearray()
        self._master = -1
        self._task: asyncio.Task[None] | None = None
        self._reads = asyncio.Event()
        self._reads.set()
        self._news = asyncio.Condition()
        self._closings = 0

    async def __aenter__(self) -> Self:
        await self.plug()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.unplug()

    @property
    def uri(self) -> str:
        """Where it is, on a line so fast that no test waits for it."""
        return f"serial:{self.port}?baud=921600"

    @property
    def read_bytes(self) -> int:
        """How much came since the port was opened."""
        return len(self._paper)

    async def plug(self) -> None:
        """Be there, ready and reading."""
        self._master, slave = os.openpty()
        tty.setraw(slave)
        os.set_blocking(self._master, False)
        self.port.symlink_to(os.ttyname(slave))
        os.close(slave)
        self._task = asyncio.create_task(self._run())

    async def unplug(self) -> None:
        """Be gone, in the midst of whatever is under way."""
        if self._task is None:
            return
        self._task.cancel()
        await asyncio.wait({self._task})
        self._task = None
        if self._paper:
            self.partial.append(bytes(self._paper))
            self._paper.clear()
        self.port.unlink()
        os.close(self._master)

    def hold(self) -> None:
        """Read no more."""
        self._reads.clear()

    def release(self) -> None:
        """Read again."""
        self._reads.set()

    def say(self, said: bytes) -> None:
        """Say something by itself."""
        os.write(self._master, said)

    async def printed(self, count: int = 1) -> list[bytes]:
        """Wait for so many documents; return all."""
        await self._until(lambda: len(self.papers) >= count)
        return self.papers

    async def has(self, count_bytes: int) -> bytes:
        """Wait until so much came since the port was opened; return it."""
        await self._until(lambda: len(self._paper) >= count_bytes)
        return bytes(self._paper)

    async def hung_up(self) -> None:
        """Wait until it is seen that nobody has the port open."""
        before = self._closings
        await self._until(lambda: self._closings > before or self._task is None)

    async def _until(self, true: Callable[[], bool]) -> None:
        async with self._news:
            await self._news.wait_for(true)

    async def _tell(self) -> None:
        async with self._news:
            self._news.notify_all()

    async def _run(self) -> None:
        while True:
            await self._reads.wait()
            try:
                await self._take(os.read(self._master, self._piece_bytes()))
            except BlockingIOError:
                await self._until_readable()
            except OSError as error:
                if error.errno != errno.EIO:
                    raise
                await self._closed()

    def _piece_bytes(self) -> int:
        return max(1, self._bytes_per_s // 100) if self._bytes_per_s else 65536

    async def _take(self, data: bytes) -> None:
        self._paper += data
        if self.holds_at is not None and len(self._paper) >= self.holds_at:
            self.hold()
        if self._bytes_per_s:
            await asyncio.sleep(len(data) / self._bytes_per_s)
        if said := self.answer(bytes(self._paper)):
            self.say(said)
        await self._tell()

    async def _closed(self) -> None:
        if self._paper:
            self.papers.append(bytes(self._paper))
            self._paper.clear()
        self._closings += 1
        await self._tell()
        await asyncio.sleep(CLOSED_POLL_S)

    async def _until_readable(self) -> None:
        loop, readable = asyncio.get_running_loop(), asyncio.Event()
        loop.add_reader(self._master, readable.set)
        try:
            await readable.wait()
        finally:
            with suppress(OSError):
                loop.remove_reader(self._master)
