"""A USB printer that is plugged in, by what it says of itself; and which of them a URI means. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fanfold import device_id
from fanfold.errors import NotReached
from fanfold.model import Reason, Traits
from fanfold.transports.base import Discovered
from fanfold.transports.usb.address import Address, usb_uri

USBFS = "usbfs"
"""The kernel's name for programs that drive a device themselves."""


@dataclass(frozen=True, slots=True)
class Device:
    """One printer. Its numbers and its serial are those of its USB descriptor, whatever its IEEE 1284 id says."""

    vendor: str
    product: str
    serial: str = ""
    port: str = ""
    """Where it is plugged in."""
    make: str = ""
    model: str = ""
    """As its descriptor has them."""
    says: str = ""
    """Its IEEE 1284 id, as far as it is known."""
    file: str = ""
    """`usb/lp0` in /dev; empty: the kernel's driver has not got it."""
    driver: str = ""
    """Who in the kernel has it; USBFS: some program of this machine."""

    @property
    def name(self) -> str:
        """Make and model, in one line."""
        told = device_id.read(self.says)
        make = told.make or device_id.clean(self.make)
        model = told.model or device_id.clean(self.model)
        both = model if model.casefold().startswith(make.casefold()) else f"{make} {model}".strip()
        return both or f"USB printer {self.vendor}:{self.product}"


def chosen(devices: Sequence[Device], address: Address) -> Device:
    """Return the device that an address means. Raises NotReached: none is there, or several are."""
    found = [device for device in devices if _fits(device, address)]
    if len(found) == 1:
        return found[0]
    if not found:
        raise _missing(devices, address)
    many = "printers with this serial" if address.serial else "such printers"
    says = (
        f"{address} means one of {len(found)} {many}, and which is not said: give the printer one of these URIs: "
        f"{_listed(tuple(uri_of(device, devices) for device in found))}"
    )
    raise NotReached(says, reasons=(Reason.OFFLINE,))


def uri_of(device: Device, devices: Sequence[Device]) -> str:
    """Return the shortest URI that means this device and no other that is there, and outlasts replugging if one can."""
    meant = Address(device.vendor, device.product, device.serial)
    doubled = sum(_fits(one, meant) for one in devices) > 1
    return usb_uri(device.vendor, device.product, device.serial, device.port if doubled else "")


def discovered(device: Device, devices: Sequence[Device]) -> Discovered:
    """Return the device as something that could be a printer of ours."""
    told = device_id.read(device.says)
    make, model = told.make or device_id.clean(device.make), told.model or device_id.clean(device.model)
    serial = device_id.clean(device.serial) or told.serial
    traits = Traits(make, model, serial, told.languages, told_by=("usb",))
    uri = uri_of(device, devices)
    marks = [f"usb:{uri.removeprefix('usb://')}".lower()]
    if serial and "?" not in uri:  # a serial that two have marks neither
        marks.append(f"serial:{make}/{serial}".lower())
    info = f"{device.name} at USB port {device.port}" if device.port else f"{device.name} at USB"
    return Discovered(device.name, uri, ("raw",), info, traits=traits, marks=tuple(marks))


def _fits(device: Device, address: Address) -> bool:
    if address.file:
        return device.file == address.file
    return (
        (device.vendor, device.product) == (address.vendor, address.product)
        and address.serial in ("", device.serial)
        and address.port in ("", device.port)
    )


def _missing(devices: Sequence[Device], address: Address) -> NotReached:
    there = f"; plugged in are {_listed(tuple(uri_of(one, devices) for one in devices))}" if devices else ""
    says = f"no printer is plugged in as {address}{there}. See that it is on, and to its cable"
    return NotReached(says, reasons=(Reason.OFFLINE,))


def _listed(uris: Sequence[str], most: int = 8) -> str:
    more = f" and {len(uris) - most} more" if len(uris) > most else ""
    return ", ".join(uris[:most]) + more
