"""Our transport against a real printer at a real USB port, by the kernel's driver and past it. Runs in the guest."""

from __future__ import annotations

import asyncio
import random
import re
from contextlib import suppress
from dataclasses import replace

import pytest

from fanfold.errors import Interrupted, NotReached
from fanfold.model import Evidence, Printer, Reason
from fanfold.transports.usb.transport import UsbTransport
from tests.peers.deliveries import work_of
from tests.peers.ledger import Ledger
from tests.peers.processes import until
from tests.peers.usbguest import gadget
from tests.peers.usbguest.gadget import FINE, HARDWARE_BYTES, PAPER_OUT, GadgetPrinter
from tests.real.guest.jobs import MIB, TAIL, bounds, delivering, printed

BINARY = bytes(range(256)) * 4 * 1024
LARGE = random.Random(4).randbytes(4 * MIB)
UNHEARD = 10
"""More often than this the printer cannot speak to nobody (`q_len`)."""


# printing


@pytest.mark.parametrize("document", [BINARY + TAIL, LARGE + TAIL], ids=["1 MB of every byte", "4 MB"])
async def test_a_document_comes_out_byte_for_byte(
    transport: UsbTransport, target: Printer, device: GadgetPrinter, document: bytes
) -> None:
    receipt = await printed(transport, target, document)
    assert receipt.evidence is Evidence.DELIVERED
    assert await device.has_taken(len(document)) == document


async def says(device: GadgetPrinter, words: bytes) -> None:
    """Have the printer say something, as soon as there is room for it."""

    async def is_said() -> bool:
        with suppress(BlockingIOError):
            device.say(words)
            return True
        return False

    await until(is_said, "an ear for what the printer says")


async def test_a_printer_that_reads_no_further_until_it_was_listened_to_prints(
    transport: UsbTransport, target: Printer, device: GadgetPrinter
) -> None:
    async with delivering(transport, target, BINARY + TAIL) as delivery:
        device.stop_reading()
        for _ in range(2 * UNHEARD):
            await says(device, bytes(512))
        device.read_on()
        assert (await delivery.task).evidence is Evidence.DELIVERED
    assert await device.has_taken(len(BINARY + TAIL)) == BINARY + TAIL


# no paper


async def test_a_printer_without_paper_is_left_alone_until_it_has_some(
    transport: UsbTransport, target: Printer, device: GadgetPrinter
) -> None:
    device.status(PAPER_OUT)
    with pytest.raises(NotReached) as empty:
        await printed(transport, target, TAIL)
    assert empty.value.reasons == ("media-empty-error",)
    assert device.drain() == b""
    device.status(FINE)
    await printed(transport, target, TAIL)
    assert await device.has_taken(len(TAIL)) == TAIL


async def test_a_printer_whose_owner_says_that_it_lies_prints(
    transport: UsbTransport, target: Printer, device: GadgetPrinter
) -> None:
    device.status(PAPER_OUT)
    await printed(transport, replace(target, uri=f"{target.uri}&status=ignore"), TAIL)
    assert await device.has_taken(len(TAIL)) == TAIL


async def test_paper_that_ends_in_the_middle_is_a_stall_that_says_so_and_ends(
    transport: UsbTransport, target: Printer, device: GadgetPrinter
) -> None:
    device.stop_reading()
    async with delivering(transport, target, BINARY + TAIL) as delivery:
        device.status(PAPER_OUT)
        assert "paper" in await delivery.ledger.stall("media-empty-error")
        device.status(FINE)
        device.read_on()
        assert (await delivery.task).evidence is Evidence.DELIVERED
    assert await device.has_taken(len(BINARY + TAIL)) == BINARY + TAIL


# a printer that does not read


async def test_a_printer_that_does_not_read_is_stalled_and_canceled_with_the_exact_count(
    transport: UsbTransport, target: Printer, device: GadgetPrinter
) -> None:
    device.stop_reading()
    async with delivering(transport, target, BINARY + TAIL) as delivery:
        await delivery.ledger.stall(Reason.STALLED)
        counted = await delivery.cancelled()
    got = device.drain()
    assert BINARY.startswith(got)
    assert counted == len(got) <= HARDWARE_BYTES
    device.read_on()
    await printed(transport, target, TAIL)
    assert await device.has_taken(len(got) + len(TAIL)) == got + TAIL


# the plug


