"""USB printers that are plugged in, as they are shown to whoever looks for printers."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fanfold.errors import NotReached
from fanfold.model import Traits
from fanfold.transports.base import Scouts
from fanfold.transports.usb.address import address_of
from fanfold.transports.usb.device import Device, chosen, discovered
from fanfold.transports.usb.transport import UsbTransport
from tests.peers.usbprinter import Plate, UsbPrinter, open_printer


def transport(root: Path) -> UsbTransport:
    return UsbTransport(root, open_printer)


async def test_a_printer_is_shown_with_what_it_says_of_itself_and_is_not_touched(tmp_path: Path) -> None:
    async with UsbPrinter(tmp_path) as printer:
        (seen,) = await transport(tmp_path).sightings()
        assert not printer.claims
    assert seen.name == "Zebra Technologies ZTC ZD420-203dpi ZPL"
    assert (seen.uri, seen.kinds) == ("usb://0a5f:0164/50J123", ("raw",))
    assert seen.info == "Zebra Technologies ZTC ZD420-203dpi ZPL at USB port 1-1"
    assert seen.traits == Traits(
        "Zebra Technologies", "ZTC ZD420-203dpi ZPL", "50J123", ("zpl",), told_by=("usb",)
    )  # fmt: skip
    assert set(seen.marks) == {"usb:0a5f:0164/50j123", "serial:zebra technologies/50j123"}
    assert isinstance(transport(tmp_path), Scouts)


async def test_who_comes_and_goes_is_seen_at_the_next_look(tmp_path: Path) -> None:
    looking = transport(tmp_path)
    async with UsbPrinter(tmp_path) as printer:
        assert len(await looking.sightings()) == 1
        await printer.unplug()
        assert await looking.sightings() == ()
        printer.plug()
        assert len(await looking.sightings()) == 1


async def test_a_printer_without_a_driver_is_shown_by_its_descriptor(tmp_path: Path) -> None:
    async with UsbPrinter(tmp_path, Plate(number=None, driver="usbfs", serial="")):
        (seen,) = await transport(tmp_path).sightings()
    assert (seen.name, seen.uri) == ("Zebra Technologies ZTC ZD420-203dpi ZPL", "usb://0a5f:0164")
    assert seen.marks == ("usb:0a5f:0164",)


async def test_printers_that_share_a_serial_are_two_and_shown_by_their_ports(tmp_path: Path) -> None:
    async with UsbPrinter(tmp_path), UsbPrinter(tmp_path, Plate(port="1-2", number=1)):
        seen = await transport(tmp_path).sightings()
    assert [one.uri for one in seen] == ["usb://0a5f:0164/50J123?port=1-1", "usb://0a5f:0164/50J123?port=1-2"]
    assert not {*seen[0].marks} & {*seen[1].marks}


async def test_other_devices_and_folders_that_cannot_be_read_are_passed_over(tmp_path: Path) -> None:
    devices = tmp_path / "sys/bus/usb/devices"
    for name, usb_class in (("1-3:1.0", "03"), ("1-4:1.0", "08"), ("usb1", "09")):
        (devices / name).mkdir(parents=True)
        (devices / name / "bInterfaceClass").write_text(f"{usb_class}\n")
    (devices / "1-5:1.0").mkdir()
    assert await transport(tmp_path).sightings() == ()


async def test_of_a_printer_with_several_interfaces_one_is_shown(tmp_path: Path) -> None:
    async with UsbPrinter(tmp_path, Plate(port="1-1")):
        ipp = tmp_path / "sys/bus/usb/devices/1-1:1.1"
        ipp.mkdir()
        (ipp / "bInterfaceClass").write_text("07\n")
        (seen,) = await transport(tmp_path).sightings()
    assert seen.traits.languages == ("zpl",)


async def test_a_machine_without_a_way_to_look_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("usb.backend.libusb1.get_backend", lambda: None)
    with pytest.raises(NotReached, match="libusb"):
        await transport(tmp_path).sightings()


TEXT = st.text(max_size=300) | st.just("\x1b[2J\u202e\x00;:,")
DEVICES = st.builds(
    Device,
    vendor=st.just("0a5f"),
    product=st.sampled_from(["0164", "0165"]),
    serial=TEXT,
    port=st.from_regex(r"\A[1-9]-[1-9](\.[1-9]){0,2}\Z"),
    make=TEXT,
    model=TEXT,
    says=TEXT | st.builds("MFG:{};MDL:{};SN:{};CMD:{};".format, TEXT, TEXT, TEXT, TEXT),
)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(DEVICES, min_size=1, max_size=4, unique_by=lambda device: device.port))
def test_hostile_words_are_shown_clean_and_each_uri_means_its_own_device(devices: list[Device]) -> None:
    for device in devices:
        seen = discovered(device, devices)
        for shown in (seen.name, seen.info, seen.traits.make, seen.traits.model, *seen.marks):
            assert shown.isprintable(), shown
        assert seen.name
        assert len(seen.name) <= 300
        assert chosen(devices, address_of(seen.uri)) == device
