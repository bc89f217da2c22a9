"""Printers at a USB port: finds the one that is meant, claims it for each job, and sees which are there."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import Future
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Protocol

from fanfold.errors import NotReached, Refused
from fanfold.model import Printer, Reason
from fanfold.transports.base import Discovered, Link
from fanfold.transports.usb import sysfs, words
from fanfold.transports.usb.address import Address, Via, address_of
from fanfold.transports.usb.borrowed import FILE, Borrowed
from fanfold.transports.usb.conversation import converse
from fanfold.transports.usb.device import USBFS, Device, chosen, discovered
from fanfold.transports.usb.libusb import Libusb
from fanfold.transports.usb.link import UsbLink
from fanfold.transports.usb.node import open_node
from fanfold.transports.usb.port import Port
from fanfold.transports.usb.status import Judge, fault, is_fine
from fanfold.transports.usb.thread import OwnThread

OPEN_LIMIT_S = 8.0
"""How long a printer may take to be claimed; waking up, it takes one or two seconds."""

OpensNode = Callable[[Path, OwnThread], Port]


class PastDriver(Protocol):
    """What reaches printers past the kernel's driver."""

    def devices(self) -> tuple[Device, ...]:
        """List who is there. Raises NotReached: it is not installed."""

    def open(self, device: Device, thread: OwnThread) -> Port:
        """Claim a printer. Raises OSError, NotReached."""

    def says(self, device: Device) -> str:
        """Ask a printer that nobody has for its IEEE 1284 id. Raises OSError, NotReached."""


