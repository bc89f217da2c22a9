"""Printers that announce themselves in the network by mDNS: looked for from the first question on. Knows no engine."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress

from fanfold import clock
from fanfold.scouts.mdns_book import ROUND_S, Book, Entry
from fanfold.scouts.mdns_names import Names
from fanfold.scouts.mdns_net import Net
from fanfold.scouts.mdns_reading import TYPES, WAY, read
from fanfold.transports.base import Discovered

log = logging.getLogger(__name__)

RESCAN_S = 30.0
"""How often to see whether this machine has other interfaces."""


class MdnsScout:
    """Looks at these addresses of this machine; none means all. Nothing is sent before somebody asks."""

    way = WAY

    def __init__(self, interfaces: Sequence[str] = ()) -> None:
        self._interfaces = tuple(interfaces)
        self._book = Book()
        self._names = Names(self._found_by_name)
        self._net: Net | None = None
        self._work: asyncio.Task[None] | None = None
        self._stirred = asyncio.Event()
        self._turn = asyncio.Lock()

    async def sightings(self) -> Sequence[Discovered]:
        """List who is there now; the first call begins to look. Raises NotReached."""
        async with self._turn:
            if self._work is not None and self._work.done():
                fault = self._work.exception()
                await self._end()
                raise RuntimeError("looking for printers by mDNS ended, and begins anew when asked again") from fault
            if self._net is None:
                await self._begin()
        return tuple(self._book)

    async def close(self) -> None:
        """Look no more, in a bounded time."""
        async with self._turn:
            await self._end()

    async def _begin(self) -> None:
        self._book, self._names = Book(), Names(self._found_by_name)
        net = await Net.open(self._interfaces)
        try:
            net.browse(TYPES, self._heard)
        except BaseException:
            await net.close()
            raise
        self._net = net
        self._work = asyncio.get_running_loop().create_task(self._read_on(net), name="mdns")
        log.info("printers in the network are looked for from now on (mDNS)")

    async def _end(self) -> None:
        net, self._net = self._net, None
        work, self._work = self._work, None
        self._names.close()
        if work is not None:
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)
        if net is not None:
            await net.close()

    def _heard(self, type_: str, name: str, is_there: bool) -> None:
        if not is_there:
            self._book.gone(name)
        elif self._book.heard(type_, name, clock.uptime_s()):
            self._stirred.set()

    def _found_by_name(self, host: str) -> None:
        self._book.again(host, clock.uptime_s())
        self._stirred.set()

    async def _read_on(self, net: Net) -> None:
        """Read what is new, so much in a round, as long as we look."""
        rescan_s = clock.uptime_s() + RESCAN_S
        while True:
            now_s = clock.uptime_s()
            if now_s >= rescan_s:
                await net.rescan()
                rescan_s = now_s + RESCAN_S
            with suppress(TimeoutError):
                async with asyncio.timeout(_shorter(rescan_s - now_s, self._book.wait_s(now_s))):
                    await self._stirred.wait()
            self._stirred.clear()
            await asyncio.sleep(ROUND_S)  # what a host says comes in several packets
            self._read_round(net)

    def _read_round(self, net: Net) -> None:
        questions: list[tuple[str, int]] = []
        for entry in self._book.due(clock.uptime_s()):
            questions += self._read(net, entry)
        net.ask(questions)

    def _read(self, net: Net, entry: Entry) -> list[tuple[str, int]]:
        """Read an entry as far as its records are there; return what to ask for."""
        now_s = clock.uptime_s()
        service, missing = net.look_up(entry.type, entry.name)
        if service is not None:
            host = service.host.rstrip(".").lower()
            place = host if self._names.resolves(host, service.addresses) else ""
            self._book.read(entry, host, read(service, place), now_s)
        return missing if missing and self._book.lacks(entry, now_s) else []


def _shorter(one_s: float, other_s: float | None) -> float:
    return one_s if other_s is None else min(one_s, other_s)
