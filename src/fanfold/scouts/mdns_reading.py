"""One service's records, read as a printer that shows itself: bounded, cleaned, whatever stands there. Knows no socket.

Keys of the text record are those of the Bonjour Printing Specification 1.2.1 (`ty`, `note`, `rp`, `pdl`, `usb_MFG`, …).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import quote

from fanfold import device_id, marks
from fanfold.device_id import DeviceId, clean
from fanfold.model import Traits
from fanfold.transports.base import Discovered

TYPES = {
    "_pdl-datastream._tcp.local.": "socket",
    "_ipp._tcp.local.": "ipp",
    "_ipps._tcp.local.": "ipps",
    "_printer._tcp.local.": "lpd",
}
"""What is looked for, and the scheme of its URIs."""
WAY = "mdns"
TEXT_BYTES = 8192
"""As much of a text record as is read: real ones have 200 to 1,300 bytes."""
MOST_KEYS = 64
MOST_ADDRESSES = 4
_PORTS = {"socket": 9100, "ipp": 631, "ipps": 631, "lpd": 515}
_QUEUE_LENGTH = 255
_LPD_QUEUE = "auto"
"""The queue of a printer that names none (Bonjour Printing 1.2.1 §9.2.1)."""
_HOST = re.compile(r"[A-Za-z0-9._-]+")
_BRANDS = {"application/vnd.zebra-zpl": "zpl", "application/vnd.zebra-epl": "epl"}


@dataclass(frozen=True, slots=True)
class Service:
    """What was resolved of one service. `host` is the name in its SRV record, `addresses` those of that name."""

    type: str
    name: str
    """In whole: `Dock 4._ipp._tcp.local.`"""
    host: str
    port: int
    addresses: tuple[str, ...]
    text: bytes = b""

    @property
    def instance(self) -> str:
        """The name without its type."""
        return self.name[: -len(self.type) - 1] if self.name.lower().endswith(self.type) else self.name


def read(service: Service, place: str = "") -> Discovered | None:
    """Return the printer that the service is, or None where it leads nowhere. Never raises.

    `place` is the name or address to put into its URI; by default the best of its addresses.
    """
    scheme, place = TYPES.get(service.type, ""), place or best(service.addresses)
    if not scheme or not place or not 0 < service.port < 65536:  # port 0 holds a name for other services
        return None
    told = pairs(service.text)
    said = _device_id(told)
    name = clean(service.instance) or clean(told.get("ty", "")) or clean(service.host)
    uri = _uri(scheme, place, service.port, told)
    return Discovered(
        name, uri, ("*",), info=", ".join(_facts(told)), traits=_traits(told, said), marks=_marks(service, scheme, told)
    )


def best(addresses: Sequence[str]) -> str:
    """Return the address that will be good for longest, and from most places; empty where there is none."""
    return min(filter(_usable, addresses), key=_rank, default="")


def pairs(text: bytes) -> Mapping[str, str]:
    """Return what a text record says; of doubled keys the first counts (RFC 6763 §6.4)."""
    found: dict[str, str] = {}
    text, at = text[:TEXT_BYTES], 0
    while at < len(text) and len(found) < MOST_KEYS:
        item = text[at + 1 : at + 1 + text[at]]
        at += 1 + text[at]
        key, equals, value = item.partition(b"=")
        if equals:
            found.setdefault(key.decode("ascii", "replace").lower(), value.decode("utf-8", "replace"))
    return found


def _uri(scheme: str, place: str, port: int, told: Mapping[str, str]) -> str:
    host = f"[{place.replace('%', '%25')}]" if ":" in place else place
    where = host if port == _PORTS[scheme] else f"{host}:{port}"
    queue = told.get("rp", "").strip().lstrip("/")[:_QUEUE_LENGTH]
    match scheme:
        case "socket":
            return f"socket://{where}"
        case "lpd":
            return f"lpd://{where}/{quote(queue or _LPD_QUEUE, safe='')}"
        case _:
            return f"{scheme}://{where}/{quote(queue or 'ipp/print', safe='/')}"


def _marks(service: Service, scheme: str, told: Mapping[str, str]) -> tuple[str, ...]:
    found = [*marks.uuid(told.get("uuid", "")), marks.service(service.name)]
    found.append(marks.bonjour(service.host, service.instance))
    names = (service.host.rstrip("."),) if _HOST.fullmatch(service.host) else ()
    for place in (*filter(_usable, service.addresses[:MOST_ADDRESSES]), *names):
        found += marks.of_uri(_uri(scheme, place, service.port, told))
    return tuple(dict.fromkeys(found))


def _device_id(told: Mapping[str, str]) -> DeviceId:
    keys = {"MFG": "usb_mfg", "MDL": "usb_mdl", "CMD": "usb_cmd"}
    return device_id.read("".join(f"{key}:{told.get(name, '').replace(';', ' ')};" for key, name in keys.items()))


def _traits(told: Mapping[str, str], said: DeviceId) -> Traits:
    product = clean(told.get("product", "").strip().strip("()"))
    formats = (kind.strip().lower() for kind in told.get("pdl", "")[:TEXT_BYTES].split(","))
    drawn = [_BRANDS.get(kind) or device_id.language_of(kind) for kind in formats]
    return Traits(
        said.make,
        said.model or product or clean(told.get("ty", "")),
        languages=tuple(dict.fromkeys(one for one in (*said.languages, *drawn) if one)),
        told_by=(WAY,),
    )


def _facts(told: Mapping[str, str]) -> list[str]:
    return [words for key in ("ty", "note") if (words := clean(told.get(key, "")))]


def _usable(text: str) -> bool:
    try:
        address = ip_address(text)
    except ValueError:
        return False
    return not (address.is_multicast or address.is_unspecified)


def _rank(text: str) -> tuple[int, str]:
    address = ip_address(text)
    match address:
        case IPv4Address():
            return (2 if address.is_link_local else 0), text
        case IPv6Address():  # one of a link is good on that link only, and needs its name
            return (3 if address.is_link_local else 1), text
