"""The whole gateway, a process of its own that can be killed, with a real printer at its port. Runs in the guest."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from fanfold.model import Reason
from tests.crash.gateway import Gateway
from tests.peers.app import App
from tests.peers.processes import until
from tests.peers.usbguest import gadget
from tests.peers.usbguest.gadget import FINE, PAPER_OUT, GadgetPrinter
from tests.real.guest.jobs import MIB, TAIL, bounds

pytestmark = pytest.mark.asyncio(loop_scope="session")

LABEL = b"^XA^FO50,50^A0N,50,50^FDHello^FS^XZ\n"
LARGE = random.Random(7).randbytes(4 * MIB) + TAIL


@pytest.fixture
def at_port() -> GadgetPrinter:
    """The gateway's printer, at a cable of its own."""
    return gadget.printer(2)


@pytest_asyncio.fixture(loop_scope="session")
async def device(at_port: GadgetPrinter) -> GadgetPrinter:
    await at_port.begin_anew()
    return at_port


@pytest_asyncio.fixture(loop_scope="session")
async def app(shop: Gateway, device: GadgetPrinter) -> AsyncIterator[App]:
    """An app before the gateway."""
    if not shop.up.is_set():
        await shop.ready()
    async with App(shop.url) as app:
        yield app


async def becomes(app: App, job: Any, state: str) -> Any:
    """Wait until the job is in that state; return it."""

    async def is_so() -> bool:
        return bool((await app.job(job["id"]))["state"] == state)

    await until(is_so, f"{state} of {await app.job(job['id'])}")
    return await app.job(job["id"])


async def shows(app: App, reason: str) -> Any:
    """Wait until the printer has that reason (empty: none); return it."""

    async def found() -> Any:
        _, listed = await app.call("GET", "/v1/printers")
        return next(printer for printer in listed["printers"] if printer["name"] == "label")

    async def is_so() -> bool:
        return reason in (await found())["reasons"] if reason else not (await found())["reasons"]

    await until(is_so, f"{reason or 'nothing'} of {await found()}")
    return await found()


async def test_a_job_over_rest_comes_out_of_the_printer(app: App, device: GadgetPrinter) -> None:
    job = await app.print("label", LARGE, wait="delivered")
    assert (job["state"], job["evidence"], job["sent_bytes"]) == ("completed", "delivered", len(LARGE))
    assert device.drain() == LARGE


async def test_a_job_for_a_printer_that_is_unplugged_waits_and_costs_no_attempt(
    app: App, device: GadgetPrinter
) -> None:
    await device.unplug()
    job = await app.print("label", LABEL)
    await shows(app, Reason.OFFLINE)
    assert ((await app.job(job["id"]))["state"], (await app.job(job["id"]))["attempt"]) == ("pending", 0)
    await device.plug()
    done = await becomes(app, job, "completed")
    assert (done["attempt"], done["evidence"]) == (1, "delivered")
    assert device.drain() == LABEL


async def test_a_job_for_a_printer_without_paper_waits_and_goes_by_itself(app: App, device: GadgetPrinter) -> None:
    device.status(PAPER_OUT)
    job = await app.print("label", LABEL)
    await shows(app, "media-empty-error")
    assert (await app.job(job["id"]))["state"] == "pending"
    device.status(FINE)
    await becomes(app, job, "completed")
    assert device.drain() == LABEL


async def test_a_plug_pulled_in_the_middle_holds_the_job_with_its_count_and_the_next_one_prints(
    app: App, device: GadgetPrinter
) -> None:
    job = await app.print("label", LARGE * 4)
    await device.has_taken(MIB)
    await device.unplug()
    held = await becomes(app, job, "held")
    assert Reason.DELIVERY_UNCERTAIN in held["reasons"]
    await device.plug()
    after = await app.print("label", LABEL, wait="delivered")
    assert after["state"] == "completed"
    got = device.drain().removesuffix(LABEL)
    assert (LARGE * 4).startswith(got)
    least, most = bounds(held["message"], held["sent_bytes"])
    assert 0 < least <= len(got) <= most
    assert (await app.job(job["id"]))["state"] == "held"


async def test_a_stalled_job_is_canceled_at_once_with_its_count(app: App, device: GadgetPrinter) -> None:
    device.stop_reading()
    job = await app.print("label", LARGE)

    async def is_stalled() -> bool:
        return Reason.STALLED in (await app.job(job["id"]))["reasons"]

    await until(is_stalled, "the stall")
    _, canceled = await app.call("POST", f"/v1/jobs/{job['id']}/cancel")
    assert canceled["state"] == "canceled", canceled
    got = device.drain()
    assert canceled["sent_bytes"] == len(got)
    device.read_on()
    assert (await app.print("label", LABEL, wait="delivered"))["state"] == "completed"
    assert device.drain() == got + LABEL


async def test_printers_at_the_ports_are_shown_as_devices(app: App, device: GadgetPrinter) -> None:
    _, shown = await app.call("GET", "/v1/discovered")
    (entry,) = [one for one in shown["devices"] if device.plate.uri in {way["uri"] for way in one["ways"]}]
    assert (entry["traits"]["make"], entry["traits"]["languages"]) == ("Zebra", ["zpl"])
    _, listed = await app.call("GET", "/v1/printers")
    assert entry["printers"] == [printer["id"] for printer in listed["printers"] if printer["name"] == "label"]


async def test_a_gateway_killed_in_the_middle_holds_the_job_and_prints_nothing_twice(
    app: App, shop: Gateway, device: GadgetPrinter
) -> None:
    device.stop_reading()
    job = await app.print("label", LARGE)

    async def is_stalled() -> bool:
        return Reason.STALLED in (await app.job(job["id"]))["reasons"]

    await until(is_stalled, "the stall")
    await shop.kill()
    got = device.drain()
    device.read_on()
    await shop.run()
    held = await becomes(app, job, "held")
    assert Reason.DELIVERY_UNCERTAIN in held["reasons"]
    assert (await app.print("label", LABEL, wait="delivered"))["state"] == "completed"
    assert device.drain() == got + LABEL
