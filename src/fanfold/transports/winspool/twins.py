"""Which queues are one USB printer that was plugged in elsewhere. Pure: judges by facts, asks no Windows.

Windows makes a queue for each USB port at which it first sees a printer. One without a serial is a new device at
another port: it comes back as `NAME (Copy 1)`, and `NAME` is offline for ever.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

_COPY = re.compile(
    r"(?P<name>.+) \((?:(?P<word>copy|kopie|copie|copia|cópia|kopia|kopi|kopio|kópia|kopya|másolat|копия|копія"
    r"|副本|コピー|복사본) )?(?P<number>\d{1,3})\)",
    re.IGNORECASE,
)
_USB_PORT = re.compile(r"USB\d{3,}", re.IGNORECASE)
_DEVICE = re.compile(
    r"USB[#\\](?P<kind>VID_[0-9A-F]{4}&PID_[0-9A-F]{4})[^#\\]*[#\\](?P<instance>[^#\\{}]+)", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Standing:
    """One queue, as far as it matters here."""

    name: str
    driver: str
    port: str
    online: bool
    present: bool = True
    """Windows lists it now; else it did earlier in this run."""


@dataclass(frozen=True, slots=True)
class Device:
    """The USB device that a port was made for."""

    kind: str
    """Vendor and product, `0a5f:0164`."""
    serial: str
    """Its own; empty where Windows made one up, which has an `&` in it."""


Pair = frozenset[str]


def device_of(instance: str) -> Device | None:
    """Read a device instance (`USB#VID_0A5F&PID_0164#50J1`); None for what is none."""
    found = _DEVICE.search(instance)
    if found is None:
        return None
    vendor, product = found["kind"].upper().removeprefix("VID_").split("&PID_")
    made_up = "&" in found["instance"]
    return Device(f"{vendor}:{product}".lower(), "" if made_up else found["instance"].lower())


def copied_from(name: str) -> tuple[str, bool] | None:
    """Return the name of which this one is a copy's, and whether it says so in words; None when it is none."""
    found = _COPY.fullmatch(name)
    return (found["name"], found["word"] is not None) if found else None


def may_come_back(port: str) -> bool:
    """Tell whether a printer at this port may come back under another name: only those at USB do."""
    return _USB_PORT.fullmatch(port) is not None


def together(queues: Iterable[Standing]) -> frozenset[Pair]:
    """Return which copies cannot be what they were copied from: both are online now, or two copies of one are."""
    up = {one.name.casefold(): one for one in queues if one.present and one.online}
    families: dict[str, set[str]] = {}
    for name in up:
        if of := copied_from(name):
            families.setdefault(of[0].casefold(), set()).add(name)
    return frozenset(
        frozenset((copy, first))
        for first, family in families.items()
        for copy in family
        if first in up or len(family) > 1
    )


def copies(queues: Iterable[Standing], devices: Mapping[str, str], apart: AbstractSet[Pair]) -> Mapping[str, str]:
    """Return the copies that are the same printer as another queue, with that queue's name.

    `devices` has each port's device instance, `apart` the pairs that were ever told apart.
    """
    known = {one.name.casefold(): one for one in queues}
    found = {}
    for one in known.values():
        of = copied_from(one.name)
        first = known.get(of[0].casefold()) if of else None
        if of is None or first is None or frozenset((one.name.casefold(), first.name.casefold())) in apart:
            continue
        if _same(first, one, devices, says_so=of[1]):
            found[one.name] = first.name
    return found


def stand_ins(queues: Iterable[Standing], same: Mapping[str, str]) -> Mapping[str, str]:
    """Return for each queue that is offline or gone the one copy of it that is online; none where there are two."""
    known = {one.name: one for one in queues}
    found: dict[str, list[str]] = {}
    for copy, first in same.items():
        if known[copy].present and known[copy].online and not (known[first].present and known[first].online):
            found.setdefault(first, []).append(copy)
    return {first: up[0] for first, up in found.items() if len(up) == 1}


def _same(first: Standing, copy: Standing, devices: Mapping[str, str], *, says_so: bool) -> bool:
    on_usb = _USB_PORT.fullmatch(first.port) and _USB_PORT.fullmatch(copy.port)
    if not on_usb or first.driver != copy.driver or first.port.upper() == copy.port.upper():
        return False
    one, other = (device_of(devices.get(queue.port.upper(), "")) for queue in (first, copy))
    if one is None or other is None:
        return says_so
    if one.kind != other.kind:
        return False
    if one.serial and other.serial:
        return one.serial == other.serial
    return says_so and not (one.serial or other.serial)
