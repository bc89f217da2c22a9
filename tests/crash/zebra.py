"""Zebra printers that dial in, with all that they ever read and all that came out of them. Know no gateway."""

from __future__ import annotations

from typing import Any

from fanfold.simulate.weblink import Account, Switches, WeblinkPrinter
from fanfold.simulate.weblink.channel import Channel
from fanfold.simulate.weblink.zpl import read_format
from tests.crash.paper import Paper, Sheet


class Zebra(WeblinkPrinter):
    """A simulated printer that is never in a hurry to ask whether its server is there, and forgets nothing."""

    def __init__(
        self, url: str, serial: str, account: Account | None = None, max_connections: int = 10, **switches: Any
    ) -> None:
        told = {"retry_s": 0.1, "ping_s": 0, "connect_s": 2.0, "label_s": 0.002, **switches}
        super().__init__(url, serial, Switches(**told), account=account, max_connections=max_connections)
        self._memory: dict[Channel, bytearray] = {}
        self._torn: list[bytes] = []

    def take(self, channel: Channel, data: bytes) -> None:
        """Keep what it reads, apart for each connection."""
        before = len(self.received)
        super().take(channel, data)
        self._memory.setdefault(channel, bytearray()).extend(self.received[before:])

    def _lose_memory(self) -> None:
        begun = [batch for batch in self.press.waiting if batch.left < (read_format(batch.data).quantity or 1)]
        self._torn += [batch.data for batch in begun]
        super()._lose_memory()

    def sheets(self, paper: Paper, name: str) -> list[Sheet]:
        """Return what came out of it, in that order; last the formats of which only some labels did."""
        torn = paper.read(name, self._torn)
        return paper.read(name, self.printed) + [Sheet(name, sheet.name, whole=False) for sheet in torn]

    def had(self, paper: Paper, name: str) -> list[Sheet]:
        """Return what it has read, whole or in part."""
        return paper.read_memory(name, self._memory.values())

    async def quiet(self) -> None:
        """Wait until nothing more can come out: no connection to anybody, and nothing in its buffer."""
        await self.until(lambda: not (self.channels() or self.press.waiting or self._unread))

    @property
    def _unread(self) -> bool:
        return any(intake.waiting_bytes for intake in self._intakes)