@pytest.mark.parametrize("reads", [True, False], ids=["while it prints", "while it is stalled"])
async def test_a_plug_pulled_in_the_middle_is_a_doubt_with_a_true_count_and_the_next_job_prints(
    transport: UsbTransport, target: Printer, device: GadgetPrinter, reads: bool
) -> None:
    document = LARGE * 4 + TAIL
    async with delivering(transport, target, document) as delivery:
        await device.has_taken(MIB)
        if not reads:
            device.stop_reading()
            await delivery.ledger.stall(Reason.STALLED)
        device.pull()
        with pytest.raises(Interrupted) as interrupted:
            await delivery.task
    assert Reason.OFFLINE in interrupted.value.reasons
    await device.unplug()
    await device.plug()
    least, most = bounds(interrupted.value.says, delivery.link.sent_bytes)
    got = device.drain()
    assert document.startswith(got)
    assert 0 < least <= len(got) <= most < len(document)
    device.read_on()
    await printed(transport, target, TAIL)
    assert await device.has_taken(len(got) + len(TAIL)) == got + TAIL


async def test_a_plug_pulled_before_the_first_byte_costs_nothing(
    transport: UsbTransport, target: Printer, device: GadgetPrinter
) -> None:
    async with transport.open(target) as link:
        await device.unplug()
        with pytest.raises(NotReached) as went:
            await link.deliver(work_of(TAIL), Ledger())
    with pytest.raises(NotReached) as away:
        await printed(transport, target, TAIL)
    assert Reason.OFFLINE in went.value.reasons
    assert Reason.OFFLINE in away.value.reasons
    await device.plug()
    assert device.drain() == b""
    await printed(transport, target, TAIL)
    assert await device.has_taken(len(TAIL)) == TAIL


# others


async def test_the_kernels_driver_has_the_printer_back_afterwards(
    transport: UsbTransport, target: Printer, device: GadgetPrinter
) -> None:
    await printed(transport, target, TAIL)
    assert device.node is not None
    async with delivering(transport, target, BINARY + TAIL) as delivery:
        await delivery.cancelled()
    assert device.node is not None


# conversation


async def test_a_question_brings_back_the_printers_answer(
    transport: UsbTransport, target: Printer, device: GadgetPrinter
) -> None:
    asking = asyncio.create_task(transport.ask(target, b"~HI", within_s=10))
    await device.has_taken(3)
    device.say(b"\x02ZD420-203dpi,V84.20.11Z,8,8192KB\x03")
    assert await asking == b"\x02ZD420-203dpi,V84.20.11Z,8,8192KB\x03"


async def test_a_printer_that_does_not_answer_is_waited_for_no_longer_than_said(
    transport: UsbTransport, target: Printer, device: GadgetPrinter
) -> None:
    with pytest.raises(TimeoutError):
        await transport.ask(target, b"~HI", within_s=0.5)
    await printed(transport, target, TAIL)
    assert await device.has_taken(3 + len(TAIL)) == b"~HI" + TAIL


async def test_a_printer_that_is_unplugged_cannot_be_asked(
    transport: UsbTransport, target: Printer, device: GadgetPrinter
) -> None:
    await device.unplug()
    with pytest.raises(NotReached):
        await transport.ask(target, b"~HI", within_s=5)


# what shows itself


async def test_a_printer_at_the_port_is_seen_with_its_make_model_and_language(
    transport: UsbTransport, device: GadgetPrinter
) -> None:
    (seen,) = [one for one in await transport.sightings() if one.uri == device.plate.uri]
    assert (seen.traits.make, seen.traits.model) == ("Zebra", "ZD420-203dpi ZPL")
    assert seen.traits.languages == ("zpl",)
    assert seen.traits.serial == device.plate.serial
    assert "usb" in seen.traits.told_by
    assert f"serial:zebra/{device.plate.serial}".lower() in seen.marks
    await device.unplug()
    assert not [one for one in await transport.sightings() if one.uri == device.plate.uri]


async def test_two_printers_with_one_serial_are_told_apart_by_their_ports_only(
    transport: UsbTransport, target: Printer, device: GadgetPrinter
) -> None:
    twin = gadget.printer(1)
    await twin.begin_anew()
    try:
        with pytest.raises(NotReached) as unclear:
            await printed(transport, target, TAIL)
        uris = re.findall(r"usb://[^\s,]+", unclear.value.says.partition("URIs")[2])
        assert len(uris) == 2, unclear.value.says
        assert device.drain() == twin.drain() == b""
        assert {*uris} <= {one.uri for one in await transport.sightings()}
        way = target.uri.partition("?")[2]
        for number, uri in enumerate(uris):
            await printed(transport, replace(target, uri=f"{uri}&{way}"), b"label %d" % number)
        for one in (device, twin):
            await one.has_taken(7)
        assert sorted((device.drain(), twin.drain())) == [b"label 0", b"label 1"]
    finally:
        await twin.unplug()
    await device.begin_anew()
    await printed(transport, target, TAIL)
    assert await device.has_taken(len(TAIL)) == TAIL
