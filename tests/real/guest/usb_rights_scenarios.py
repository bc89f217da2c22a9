"""Who may use the printer: one program at a time, and users whom udev lets; by the real udev. Runs in the guest."""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import usb.core  # type: ignore[import-untyped]
import usb.util  # type: ignore[import-untyped]

from fanfold.errors import NotReached
from fanfold.model import Printer, Reason
from fanfold.transports.usb.transport import UsbTransport
from tests.peers.deliveries import ZPL
from tests.peers.processes import run
from tests.peers.usbguest.gadget import GadgetPrinter
from tests.real.guest.jobs import TAIL, delivering, printed

NOBODY = 65534


@contextmanager
def file_held(device: GadgetPrinter) -> Iterator[None]:
    """Another program has the file of the kernel's driver."""
    assert device.node is not None
    file = os.open(device.node, os.O_WRONLY)
    try:
        yield
    finally:
        os.close(file)


@contextmanager
def interface_held(device: GadgetPrinter) -> Iterator[None]:
    """Another program has claimed the printer past the kernel's driver."""
    found = usb.core.find(idVendor=device.plate.vendor, idProduct=device.plate.product)
    found.detach_kernel_driver(0)
    usb.util.claim_interface(found, 0)
    try:
        yield
    finally:
        usb.util.release_interface(found, 0)
        found.attach_kernel_driver(0)
        usb.util.dispose_resources(found)


async def test_a_printer_that_another_program_has_is_busy_until_that_lets_go(
    transport: UsbTransport, target: Printer, device: GadgetPrinter, via: str
) -> None:
    held = {"usblp": file_held, "libusb": interface_held}[via]
    with held(device), pytest.raises(NotReached) as busy:
        await printed(transport, target, TAIL)
    assert busy.value.reasons == (Reason.BUSY_ELSEWHERE,)
    assert device.drain() == b""
    await printed(transport, target, TAIL)
    assert await device.has_taken(len(TAIL)) == TAIL


async def test_a_job_under_way_keeps_others_out(
    transport: UsbTransport, target: Printer, device: GadgetPrinter
) -> None:
    device.stop_reading()
    async with delivering(transport, target, TAIL * 100_000) as delivery:
        await delivery.ledger.stall(Reason.STALLED)
        with pytest.raises(NotReached) as busy:
            await printed(UsbTransport(), target, b"in between")
        assert busy.value.reasons == (Reason.BUSY_ELSEWHERE,)
        device.read_on()
        await delivery.task
    assert await device.has_taken(400_000) == TAIL * 100_000


@pytest.fixture
async def nobody() -> AsyncIterator[asyncio.subprocess.Process]:
    """A user without rights, with our transport."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.real.guest.attempts",
        stdin=pipe, stdout=pipe, user=NOBODY, group=NOBODY, extra_groups=(),
    )  # fmt: skip
    yield process
    assert process.stdin is not None
    process.stdin.close()
    await process.wait()


@contextmanager
def laid_down(file: Path, lines: list[str]) -> Iterator[None]:
    """A file with these lines is there."""
    file.write_text("".join(f"{line}\n" for line in lines))
    yield
    file.unlink()


async def prints(nobody: asyncio.subprocess.Process, uri: str) -> str:
    """Have the user print; return how it went."""
    assert nobody.stdin is not None
    assert nobody.stdout is not None
    nobody.stdin.write(f"{uri}\n".encode())
    return str(json.loads(await nobody.stdout.readline()))


async def test_a_user_without_rights_is_told_a_rule_of_udevs_that_gives_them(
    device: GadgetPrinter, nobody: asyncio.subprocess.Process
) -> None:
    uris = [f"{device.plate.uri}?via={via}" for via in ("usblp", "libusb")]
    told = [advice(await prints(nobody, uri)) for uri in uris]
    (file,), (commands,) = {one["file"] for one in told}, {one["commands"] for one in told}
    with laid_down(Path(file), [one["rule"] for one in told]):
        await run("sh", "-c", commands)
        await run("udevadm", "settle")
        for uri in uris:
            assert "took every byte" in await prints(nobody, uri)
    assert await device.has_taken(2 * len(ZPL)) == 2 * ZPL


def advice(refused: str) -> re.Match[str]:
    """Return what the words advise: the file, the rule, and the commands."""
    told = re.search(r"put this line into (?P<file>/\S+): (?P<rule>.+?) and then run: (?P<commands>.+)$", refused)
    assert told is not None, refused
    return told
