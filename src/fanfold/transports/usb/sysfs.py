"""Which USB printers Linux has, read from /sys: folders and small files, nothing that a printer is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from fanfold.transports.usb.device import Device

_PRINTER_CLASS = "07"
_TEXT_BYTES = 2048


def devices(root: Path) -> tuple[Device, ...] | None:
    """List the printers, each once, by their ports; None where there is no such /sys."""
    try:
        names = sorted(path.name for path in (root / "sys/bus/usb/devices").iterdir())
    except OSError:
        return None
    found: dict[str, Device] = {}
    for device in _interfaces(root / "sys/bus/usb/devices", names):
        before = found.get(device.port)
        if before is None or (device.file and not before.file):  # of several interfaces the one with the driver
            found[device.port] = device
    return tuple(found.values())


def _interfaces(folder: Path, names: list[str]) -> Iterator[Device]:
    """An interface's folder is called as its device's, with a colon and its own numbers behind."""
    for name in names:
        port, colon, _ = name.partition(":")
        if colon and _text(folder / name / "bInterfaceClass") == _PRINTER_CLASS:
            yield _device(folder / port, folder / name, port)


def _device(device: Path, interface: Path, port: str) -> Device:
    return Device(
        vendor=_text(device / "idVendor").lower(),
        product=_text(device / "idProduct").lower(),
        serial=_text(device / "serial"),
        port=port,
        make=_text(device / "manufacturer"),
        model=_text(device / "product"),
        says=_text(interface / "ieee1284_id"),
        file=next((f"usb/{path.name}" for path in sorted(interface.glob("usbmisc/lp*"))), ""),
        driver=_driver(interface),
    )


def _driver(interface: Path) -> str:
    try:
        return (interface / "driver").readlink().name
    except OSError:
        return ""


def _text(path: Path) -> str:
    """Return what the file says; empty where there is none, or the device went just now."""
    try:
        with path.open("rb") as file:
            return file.read(_TEXT_BYTES).decode("utf-8", "replace").strip("\n\0 ")
    except OSError:
        return ""
