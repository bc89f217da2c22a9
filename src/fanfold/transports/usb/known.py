"""How many bytes a USB printer has beyond doubt: a transfer that ended may have ended because the plug was pulled.

usblp does not tell how a transfer ended. Those that were under way when a printer was unplugged end too, and so do all
that are made until the kernel notices. So what has ended counts once the printer was there after it: it answered a
question that was asked later, or the kernel did not notice anything for as long as it may take to.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress

from fanfold.transports.usb.port import Port

GONE_WITHIN_S = 0.3
"""How long the kernel may take to notice that a printer was unplugged: hubs are asked each 256 ms (USB 2.0 §11.12)."""
ASK_EVERY_S = 0.05
"""Seldom enough to cost a printer nothing, often enough that little is in doubt when the plug is pulled."""


class Known:
    """Follows a port. `tells`: the printer answers when it is asked for its status."""

    def __init__(self, port: Port, *, tells: bool) -> None:
        self._port, self._tells = port, tells
        self._bytes = 0

    @property
    def bytes(self) -> int:
        """How many bytes of what was handed over the printer has for certain."""
        return self._port.taken_bytes if self._port.confirms else self._bytes

    async def follow(self) -> None:
        """Make sure of what was taken, again and again; ends when the printer is gone, as whoever sends finds out."""
        with suppress(OSError):
            while not self._port.confirms:
                await asyncio.sleep(ASK_EVERY_S)
                if self._bytes < self._port.taken_bytes:
                    await self._make_sure()

    async def settle(self) -> int | None:
        """Make sure of all that was taken, once nothing is under way; return the printer's status if it tells.

        Raises OSError: it is gone.
        """
        status = await self._port.status()
        if status is None and not self._port.confirms:
            await self._outlast()
        self._bytes = self._port.taken_bytes
        return status

    async def _make_sure(self) -> None:
        taken = self._port.taken_bytes
        if self._tells and await self._port.status() is None:
            return
        if not self._tells:
            await self._outlast()
        self._bytes = taken

    async def _outlast(self) -> None:
        """Give the kernel the time to notice. Raises OSError: it is gone."""
        await asyncio.sleep(GONE_WITHIN_S)
        await self._port.look()
