"""A shop on a bad day: eight clients, eight printers of all moods, and a gateway that is killed again and again."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from fanfold.simulate.moods import Away, Mood, Ready, ResetsAfter, Stalled
from fanfold.simulate.socket import SocketPrinter
from tests.crash.books import Books
from tests.crash.checker import complaints
from tests.crash.clients import Crowd, caller, page, till
from tests.crash.gateway import Gateway, gateway
from tests.crash.paper import Sheet
from tests.crash.scene import quiet, read_printer
from tests.crash.yard import SERIALS, Yard, yard

FILES = "files"
MOODS: Mapping[str, Callable[[], Mood]] = {
    "good": Ready,
    "away": Away,
    "stalled": Stalled,
    "resetting": lambda: ResetsAfter(2000),
}
"""The network printers, and what each is when it is not ready."""
BUFFER_BYTES = 4096
"""Small, so that who sends to a stalled printer soon feels it."""
PAGE_START_WITHIN_S = 1.0
ROUND_S = (0.1, 0.7)
LONG_ROUND, LONG_ROUND_S = 0.15, (2.5, 4.5)
"""How likely a gateway lives for so long: printers that dial in take some seconds to say what came out of them."""
DEAD_AFTER_S = 3.0
REST_WITHIN_S = 90
WEATHER_S = (0.05, 0.5)
PERSON_S = 0.2
DIES_AT_START = 0.2
"""How likely a gateway is killed before it answers, while it is still settling what the last one left."""
START_S = (0.3, 0.8)
IS_TOLD_TO_STOP = 0.2
"""How likely one that answers is ended by SIGTERM instead."""


@dataclass
class Shop:
    """All that takes part. `crowd.ledger` is what the clients remember."""

    gateway: Gateway
    printers: Mapping[str, SocketPrinter]
    yard: Yard
    files: Path
    crowd: Crowd
    rng: random.Random

    def sheets(self) -> list[Sheet]:
        """What came out of all printers."""
        ledger = self.crowd.ledger
        network = [sheet for name, one in self.printers.items() for sheet in read_printer(ledger, name, one)]
        return network + ledger.paper.read_folder(FILES, self.files) + self.yard.sheets(ledger.paper)

    def complaints(self, books: Books) -> list[str]:
        """What the checker says."""
        ledger = self.crowd.ledger
        return complaints(ledger, books, self.sheets(), memories=self.yard.memories(ledger.paper))


@asynccontextmanager
async def shop(folder: Path, seed: int) -> AsyncIterator[Shop]:
    """Open the shop; the gateway is not started yet."""
    rng = random.Random(seed)
    async with AsyncExitStack() as stack:
        printers = {name: await stack.enter_async_context(SocketPrinter(buffer_bytes=BUFFER_BYTES)) for name in MOODS}
        uris = {name: one.uri for name, one in printers.items()} | {FILES: f"file:{folder / FILES}"}
        uris |= {name: f"weblink:{serial}" for name, serial in SERIALS.items()}
        one = await stack.enter_async_context(gateway(folder, uris, PAGE_START_WITHIN_S, dead_after_s=DEAD_AFTER_S))
        dialling = await stack.enter_async_context(yard(folder, one.door, rng))
        yield Shop(one, printers, dialling, folder / FILES, Crowd(one, tuple(uris), rng), rng)


async def bad_day(shop: Shop, rounds: int, *how: str) -> Books:
    """Let it rain for so many kills, then let the sun shine until all jobs have ended; return what the store says."""
    crowd = shop.crowd
    works = {f"till-{n}": till for n in range(4)} | {f"caller-{n}": caller for n in range(2)}
    works |= {f"page-{n}": page for n in range(2)}
    async with asyncio.TaskGroup() as group:
        weather = [group.create_task(_weather(shop)), group.create_task(shop.yard.weather())]
        somebody = group.create_task(person(shop.gateway))
        clients = [group.create_task(work(crowd, name)) for name, work in works.items()]
        await _end_again_and_again(shop, rounds, how)
        weather[0].cancel()
        for printer in shop.printers.values():
            await printer.become(Ready())
        shop.yard.clears.set()
        await weather[1]
        crowd.over.set()
        await asyncio.wait(clients)
        books = await shop.gateway.at_rest(REST_WITHIN_S)
        somebody.cancel()
    await shop.gateway.kill()
    for printer in shop.printers.values():
        await quiet(printer)
    await shop.yard.quiet()
    return books


async def _end_again_and_again(shop: Shop, rounds: int, how: tuple[str, ...]) -> None:
    one, rng = shop.gateway, shop.rng
    for _ in range(rounds):
        await one.start(*how)
        if rng.random() < DIES_AT_START:
            await asyncio.sleep(rng.uniform(*START_S))
            await one.kill()
            continue
        await one.ready()
        await asyncio.sleep(rng.uniform(*(LONG_ROUND_S if rng.random() < LONG_ROUND else ROUND_S)))
        await (one.stop() if rng.random() < IS_TOLD_TO_STOP else one.kill())
    await one.run(*how)


async def _weather(shop: Shop) -> None:
    while True:
        await asyncio.sleep(shop.rng.uniform(*WEATHER_S))
        name, printer = shop.rng.choice(list(shop.printers.items()))
        await printer.become(Ready() if not isinstance(printer.mood, Ready) else MOODS[name]())


async def person(one: Gateway) -> None:
    """Somebody who resumes what stopped by itself, as soon as they see it."""
    while True:
        await one.up.wait()
        try:
            for printer in (await one.ask("GET", "/v1/printers"))["printers"]:
                if printer["paused"]:
                    await one.ask("POST", f"/v1/printers/{printer['id']}/resume")
        except (aiohttp.ClientError, OSError):
            pass  # killed meanwhile
        await asyncio.sleep(PERSON_S)