class UsbTransport:
    """Prints on `usb://VID:PID[/SERIAL]` and `usb:/dev/usb/lp0`. `root` is where /sys and /dev are.

    In `data` it keeps which printers the kernel's driver gets back.
    """

    schemes: tuple[str, ...] = ("usb",)
    takes: tuple[str, ...] = ("raw",)
    way = "usb"

    def __init__(
        self,
        root: Path = Path("/"),
        open_node: OpensNode = open_node,
        past_driver: PastDriver | None = None,
        *,
        data: Path | None = None,
    ) -> None:
        self._root, self._open_node = root, open_node
        self._past_driver = past_driver or Libusb(borrowed=Borrowed(data / FILE if data else None))
        self._honest: set[Address] = set()
        """Those whose port status was fine once, so that it means something when it is not."""
        self._said: dict[Device, str] = {}
        """What those said of themselves that had to be asked, as long as they are there."""

    def check(self, uri: str) -> None:
        """Say whether the URI means a USB printer. Raises Refused `bad-uri`."""
        address_of(uri)

    @asynccontextmanager
    async def open(self, printer: Printer) -> AsyncIterator[Link]:
        """Claim the printer. Raises NotReached: `busy-elsewhere`, `offline-error`, `media-empty-error`, `other-error`.

        What it says of its paper counts before the first byte, unless its URI says `status=ignore`.
        """
        address = address_of(printer.uri)
        async with self._claimed(address) as port:
            try:
                status = await port.status()
            except OSError as error:
                raise words.unopened(error, str(address), None) from error
            judge = self._judge(address, status)
            if wrong := judge(status):
                says = f"{address} {wrong.says}. If that is not so, add `?status=ignore` to its URI"
                raise NotReached(says, reasons=(wrong.reason,))
            yield UsbLink(port, str(address), printer.options, judge, tells=status is not None)

    async def ask(self, printer: Printer, question: bytes, *, channel: str = "", within_s: float) -> bytes:
        """Send the question, return what the printer says until it is quiet.

        Raises:
            Refused: `unknown-channel` 422, `answer-too-large` 502.
            NotReached: it is away or busy, or went while it was asked.
            TimeoutError: it did not answer in time.
        """
        address = address_of(printer.uri)
        if channel not in ("", "raw"):
            says = f"{address} has one channel, raw; there is no {channel!r}."
            raise Refused(says, code="unknown-channel", status=422)
        async with self._claimed(address) as port:
            return await converse(port, question, str(address), within_s)

    async def sightings(self) -> Sequence[Discovered]:
        """List the printers that are plugged in. Raises NotReached."""
        there = await asyncio.to_thread(self._seen)
        return tuple(discovered(device, there) for device in there)

    async def close(self) -> None:
        """Nothing is shared between links."""

    # finding and claiming

    @asynccontextmanager
    async def _claimed(self, address: Address) -> AsyncIterator[Port]:
        thread = OwnThread()
        claiming = thread.begin(self._claim, address, thread)
        try:
            async with asyncio.timeout(OPEN_LIMIT_S):
                port = await asyncio.wrap_future(claiming)
        except BaseException as error:
            claiming.add_done_callback(_dropped)
            thread.end()
            if isinstance(error, TimeoutError):
                raise _slow(address) from error
            raise
        try:
            yield port
        finally:
            await port.close()

    def _claim(self, address: Address, thread: OwnThread) -> Port:
        """Find the printer and open it. Raises NotReached."""
        there = sysfs.devices(self._root)
        if address.file and not there:  # without /sys (in a container) the file may be there
            return self._opened(partial(self._open_node, self._root / "dev" / address.file, thread), str(address), None)
        device = chosen(self._past_driver.devices() if there is None else there, address)
        if device.file and address.via is not Via.LIBUSB:
            path = self._root / "dev" / device.file
            where = str(address) if address.file else f"{address} (/dev/{device.file})"
            return self._opened(partial(self._open_node, path, thread), where, device)
        if address.via is Via.USBLP:
            raise words.no_driver(address)
        if device.driver == USBFS:
            raise words.in_use(str(address))
        self._see_that_it_is_free(device, thread)
        return self._opened(partial(self._past_driver.open, device, thread), str(address), device, past_driver=True)

    def _see_that_it_is_free(self, device: Device, thread: OwnThread) -> None:
        """Taking it from the kernel's driver would break off whoever prints by that. Raises NotReached."""
        try:
            if device.file:
                self._open_node(self._root / "dev" / device.file, thread).drop()
        except OSError as error:
            if error.errno == errno.EBUSY:
                raise words.in_use(str(device.name)) from error

    def _opened(
        self, opens: Callable[[], Port], where: str, device: Device | None, *, past_driver: bool = False
    ) -> Port:
        try:
            return opens()
        except OSError as error:
            raise words.unopened(error, where, device, past_driver=past_driver) from error

    def _devices(self) -> tuple[Device, ...]:
        there = sysfs.devices(self._root)
        return self._past_driver.devices() if there is None else there

    def _seen(self) -> tuple[Device, ...]:
        """List who is there; whom no driver of the kernel's has asked already, we ask, once."""
        there = self._devices()
        dumb = [device for device in there if not (device.says or device.driver)]
        self._said = {device: self._said[device] if device in self._said else self._asked(device) for device in dumb}
        return tuple(replace(device, says=self._said.get(device, device.says)) for device in there)

    def _asked(self, device: Device) -> str:
        try:
            return self._past_driver.says(device)
        except (OSError, NotReached):
            return ""

    def _judge(self, address: Address, status: int | None) -> Judge:
        """Return what this printer's status is judged by, from what it is now and was before."""
        if not address.heeds_status:
            return lambda _: None
        if status is not None and is_fine(status):
            self._honest.add(address)
        return partial(fault, trusted=address in self._honest)


def _dropped(claiming: Future[Port]) -> None:
    """Let go of what was claimed for nobody; its own thread does it, at once."""
    if not claiming.cancelled() and claiming.exception() is None:
        claiming.result().drop()


def _slow(address: Address) -> NotReached:
    says = f"{address} did not wake up within {OPEN_LIMIT_S:g} s; switch it off and on, and see to its cable"
    return NotReached(says, reasons=(Reason.OFFLINE,))
