"""USB printers past the kernel's driver: real pyusb on a bus that is not there; tests/real/test_usb.py has a bus."""

from __future__ import annotations

import asyncio
import errno
import random
import sys
from pathlib import Path

import pytest

from fanfold.errors import Interrupted, NotReached
from fanfold.model import Evidence, Printer, PrinterId, PrinterOptions
from fanfold.transports.usb import stalls
from fanfold.transports.usb.borrowed import Borrowed
from fanfold.transports.usb.libusb import Libusb
from fanfold.transports.usb.transport import UsbTransport
from fanfold.wire import Receipt
from tests.contract.transports import work
from tests.peers.ledger import Ledger
from tests.peers.usbbackend import Setting, UsbBus, UsbDevice
from tests.peers.usbprinter import Plate, UsbPrinter, open_printer

URI = "usb://0a5f:0164/50J123"
LABEL = b"^XA^FDHello^FS^XZ"
LARGE = random.Random(1).randbytes(100_000)


def on(bus: UsbBus, root: Path) -> UsbTransport:
    return UsbTransport(root, open_printer, Libusb(bus))


async def deliver(transport: UsbTransport, data: bytes = LABEL, uri: str = URI) -> Receipt:
    async with transport.open(Printer(PrinterId("usb"), "At USB", uri)) as link:
        return await link.deliver(work(data), Ledger())


async def refused(transport: UsbTransport, uri: str = URI) -> NotReached:
    with pytest.raises(NotReached) as absent:
        await deliver(transport, uri=uri)
    return absent.value


async def test_a_printer_gets_every_byte_and_the_kernel_gets_its_driver_back(tmp_path: Path) -> None:
    device = UsbDevice()
    receipt = await deliver(on(UsbBus(device), tmp_path), LARGE)
    assert receipt.evidence is Evidence.DELIVERED
    assert device.data == LARGE
    assert device.log[-5:] == ["detach 0", "claim 0", "release 0", "attach 0", "close"]
    assert device.driver


async def test_short_counts_lose_nothing(tmp_path: Path) -> None:
    device = UsbDevice(short_of=777)
    await deliver(on(UsbBus(device), tmp_path), LARGE)
    assert device.data == LARGE


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ((Setting(0, 0, 7, 1), Setting(0, 1, 7, 2)), ["claim 0", "set 0.1"]),
        ((Setting(0, 0, 3), Setting(1, 0, 7, 4), Setting(1, 1, 7, 1, (0x02,))), ["claim 1", "set 1.1"]),
        ((Setting(0, 0, 7, 4), Setting(1, 0, 7, 2)), ["claim 1"]),
        ((Setting(0, 0, 7, 3),), ["claim 0"]),
    ],
)
async def test_the_setting_that_speaks_both_ways_is_taken_and_never_ipp(
    tmp_path: Path, settings: tuple[Setting, ...], expected: list[str]
) -> None:
    device = UsbDevice(settings=settings, driver=False)
    await deliver(on(UsbBus(device), tmp_path))
    assert [step for step in device.log if step.startswith(("claim", "set"))] == expected
    assert device.data == LABEL
    assert "attach 0" not in device.log


@pytest.mark.parametrize("settings", [(Setting(0, 0, 7, 4),), (Setting(0, 0, 8, 2),), (Setting(0, 0, 7, 2, (0x81,)),)])
async def test_what_takes_no_bare_bytes_is_no_printer(tmp_path: Path, settings: tuple[Setting, ...]) -> None:
    assert "no printer is plugged in" in (await refused(on(UsbBus(UsbDevice(settings=settings)), tmp_path))).says


async def test_a_device_is_configured_only_where_it_is_not(tmp_path: Path) -> None:
    one, other = UsbDevice(configured=0), UsbDevice(configured=1)
    for device in (one, other):
        await deliver(on(UsbBus(device), tmp_path))
    assert ("configure 1" in one.log, "configure 1" in other.log) == (True, False)


async def test_a_stall_is_told_called_off_and_counted_to_the_byte(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stalls, "ASK_EVERY_S", 0.05)
    device, ledger = UsbDevice(takes=10_000), Ledger()
    printer = Printer(PrinterId("usb"), "At USB", URI, options=PrinterOptions(stall_after_s=0.1))
    async with on(UsbBus(device), tmp_path).open(printer) as link:
        job = asyncio.ensure_future(link.deliver(work(LARGE), ledger))
        assert "took 10000 of 100000 bytes" in await ledger.stall("printer-not-reading")
        device.status = 0x30
        await ledger.stall("media-empty-error")
        job.cancel()
        await asyncio.gather(job, return_exceptions=True)
        assert link.sent_bytes == 10_000
    assert device.data == LARGE[:10_000]
    assert device.log[-3:] == ["release 0", "attach 0", "close"]


