"""What a way to a USB printer promises: whoever claimed it is alone with the printer. Knows no job."""

from __future__ import annotations

from typing import Protocol

PIECE_BYTES = 8192
"""What goes at once: as much as usblp makes one transfer of, so that it is known of each whether it was taken."""


class Port(Protocol):
    """A claimed printer. Its methods raise OSError when the printer fails: ENODEV when it was unplugged."""

    confirms: bool
    """Whether it is told how each transfer ended; else only that it ended."""

    @property
    def handed_bytes(self) -> int:
        """How many bytes were handed over, ever."""

    @property
    def taken_bytes(self) -> int:
        """How many of them the printer has taken."""

    async def look(self) -> None:
        """See whether it is still there, as far as the kernel knows, in a bounded time. Raises OSError: it is not."""

    def write(self, piece: memoryview) -> int:
        """Hand over a piece of at most PIECE_BYTES, return how much of it was. Never waits.

        Raises:
            BlockingIOError: the printer has not taken what was handed over before; await `ready`.
            OSError: nobody knows how much of the piece has left.
        """

    async def ready(self) -> None:
        """Wait until the printer has taken all that was handed over."""

    async def hear(self) -> bytes:
        """Wait for what it says. Empty: it answered and said nothing; ask again later."""

    async def status(self) -> int | None:
        """Ask for its port status, in a bounded time; None where it does not tell."""

    async def close(self) -> None:
        """Drop what it has not taken and let it go, in a bounded time. Idempotent."""

    def drop(self) -> None:
        """Let it go from the thread that opened it: for a way that nobody waits for any more."""
