"""Our transport for serial ports on a real one, of the kind that goes when it is unplugged. Runs in the guest."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator

import pytest

from fanfold.errors import Interrupted, NotReached
from fanfold.model import Evidence, Printer, PrinterId, PrinterOptions, Reason
from fanfold.transports.serial.transport import SerialTransport
from tests.peers.usbguest.gadget import GadgetPrinter
from tests.peers.usbguest.modem import GadgetModem
from tests.real.guest.jobs import MIB, TAIL, bounds, delivering, printed

DOCUMENT = random.Random(6).randbytes(MIB) + bytes(range(256)) + TAIL
PRINTER = Printer(PrinterId("till"), "Till", GadgetModem.uri, options=PrinterOptions(stall_after_s=0.3))


@pytest.fixture
async def modem(device: GadgetPrinter) -> AsyncIterator[GadgetModem]:
    async with GadgetModem(device) as modem:
        yield modem


@pytest.fixture
async def serial() -> AsyncIterator[SerialTransport]:
    transport = SerialTransport()
    yield transport
    await transport.close()


async def test_a_document_comes_out_of_a_serial_line_byte_for_byte(serial: SerialTransport, modem: GadgetModem) -> None:
    receipt = await printed(serial, PRINTER, DOCUMENT)
    assert receipt.evidence is Evidence.SENT
    assert await modem.has_taken(len(DOCUMENT)) == DOCUMENT


async def test_a_question_on_a_serial_line_brings_back_the_answer(serial: SerialTransport, modem: GadgetModem) -> None:
    asking = asyncio.create_task(serial.ask(PRINTER, b"\x1dI\x02", within_s=10))
    await modem.has_taken(3)
    modem.say(b"\x05TM-T88V\x00")
    assert await asking == b"\x05TM-T88V\x00"


async def test_a_printer_that_does_not_read_its_line_is_stalled_and_canceled(
    serial: SerialTransport, modem: GadgetModem
) -> None:
    modem.stop_reading()
    async with delivering(serial, PRINTER, DOCUMENT) as delivery:
        await delivery.ledger.stall(Reason.STALLED)
        counted = await delivery.cancelled()
    modem.read_on()
    await printed(serial, PRINTER, TAIL)
    got = await modem.has_taken(counted + len(TAIL))
    assert got.endswith(TAIL)
    assert DOCUMENT.startswith(got.removesuffix(TAIL))
    assert counted == len(got) - len(TAIL) < len(DOCUMENT)


async def test_a_serial_line_unplugged_in_the_middle_is_a_doubt_and_plugged_in_again_it_prints(
    serial: SerialTransport, modem: GadgetModem
) -> None:
    """No more came than may have left; less may have, for a line acknowledges nothing."""
    document = DOCUMENT * 8
    async with delivering(serial, PRINTER, document) as delivery:
        await modem.has_taken(MIB)
        await modem.unplug()
        with pytest.raises(Interrupted) as interrupted:
            await delivery.task
    _, most = bounds(interrupted.value.says, delivery.link.sent_bytes)
    got = bytes(modem.taken)
    assert document.startswith(got), len(got)
    assert MIB <= len(got) <= most < len(document)
    with pytest.raises(NotReached):
        await printed(serial, PRINTER, TAIL)
    await modem.plug()
    modem.taken.clear()
    await printed(serial, PRINTER, b"next" + TAIL)
    late = (await modem.has_come_to(b"next" + TAIL)).removesuffix(b"next" + TAIL)
    assert late in document
    assert len(got) + len(late) <= most
