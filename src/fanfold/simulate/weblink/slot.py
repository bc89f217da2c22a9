"""One of the two Weblink clients in a printer, `conn1` or `conn2`: where it dials, and its channels. Knows no paper."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Callable, Coroutine
from typing import Any, Protocol

from fanfold.simulate.weblink.channel import Account, Channel, Refused, Role
from fanfold.simulate.weblink.frames import Kind, Piece
from fanfold.simulate.weblink.handshake import Place
from fanfold.simulate.weblink.switches import Switches

ROLES: dict[str, Role] = {"v1.raw.zebra.com": "raw", "v1.config.zebra.com": "config"}
_NAMES = {role: name for name, role in ROLES.items()}
_MAIN_BYTES = 1 << 20
"""How much of a message on main it keeps that is no JSON yet."""


class Owner(Protocol):
    """The printer around it."""

    opens: list[str]
    dials: int

    @property
    def switches(self) -> Switches:
        """How it behaves now."""
        ...

    @property
    def serial(self) -> str:
        """Its unique id."""
        ...

    def introduction(self) -> str:
        """Return the discovery packet as text."""
        ...

    def note(self, line: str) -> None:
        """Write a line into the log."""
        ...

    def take(self, channel: Channel, data: bytes) -> None:
        """Take bytes of a raw or config channel."""
        ...

    def configure_alerts(self, text: str, slot: int) -> None:
        """Take what a server wants to hear of."""
        ...

    def changed(self, gone: Channel | None = None) -> None:
        """Learn that a channel came up, or went."""
        ...


class Slot:
    """Keeps a main channel to one place, and dials what is asked for on it, within its limit of connections."""

    def __init__(self, number: int, owner: Owner) -> None:
        self.number = number
        self._owner = owner
        self._place: Place | None = None
        self._account = Account()
        self.limit = 0
        self._retry_s: float | None = None
        self._channels: list[Channel] = []
        self._inbox: dict[Channel, bytearray] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._rouse = asyncio.Event()
        self._count = 0

    @property
    def switches(self) -> Switches:
        """How the printer behaves now."""
        return self._owner.switches

    @property
    def connections(self) -> int:
        """How many it has, those that are being dialled too."""
        return len(self._channels)

    def channels(self, role: Role | None = None) -> list[Channel]:
        """Return those that are up, of one kind or all, oldest first."""
        return [one for one in self._channels if role in {None, one.role} and one.up]

    def start(self, place: Place, account: Account, limit: int, retry_s: float | None) -> None:
        """Dial there from now on. `retry_s` stands before the switch of that name."""
        self._place, self._account, self.limit, self._retry_s = place, account, limit, retry_s
        self.resume()

    def resume(self) -> None:
        """Dial, unless it does."""
        if not self._tasks and self._place is not None:
            self._do(self._stay_connected())

    def rouse(self) -> None:
        """Look again whether to dial."""
        self._rouse.set()

    def stop(self, end: Callable[[Channel], None]) -> list[asyncio.Task[None]]:
        """Dial no more and end every channel so; return what is still ending."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        for channel in list(self._channels):
            end(channel)
        self._channels.clear()
        self._inbox.clear()
        self._tasks.clear()
        return tasks

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _log(self, channel: Channel, line: str) -> None:
        self._owner.note(f"[conn{self.number}.{channel.number}] {line}")

    # dialling

    async def _stay_connected(self) -> None:
        while True:
            self._rouse.clear()
            if not self.channels("main") or (self.switches.duplicates_mains and self._has_room):
                await self._dial("main")
            if self.channels("main") and not self.switches.duplicates_mains:
                await self._rouse.wait()
            if not self.channels("main") or self.switches.duplicates_mains:
                await asyncio.sleep(self._wait_s())

    def _wait_s(self) -> float:
        retry_s = self.switches.retry_s if self._retry_s is None else self._retry_s
        return retry_s + random.uniform(0, self.switches.retry_random_s)  # noqa: S311 - no secret

    @property
    def _has_room(self) -> bool:
        return len(self._channels) < self.limit

    async def _dial(self, role: Role) -> None:
        if self._place is None:
            return
        self._count += 1
        self._owner.dials += 1
        channel = Channel(role, self._count, self)
        self._channels.append(channel)
        try:
            await channel.dial(self._place, self._account)
        except (Refused, OSError, TimeoutError) as error:
            self._forget(channel)
            self._log(channel, _words(error))
            self._owner.changed(channel)
        except asyncio.CancelledError:
            channel.drop()
            raise
        else:
            self._welcome(channel)

    def _forget(self, channel: Channel) -> bool:
        known = channel in self._channels
        if known:
            self._channels.remove(channel)
        self._inbox.pop(channel, None)
        return known

    def _welcome(self, channel: Channel) -> None:
        self._log(channel, f"Successfully connected ({channel.role})")
        if channel.role == "main":
            self._inbox[channel] = bytearray()
            self._introduce(channel)
        else:
            known = self.switches.raw_serial or self._owner.serial
            said = {"channel_name": _NAMES[channel.role], "channel_id": str(channel.number), "unique_id": known}
            channel.send(json.dumps(said).encode())
            channel.pace(self.switches.bytes_per_s if channel.role == "raw" else None)
        self._owner.changed()

    def _introduce(self, channel: Channel) -> None:
        match self.switches.first_message:
            case "discovery":
                channel.send(b'{\r\n  "discovery_b64" : "%s"\r\n}' % self._owner.introduction().encode())
            case "garbage":
                channel.send(b"\x00\xff{not JSON at all")
            case "none":
                pass

    # what Channel calls

    def heard(self, channel: Channel, piece: Piece) -> None:
        """Take a part of a message; a text frame is not understood."""
        if piece.kind is Kind.TEXT:
            if piece.last:
                self._log(channel, "a text frame, which is not understood")
        elif channel.role == "main":
            self._hear_main(channel, piece.data)
        else:
            self._owner.take(channel, piece.data)

    def over(self, channel: Channel, why: str) -> None:
        """Learn that a channel is no more."""
        if not self._forget(channel):
            return
        self._log(channel, f"{why} ({channel.role})")
        if channel.role == "main" and not self.channels("main"):
            self._rouse.set()
            if not self.switches.raw_outlives_main:
                for one in self.channels():
                    one.drop()
        self._owner.changed(channel)

    # main

    def _hear_main(self, channel: Channel, data: bytes) -> None:
        inbox = self._inbox.get(channel)
        if inbox is None:
            return
        inbox += data
        try:
            while text := inbox.decode().strip():
                said, end = json.JSONDecoder().raw_decode(text)
                inbox[:] = text[end:].encode()
                self._obey(said)
        except ValueError:
            if len(inbox) > _MAIN_BYTES:
                inbox.clear()  # more will not make it JSON

    def _obey(self, said: object) -> None:
        match said:
            case {"open": str(name)} if name in ROLES:
                self._owner.opens.append(name)
                if self._has_room:
                    self._do(self._dial(ROLES[name]))
                else:
                    self._owner.note(f"asked to open {name}: silent, at its limit of connections")
                self._owner.changed()
            case {"configure_alert": str(text)}:
                self._owner.configure_alerts(text, self.number)


def _words(error: BaseException) -> str:
    """Return an error as the printer's log would have it."""
    text = str(getattr(error, "verify_message", "") or getattr(error, "reason", "") or error)
    if type(error).__name__.startswith("SSL"):
        return f"SSL certificate problem: {text}"
    return text or "no answer in time"
