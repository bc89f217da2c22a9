"""Marks: what tells one device from all others, in one spelling whoever saw it. Reads text only; knows no network.

| mark | what it says |
| --- | --- |
| `at:socket://192.0.2.7:9100` | something takes documents at this very place |
| `service:dock._ipp._tcp.local` | a service's whole name, which is given once in a network (RFC 6762 §9) |
| `bonjour:zd420.local/dock` | one name on one host: one printer by several protocols (Bonjour Printing 1.2.1 §4) |
| `uuid:…`, `serial:zebra/50j1`, `usb:0a5f:0164/50j1` | what the device says of itself; some copy, some lie |
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from ipaddress import ip_address
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from fanfold.device_id import clean

MARK_LENGTH = 300
SHORTEST_SERIAL = 4
_PORTS = {"socket": 9100, "ipp": 631, "lpd": 515}
_PLACES = {"socket": "socket", "ipp": "ipp", "ipps": "ipp", "lpd": "lpd"}
"""Schemes by what is spoken there: with TLS or without, it is one printer."""
_PATHS = {"ipp": "/ipp/print"}
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_USB = re.compile(r"usb://([0-9a-f]{4}:[0-9a-f]{4})(?:/([^?#]*))?(?:.*[?&](port=[0-9.-]+))?", re.IGNORECASE)
_SERVICE = re.compile(r"\._(?:ipps?|printer|pdl-datastream)\._tcp\.")
_MAKES = {"hewlettpackard": "hp", "ztc": "zebra"}
"""Makers that call themselves otherwise on their other products."""


def uuid(text: str) -> tuple[str, ...]:
    """Return the mark of a UUID; none for what is no UUID, or one that nobody gave."""
    said = text.strip().lower().removeprefix("urn:uuid:")
    return (f"uuid:{said}",) if _UUID.fullmatch(said) and len(set(said.replace("-", ""))) > 2 else ()


def serial(make: str, number: str) -> tuple[str, ...]:
    """Return the mark of a serial; none where the maker is not known or the number is a filler (`0`, `XXXXXX`)."""
    words = re.sub(r"[^a-z0-9 ]", "", clean(make).casefold()).split()
    said = clean(number).casefold()
    if not words or len(said) < SHORTEST_SERIAL or len(set(said)) < 2:
        return ()
    return (f"serial:{_MAKES.get(words[0], words[0])}/{said}",)


def service(name: str) -> str:
    """Return the mark of a service by its whole name (`Dock._ipp._tcp.local.`)."""
    return f"service:{name.rstrip('.').casefold()}"[:MARK_LENGTH]


def bonjour(host: str, instance: str) -> str:
    """Return the mark of a service's own name on its host."""
    return f"bonjour:{_host(host)}/{instance.casefold()}"[:MARK_LENGTH]


def of_uri(uri: str) -> tuple[str, ...]:
    """Return the marks that a URI gives: a printer's of ours, or a device's as CUPS writes it. Never raises."""
    try:
        if usb := _USB.match(uri):
            number = f"{usb[1]}/{unquote(usb[2] or '')}".rstrip("/").casefold()
            return (f"usb:{number}{f'?{usb[3]}' if usb[3] else ''}"[:MARK_LENGTH],)
        parts = urlsplit(uri[:2048])
        found = (_place(parts),) if parts.scheme in _PLACES else _as_cups_writes(parts)
    except ValueError:
        return ()
    return tuple(one[:MARK_LENGTH] for one in found if one)


def plain(mark: str) -> tuple[str, ...]:
    """Return a mark in the one spelling; none where it says nothing."""
    kind, _, said = mark.partition(":")
    match kind:
        case "serial":
            make, _, number = said.partition("/")
            return serial(make, number)
        case "usb":
            return of_uri(f"usb://{said}")
        case "uuid":
            return uuid(said)
        case _:
            return (mark[:MARK_LENGTH],)


def hosts(marks: Iterable[str]) -> frozenset[str]:
    """Return the addresses at which these marks say that a device is; names are none."""
    return frozenset(host for one in marks if one.startswith("at:") and _is_address(host := _host_of(one)))


def _place(parts: SplitResult) -> str:
    kind = _PLACES[parts.scheme]
    if not parts.hostname:
        return ""
    path = unquote(parts.path).rstrip("/") or _PATHS.get(kind, "")
    host, path = _host(parts.hostname), "" if kind == "socket" else path
    return f"at:{kind}://{f'[{host}]' if ':' in host else host}:{parts.port or _PORTS[kind]}{path}"


def _as_cups_writes(parts: SplitResult) -> tuple[str, ...]:
    given = {name: values[0] for name, values in parse_qs(parts.query, max_num_fields=20).items()}
    match parts.scheme:
        case "usb":  # usb://Zebra%20Technologies/ZD420?serial=50J1
            return serial(unquote(parts.netloc), given.get("serial", ""))
        case "hp":  # hp:/usb/HP_LaserJet?serial=CN1
            return serial("hp", given.get("serial", ""))
        case "dnssd":  # dnssd://Dock._ipp._tcp.local/?uuid=…
            name = unquote(parts.netloc)
            return (*uuid(given.get("uuid", "")), *((service(name),) if _SERVICE.search(name.lower() + ".") else ()))
        case _:
            return ()


def _host(name: str) -> str:
    host = unquote(name).rstrip(".").casefold()
    if host == "localhost":
        return "127.0.0.1"
    return str(ip_address(host)) if _is_address(host) else host


def _host_of(mark: str) -> str:
    try:
        return urlsplit(mark.removeprefix("at:")).hostname or ""
    except ValueError:
        return ""


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
