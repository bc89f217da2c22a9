"""Where Zebra printers come in: a visitor's first message tells what it is; then it is let in, waits, or goes."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import quote, unquote

from fanfold import clock
from fanfold.config import Weblink
from fanfold.door import Hung, Line, Said, Visit
from fanfold.errors import StoreFailed
from fanfold.reception import Newcomer, Reception
from fanfold.transports.presence import LetIn, Presence, TurnedAway, Waits
from fanfold.transports.presence_log import Complaints
from fanfold.transports.weblink_channel import Channel
from fanfold.transports.weblink_device import Device, in_words
from fanfold.transports.weblink_lines import MOST, Lines, Main
from fanfold.transports.weblink_messages import (
    ChannelHello,
    Gather,
    MainHello,
    NotHello,
    NotJson,
    TooLong,
    first_message,
)
from fanfold.transports.weblink_packet import BadPacket, Discovery, discovery
from fanfold.transports.weblink_trace import TracedLine, Traces

log = logging.getLogger("fanfold.weblink")

SUBPROTOCOL = "v1.weblink.zebra.com"
"""On every channel; their names stand in JSON."""

ANSWER_HEADERS = {"Connection": "Upgrade", "Content-Length": "0"}
"""Three servers add the length on purpose: some firmware drops the handshake without it, says one of them."""

NOT_ALLOWED, NOT_UNDERSTOOD, TOO_LONG, TRY_LATER = 1008, 1002, 1009, 1013

SCHEME = "weblink"


def uri_of(serial: str) -> str:
    """Return the URI of the printer with that serial."""
    return f"{SCHEME}:{quote(serial, safe='')}"


def serial_of(uri: str) -> str:
    """Return the serial in such a URI."""
    return unquote(uri.partition(":")[2])


class Goodbye(Exception):
    """A visitor's line shall end, with a close code and words for the log and for the visitor."""

    def __init__(self, code: int, says: str) -> None:
        super().__init__(says)
        self.code, self.says = code, says


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

    def __init__(self, manners: Weblink, start: Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]]) -> None:
        self.traces = Traces()
        self.devices: dict[str, Device] = {}
        """Printers that are let in and came since the start, by serial."""
        self._manners, self._start = manners, start
        self._presence: Presence | None = None
        self._guests: dict[str, list[Guest]] = {}
        """Those that wait, by URI."""
        self._complaints = Complaints(log)

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
        for guest in tuple(self._guests.get(uri, ())):
            self._start(self._judge_anew(guest))

    def turned_out(self, uri: str, because: str) -> None:
        """Note that nobody is let in under this URI any more."""
        if device := self.devices.pop(serial_of(uri), None):
            device.turn_out()
        for guest in tuple(self._guests.get(uri, ())):
            self._start(guest.main.line.close(NOT_ALLOWED, because))

    async def serve(self, visit: Visit, line: Line) -> None:
        """Receive a visitor until its line is over."""
        traced: TracedLine | None = None
        gather = Gather()
        try:
            hello, traced = await self._first(visit, line, gather)
            if isinstance(hello, Discovery):
                await self._serve_main(Guest(visit, Main(line, hello)), gather, traced)
            else:
                await self._serve_channel(visit, line, hello, traced)
        except Goodbye as goodbye:
            self._note(traced, goodbye.says)
            self._complaints.note(visit.peer, goodbye.says)
            await line.close(goodbye.code, goodbye.says)
        finally:
            line.abort()

    # the first message

    async def _first(
        self, visit: Visit, line: Line, gather: Gather
    ) -> tuple[Discovery | ChannelHello, TracedLine | None]:
        pieces: list[Said] = []
        try:
            async with asyncio.timeout(self._manners.first_message_s):
                message = await self._first_object(line, gather, pieces)
        except TimeoutError:
            says = f"it did not say which printer it is within {self._manners.first_message_s:g} s"
            raise Goodbye(NOT_ALLOWED, says) from None
        hello = _read(message)
        if isinstance(hello, Discovery) and hello.crc_ok is False:
            self._complaints.note(visit.peer, f"the checksum of {hello.serial}'s first message is wrong; it was taken")
        trace = self.traces.of(hello.serial)
        if trace is None:
            return hello, None
        traced = trace.opened(visit, clock.now())
        for piece in pieces:
            traced.came(piece.data, is_text=piece.is_text, now=clock.now())
        return hello, traced

    async def _first_object(self, line: Line, gather: Gather, pieces: list[Said]) -> object:
        while True:
            match await line.receive():
                case Said() as said:
                    pieces.append(said)
                    for message in _objects(gather, said.data):
                        return message
                case Hung(code):
                    raise Goodbye(code, "it hung up before it said which printer it is")

    # main lines

    async def _serve_main(self, guest: Guest, gather: Gather, traced: TracedLine | None) -> None:
        ended = Hung(1006)
        await self._admit(guest)
        try:
            while not isinstance(heard := await guest.main.line.receive(), Hung):
                if isinstance(heard, Said):
                    self._trace(traced, heard)
                    for message in _objects(gather, heard.data):
                        self._take(guest, message)
            ended = heard
        except Goodbye as goodbye:
            ended = Hung(goodbye.code, goodbye.says)
            raise
        finally:
            self._note(traced, f"over ({ended.code} {ended.reason})")
            await self._part(guest, ended)

    async def _admit(self, guest: Guest) -> None:
        """Let a main line in, or let it wait. Raises Goodbye."""
        match await self._verdict(guest.uri, guest.visit):
            case TurnedAway(because):
                raise Goodbye(NOT_ALLOWED, because)
            case Waits():
                if not self._rule.wait(_newcomer(guest)):
                    raise Goodbye(TRY_LATER, f"{guest.main.says.serial} is not let in, and too many wait already")
                self._guests.setdefault(guest.uri, []).append(guest)
            case LetIn():
                await self._let_in(guest)

    async def _judge_anew(self, guest: Guest) -> None:
        """Judge one that waits, because somebody was let in under its URI."""
        if guest not in self._guests.get(guest.uri, ()):
            return
        try:
            verdict = await self._verdict(guest.uri, guest.visit)
        except Goodbye as goodbye:
            verdict = TurnedAway(goodbye.says)
        if guest not in self._guests.get(guest.uri, ()):
            return  # it went meanwhile
        if isinstance(verdict, LetIn):
            self._wait_no_more(guest)
            await self._let_in(guest)
        elif isinstance(verdict, TurnedAway):
            await guest.main.line.close(NOT_ALLOWED, verdict.because)

    async def _let_in(self, guest: Guest) -> None:
        device = self.device(guest.main.says.serial)
        if len(device.lines.mains) >= MOST:
            raise Goodbye(NOT_ALLOWED, f"{guest.main.says.serial} holds {MOST} main lines already")
        guest.device = device
        await device.main_came(guest.main)

    async def _part(self, guest: Guest, ended: Hung) -> None:
        if guest.device is not None:
            await guest.device.main_went(guest.main, _how("main", ended))
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
            if _read(message).serial != guest.main.says.serial:
                raise Goodbye(NOT_ALLOWED, f"{guest.main.says.serial} calls itself by another serial now")
        elif guest.device is not None:
            guest.device.heard(message)

    # raw and config

    async def _serve_channel(self, visit: Visit, line: Line, hello: ChannelHello, traced: TracedLine | None) -> None:
        match await self._verdict(uri_of(hello.serial), visit):
            case TurnedAway(because):
                raise Goodbye(NOT_ALLOWED, because)
            case Waits():
                raise Goodbye(
                    NOT_ALLOWED, f"{hello.serial} is not let in, and was not asked for a {hello.kind} channel"
                )
            case LetIn():
                pass
        device = self.device(hello.serial)
        if len(device.lines.of(hello.kind)) >= MOST:
            raise Goodbye(NOT_ALLOWED, f"{hello.serial} holds {MOST} {hello.kind} channels already")
        channel = Channel(hello.kind, line)
        device.channel_came(channel, hello.kind)
        heard: Any = Hung(1006)
        try:
            while not isinstance(heard := await line.receive(), Hung):
                if isinstance(heard, Said):
                    self._trace(traced, heard)
                channel.hear(heard)
        finally:
            ended = heard if isinstance(heard, Hung) else Hung(1006)
            channel.hear(ended)
            self._note(traced, f"over ({ended.code} {ended.reason})")
            device.channel_went(channel, hello.kind, _how(hello.kind, ended))

    # within

    @property
    def _rule(self) -> Presence:
        if self._presence is None:
            raise RuntimeError("receive_for was not called before the door was opened")
        return self._presence

    def device(self, serial: str) -> Device:
        """Return the printer with that serial, which is let in."""
        if serial not in self.devices:
            tell = partial(self._rule.reception.tell, uri_of(serial))
            self.devices[serial] = Device(serial, self._manners, tell, self._start)
        return self.devices[serial]

    async def _verdict(self, uri: str, visit: Visit) -> LetIn | Waits | TurnedAway:
        try:
            return await self._rule.judge(uri, visit.identities, visit.peer)
        except StoreFailed as failure:
            raise Goodbye(TRY_LATER, f"who it is could not be kept: {failure.says}") from failure

    def _trace(self, traced: TracedLine | None, said: Said) -> None:
        if traced is not None:
            traced.came(said.data, is_text=said.is_text, now=clock.now())

    def _note(self, traced: TracedLine | None, says: str) -> None:
        if traced is not None:
            traced.note(says, clock.now())


def _objects(gather: Gather, data: bytes) -> Iterable[object]:
    try:
        yield from gather.feed(data)
    except NotJson as error:
        raise Goodbye(NOT_UNDERSTOOD, str(error)) from error
    except TooLong as error:
        raise Goodbye(TOO_LONG, str(error)) from error


def _read(message: object) -> Discovery | ChannelHello:
    try:
        hello = first_message(message)
        return discovery(hello.discovery) if isinstance(hello, MainHello) else hello
    except (NotHello, BadPacket) as error:
        raise Goodbye(NOT_UNDERSTOOD, str(error)) from error


def _newcomer(guest: Guest) -> Newcomer:
    says = guest.main.says
    return Newcomer(guest.uri, says.serial, says.name, in_words(says), guest.visit.peer, guest.identity, clock.now())


def _how(kind: str, ended: Hung) -> str:
    return f"its {kind} line is over ({ended.code}{' ' + ended.reason if ended.reason else ''})"
