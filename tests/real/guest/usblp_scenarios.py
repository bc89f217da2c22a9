"""What the kernel's driver for USB printers does, bare: the ground on which our transport stands."""

from __future__ import annotations

import errno
import fcntl
import os
import select
from collections.abc import Iterator

import pytest

from tests.peers.usbguest.gadget import FINE, HARDWARE_BYTES, PAPER_OUT, GadgetPrinter

PIECE = bytes(range(256)) * 32
GET_STATUS = 0x060B


@pytest.fixture
def lp(device: GadgetPrinter) -> Iterator[int]:
    assert device.node is not None
    file = os.open(device.node, os.O_RDWR | os.O_NONBLOCK)
    yield file
    os.close(file)


def writable(file: int, within_s: float = 10) -> bool:
    return bool(select.select([], [file], [], within_s)[1])


async def test_one_program_at_a_time_has_the_printer(device: GadgetPrinter, lp: int) -> None:
    assert device.node is not None
    with pytest.raises(OSError, match="busy"):
        os.open(device.node, os.O_RDWR | os.O_NONBLOCK)


async def test_a_printer_that_does_not_read_takes_what_its_hardware_holds_and_one_piece_more_is_under_way(
    device: GadgetPrinter, lp: int
) -> None:
    os.write(lp, PIECE)
    await device.has_taken(len(PIECE))
    device.stop_reading()
    written = 0
    while writable(lp, 0.2):
        written += os.write(lp, PIECE)
    assert written == HARDWARE_BYTES + len(PIECE)
    with pytest.raises(BlockingIOError):
        os.write(lp, PIECE)
    device.read_on()
    assert writable(lp)
    assert await device.has_taken(len(PIECE) + written) == PIECE * (1 + written // len(PIECE))


async def test_a_pulled_plug_is_told_to_who_writes_and_a_new_file_comes_with_the_plug(
    device: GadgetPrinter, lp: int
) -> None:
    await device.unplug()
    with pytest.raises(OSError, match=os.strerror(errno.ENODEV)):
        os.write(lp, PIECE)
    with pytest.raises(OSError, match=os.strerror(errno.ENODEV)):
        fcntl.ioctl(lp, GET_STATUS, bytes(4))
    await device.plug()
    assert device.node is not None


async def test_the_port_status_is_what_the_printer_shows(device: GadgetPrinter, lp: int) -> None:
    for bits in (PAPER_OUT, FINE):
        device.status(bits)
        assert fcntl.ioctl(lp, GET_STATUS, bytes(4))[0] == bits


async def test_a_file_that_is_closed_drops_what_the_printer_did_not_take(device: GadgetPrinter) -> None:
    assert device.node is not None
    device.stop_reading()
    file = os.open(device.node, os.O_RDWR | os.O_NONBLOCK)
    os.write(file, PIECE)
    while writable(file, 0.2):
        os.write(file, PIECE)
    os.close(file)
    assert len(device.drain()) <= HARDWARE_BYTES
