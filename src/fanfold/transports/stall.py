"""Watches a connection under delivery for stalls. Knows neither sockets nor what is sent."""

from __future__ import annotations

import asyncio
from typing import Protocol

from fanfold.model import Reason
from fanfold.transports.base import Report


class Watched(Protocol):
    """What is asked of the connection."""

    @property
    def sent_bytes(self) -> int:
        """How many bytes the printer took so far."""

    @property
    def held_up(self) -> bool:
        """Whether there is something that the printer does not take."""

    @property
    def standing(self) -> str:
        """How far it is, in words."""


class StallWatch:
    """Looks from time to time whether the printer still takes bytes, and says so when it has not for a while."""

    def __init__(self, link: Watched, where: str, after_s: float, report: Report) -> None:
        self._link, self._where, self._after_s, self._report = link, where, after_s, report
        self._loop = asyncio.get_running_loop()
        self._every_s = min(max(after_s / 4, 0.01), 0.5)
        self._seen_bytes = -1
        self._told = False
        self._since_s = self._loop.time()
        self._timer = self._loop.call_later(self._every_s, self._look)

    def stop(self) -> None:
        """Look no more. Idempotent."""
        self._timer.cancel()

    def _look(self) -> None:
        self._timer = self._loop.call_later(self._every_s, self._look)
        now_s, sent_bytes = self._loop.time(), self._link.sent_bytes
        if sent_bytes > self._seen_bytes or not self._link.held_up:
            self._seen_bytes, self._since_s, self._told = sent_bytes, now_s, False
            self._report.progress(sent_bytes)
        elif now_s - self._since_s >= self._after_s and not self._told:
            self._told = True
            says = f"{self._where} took {self._link.standing} and takes no more; see to its paper, cover and pause key"
            self._report.stalled(Reason.STALLED, says)
