"""Simulated printers that dial in and note when each numbered label has come to them. Knows no gateway."""

from __future__ import annotations

import asyncio
import re
import time
from collections import Counter
from collections.abc import Sequence

from bench.doors import LABEL_BYTES
from fanfold.simulate.weblink import WeblinkPrinter
from fanfold.simulate.weblink.channel import Channel

_NUMBER = re.compile(rb"\^FDlabel (\d{8})\^FS\^XZ")
_TAIL_BYTES = len("^FDlabel 00000000^FS^XZ")


def label(number: int) -> str:
    """1 KiB of ZPL that ends in its number."""
    end = f"^FDlabel {number:08d}^FS^XZ"
    return ("^XA" + "^FO50,50^A0N,30^FDFanfold^FS".ljust(32) * 30).ljust(LABEL_BYTES - len(end)) + end


class Labels:
    """What came to all printers: when, and how often, by number."""

    def __init__(self) -> None:
        self.at_s: dict[int, float] = {}
        self.times: Counter[int] = Counter()
        self._news = asyncio.Event()

    def came(self, number: int) -> None:
        self.at_s.setdefault(number, time.perf_counter())
        self.times[number] += 1
        self._news.set()

    async def all_out(self, numbers: Sequence[int], within_s: float) -> None:
        """Return when all of these came, or for so long none did."""
        for number in numbers:
            while number not in self.at_s:
                self._news.clear()
                try:
                    async with asyncio.timeout(within_s):
                        await self._news.wait()
                except TimeoutError:
                    return


class Printer(WeblinkPrinter):
    """`labels` is told of each label as its last byte has come."""

    labels_seen: Labels
    _tail = b""

    def take(self, channel: Channel, data: bytes) -> None:
        super().take(channel, data)
        self._tail = (self._tail + data)[-_TAIL_BYTES:]
        if found := _NUMBER.fullmatch(self._tail):
            self._tail = b""
            self.labels_seen.came(int(found[1]))
