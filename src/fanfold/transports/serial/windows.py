"""An open serial port on Windows: pyserial writes piece by piece in the port's own thread. Knows no document.

A write there returns when the driver has put all of it on the cable, or when it is called off; then it says how much.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from fanfold.transports.serial.line import Line
from fanfold.transports.serial.port import READ_BYTES

PIECE_S = 0.2
"""How much of the line's time one write may take, so that progress is seen."""

SMALLEST_PIECE_BYTES, LARGEST_PIECE_BYTES = 64, 4096

LISTEN_S = 0.05
"""How often it is looked for what the printer says; the loop cannot wait for that there."""

CALLED_OFF_S = 1.0
"""How long a write may take to end once it is called off."""

Run = Callable[..., Awaitable[Any]]


class WindowsPort:
    """A `Port` (`serial/port.py`) over a device of pyserial's for Windows."""

    counts_exactly = False
    """What the port's own buffer has is not told."""
    transmitter_empty: bool | None = None
    held = False
    """Which line holds it is the driver's knowledge."""

    def __init__(self, device: Any, line: Line, close: Callable[[], Awaitable[None]], run: Run) -> None:
        self._device, self._line, self._close, self._run = device, line, close, run
        self._loop = asyncio.get_running_loop()
        self._piece_bytes = min(max(int(PIECE_S / line.seconds_for(1)), SMALLEST_PIECE_BYTES), LARGEST_PIECE_BYTES)
        self._writing: asyncio.Future[int] | None = None
        self.taken_bytes = 0
        self._timer: asyncio.TimerHandle | None = None

    @property
    def queued_bytes(self) -> int:
        """How many bytes the driver has not put on the cable, those of a write under way among them."""
        return int(_asked(lambda: self._device.out_waiting))

    def listen(self, heard: Callable[[bytes], None], gone: Callable[[OSError], None]) -> None:
        """Look from time to time for what the printer said."""
        try:
            waiting = _asked(lambda: self._device.in_waiting)
            if waiting and (said := _asked(lambda: self._device.read(min(waiting, READ_BYTES)))):
                heard(said)
        except OSError as error:
            gone(error)
        else:
            self._timer = self._loop.call_later(LISTEN_S, self.listen, heard, gone)

    async def write(self, piece: memoryview) -> int:
        """Write a piece in the port's thread. Cancelled, it leaves the write to `discard`, which calls it off."""
        data = bytes(piece[: self._piece_bytes])
        self.taken_bytes += len(data)
        self._writing = asyncio.ensure_future(self._run(_write, self._device, data))
        return await asyncio.shield(self._writing)

    def discard(self) -> int:
        """Call off what is written, drop what the driver has, and return how much that was."""
        with suppress(OSError):
            queued = self.queued_bytes
            _asked(self._device.cancel_write)
            _asked(self._device.reset_output_buffer)
            return queued
        return 0

    async def close(self) -> None:
        """Let go, in the port's thread, once what it writes is called off."""
        if self._timer is not None:
            self._timer.cancel()
        if self._writing is not None and not self._writing.done():
            self.discard()
            await asyncio.wait({self._writing}, timeout=CALLED_OFF_S)
        await self._close()


def _write(device: Any, data: bytes) -> int:
    return int(_asked(lambda: device.write(data)))


def _asked(call: Callable[[], Any]) -> Any:
    """Call, and raise as OSError whatever pyserial makes of a port that is gone."""
    try:
        return call()
    except OSError:
        raise
    except Exception as error:
        raise OSError(str(error)) from error
