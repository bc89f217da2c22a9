"""One Weblink connection of a printer: dialled, upgraded, kept alive by pings, closed. Knows not what is said on it."""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass
from typing import Literal, Protocol

from fanfold.simulate.weblink.frames import BrokenFrame, Frames, Kind, Piece, framed, message
from fanfold.simulate.weblink.handshake import Answer, Place, authorization, new_key, refusal, request
from fanfold.simulate.weblink.switches import Switches
from fanfold.simulate.weblink.wire import Wire

Role = Literal["main", "raw", "config"]
_HEAD_BYTES = 64 * 1024
_LEAVE_S = 2.0
"""How long a close waits for the other side's."""


@dataclass(frozen=True, slots=True)
class Account:
    """How a printer gets in: whom it trusts, and what it says to a 401."""

    tls: ssl.SSLContext | None = None
    user: str = ""
    password: str = ""


class Refused(Exception):
    """The other side did not become a Weblink server; the words are those of the printer's log."""


class Ear(Protocol):
    """Whoever a channel belongs to."""

    @property
    def switches(self) -> Switches:
        """How it behaves now."""
        ...

    def heard(self, channel: Channel, piece: Piece) -> None:
        """Take a part of a message."""
        ...

    def over(self, channel: Channel, why: str) -> None:
        """Learn that a channel that was up is no more."""
        ...


class Channel:
    """One connection. `dial` once."""

    __slots__ = (
        "_answer",
        "_beat",
        "_closing",
        "_ear",
        "_frames",
        "_head",
        "_key",
        "_lost",
        "_wire",
        "number",
        "role",
        "up",
    )

    def __init__(self, role: Role, number: int, ear: Ear) -> None:
        self.role: Role = role
        self.number = number
        self.up = False
        """Whether it has been upgraded and is not over."""
        self._ear = ear
        self._wire: Wire | None = None
        self._frames = Frames()
        self._head = bytearray()
        self._key = ""
        self._answer: asyncio.Future[Answer] | None = None
        self._beat: asyncio.TimerHandle | None = None
        self._lost = 0
        self._closing = False

    async def dial(self, place: Place, account: Account) -> None:
        """Connect and upgrade, with credentials only after a 401. Raises Refused, OSError or TimeoutError."""
        said = ""
        while True:
            answer = await self._ask(place, account, said)
            why = refusal(answer, self._key, self._ear.switches.subprotocol, self._ear.switches.wants_content_length)
            if not why:
                return
            self.drop()
            if answer.status != 401 or said or not account.user:
                raise Refused(why)
            said = authorization(answer.all("www-authenticate"), place, account.user, account.password)
            if not said:
                raise Refused(why)

    async def _ask(self, place: Place, account: Account, said: str) -> Answer:
        self._key = new_key()
        self._head.clear()
        self._answer = asyncio.get_running_loop().create_future()
        self._wire = Wire(self._take, self._ended, account.tls if place.secure else None, place.host)
        try:
            async with asyncio.timeout(self._ear.switches.connect_s):
                await self._wire.connected(place.host, place.port)
                self._wire.send(request(place, self._key, self._ear.switches.subprotocol, said))
                return await self._answer
        except BaseException:
            self.drop()
            raise

    # saying

    def send(self, data: bytes) -> None:
        """Send one message as the switches have it."""
        switches = self._ear.switches
        kind = Kind.TEXT if switches.sends_text else Kind.BINARY
        for frame in message(data, kind, switches.fragment_bytes):
            self.send_frame(frame)

    def send_frame(self, frame: bytes) -> None:
        """Send bytes as they are, a right frame or not."""
        if self.up and self._wire is not None and not self._closing:
            self._wire.send(frame)

    def close(self, code: int = 1000) -> None:
        """Say that it ends, and end when the other side has said so too, or soon."""
        self.send_frame(framed(code.to_bytes(2), Kind.CLOSE))
        self._closing = True
        self._stop_beat()
        self._beat = asyncio.get_running_loop().call_later(_LEAVE_S, self.drop)

    def drop(self, why: str = "dropped") -> None:
        """End without a word."""
        if self._wire is not None:
            self._wire.abort()
        self._ended(why)

    def hang_up(self, why: str) -> None:
        """End without a WebSocket's close, but let what was said still go."""
        self._leave(why)

    def freeze(self) -> None:
        """Read and write no more, and keep the socket."""
        self._stop_beat()
        if self._wire is not None:
            self._wire.freeze()

    def pause(self, paused: bool) -> None:
        """Read no further, or again."""
        if self._wire is not None and self._wire.paused is not paused:
            self._wire.pause(paused)

    def pace(self, bytes_per_s: int | None) -> None:
        """Read at this pace from now on."""
        if self._wire is not None:
            self._wire.bytes_per_s = bytes_per_s
            self._wire.pause(self._wire.paused)

    # hearing

    def _take(self, data: bytes) -> None:
        if not self.up:
            data = self._upgrade(data)
        if self.up and data:
            try:
                for piece in self._frames.feed(data):
                    self._hear(piece)
            except BrokenFrame as error:
                self.send_frame(framed((1002).to_bytes(2), Kind.CLOSE))
                self._leave(f"not understood: {error}")

    def _upgrade(self, data: bytes) -> bytes:
        """Read the answer's head; return what came behind it."""
        self._head += data
        head, end, rest = bytes(self._head).partition(b"\r\n\r\n")
        if self._answer is None or self._answer.done() or (not end and len(head) < _HEAD_BYTES):
            return b""
        try:
            answer = Answer.read(head)
        except ValueError as error:
            self._answer.set_exception(Refused(str(error)))
            return b""
        self._head.clear()
        switches = self._ear.switches
        self.up = not refusal(answer, self._key, switches.subprotocol, switches.wants_content_length)
        self._answer.set_result(answer)
        if self.up:
            self._start_beat()
        return rest

    def _hear(self, piece: Piece) -> None:
        match piece.kind:
            case Kind.PING:
                if self._ear.switches.answers_pings:
                    self.send_frame(framed(piece.data, Kind.PONG))
            case Kind.PONG:
                self._lost = self._lost if self._ear.switches.loses_pongs else 0
            case Kind.CLOSE:
                self.send_frame(framed(piece.data[:2], Kind.CLOSE))
                self._leave("closed" if self._closing else "Read failed with an unexpected error")
            case _:
                if self.up:
                    self._ear.heard(self, piece)

    def _leave(self, why: str) -> None:
        if self._wire is not None:
            self._wire.close()
        self._ended(why)

    def _ended(self, why: str) -> None:
        self._stop_beat()
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(ConnectionResetError(why))
            self._answer.exception()  # whoever waits gets it; that it ended before anybody did is no fault
        if self.up:
            self.up = False
            self._ear.over(self, why)

    # pings

    def _start_beat(self) -> None:
        if every := self._ear.switches.ping_s:
            self._beat = asyncio.get_running_loop().call_later(every, self._ping)

    def _ping(self) -> None:
        if self._lost >= self._ear.switches.lost_pongs:
            self.drop(f"{self._lost} pings without a pong")
            return
        if self._wire is not None and not self._wire.behind:
            self._lost += 1
        self.send_frame(framed(b"fanfold", Kind.PING))
        self._start_beat()

    def _stop_beat(self) -> None:
        if self._beat is not None:
            self._beat.cancel()
            self._beat = None
