"""The transports' contract with a real printer at its other end: a rig for `usb`, in the guest.

Nothing on a USB cable says where a document ends, so that after each the rig itself, past our transport, writes a mark.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fanfold.model import Printer, PrinterId
from fanfold.transports.base import Link
from fanfold.transports.usb.transport import UsbTransport
from tests.contract.transports import BAD_USB_URIS, USB_URIS, Rig
from tests.peers.processes import until
from tests.peers.usbguest import gadget
from tests.peers.usbguest.gadget import GadgetPrinter

MARK = b"\x00-- end of what was printed in one go --\x00"


class MarkingTransport(UsbTransport):
    """Ours, but that a mark follows what it sent."""

    def __init__(self, device: GadgetPrinter) -> None:
        super().__init__()
        self._device = device

    @asynccontextmanager
    async def open(self, printer: Printer) -> AsyncIterator[Link]:
        async with super().open(printer) as link:
            yield link
        if self._device.node is not None:
            file = os.open(self._device.node, os.O_RDWR)
            os.write(file, MARK)
            os.close(file)


@asynccontextmanager
async def usb_rig(folder: Path) -> AsyncIterator[Rig]:
    device = gadget.printer(0)
    await device.begin_anew()
    transport = MarkingTransport(device)

    async def paper(count: int) -> list[bytes]:
        async def came_out() -> bool:
            return len(_documents(device)) >= count

        await until(came_out, f"{count} documents")
        return _documents(device)

    yield Rig(
        transport,
        Printer(PrinterId("label"), "Label", device.plate.uri),
        paper,
        device.unplug,
        device.plug,
        good_uris=USB_URIS,
        bad_uris=BAD_USB_URIS,
    )
    await transport.close()


def _documents(device: GadgetPrinter) -> list[bytes]:
    *ended, _ = bytes(device.drain()).split(MARK)
    return [document for document in ended if document]
