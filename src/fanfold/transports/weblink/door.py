"""Where Zebra printers come in: a visitor's first message tells what it is; then it is let in, waits, or goes."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import quote, unquote

from fanfold import clock
from fanfold.config import Weblink
from fanfold.door import Heard, Hung, Line, Said, Visit
from fanfold.errors import StoreFailed
from fanfold.reception import Newcomer, Reception
from fanfold.transports.presence import LetIn, Presence, TurnedAway, Waits
from fanfold.transports.presence_log import Complaints
from fanfold.transports.weblink.channel import Channel
from fanfold.transports.weblink.device import Device, in_words
from fanfold.transports.weblink.hello import NOT_ALLOWED, TRY_LATER, Goodbye, first_words, hello_in, objects
from fanfold.transports.weblink.lines import MOST, Lines, Main
from fanfold.transports.weblink.messages import ChannelHello, Gather
from fanfold.transports.weblink.pace import Pace
from fanfold.transports.weblink.packet import Discovery
from fanfold.transports.weblink.trace import Traces

log = logging.getLogger("fanfold.weblink")

SUBPROTOCOL = "v1.weblink.zebra.com"
"""On every channel; their names stand in JSON."""

ANSWER_HEADERS = {"Connection": "Upgrade", "Content-Length": "0"}
"""Three servers add the length on purpose: some firmware drops the handshake without it, says one of them."""

SCHEME = "weblink"

MESSAGES_PER_TURN = 32
"""After so many others get their turn, however fast this one sends."""


def uri_of(serial: str) -> str:
    """Return the URI of the printer with that serial."""
    return f"{SCHEME}:{quote(serial, safe='')}"


def serial_of(uri: str) -> str:
    """Return the serial in such a URI."""
    return unquote(uri.partition(":")[2])


@dataclass(eq=False, slots=True)
class Guest:
    """A main line; `device` is None as long as nobody has let it in."""

    visit: Visit
    main: Main
    device: Device | None = None

    @property
    def uri(self) -> str:
        """What it would be as a printer."""
        return uri_of(self.main.says.serial)

    @property
    def identity(self) -> str:
        """What it proved, the strongest."""
        return self.visit.identities[0] if self.visit.identities else ""


class WeblinkDoor:
    """Receives all Weblink visitors of the gateway. `start` runs what nobody waits for."""

    name = SCHEME
    subprotocol = SUBPROTOCOL
    answer_headers: Mapping[str, str] = ANSWER_HEADERS

    def __init__(
        self, manners: Weblink, pace: Pace, start: Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]]
    ) -> None:
        self.traces = Traces()
        self.devices: dict[str, Device] = {}
        """Printers that are let in and came since the start, by serial."""
        self._manners, self._pace, self._start = manners, pace, start
        self._presence: Presence | None = None
        self._guests: dict[str, list[Guest]] = {}
        """Those that wait, by URI."""
        self._complaints = Complaints(log)
        self._arrivals = Complaints(log, level=logging.INFO)

    def receive_for(self, reception: Reception) -> None:
        """Take who decides. Called once, before the first visitor."""
        self._presence = Presence(reception, self._manners.newcomers)

    @property
    def newcomers(self) -> Sequence[Newcomer]:
        """Who waits to be let in."""
        return self._rule.newcomers

    def lines(self) -> Iterator[Lines]:
        """Yield the lines of every printer, and of all that wait."""
        yield from (device.lines for device in self.devices.values())
        yield Lines(mains=[guest.main for guests in self._guests.values() for guest in guests])

    def adopted(self, uri: str) -> None:
        """Note that somebody was let in under this URI: judge those anew that wait under it."""
        for guest in tuple(self._guests.get(uri_of(serial_of(uri)), ())):
            self._start(self._judge_anew(guest))

    def turned_out(self, uri: str, because: str) -> None:
        """Note that nobody is let in under this URI any more."""
        if device := self.devices.pop(serial_of(uri), None):
            device.turn_out()
        for guest in tuple(self._guests.get(uri_of(serial_of(uri)), ())):
            self._start(guest.main.line.close(NOT_ALLOWED, because))

    async def serve(self, visit: Visit, line: Line) -> None:
        """Receive a visitor until its line is over."""
        gather = Gather()
        try:
            hello, line = await self._first(visit, line, gather)
            if isinstance(hello, Discovery):
                main = Main(line, hello, asyncio.get_running_loop().time())
                await self._serve_main(Guest(visit, main), gather)
            else:
                await self._serve_channel(visit, line, hello)
        except Goodbye as goodbye:
            await self._say(goodbye, visit, line)
        finally:
            line.abort()

    async def _first(self, visit: Visit, line: Line, gather: Gather) -> tuple[Discovery | ChannelHello, Line]:
        hello, pieces = await first_words(line, gather, self._manners.first_message_s)
        is_main = isinstance(hello, Discovery)
        if isinstance(hello, Discovery) and hello.crc_ok is False:
            self._complaints.note(visit.peer, f"the checksum of {hello.serial}'s first message is wrong; it was taken")
        trace = self.traces.of(hello.serial)
        return hello, trace.opened(visit, line, pieces, is_main=is_main) if trace else line

    # main lines

    async def _serve_main(self, guest: Guest, gather: Gather) -> None:
        ended = Hung(1006)
        heard: Heard = Said(b"")  # perhaps more came with the first message
        turn = 0
        try:
            await self._admit(guest)
            while not isinstance(heard, Hung):
                if isinstance(heard, Said):
                    for message in objects(gather, heard.data):
                        self._take(guest, message)
                if (turn := turn + 1) % MESSAGES_PER_TURN == 0:
                    await asyncio.sleep(0)
                heard = await guest.main.line.receive()
            ended = heard
        except Goodbye as goodbye:
            ended = Hung(goodbye.code, goodbye.says)
            raise
        finally:
            await self._part(guest, ended)

    async def _admit(self, guest: Guest) -> None:
        """Let a main line in, or let it wait. Raises Goodbye."""
        match await self._verdict(guest.uri, guest.visit):
            case TurnedAway(because):
                raise Goodbye(NOT_ALLOWED, f"{guest.main.says.serial}: {because}")
            case Waits():
                if not self._rule.wait(_newcomer(guest)):
                    raise Goodbye(TRY_LATER, f"{guest.main.says.serial} is not let in, and too many wait already")
                self._arrivals.note(guest.visit.peer, f"{guest.main.says.serial} dialled in and waits to be let in")
                self._guests.setdefault(guest.uri, []).append(guest)
            case LetIn():
                await self._let_in(guest)

    async def _judge_anew(self, guest: Guest) -> None:
        """Judge one that waits, because somebody was let in under its URI."""
        try:
            verdict = await self._verdict(guest.uri, guest.visit)
            if guest not in self._guests.get(guest.uri, ()):
                return  # it went meanwhile, or was judged already
            if isinstance(verdict, TurnedAway):
                says = f"{guest.main.says.serial}: {verdict.because}"
                await self._say(Goodbye(NOT_ALLOWED, says), guest.visit, guest.main.line)
            elif isinstance(verdict, LetIn):
                self._wait_no_more(guest)
                await self._let_in(guest)
        except Goodbye as goodbye:
            await self._say(goodbye, guest.visit, guest.main.line)

    async def _let_in(self, guest: Guest) -> None:
        device = self.device(guest.main.says.serial)
        if len(device.lines.mains) >= MOST:
            raise Goodbye(NOT_ALLOWED, f"{guest.main.says.serial} holds {MOST} main lines already")
        guest.device = device
        guest.main.line.trust()
        if not device.lines.mains:
            self._arrivals.note(guest.visit.peer, f"{device.serial} dialled in")
        await device.main_came(guest.main)

    async def _part(self, guest: Guest, ended: Hung) -> None:
        if guest.device is not None:
            await guest.device.main_went(guest.main, _how("main", ended))
            if not guest.device.lines.mains:
                self._arrivals.note(guest.visit.peer, f"{guest.device.serial} is gone: {_how('main', ended)}")
        elif guest in self._guests.get(guest.uri, ()):
            self._wait_no_more(guest)

    def _wait_no_more(self, guest: Guest) -> None:
        guests = self._guests[guest.uri]
        guests.remove(guest)
        if not guests:
            del self._guests[guest.uri]
        self._rule.leave(guest.uri, guest.identity)

    def _take(self, guest: Guest, message: object) -> None:
        if isinstance(message, dict) and "discovery_b64" in message:
            says = hello_in(message)
            if says.serial != guest.main.says.serial:
                raise Goodbye(NOT_ALLOWED, f"{guest.main.says.serial} calls itself by another serial now")
        elif guest.device is not None:
            guest.device.heard(guest.main, message)

    # raw and config

    async def _serve_channel(self, visit: Visit, line: Line, hello: ChannelHello) -> None:
        device = await self._asked_by(visit, hello)
        line.trust()
        channel = Channel(hello.kind, line, hello.serial, self._pace)
        device.channel_came(channel, hello.kind)
        ended = Hung(1006)
        turn = 0
        try:
            while not isinstance(heard := await line.receive(), Hung):
                channel.hear(heard)
                if (turn := turn + 1) % MESSAGES_PER_TURN == 0:
                    await asyncio.sleep(0)
            ended = heard
        finally:
            channel.hear(ended)
            device.channel_went(channel, hello.kind, _how(hello.kind, ended))

    async def _asked_by(self, visit: Visit, hello: ChannelHello) -> Device:
        """Return the printer that was asked for that channel. Raises Goodbye."""
        verdict = await self._verdict(uri_of(hello.serial), visit)
        if isinstance(verdict, TurnedAway):
            raise Goodbye(NOT_ALLOWED, f"{hello.serial}: {verdict.because}")
        device = self.devices.get(hello.serial)
        if isinstance(verdict, Waits) or device is None or not device.takes(hello.kind):
            raise Goodbye(NOT_ALLOWED, f"{hello.serial} was not asked for a {hello.kind} channel")
        return device

    # within

    async def _say(self, goodbye: Goodbye, visit: Visit, line: Line) -> None:
        self._complaints.note(visit.peer, goodbye.says)
        await line.close(goodbye.code, goodbye.says)

    @property
    def _rule(self) -> Presence:
        if self._presence is None:
            raise RuntimeError("receive_for was not called before the door was opened")
        return self._presence

    def device(self, serial: str) -> Device:
        """Return the printer with that serial, which is let in."""
        if serial not in self.devices:
            self.devices[serial] = Device(
                serial,
                self._manners,
                self._pace,
                tell=partial(self._rule.reception.tell, uri_of(serial)),
                complain=partial(self._complaints.note, serial),
                start=self._start,
            )
        return self.devices[serial]

    async def _verdict(self, uri: str, visit: Visit) -> LetIn | Waits | TurnedAway:
        try:
            return await self._rule.judge(uri, visit.identities, visit.peer)
        except StoreFailed as failure:
            raise Goodbye(TRY_LATER, f"who it is could not be kept: {failure.says}") from failure


def _newcomer(guest: Guest) -> Newcomer:
    says = guest.main.says
    return Newcomer(guest.uri, says.serial, says.name, in_words(says), guest.visit.peer, guest.identity, clock.now())


def _how(kind: str, ended: Hung) -> str:
    return f"its {kind} line is over ({ended.code}{' ' + ended.reason if ended.reason else ''})"