async def test_unplugged_in_the_middle_it_leaves_a_doubt_with_an_exact_count(tmp_path: Path) -> None:
    device, ledger = UsbDevice(takes=50_000), Ledger()
    printer = Printer(PrinterId("usb"), "At USB", URI, options=PrinterOptions(stall_after_s=0.1))
    async with on(UsbBus(device), tmp_path).open(printer) as link:
        job = asyncio.ensure_future(link.deliver(work(LARGE), ledger))
        await ledger.stall("printer-not-reading")
        device.gone = True
        with pytest.raises(Interrupted, match="taken 50000 of 100000 bytes"):
            await job
    assert device.log[-1] == "close"


async def test_unplugged_before_the_first_byte_it_got_nothing(tmp_path: Path) -> None:
    device = UsbDevice()
    async with on(UsbBus(device), tmp_path).open(Printer(PrinterId("usb"), "At USB", URI)) as link:
        device.gone = True
        with pytest.raises(NotReached):
            await link.deliver(work(LABEL), Ledger())
        assert link.sent_bytes == 0


async def test_a_driver_is_put_back_also_when_the_printer_is_not_to_be_had(tmp_path: Path) -> None:
    device = UsbDevice(busy=True)
    assert (await refused(on(UsbBus(device), tmp_path))).reasons == ("busy-elsewhere",)
    assert device.log[-2:] == ["attach 0", "close"]
    assert device.driver


async def test_a_driver_that_a_killed_gateway_kept_out_gets_its_printer_back(tmp_path: Path) -> None:
    owed = tmp_path / "data" / "usb-borrowed"
    device, put_down = UsbDevice(), list[str]()

    class Bus(UsbBus):
        def detach_kernel_driver(self, device: UsbDevice, intf: int) -> None:
            put_down.append(owed.read_text())
            super().detach_kernel_driver(device, intf)

    await deliver(UsbTransport(tmp_path, open_printer, Libusb(Bus(device), Borrowed(owed))))
    assert put_down == ["1-1.2 0a5f:0164\n"], "it is on disk before it is done"
    assert owed.read_text() == ""
    owed.write_text(put_down[0])
    device.driver = False
    await deliver(UsbTransport(tmp_path, open_printer, Libusb(UsbBus(device), Borrowed(owed))))
    assert (device.driver, owed.read_text()) == (True, "")


async def test_a_look_at_what_is_plugged_in_gives_it_back_too(tmp_path: Path) -> None:
    owed, device = tmp_path / "usb-borrowed", UsbDevice(driver=False)
    owed.write_text("1-1.2 0a5f:0164\n")
    async with UsbPrinter(tmp_path, Plate(port="1-1.2", number=None, driver="")):
        await UsbTransport(tmp_path, open_printer, Libusb(UsbBus(device), Borrowed(owed))).sightings()
    assert (device.driver, owed.read_text()) == (True, "")


async def test_a_printer_that_its_owner_keeps_from_the_driver_stays_without_it(tmp_path: Path) -> None:
    device = UsbDevice(driver=False)
    await deliver(UsbTransport(tmp_path, open_printer, Libusb(UsbBus(device), Borrowed(tmp_path / "usb-borrowed"))))
    assert not device.driver


async def test_one_that_was_unplugged_is_not_owed_and_one_that_somebody_took_is(tmp_path: Path) -> None:
    owed = tmp_path / "usb-borrowed"
    for number, left in ((errno.ENODEV, ""), (errno.EBUSY, "1-1.2 0a5f:0164\n")):

        class Bus(UsbBus):
            def attach_kernel_driver(self, device: UsbDevice, intf: int, number: int = number) -> None:
                raise OSError(number, "")

        await deliver(UsbTransport(tmp_path, open_printer, Libusb(Bus(UsbDevice()), Borrowed(owed))))
        assert owed.read_text() == left


