"""Network printers that take everything at once and close: one document a connection."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable, Sequence

Whole = Callable[[int, float], None]
"""Called with the number of bytes and the moment (of `time.perf_counter`) at which the last of them had come."""


class Sink(asyncio.Protocol):
    def __init__(self, whole: Whole) -> None:
        self._whole = whole
        self._size_bytes = 0
        self._last_s = 0.0

    def data_received(self, data: bytes) -> None:
        self._size_bytes += len(data)
        self._last_s = time.perf_counter()

    def eof_received(self) -> None:
        self._whole(self._size_bytes, self._last_s)  # the transport closes by itself after this


async def open_sinks(fds: Sequence[int], whole: Whole) -> None:
    """Take connections on listening sockets that the parent process made."""
    loop = asyncio.get_running_loop()
    for fd in fds:
        await loop.create_server(lambda: Sink(whole), sock=socket.socket(fileno=fd))
