"""Hears what a USB printer says by itself or in answer, bounded. Knows no language."""

from __future__ import annotations

import asyncio

from fanfold.transports.usb.port import Port

SAID_BYTES = 64 * 1024
"""How much is kept: statuses are short, and a printer that talks without end must not fill memory."""
SILENCE_S = 0.25
"""How long one is left alone that answers with nothing: some do so for ever, as fast as they are asked."""
FAILURES = 4
"""After so many in a row its way back is broken."""


class Ear:
    """Listens while it runs. `said` is the first that was said, `heard` is set whenever there is more."""

    def __init__(self, port: Port) -> None:
        self.said = b""
        self.heard = asyncio.Event()
        self._port = port

    async def listen(self) -> None:
        """Keep what the printer says, so that it never waits for its words to be taken; ends when it has no way back.

        That it is gone whoever sends finds out too, and says.
        """
        failures = 0
        while failures < FAILURES:
            try:
                said = await self._port.hear()
                failures = 0
            except OSError:
                said = b""
                failures += 1
            if said:
                self.said += said[: SAID_BYTES - len(self.said)]
                self.heard.set()
            else:
                await asyncio.sleep(SILENCE_S)