async def test_a_disk_that_takes_nothing_keeps_no_label_from_printing(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    device = UsbDevice()
    await deliver(UsbTransport(tmp_path, open_printer, Libusb(UsbBus(device), Borrowed(tmp_path / "file" / "owed"))))
    assert (device.driver, bytes(device.data)) == (True, LABEL)


async def test_one_that_somebody_prints_on_by_the_kernels_driver_is_not_taken_from_him(tmp_path: Path) -> None:
    device = UsbDevice()
    async with UsbPrinter(tmp_path, Plate(port="1-1.2")):
        transport = on(UsbBus(device), tmp_path)
        by_kernel = Printer(PrinterId("usb"), "At USB", URI)
        async with transport.open(by_kernel):
            assert (await refused(transport, f"{URI}?via=libusb")).reasons == ("busy-elsewhere",)
    assert "detach 0" not in device.log


async def test_without_a_driver_of_the_kernels_the_printer_of_the_same_port_is_taken(tmp_path: Path) -> None:
    wrong, right = UsbDevice(ports=(1,)), UsbDevice(ports=(1, 2), texts=("", "", ""))
    async with UsbPrinter(tmp_path, Plate(port="1-1.2", number=None, driver="")):
        await deliver(on(UsbBus(wrong, right), tmp_path))
    assert (bytes(wrong.data), bytes(right.data)) == (b"", LABEL)


async def test_a_system_without_drivers_of_that_kind_prints(tmp_path: Path) -> None:
    device = UsbDevice(driver=False, ports=None)
    await deliver(on(UsbBus(device, other_system=True), tmp_path))
    assert device.data == LABEL


async def test_who_may_not_use_it_is_told_the_rule_that_lets_him(tmp_path: Path) -> None:
    device = UsbDevice(forbidden=True)
    async with UsbPrinter(tmp_path, Plate(port="1-1.2", number=None, driver="")):
        says = (await refused(on(UsbBus(device), tmp_path))).says
    assert 'SUBSYSTEM=="usb", ATTR{idVendor}=="0a5f", ATTR{idProduct}=="0164", GROUP="' in says


async def test_questions_go_the_same_way(tmp_path: Path) -> None:
    device = UsbDevice()
    transport = on(UsbBus(device), tmp_path)
    asking = asyncio.ensure_future(transport.ask(Printer(PrinterId("usb"), "At USB", URI), b"\x1b!?", within_s=5))
    await asyncio.to_thread(device.moved.wait, 5)
    device.says = b"\x00"
    assert await asking == b"\x00"


async def test_a_printer_that_no_driver_has_is_asked_once_what_it_is(tmp_path: Path) -> None:
    device = UsbDevice(device_id=b"\x00\x1eMFG:TSC;MDL:TE200;CMD:TSPL2;", settings=(Setting(), Setting(0, 1, 7, 1)))
    device.driver = False
    transport = on(UsbBus(device, other_system=True), tmp_path)
    for _ in range(2):
        (seen,) = await transport.sightings()
        assert (seen.name, seen.traits.languages) == ("TSC TE200", ("tspl",))
    assert device.log.count("claim 0") == 1
    device.gone = True
    assert await transport.sightings() == ()


async def test_a_printer_that_somebody_else_has_is_seen_without_what_it_says(tmp_path: Path) -> None:
    device = UsbDevice(busy=True, driver=False)
    (seen,) = await on(UsbBus(device, other_system=True), tmp_path).sightings()
    assert (seen.name, seen.uri, seen.traits.languages) == ("Zebra Technologies ZTC ZD420", URI, ())


async def test_a_printer_that_cannot_answer_can_be_printed_on(tmp_path: Path) -> None:
    device = UsbDevice(settings=(Setting(ends=(0x02,), protocol=1),), status=None)
    transport = on(UsbBus(device), tmp_path)
    assert (await deliver(transport)).evidence is Evidence.DELIVERED
    with pytest.raises(TimeoutError):
        await transport.ask(Printer(PrinterId("usb"), "At USB", URI), b"?", within_s=0.1)


async def test_without_pyusb_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "usb.backend.libusb1", None)
    assert 'pip install "fanfold[usb]"' in (await refused(UsbTransport(tmp_path))).says
    monkeypatch.setattr(sys, "platform", "win32")
    assert "winspool:NAME" in (await refused(UsbTransport(tmp_path))).says


async def test_without_libusb_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("usb.backend.libusb1.get_backend", lambda: None)
    assert "apt-get install libusb-1.0-0" in (await refused(UsbTransport(tmp_path))).says
