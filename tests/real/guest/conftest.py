"""What the scenarios in the guest share: the printer at the cable, and our transport to it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from fanfold.model import Printer, PrinterId, PrinterOptions
from fanfold.transports.usb.transport import UsbTransport
from tests.crash.gateway import Gateway, gateway
from tests.peers.usbguest import gadget
from tests.peers.usbguest.gadget import GadgetPrinter


@pytest_asyncio.fixture(scope="session", loop_scope="session", autouse=True)
async def shop(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Gateway]:
    """A gateway with the printer at cable 2; it starts while what stands before its scenarios is tested.

    It takes ten times as long to start as elsewhere: all in here runs by emulation.
    """
    async with gateway(tmp_path_factory.mktemp("shop"), {"label": gadget.PLATES[2].uri}) as shop:
        shop.starts_within_s = 90
        if any("gateway" in item.path.name for item in request.session.items):
            await shop.start()
        yield shop


@pytest.fixture
async def device() -> GadgetPrinter:
    """The printer at the first cable: plugged in, fine, reading."""
    printer = gadget.printer(0)
    await printer.begin_anew()
    return printer


@pytest.fixture
async def transport() -> AsyncIterator[UsbTransport]:
    transport = UsbTransport()
    yield transport
    await transport.close()


@pytest.fixture(params=["usblp", "libusb"])
def via(request: pytest.FixtureRequest) -> str:
    """Both ways to the same printer."""
    return str(request.param)


@pytest.fixture
def target(device: GadgetPrinter, via: str) -> Printer:
    """The printer as its owner wrote it down."""
    options = PrinterOptions(stall_after_s=0.3)
    return Printer(PrinterId("label"), "Label", f"{device.plate.uri}?via={via}", options=options)
