"""The network as mDNS shows it: opened, listened to, asked, closed. The one home of zeroconf; knows no printer."""

from __future__ import annotations

import asyncio
import importlib
import logging
import socket
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

from fanfold.errors import NotReached
from fanfold.scouts.mdns_reading import MOST_ADDRESSES, Service

if TYPE_CHECKING:
    from zeroconf import ServiceStateChange, Zeroconf
    from zeroconf.asyncio import AsyncServiceBrowser, AsyncZeroconf

log = logging.getLogger(__name__)

PORT = 5353
START_S, CLOSE_S = 5.0, 2.0
LABEL_BYTES, NAME_BYTES = 63, 250
"""Longer names cannot be asked for (RFC 1035 §2.3.4)."""
_A, _TXT, _AAAA, _SRV, _IN = 1, 16, 28, 33, 1
_QUERY = 0
Heard = Callable[[str, str, bool], None]
"""Type and whole name of a service, and whether it is there."""


class Net:
    """The interfaces of this machine at which is listened."""

    def __init__(self, zeroconf: AsyncZeroconf, now_ms: Callable[[], float]) -> None:
        self._zeroconf, self._now_ms = zeroconf, now_ms
        self._browser: AsyncServiceBrowser | None = None

    @classmethod
    async def open(cls, interfaces: Sequence[str]) -> Net:
        """Listen at these addresses of this machine; none means all. Raises NotReached."""
        await asyncio.to_thread(importlib.import_module, "zeroconf.asyncio")  # takes a tenth of a second
        from zeroconf import current_time_millis

        try:
            net = cls(_listening(interfaces), current_time_millis)
        except (OSError, RuntimeError, ValueError) as error:
            raise _not_now(interfaces, error) from error
        try:
            await net._started()
        except BaseException as error:
            await net.close()  # also where nobody waits for it any more: its sockets would stay
            if not isinstance(error, Exception):
                raise
            raise _not_now(interfaces, error) from error
        return net

    def browse(self, types: Iterable[str], heard: Heard) -> None:
        """Tell from now on which services of these types come, change and go. `heard` must not raise."""
        from zeroconf import ServiceStateChange
        from zeroconf.asyncio import AsyncServiceBrowser

        def tell(zeroconf: Zeroconf, service_type: str, name: str, state_change: ServiceStateChange) -> None:
            heard(service_type, name, state_change is not ServiceStateChange.Removed)

        self._browser = AsyncServiceBrowser(self._core, list(types), handlers=[tell])

    def look_up(self, type_: str, name: str) -> tuple[Service | None, list[tuple[str, int]]]:
        """Return what is known of a service now, and which records are missing."""
        service, text = self._record(name, _SRV), self._record(name, _TXT)
        missing = [] if text else [(name, _TXT)]
        if service is None:
            return None, [(name, _SRV), *missing]
        addresses = self._addresses(service.server)
        if not addresses:
            return None, [(service.server, _A), (service.server, _AAAA), *missing]
        said = text.text if text else b""
        return Service(type_, name, service.server, service.port, addresses, said), missing

    def ask(self, questions: Iterable[tuple[str, int]]) -> None:
        """Ask the network for records, in as few packets as will do."""
        from zeroconf import DNSOutgoing, DNSQuestion, Error  # type: ignore[attr-defined]  # not in its __all__

        asked = [DNSQuestion(name, kind, _IN) for name, kind in dict.fromkeys(questions) if _can_be_asked(name)]
        if asked:
            out = DNSOutgoing(_QUERY)
            for question in asked:
                out.add_question(question)
            with suppress(Error, OSError):  # it says so by silence, like all that is lost on the way
                self._core.async_send(out)

    async def rescan(self) -> None:
        """Take up interfaces that came, leave those that went."""
        with suppress(OSError, RuntimeError):  # tried again soon
            await self._core.async_update_interfaces()

    async def close(self) -> None:
        """Listen no more, in a bounded time."""
        if self._browser is not None and not self._browser.done:
            await self._browser.async_cancel()
        try:
            async with asyncio.timeout(CLOSE_S):
                await self._zeroconf.async_close()
        except Exception as error:  # noqa: BLE001  # told; the system closes its sockets when we end
            log.info("mDNS did not close in peace: %r", error)

    async def _started(self) -> None:
        await self._core.async_wait_for_start(START_S)
        if not self._core.engine.senders:
            raise OSError("no interface of this machine can be used")

    @property
    def _core(self) -> Zeroconf:
        return self._zeroconf.zeroconf

    def _record(self, name: str, kind: int) -> Any:
        found = self._core.cache.get_by_details(name, kind, _IN)
        return None if found is None or found.is_expired(self._now_ms()) else found

    def _addresses(self, host: str) -> tuple[str, ...]:
        cache, now_ms = self._core.cache, self._now_ms()
        records = [one for kind in (_A, _AAAA) for one in cache.get_all_by_details(host, kind, _IN)]
        known = (_address(one) for one in records if not one.is_expired(now_ms))
        return tuple(sorted({text for text in known if text}))[:MOST_ADDRESSES]


def _listening(interfaces: Sequence[str]) -> AsyncZeroconf:
    from zeroconf import InterfaceChoice, IPVersion
    from zeroconf.asyncio import AsyncZeroconf

    if interfaces:
        return AsyncZeroconf(interfaces=_ours(interfaces))
    try:
        return AsyncZeroconf(interfaces=InterfaceChoice.All, ip_version=IPVersion.All)
    except (OSError, RuntimeError):  # a machine without IPv6
        return AsyncZeroconf(interfaces=InterfaceChoice.All, ip_version=IPVersion.V4Only)


def _ours(interfaces: Sequence[str]) -> list[str]:
    """Return those that this machine has now. Raises OSError where it has none of them."""
    found, fault = [], None
    for address in interfaces:
        try:
            with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM) as probe:
                probe.bind((address, 0))
            found.append(address)
        except OSError as error:
            fault = error
    if fault is not None and not found:
        raise fault
    return found


def _address(record: Any) -> str:
    try:
        address = ip_address(record.address)
    except ValueError:
        return ""
    scope = f"%{record.scope_id}" if record.scope_id and address.version == 6 and address.is_link_local else ""
    return f"{address}{scope}"


def _can_be_asked(name: str) -> bool:
    labels = [label.encode("utf-8", "replace") for label in name.rstrip(".").split(".")]
    return all(0 < len(one) <= LABEL_BYTES for one in labels) and sum(map(len, labels)) + len(labels) <= NAME_BYTES


def _not_now(interfaces: Sequence[str], error: Exception) -> NotReached:
    where = f"at {', '.join(interfaces)}" if interfaces else "at this machine's networks"
    return NotReached(
        f"printers in the network are not looked for: mDNS cannot listen {where} ({error}). Is there a network, is UDP "
        f"port {PORT} free for several programs, does `interfaces` under `[discovery]` name this machine's addresses?"
    )
