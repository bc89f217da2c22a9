"""A Zebra printer that is not there and dials in over Weblink: its channels, its faults, its paper to look at.

    async with WeblinkPrinter("wss://127.0.0.1:8443/weblink", "50J164800001", account=Account(tls)) as printer:
        await printer.connected()
        ...                                     # print on it
        await printer.labels_out(2)
        printer.fault("PAPER OUT")

From a shell: `fanfold simulate weblink --url wss://127.0.0.1:8443/weblink`.
Knows nothing of how Fanfold listens; many live in one process, each within its event loop.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Callable, Coroutine
from dataclasses import replace
from types import TracebackType
from typing import Any, Self

from fanfold.simulate.weblink_channel import Account, Channel, Refused, Role
from fanfold.simulate.weblink_discovery import Discovery
from fanfold.simulate.weblink_frames import Kind, Piece
from fanfold.simulate.weblink_handshake import Place
from fanfold.simulate.weblink_intake import Intake
from fanfold.simulate.weblink_machine import Machine
from fanfold.simulate.weblink_switches import Switches

__all__ = ["Account", "Discovery", "Switches", "WeblinkPrinter"]

SERIAL = "50J164800001"
_ROLES: dict[str, Role] = {"v1.raw.zebra.com": "raw", "v1.config.zebra.com": "config"}
_NAMES = {role: name for name, role in _ROLES.items()}
_MAIN_BYTES = 1 << 20
"""How much of a message on main it keeps that is no JSON yet."""


class WeblinkPrinter(Machine):
    """A printer, within `async with`: it is on, and dials until it is left.

    `opens` has what it was asked to open, `dials` counts its tries. What else there is to look at: see `Machine`.
    """

    def __init__(
        self,
        url: str,
        serial: str = SERIAL,
        switches: Switches | None = None,
        *,
        account: Account | None = None,
        discovery: Discovery | None = None,
        max_connections: int = 10,
        say: Callable[[str], None] | None = None,
    ) -> None:
        """Make one for a server at `url` (https, wss, http or ws). Raises ValueError for another.

        The serial replaces the discovery's, and its name if that is the serial too. `say` gets a line for each event.
        """
        known = discovery or Discovery()
        name = serial if known.name == known.serial else known.name
        super().__init__(replace(known, serial=serial, name=name), switches or Switches(), say)
        self.place = Place.read(url)
        self.account = account or Account()
        self.max_connections = max_connections
        self.opens: list[str] = []
        self.dials = 0
        self._channels: list[Channel] = []
        self._ghosts: list[Channel] = []
        self._inbox: dict[Channel, bytearray] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._boot: asyncio.TimerHandle | None = None
        self._rouse = asyncio.Event()
        self._number = 0

    async def __aenter__(self) -> Self:
        self.power_on()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        tasks = list(self._tasks)
        self.power_off()
        for ghost in self._ghosts:
            ghost.drop()
        if tasks:
            await asyncio.wait(tasks)
        await asyncio.sleep(0)  # the transports' own goodbyes

    # channels

    def channels(self, role: Role) -> list[Channel]:
        """Return those of this kind that are up, oldest first."""
        return [one for one in self._channels if one.role == role and one.up]

    async def connected(self, mains: int = 1) -> None:
        """Wait until so many main channels are up."""
        await self.until(lambda: len(self.channels("main")) >= mains)

    async def opened(self, role: Role = "raw") -> None:
        """Wait until a channel of this kind is up."""
        await self.until(lambda: bool(self.channels(role)))

    async def lost(self) -> None:
        """Wait until no channel is up."""
        await self.until(lambda: not any(one.up for one in self._channels))

    def drop(self, role: Role | None = None) -> None:
        """Cut its connections, or those of one kind."""
        for channel in list(self._channels):
            if role in {None, channel.role}:
                channel.drop()

    # power

    def power_on(self) -> None:
        """Be on, and dial."""
        if not self.powered:
            self.powered = True
            self._do(self._stay_connected())
            self._tell()

    def power_off(self) -> None:
        """Be without power at once: connections drop, what did not print is lost, the odometer stays."""
        if self._boot is not None:
            self._boot.cancel()
            self._boot = None
        if self.powered:
            self.powered = False
            self._hang_up()
            self._lose_memory()
            self.note("power off")
            self._tell()

    def reset(self) -> None:
        """Drop all connections, forget what did not print, and come back after `boot_s`."""
        self.power_off()
        self._boot = asyncio.get_running_loop().call_later(self.switches.boot_s, self.power_on)

    def freeze(self) -> None:
        """Die half-open: connections stay, nothing is read or written on them, and it dials no more until `thaw`."""
        for channel in self._channels:
            channel.freeze()
        self._ghosts += self._channels
        self._channels = []
        self._end_tasks()
        self.note("half-open: it reads and writes no more")
        self._tell()

    def thaw(self) -> None:
        """Dial anew; the frozen connections stay as they are until the printer is left."""
        if self.powered and not self._tasks:
            self._do(self._stay_connected())

    def _hang_up(self) -> None:
        self._end_tasks()
        for channel in list(self._channels):
            channel.drop("power off")
        self._channels.clear()

    def _end_tasks(self) -> None:
        for task in self._tasks:
            task.cancel()
        self._tasks.clear()

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # dialling

    async def _stay_connected(self) -> None:
        while True:
            self._rouse.clear()
            if not self.channels("main") or (self.switches.duplicates_mains and self._has_room):
                await self._dial("main")
            if self.channels("main") and not self.switches.duplicates_mains:
                await self._rouse.wait()
            wait_s = self.switches.retry_s + random.uniform(0, self.switches.retry_random_s)  # noqa: S311 - no secret
            await asyncio.sleep(wait_s)

    @property
    def _has_room(self) -> bool:
        return len(self._channels) < self.max_connections

    async def _dial(self, role: Role) -> None:
        self._number += 1
        self.dials += 1
        channel = Channel(role, self._number, self)
        self._channels.append(channel)
        try:
            await channel.dial(self.place, self.account)
        except (Refused, OSError, TimeoutError) as error:
            self._channels.remove(channel)
            self.note(f"[conn1.{channel.number}] {str(error) or 'no answer'}")
            self._tell()
        except asyncio.CancelledError:
            channel.drop()
            raise
        else:
            self._welcome(channel)

    def _welcome(self, channel: Channel) -> None:
        self.note(f"[conn1.{channel.number}] Successfully connected ({channel.role})")
        match channel.role:
            case "main":
                self._inbox[channel] = bytearray()
                self._introduce(channel)
            case "raw" | "config":
                known = self.switches.raw_serial or self.serial
                said = {"channel_name": _NAMES[channel.role], "channel_id": str(channel.number), "unique_id": known}
                channel.send(json.dumps(said).encode())
                self._intake(channel)
        self._tell()

    def _introduce(self, channel: Channel) -> None:
        match self.switches.first_message:
            case "discovery":
                text = self._introduction().text(self.switches.crc)
                channel.send(b'{\r\n  "discovery_b64" : "%s"\r\n}' % text.encode())
            case "garbage":
                channel.send(b"\x00\xff{not JSON at all")
            case "none":
                pass

    # what Channel calls

    def heard(self, channel: Channel, piece: Piece) -> None:
        """Take a part of a message; a text frame is not understood."""
        if piece.kind is Kind.TEXT:
            self.note(f"[conn1.{channel.number}] a text frame, which is not understood")
        elif channel.role == "main":
            self._hear_main(channel, piece.data)
        elif channel.role == "raw":
            self._take_raw(self._intake(channel), piece.data)
        else:
            self._take_config(self._intake(channel), piece.data)

    def over(self, channel: Channel, why: str) -> None:
        """Learn that a channel is no more."""
        if channel not in self._channels:
            return
        self._channels.remove(channel)
        self._inbox.pop(channel, None)
        self.note(f"[conn1.{channel.number}] {why} ({channel.role})")
        if channel.role == "main" and not self.channels("main"):
            self._rouse.set()
            if not self.switches.raw_outlives_main:
                self.drop()
            if not self.switches.keeps_alerts:
                self._entries.clear()
        self._go_on()

    def _intake(self, channel: Channel) -> Intake:
        for one in self._intakes:
            if one.channel is channel:
                return one
        intake = Intake(channel)
        if channel.role == "raw":
            channel.pace(self.switches.bytes_per_s)
        self._intakes.append(intake)
        return intake

    # main

    def _hear_main(self, channel: Channel, data: bytes) -> None:
        inbox = self._inbox.get(channel)
        if inbox is None:
            return
        inbox += data
        try:
            text = inbox.decode()
            while text := text.strip():
                said, end = json.JSONDecoder().raw_decode(text)
                text = text[end:]
                inbox[:] = text.encode()
                self._hear_request(said)
        except ValueError:
            if len(inbox) > _MAIN_BYTES:
                inbox.clear()  # more will not make it JSON

    def _hear_request(self, said: object) -> None:
        match said:
            case {"open": str(name)} if name in _ROLES:
                self.opens.append(name)
                if self._has_room:
                    self._do(self._dial(_ROLES[name]))
                else:
                    self.note(f"asked to open {name}: at its limit of connections")
            case {"configure_alert": str(text)}:
                self._configure_alerts(text)
                self.note(f"alerts asked for: {text}")
        self._tell()

    def _say_on_main(self, data: bytes) -> bool:
        for channel in self.channels("main")[:1]:
            channel.send(data)
            return True
        return False
