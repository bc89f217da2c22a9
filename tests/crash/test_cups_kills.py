"""Real cupsd, killed and started again under the gateway, and the gateway killed while CUPS has its jobs."""

from __future__ import annotations

import asyncio
import random
import re
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from fanfold.simulate.moods import Away, Ready, Stalled
from fanfold.simulate.socket import SocketPrinter
from tests.crash.books import Books
from tests.crash.checker import complaints
from tests.crash.clients import Crowd, caller, page, till
from tests.crash.gateway import Gateway, gateway
from tests.crash.load import person
from tests.crash.paper import Label
from tests.crash.relay import Relay
from tests.crash.scene import Scene, quiet, read_printer, scene
from tests.peers.cupsd import Cupsd, private_cupsd

pytestmark = pytest.mark.real

LABEL = Label("ours")
IN_CUPS = "queued-in-device"
SAFE, AS_SHIPPED = 0, 30
"""DirtyCleanInterval: by its default of 30 s a cupsd that is killed loses jobs it has acknowledged."""

ROUNDS = 10
ROUND_S = (0.1, 0.6)
DOWN_S = (0.0, 0.3)


async def test_a_job_that_cups_has_is_followed_after_the_gateways_death(tmp_path: Path) -> None:
    async with scene(tmp_path, "cups", mood=Stalled()) as stage:
        await _in_cups(stage)
        await stage.gateway.kill()
        await stage.gateway.run()
        await stage.printer.become(Ready())
        await _completed_once(stage)


async def test_a_job_that_ended_in_cups_meanwhile_is_found_done(tmp_path: Path) -> None:
    async with scene(tmp_path, "cups", mood=Stalled()) as stage:
        await _in_cups(stage)
        await stage.gateway.kill()
        await stage.printer.become(Ready())
        await stage.printer.printed()
        await stage.gateway.run()
        await _completed_once(stage)


@pytest.mark.parametrize("gateway_too", [False, True], ids=["cupsd dies", "both die"])
async def test_a_job_that_cups_kept_over_its_death_is_printed_once(tmp_path: Path, *, gateway_too: bool) -> None:
    async with scene(tmp_path, "cups", mood=Away()) as stage:
        cups = await _in_cups(stage)
        await cups.kill()
        if gateway_too:
            await stage.gateway.kill()
            await stage.gateway.run()
        await cups.start()
        await stage.printer.become(Ready())
        await _completed_once(stage)


@pytest.mark.parametrize("gateway_too", [False, True], ids=["cupsd dies", "both die"])
async def test_a_job_that_cups_lost_is_held_though_another_has_its_number(tmp_path: Path, *, gateway_too: bool) -> None:
    async with scene(tmp_path, "cups", mood=Away(), dirty_clean_s=AS_SHIPPED) as stage:
        cups = await _in_cups(stage)
        if gateway_too:
            await stage.gateway.kill()
        await cups.kill()
        await cups.start()
        stranger = stage.ledger.paper.offer(Label("stranger"))
        said = await cups.admin("lp", "-d", "queue", "-o", "raw", data=stranger.data)
        assert "queue-1 " in said, "cupsd gave the lost job's number away, which is what this test is about"
        if gateway_too:
            await stage.gateway.run()
        await stage.printer.become(Ready())
        books = await stage.ends()
        await stage.printer.printed()
        ours = [sheet for sheet in stage.sheets() if sheet.name != stranger.name]
        assert complaints(stage.ledger, books, ours) == []
        assert stage.state(books, LABEL) == "held"
        assert books.jobs[0].in_doubt
        assert ours == []


@pytest.mark.parametrize("followed_for_s", [0, 4])
async def test_a_job_that_cups_gives_up_after_its_death_is_held(tmp_path: Path, followed_for_s: float) -> None:
    """A cupsd that is killed after a job has printed, but before it notes so, finds no file of it, and aborts it.

    However seldom it is asked by then, its death is noticed.
    """
    async with scene(tmp_path, "cups", mood=Away()) as stage:
        cups = await _in_cups(stage)
        await asyncio.sleep(followed_for_s)
        await cups.kill()
        for file in (cups.tree / "spool").glob("d*"):
            file.unlink()
        await cups.start()
        books = await stage.ends()
        assert stage.complaints(books) == []
        assert stage.state(books, LABEL) == "held"
        assert books.jobs[0].in_doubt


