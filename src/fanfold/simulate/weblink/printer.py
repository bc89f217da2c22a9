"""A Zebra printer that is not there and dials in over Weblink: its channels, its faults, its paper to look at.

    async with WeblinkPrinter("wss://127.0.0.1:8443/weblink", account=Account(trusting(ca))) as printer:
        await printer.connected()
        ...                                     # print on it
        await printer.labels_out(2)
        printer.fault("PAPER OUT")

From a shell: `fanfold simulate weblink --url wss://127.0.0.1:8443/weblink`.
Knows nothing of how Fanfold listens; many live in one process, each within its event loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from ssl import SSLContext
from types import TracebackType
from typing import Self

from fanfold.simulate.weblink.channel import Account, Channel, Role
from fanfold.simulate.weblink.discovery import Discovery
from fanfold.simulate.weblink.handshake import Place
from fanfold.simulate.weblink.machine import Machine
from fanfold.simulate.weblink.slot import Slot
from fanfold.simulate.weblink.switches import Switches
from fanfold.simulate.weblink.wire import trusting

__all__ = ["Account", "Discovery", "Switches", "WeblinkPrinter", "trusting"]

SERIAL = "50J164800001"
_SLOTS = (1, 2)


class WeblinkPrinter(Machine):
    """A printer, within `async with`: it is on, and dials until it is left.

    `opens` has what it was asked to open, `dials` counts its tries. What else there is to look at and to wait for: see
    `Machine`.
    """

    def __init__(
        self,
        url: str,
        serial: str = SERIAL,
        switches: Switches | None = None,
        *,
        account: Account | None = None,
        discovery: Discovery | None = None,
        settings: Mapping[str, str] | None = None,
        max_connections: int = 10,
        say: Callable[[str], None] | None = None,
    ) -> None:
        """Make one for a server at `url` (https, wss, http or ws). Raises ValueError for another.

        The serial replaces the discovery's, and its name if that is the serial too. `settings` are written before it
        is switched on, as if over USB. `say` gets a line for each event.
        """
        Place.read(url)
        known = discovery or Discovery()
        name = serial if known.name == known.serial else known.name
        written = {
            "weblink.ip.conn1.location": url,
            "weblink.ip.conn1.maximum_simultaneous_connections": str(max_connections),
        }
        super().__init__(
            replace(known, serial=serial, name=name), switches or Switches(), {**written, **(settings or {})}, say
        )
        self.account = account or Account()
        self.opens: list[str] = []
        self.dials = 0
        self._slots = [Slot(number, self) for number in _SLOTS]
        self._ghosts: list[Channel] = []
        self._boot: asyncio.TimerHandle | None = None

    async def __aenter__(self) -> Self:
        self.power_on()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        ending = self._turn_off(lambda channel: channel.drop("switched off"))
        for ghost in self._ghosts:
            ghost.drop()
        if ending:
            await asyncio.wait(ending)
        await asyncio.sleep(0)  # for the transports' goodbyes

    # channels

    def channels(self, role: Role | None = None) -> list[Channel]:
        """Return those that are up, of one kind or all."""
        return [channel for slot in self._slots for channel in slot.channels(role)]

    def connections(self, slot: int) -> int:
        """Return how many a slot has or dials."""
        return self._slots[slot - 1].connections

    async def connected(self, mains: int = 1) -> None:
        """Wait until so many main channels are up."""
        await self.until(lambda: len(self.channels("main")) >= mains)

    async def opened(self, role: Role = "raw") -> None:
        """Wait until a channel of this kind is up."""
        await self.until(lambda: bool(self.channels(role)))

    async def alone(self) -> None:
        """Wait until no channel is up."""
        await self.until(lambda: not self.channels())

    def limit(self, connections: int, slot: int = 1) -> None:
        """Open no more connections than so many, from now on: it is silent when it is asked for more."""
        self.settings.set(f"weblink.ip.conn{slot}.maximum_simultaneous_connections", str(connections))
        self._slots[slot - 1].limit = connections

    def drop(self, role: Role | None = None) -> None:
        """Cut its connections, or those of one kind."""
        for channel in self.channels(role):
            channel.drop()

    def send(self, role: Role, data: bytes) -> None:
        """Say something out of turn, as one message on each channel of a kind."""
        for channel in self.channels(role):
            channel.send(data)

    # power

    def power_on(self) -> None:
        """Be on, and dial where the settings say."""
        if self._boot is not None:
            self._boot.cancel()
            self._boot = None
        if self.powered:
            return
        self.powered = True
        self._settle()
        for slot in self._slots:
            self._start(slot)
        self._tell()

    def power_off(self) -> None:
        """Be without power at once: connections drop, what did not print is lost, the odometer stays."""
        self._turn_off(lambda channel: channel.drop("power off"))

    def reset(self) -> None:
        """Drop all connections, forget what did not print, and come back after `boot_s`."""
        self._turn_off(lambda channel: channel.hang_up("reset"))
        self._boot = asyncio.get_running_loop().call_later(self.switches.boot_s, self.power_on)

    def freeze(self) -> None:
        """Die half-open: connections stay, nothing is read or written on them, and it dials no more until `thaw`."""
        self._ghosts += self.channels()
        for slot in self._slots:
            slot.stop(Channel.freeze)
        self._forget_channels()
        self.note("half-open: it reads and writes no more")
        self._tell()

    def thaw(self) -> None:
        """Dial anew; the frozen connections stay as they are until the printer is left."""
        if self.powered:
            for slot in self._slots:
                slot.resume()

    def _turn_off(self, end: Callable[[Channel], None]) -> list[asyncio.Task[None]]:
        if self._boot is not None:
            self._boot.cancel()
            self._boot = None
        was, self.powered = self.powered, False
        ending = [task for slot in self._slots for task in slot.stop(end)]
        if was:
            self._lose_memory()
            self.note("power off")
            self._tell()
        return ending

    def _start(self, slot: Slot) -> None:
        branch = f"weblink.ip.conn{slot.number}."
        location = self.settings.get(branch + "location")
        if not location:
            return
        try:
            place = Place.read(location)
        except ValueError as error:
            self.note(f"[conn{slot.number}] {error}")
            return
        retry = self.settings.changed.get(branch + "retry_interval")
        limit = int(self.settings.get(branch + "maximum_simultaneous_connections"))
        slot.start(place, self._account_for(slot.number, place), limit, float(retry) if retry else None)

    def _account_for(self, slot: int, place: Place) -> Account:
        """Return how to get in there: what was given, and else what was stored and written."""
        tls = self.account.tls
        if tls is None and place.secure:
            stored = self.files.get(f"E:WEBLINK{slot}_CA.NRD")
            tls = trusting(stored.decode("ascii", "replace")) if stored else _public()
        user, password = self.logins.get((slot, place.host), (self.account.user, self.account.password))
        return Account(tls, user, password)

    # what Slot calls beside Machine's

    def changed(self, gone: Channel | None = None) -> None:
        """Learn that a channel came up, or went."""
        if gone is not None:
            self._channel_gone(gone, main_left=bool(self.channels("main")))
        self._tell()

    def _say_on_main(self, data: bytes, slot: int) -> bool:
        for channel in self._slots[slot - 1].channels("main")[:1]:
            channel.send(data)
            return True
        return False

    def _switched(self, before: Switches) -> None:
        for slot in self._slots:
            slot.rouse()
        if before.bytes_per_s != self.switches.bytes_per_s:
            for channel in self.channels("raw"):
                channel.pace(self.switches.bytes_per_s)


@cache
def _public() -> SSLContext:
    return trusting()
