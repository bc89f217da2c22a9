"""Asks a USB printer that takes nothing why, so that its stall has a reason. Knows no document."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from fanfold.transports.base import Report
from fanfold.transports.usb.port import Port
from fanfold.transports.usb.status import Judge
from fanfold.wire import Receipt

ASK_EVERY_S = 1.0


@dataclass(frozen=True, slots=True)
class Movement:
    """How a port gets on, for `transports.stall.StallWatch`."""

    port: Port
    total_bytes: int

    @property
    def sent_bytes(self) -> int:
        """How many bytes the printer took."""
        return self.port.taken_bytes

    @property
    def held_up(self) -> bool:
        """Whether there is something that the printer does not take."""
        return self.port.taken_bytes < self.port.handed_bytes

    @property
    def standing(self) -> str:
        """How far it is, in words."""
        return f"{self.sent_bytes} of {self.total_bytes} bytes"


class StallReasons:
    """A report that passes on what it is told, and tells of a stall what the printer's port status says.

    It asks again and again, and tells when the reason changes, until bytes move.
    """

    def __init__(self, report: Report, port: Port, where: str, judge: Judge, known: Callable[[], int]) -> None:
        self._report, self._port, self._where, self._judge, self._known = report, port, where, judge, known
        self._stalled_at = -1
        self._asking: asyncio.Future[None] | None = None

    def progress(self, sent_bytes: int) -> None:
        """Tell how much is known to have left; a move ends the asking."""
        if sent_bytes > self._stalled_at:
            self.stop()
        self._report.progress(self._known())

    def stalled(self, reason: str, message: str) -> None:
        """Tell why, as far as the printer says; else as it was told."""
        self.stop()
        self._stalled_at = self._port.taken_bytes
        self._asking = asyncio.ensure_future(self._ask(reason, message))

    def resumed(self) -> None:
        """Pass it on."""
        self.stop()
        self._report.resumed()

    async def sent(self, foreign: str | None = None) -> None:
        """Pass it on."""
        await self._report.sent(foreign)

    async def proved(self, receipt: Receipt) -> None:
        """Pass it on."""
        await self._report.proved(receipt)

    async def disproved(self, says: str) -> None:
        """Pass it on."""
        await self._report.disproved(says)

    def stop(self) -> None:
        """Ask no more. Idempotent."""
        if self._asking is not None:
            self._asking.cancel()
            self._asking = None

    async def _ask(self, reason: str, message: str) -> None:
        told = ""
        with suppress(OSError):  # it is gone: whoever sends finds out too
            while True:
                wrong = self._judge(await self._port.status())
                now = wrong.reason if wrong else reason
                if now != told:
                    told = now
                    self._report.stalled(now, f"{message}: it {wrong.says}" if wrong else message)
                await asyncio.sleep(ASK_EVERY_S)
