"""Printers that dial in on a bad day: out of paper, out of power, half-open, cut off; nginx dies too. Know no job."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from fanfold.simulate.weblink import Account
from tests.crash.gateway import SECRET
from tests.crash.paper import Paper, Sheet
from tests.crash.relay import Relay
from tests.crash.zebra import Zebra
from tests.peers.nginx import Nginx, private_nginx

SERIALS = {"zebra-paper": "50J164800001", "zebra-power": "XXZKJ181100170", "zebra-direct": "50J164800003"}
"""The first two dial through nginx with TLS, the third straight to the gateway."""
BUFFER_BYTES = 8192
"""What fits into one; small, so that one without paper soon reads no more."""
WEATHER_S = (0.05, 0.4)
NGINX_DOWN_S = (0.0, 0.3)
DIES_AFTER_BYTES = 3000

Change = Callable[[], object]


@dataclass(frozen=True)
class Trouble:
    """Something that goes wrong, and how it ends."""

    begins: Change
    ends: Change = lambda: None


@dataclass
class Yard:
    """`clears` ends the weather, and all that was wrong."""

    zebras: Mapping[str, Zebra]
    wires: Sequence[Relay]
    nginx: Nginx
    rng: random.Random
    clears: asyncio.Event = field(default_factory=asyncio.Event)

    def sheets(self, paper: Paper) -> list[Sheet]:
        """What came out of all of them."""
        return [sheet for name, zebra in self.zebras.items() for sheet in zebra.sheets(paper, name)]

    def memories(self, paper: Paper) -> dict[str, list[Sheet]]:
        """What each has read."""
        return {name: zebra.had(paper, name) for name, zebra in self.zebras.items()}

    async def weather(self) -> None:
        """Let things go wrong, each of them one at a time, until it clears; then let everything be well."""
        sorts = self._troubles()
        present: dict[int, Trouble] = {}
        while not await _set_within(self.clears, self.rng.uniform(*WEATHER_S)):
            which = self.rng.randrange(len(sorts) + 1)
            if which == len(sorts):
                await self._nginx_dies()
            elif which in present:
                present.pop(which).ends()
            else:
                present[which] = trouble = self.rng.choice(sorts[which])
                trouble.begins()
        for trouble in present.values():
            trouble.ends()
        for wire in self.wires:
            wire.heal()

    async def quiet(self) -> None:
        """Wait, when the gateway is dead, until nothing more can come out."""
        for zebra in self.zebras.values():
            await zebra.quiet()

    async def _nginx_dies(self) -> None:
        await self.nginx.kill()
        await asyncio.sleep(self.rng.uniform(*NGINX_DOWN_S))
        await self.nginx.start()

    def _troubles(self) -> list[list[Trouble]]:
        """For each printer and each wire: of what one happens to it at a time."""
        paper, power, direct = (self.zebras[name] for name in SERIALS)
        return [_of_paper(paper), _of_power(power), _of_lines(direct), *([_cut(wire)] for wire in self.wires)]


def _of_paper(zebra: Zebra) -> list[Trouble]:
    """Somebody else prints on it too; it never loses what it read."""
    return [
        Trouble(partial(zebra.fault, "PAPER OUT"), partial(zebra.mend, "PAPER OUT")),
        Trouble(partial(zebra.fault, "HEAD OPEN"), partial(zebra.mend, "HEAD OPEN")),
        Trouble(partial(zebra.switch, deaf=True), partial(zebra.switch, deaf=False)),
        Trouble(partial(zebra.switch, duplicates_mains=True), partial(zebra.switch, duplicates_mains=False)),
        Trouble(partial(zebra.print_elsewhere, 1)),
        Trouble(partial(zebra.print_elsewhere, 2), partial(zebra.print_elsewhere, 1)),
    ]


def _of_power(zebra: Zebra) -> list[Trouble]:
    def unplugged() -> None:
        """Nobody is told: its connections stay as they are."""
        zebra.freeze()
        zebra.power_off()

    def mended() -> None:
        zebra.switch(dies_at=None)
        zebra.power_on()

    return [
        Trouble(zebra.power_off, zebra.power_on),
        Trouble(unplugged, zebra.power_on),
        Trouble(partial(zebra.switch, dies_at=DIES_AFTER_BYTES), mended),
        Trouble(zebra.freeze, zebra.thaw),
    ]


def _of_lines(zebra: Zebra) -> list[Trouble]:
    return [
        Trouble(partial(zebra.drop, "raw"), partial(zebra.drop, "main")),
        Trouble(zebra.drop),
        Trouble(partial(zebra.switch, bytes_per_s=20_000), partial(zebra.switch, bytes_per_s=None)),
        Trouble(zebra.freeze, zebra.thaw),
    ]


def _cut(wire: Relay) -> Trouble:
    return Trouble(wire.cut, wire.heal)


@asynccontextmanager
async def yard(folder: Path, door: int, rng: random.Random) -> AsyncIterator[Yard]:
    """Switch them on; they knock at that port, which need not be there yet."""
    async with AsyncExitStack() as stack:
        nginx = await stack.enter_async_context(private_nginx(folder, door))
        wires = [await stack.enter_async_context(Relay(port)) for port in (nginx.port, door)]
        proxied, direct = (f"://localhost:{wire.port}/weblink/{SECRET}" for wire in wires)
        account = Account(nginx.certificate.trust())
        zebras = {}
        for name, serial in SERIALS.items():
            url = "http" + direct if name == "zebra-direct" else "https" + proxied
            zebra = Zebra(url, serial, account, buffer_bytes=BUFFER_BYTES, max_connections=4)
            zebras[name] = await stack.enter_async_context(zebra)
        yield Yard(zebras, wires, nginx, rng)


async def _set_within(event: asyncio.Event, within_s: float) -> bool:
    try:
        async with asyncio.timeout(within_s):
            await event.wait()
    except TimeoutError:
        return False
    return True