@pytest.mark.parametrize("gateway_too", [False, True], ids=["cupsd dies", "both die"])
async def test_a_job_that_cups_neither_prints_nor_ends_after_its_death_is_held(
    tmp_path: Path, *, gateway_too: bool
) -> None:
    """A cupsd that is killed when its list says that a job ended, and the job's own file not yet, forgets to end it."""
    async with scene(tmp_path, "cups", mood=Away()) as stage:
        cups = await _in_cups(stage)
        if gateway_too:
            await stage.gateway.kill()
        await cups.kill()
        jobs = cups.tree / "cache/job.cache"
        jobs.write_text(re.sub(r"^State \d$", "State 9", jobs.read_text(), flags=re.MULTILINE))
        await cups.start()
        if gateway_too:
            await stage.gateway.run()
        await stage.printer.become(Ready())
        books = await stage.ends()
        assert stage.complaints(books) == []
        assert stage.state(books, LABEL) == "held"
        assert books.jobs[0].in_doubt


@pytest.mark.timeout(120, method="signal")
@pytest.mark.parametrize("dirty_clean_s", [SAFE, AS_SHIPPED], ids=["jobs on disk at once", "as shipped"])
async def test_under_load_no_job_is_lost_and_none_is_handed_over_twice(tmp_path: Path, dirty_clean_s: int) -> None:
    rng = random.Random(seed := random.randrange(10**6))
    async with AsyncExitStack() as stack:
        printers = {name: await stack.enter_async_context(SocketPrinter()) for name in ("first", "second")}
        queues = {name: f"socket://127.0.0.1:{one.port}/?contimeout=1" for name, one in printers.items()}
        cups = await stack.enter_async_context(private_cupsd(tmp_path, queues, dirty_clean_s=dirty_clean_s))
        relay = await stack.enter_async_context(Relay(cups.port))
        uris = {name: f"cups://127.0.0.1:{relay.port}/{name}" for name in queues}
        one = await stack.enter_async_context(gateway(tmp_path, uris))
        crowd = Crowd(one, tuple(uris), rng)
        await one.run()
        books = await _load(crowd, cups, one)
        for printer in printers.values():
            await quiet(printer)
        sheets = [sheet for name, printer in printers.items() for sheet in read_printer(crowd.ledger, name, printer)]
        handed = crowd.ledger.paper.read_wire("cups", relay.streams)
        found = complaints(crowd.ledger, books, sheets, handed)
        assert found == [], f"seed {seed}; the store and the logs are in {tmp_path}"
        assert books.count("completed") > ROUNDS


async def _load(crowd: Crowd, cups: Cupsd, one: Gateway) -> Books:
    works = {"till-0": till, "till-1": till, "caller-0": caller, "page-0": page}
    async with asyncio.TaskGroup() as group:
        somebody = group.create_task(person(one))
        clients = [group.create_task(work(crowd, name)) for name, work in works.items()]
        for number in range(ROUNDS):
            await asyncio.sleep(crowd.rng.uniform(*ROUND_S))
            await cups.kill()
            if number % 3 == 0:
                await one.kill()
                await one.start()
            await asyncio.sleep(crowd.rng.uniform(*DOWN_S))
            await cups.start()
            await one.ready()
        crowd.over.set()
        await asyncio.wait(clients)
        books = await one.at_rest(60)
        somebody.cancel()
    await one.kill()
    return books


async def _in_cups(stage: Scene) -> Cupsd:
    """Start the gateway and wait until CUPS has the label's job, and the store the number that CUPS gave it."""
    assert stage.cups is not None
    await stage.gateway.run()
    await stage.offer(LABEL)
    await stage.until_it_had(LABEL, IN_CUPS)
    return stage.cups


async def _completed_once(stage: Scene) -> None:
    books = await stage.ends()
    assert stage.complaints(books) == []
    assert stage.state(books, LABEL) == "completed"
    assert books.jobs[0].steps[-1].evidence == 2, "delivered, by the word of CUPS"
