"""Who announces services in the network: python-zeroconf as others use it, and packets that no library would send.

All of it stays on the loopback interface.
"""

from __future__ import annotations

import asyncio
import ipaddress
import secrets
import socket
import struct
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from zeroconf import ServiceInfo
from zeroconf.asyncio import AsyncZeroconf

LOOPBACK = "127.0.0.1"
_GROUP = ("224.0.0.251", 5353)
_A, _PTR, _TXT, _SRV, _FLUSH, _IN = 1, 12, 16, 33, 0x8001, 1
_ANSWER = 0x8400


def token() -> str:
    """Return a word for names that are no other test's: all tests of a machine share one loopback."""
    return secrets.token_hex(4)


@dataclass
class Announcer:
    """A host with services."""

    host: str
    zeroconf: AsyncZeroconf
    _services: dict[tuple[str, str], ServiceInfo] = field(default_factory=dict)

    async def announce(self, *services: tuple[str, str, int, Mapping[str, str]]) -> None:
        """Announce services: name, type (`_ipp._tcp`), port and text; returns when all were said."""
        infos = [self._info(*one) for one in services]
        await asyncio.gather(*await asyncio.gather(*(self.zeroconf.async_register_service(one) for one in infos)))

    async def withdraw(self, name: str, kind: str) -> None:
        """Say goodbye for a service."""
        await (await self.zeroconf.async_unregister_service(self._services.pop((name, kind))))

    def _info(self, name: str, kind: str, port: int, text: Mapping[str, str]) -> ServiceInfo:
        type_ = f"{kind}.local."
        info = ServiceInfo(
            type_,
            f"{name}.{type_}",
            port,
            properties=dict(text),
            server=f"{self.host}.local.",
            parsed_addresses=[LOOPBACK],
        )
        self._services[name, kind] = info
        return info


@asynccontextmanager
async def announcer(host: str) -> AsyncIterator[Announcer]:
    """Run a host that announces by python-zeroconf."""
    zeroconf = AsyncZeroconf(interfaces=[LOOPBACK])
    try:
        yield Announcer(host, zeroconf)
    finally:
        await zeroconf.async_close()


def shout(*packets: bytes) -> None:
    """Send packets to all who listen on this machine."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(LOOPBACK))
        sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP, 1)
        sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 1)
        sender.bind((LOOPBACK, 0))
        for packet in packets:
            sender.sendto(packet, _GROUP)


def service(
    name: str,
    kind: str,
    port: int,
    *,
    host: str = "h.local",
    at: str = LOOPBACK,
    text: bytes = b"\0",
    ttl_s: int = 4500,
) -> bytes:
    """Return a packet that announces one service in whole; `ttl_s` 0 says goodbye for it."""
    type_ = [*kind.split("."), "local"]
    whole = [name, *type_]
    place = struct.pack(">HHH", 0, 0, port & 0xFFFF) + _name(host.split("."))
    return answer(
        (type_, _PTR, _IN, ttl_s, _name(whole)),
        (whole, _SRV, _FLUSH, min(ttl_s, 120), place),
        (whole, _TXT, _FLUSH, ttl_s, text),
        (host.split("."), _A, _FLUSH, min(ttl_s, 120), ipaddress.ip_address(at).packed),
    )


def pointer(name: str, kind: str, among: str) -> bytes:
    """Return a packet that says of a service that it is one among those of another kind, and nothing more."""
    whole = [name, *kind.split("."), "local"]
    return answer(([*among.split("."), "local"], _PTR, _IN, 4500, _name(whole)))


def answer(*records: tuple[Iterable[str], int, int, int, bytes]) -> bytes:
    """Return a packet of records: name, type, class, time to live, data."""
    body = b"".join(
        _name(name) + struct.pack(">HHIH", kind, of, ttl_s, len(data)) + data for name, kind, of, ttl_s, data in records
    )
    return struct.pack(">6H", 0, _ANSWER, 0, len(records), 0, 0) + body


def _name(labels: Iterable[str]) -> bytes:
    said = [label.encode("utf-8", "surrogateescape")[:63] for label in labels]
    return b"".join(bytes((len(one),)) + one for one in said) + b"\0"
