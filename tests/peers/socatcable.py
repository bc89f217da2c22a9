"""A cable between two serial ports, by socat; one end is opened here by bare system calls. Knows no pyserial."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from tests.peers.processes import end, need, until


class Cable:
    """`near` is for who is tested; `far` is ours, from when it is opened."""

    def __init__(self, folder: Path) -> None:
        self.near, self.far = folder / "near", folder / "far"
        self._fd = -1
        self._process: asyncio.subprocess.Process | None = None

    async def plug(self) -> None:
        """Lay the cable."""
        ends = [f"pty,raw,echo=0,link={name}" for name in (self.near, self.far)]
        self._process = await asyncio.create_subprocess_exec("socat", *ends, start_new_session=True)
        await until(self._is_laid, "a cable by socat")
        self._fd = os.open(self.far, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)

    async def pull(self) -> None:
        """Take it away, in the midst of whatever is under way."""
        process, self._process = self._process, None
        if process is not None:
            os.close(self._fd)
            await end(process, kindly=True)

    async def read(self, count_bytes: int) -> bytes:
        """Read so many bytes."""
        loop, found, readable = asyncio.get_running_loop(), bytearray(), asyncio.Event()
        loop.add_reader(self._fd, readable.set)
        try:
            while len(found) < count_bytes:
                readable.clear()
                await readable.wait()
                with suppress(BlockingIOError):  # the loop may say twice that there is something
                    found += os.read(self._fd, min(65536, count_bytes - len(found)))
        finally:
            loop.remove_reader(self._fd)
        return bytes(found)

    def say(self, said: bytes) -> None:
        """Say something to the near end."""
        os.write(self._fd, said)

    async def _is_laid(self) -> bool:
        return self.near.is_symlink() and self.far.is_symlink()


@asynccontextmanager
async def socat_cable(folder: Path) -> AsyncIterator[Cable]:
    """Lay a cable, until the end."""
    need("socat")
    cable = Cable(folder)
    try:
        await cable.plug()
        yield cable
    finally:
        await cable.pull()
