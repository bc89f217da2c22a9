"""What a link asks of an open serial port, whatever the system. Knows no system and no document."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

READ_BYTES = 4096


class Port(Protocol):
    """An open port that nobody else uses. Methods raise OSError once it is gone."""

    counts_exactly: bool
    """Whether `queued_bytes` is true to the byte; some adapters' drivers count in blocks."""

    @property
    def taken_bytes(self) -> int:
        """How many bytes the system was handed since the port was opened, those of a write under way among them."""

    @property
    def queued_bytes(self) -> int:
        """How many bytes the system has, and has not put on the cable, as far as it says."""

    @property
    def transmitter_empty(self) -> bool | None:
        """Whether the last byte is on the cable, all bits of it; None where the port does not tell."""

    @property
    def held(self) -> bool:
        """Whether the printer holds us up by a line that we can see."""

    def listen(self, heard: Callable[[bytes], None], gone: Callable[[OSError], None]) -> None:
        """Hand over what the printer says from now on, and, once, that the port is gone."""

    async def write(self, piece: memoryview) -> int:
        """Hand over as much as there is room for, at least one byte, however long that takes; return how much it was.

        Safe to cancel: then `taken_bytes` tells.
        """

    def discard(self) -> int:
        """Drop what is queued, so that nothing trickles out; return how many bytes surely stay here.

        Called once, and nothing is written after it.
        """

    async def close(self) -> None:
        """Let the port go, in a bounded time. Never raises."""
