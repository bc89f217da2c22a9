"""What is so when a USB printer cannot be had, in words, with what to do about it. Touches no printer."""

from __future__ import annotations

import errno
import os
import sys

from fanfold.errors import NotReached
from fanfold.model import Reason
from fanfold.transports.usb.address import Address
from fanfold.transports.usb.device import Device

RULES = "/etc/udev/rules.d/70-fanfold.rules"


def unopened(error: OSError, where: str, device: Device | None, *, past_driver: bool = False) -> NotReached:
    """Return the error for a printer that could not be opened."""
    match error.errno:
        case errno.EBUSY:
            return in_use(where)
        case errno.EACCES | errno.EPERM:
            return NotReached(_forbidden(where, device, past_driver=past_driver), reasons=(Reason.OFFLINE,))
        case errno.ENOENT if device is not None:
            says = (
                f"{where} is plugged in, but the file is not there. In a container, give it the device, or leave out "
                "its own /dev; else see that udev runs"
            )
            return NotReached(says, reasons=(Reason.OFFLINE,))
        case errno.ENOENT | errno.ENODEV | errno.ENXIO:
            says = f"{where} is not there; see that the printer is on, and to its cable"
            return NotReached(says, reasons=(Reason.OFFLINE,))
    says = f"{where} cannot be opened: {error.strerror or error}. Switch the printer off and on, and see to its cable"
    return NotReached(f"{says}{_other_ways()}", reasons=(Reason.OFFLINE,))


def in_use(where: str) -> NotReached:
    """Return the error for a printer that some other program has."""
    says = f"{where} is in use by another program, perhaps CUPS; it is tried again until that lets go"
    return NotReached(says, reasons=(Reason.BUSY_ELSEWHERE,))


def no_driver(address: Address) -> NotReached:
    """Return the error for a printer that shall be reached by usblp, which has not got it."""
    says = (
        f"the kernel's driver usblp has not taken {address}: run `modprobe usblp`, plug it in anew, "
        "or leave `via=usblp` out"
    )
    return NotReached(says, reasons=(Reason.OFFLINE,))


def no_pyusb() -> NotReached:
    """Return the error for a printer that needs pyusb, which is not installed."""
    says = 'USB printers without a driver of the kernel are reached by pyusb: pip install "fanfold[usb]"'
    return NotReached(f"{says}{_other_ways()}", reasons=(Reason.OFFLINE,))


def no_libusb() -> NotReached:
    """Return the error for a machine on which pyusb finds no libusb."""
    install = {
        "win32": "put libusb-1.0.dll into the folder of python.exe",
        "darwin": "brew install libusb",
    }.get(sys.platform, "apt-get install libusb-1.0-0")
    says = f"USB printers without a driver of the kernel are reached by pyusb, which finds no libusb 1.0: {install}"
    return NotReached(f"{says}{_other_ways()}", reasons=(Reason.OFFLINE,))


def udev_rule(device: Device, *, past_driver: bool) -> str:
    """Return the rule by which udev gives this kind of printer to the group that the gateway runs as."""
    ids = ('ATTR{idVendor}=="%s", ATTR{idProduct}=="%s"' if past_driver else _OF_PARENT) % (
        device.vendor,
        device.product,
    )
    where = 'SUBSYSTEM=="usb"' if past_driver else 'SUBSYSTEM=="usbmisc", KERNEL=="lp*"'
    return f'{where}, {ids}, GROUP="{_group()}", MODE="0660"'


_OF_PARENT = 'ATTRS{idVendor}=="%s", ATTRS{idProduct}=="%s"'


def _forbidden(where: str, device: Device | None, *, past_driver: bool) -> str:
    if device is None or sys.platform != "linux":
        return f"{where} may not be used by the user who runs Fanfold{_other_ways()}"
    return (
        f"{where} may not be used by the user who runs Fanfold. As root, put this line into {RULES}: "
        f"{udev_rule(device, past_driver=past_driver)} and then run: udevadm control --reload && udevadm trigger"
    )


def _group() -> str:
    """The gateway's own group; numbers will do where it has no name."""
    if sys.platform == "win32":
        return ""
    import grp

    try:
        return grp.getgrgid(os.getgid()).gr_name
    except KeyError:
        return str(os.getgid())


def _other_ways() -> str:
    if sys.platform == "win32":
        return ". A printer that has a driver of Windows is reached without it: winspool:NAME"
    return ""
