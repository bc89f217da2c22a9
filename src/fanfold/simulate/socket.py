"""A network printer that is not there: real TCP, moods that change while it runs, and its paper to look at.

    async with SocketPrinter() as printer:
        ...                                  # print on printer.uri
        assert await printer.printed() == [b"^XA^FDHello^FS^XZ"]
        await printer.become(Stalled())

From a shell: `python -m fanfold.simulate.socket --port 9100 --mood slow:1000`.
Knows nothing of how Fanfold sends; for use within one event loop.
"""

from __future__ import annotations

import argparse
import asyncio
import socket
import struct
import sys
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self, assert_never

from fanfold.simulate.foreground import run, say
from fanfold.simulate.moods import (
    Answers,
    Away,
    ClosesEarly,
    HalfReading,
    Knows,
    Mood,
    NeverCloses,
    Ready,
    Refusing,
    ResetsAfter,
    SingleClient,
    Slow,
    Stalled,
    mood,
)

READ_BYTES = 64 * 1024
_BEAT_S = 0.05
"""How often a slow printer reads."""
_LOOK_S = 0.01
"""How often the door is looked at where the loop cannot tell of a knock."""


class SocketPrinter:
    """A printer on a TCP port, within `async with`. A new mood acts on connections under way at their next read.

    `paper` has what came out: the bytes of each connection that reached its end of data, in that order.
    `partial` has what was read of connections that broke off before; a real printer may have printed some of it.
    `visits` counts the connections that it took.
    """

    def __init__(
        self, mood: Mood | None = None, *, host: str = "127.0.0.1", port: int = 0, buffer_bytes: int | None = None
    ) -> None:
        """Make one, not listening yet. A small `buffer_bytes` lets whoever sends feel soon that it reads nothing."""
        self.mood: Mood = mood or Ready()
        self.host, self.port = host, port
        self.paper: list[bytes] = []
        self.partial: list[bytes] = []
        self.visits = 0
        self.read_bytes = 0
        """How much was read, of all connections together."""
        self._buffer_bytes = buffer_bytes
        self._holder: socket.socket | None = None
        self._door: socket.socket | None = None
        self._porter: asyncio.Task[None] | None = None
        self._guests: set[asyncio.Task[None]] = set()
        self._news = asyncio.Event()

    @property
    def uri(self) -> str:
        """Where to print: `socket://host:port`."""
        return f"socket://[{self.host}]:{self.port}" if ":" in self.host else f"socket://{self.host}:{self.port}"

    async def __aenter__(self) -> Self:
        self._holder = self._bound()  # keeps the port while the printer is away
        self.port = self._holder.getsockname()[1]
        try:
            self._open_door()
        except OSError:
            self._holder.close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._shut_door()
        await _end(*self._guests)
        if self._holder:
            self._holder.close()

    async def become(self, mood: Mood) -> None:
        """Change the mood. Returns when it holds for whoever comes next."""
        await self._shut_door()
        self.mood = mood
        self._tell()
        if isinstance(mood, Away):
            await _end(*self._guests)
        self._open_door()

    # what tests wait for

    async def printed(self, count: int = 1) -> list[bytes]:
        """Wait until so many documents came out; return all that did."""
        await self._until(lambda: len(self.paper) >= count)
        return list(self.paper)

    async def broken(self, count: int = 1) -> list[bytes]:
        """Wait until so many connections broke off; return what was read of them all."""
        await self._until(lambda: len(self.partial) >= count)
        return list(self.partial)

    async def visited(self, count: int = 1) -> None:
        """Wait until so many connections were taken."""
        await self._until(lambda: self.visits >= count)

    async def read(self, size_bytes: int) -> None:
        """Wait until so many bytes were read, of all connections together."""
        await self._until(lambda: self.read_bytes >= size_bytes)

    async def _until(self, so: Callable[[], bool]) -> None:
        while not so():
            await self._news.wait()

    def _tell(self) -> None:
        self._news.set()
        self._news = asyncio.Event()

    # the door

    def _bound(self) -> socket.socket:
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        bound = socket.socket(family, socket.SOCK_STREAM)
        if sys.platform != "win32":  # there it would let two programs listen on one port
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if self._buffer_bytes is not None:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self._buffer_bytes)
        bound.setblocking(False)
        try:
            bound.bind((self.host, self.port))
        except OSError:
            bound.close()
            raise
        return bound

    def _open_door(self) -> None:
        if not isinstance(self.mood, Away):
            self._door = self._listening()
            self._porter = asyncio.create_task(self._receive())

    def _listening(self) -> socket.socket:
        if sys.platform == "win32" and self._holder is not None:
            self._holder.close()
        door = self._bound()
        try:
            door.listen(128)
        except OSError:
            door.close()
            raise
        return door

    async def _shut_door(self) -> None:
        if self._porter is not None:
            await _end(self._porter)
        if self._door is not None:
            self._door.close()
        self._door = self._porter = None

    async def _receive(self) -> None:
        while self._door is not None:
            visitor = await _accepted(self._door)
            guest = self._let_in(visitor)
            match self.mood:
                case SingleClient(queues=True):
                    await asyncio.wait({guest})
                case SingleClient():
                    self._door.close()
                    await asyncio.wait({guest})
                    self._door = self._listening()

    def _let_in(self, visitor: socket.socket) -> asyncio.Task[None]:
        self.visits += 1
        guest = asyncio.create_task(self._serve(visitor))
        self._guests.add(guest)
        guest.add_done_callback(self._guests.discard)
        self._tell()
        return guest

    # one connection

    async def _serve(self, visitor: socket.socket) -> None:
        got = bytearray()
        ended = False
        visitor.setblocking(False)
        with visitor:
            try:
                ended = await self._read_all(visitor, got)
                if ended:
                    self._print(self.paper, got)
                    await self._take_leave(visitor)
            except ConnectionError:
                pass  # whoever printed broke it off: `partial` tells
            finally:
                if not ended:
                    self._print(self.partial, got)
                    if not isinstance(self.mood, ClosesEarly):
                        _reset(visitor)

    def _print(self, tray: list[bytes], got: bytearray) -> None:
        if got:
            tray.append(bytes(got))
        self._tell()

    async def _read_all(self, visitor: socket.socket, got: bytearray) -> bool:
        """Read as the mood has it; tell whether the end of data came."""
        loop = asyncio.get_running_loop()
        while True:
            now = self.mood
            match now:
                case Stalled():
                    await self._other_than(now)
                    continue
                case HalfReading(after) if len(got) >= after:
                    await self._other_than(now)
                    continue
                case Refusing() | Away():
                    return False
                case ResetsAfter(after) | ClosesEarly(after) if len(got) >= after:
                    return False
                case HalfReading(after) | ResetsAfter(after) | ClosesEarly(after):
                    room = after - len(got)
                case Slow(pace):
                    await asyncio.sleep(_BEAT_S)
                    room = max(1, int(pace * _BEAT_S))
                case Ready() | SingleClient() | NeverCloses() | Answers() | Knows():
                    room = READ_BYTES
                case _:
                    assert_never(now)
            data = await loop.sock_recv(visitor, min(room, READ_BYTES))
            if not data:
                return True
            got += data
            self.read_bytes += len(data)
            self._tell()
            if isinstance(now, Knows):
                await _answer(visitor, got, now)

    async def _take_leave(self, visitor: socket.socket) -> None:
        now = self.mood
        if isinstance(now, Answers):
            await asyncio.get_running_loop().sock_sendall(visitor, now.words)
        if isinstance(now, NeverCloses) or (isinstance(now, Answers) and not now.closes):
            await self._other_than(now)

    async def _other_than(self, now: Mood) -> None:
        await self._until(lambda: self.mood is not now)


async def _accepted(door: socket.socket) -> socket.socket:
    """Return the next visitor. Cancelled it loses none, as `sock_accept` may that has one in hand just then."""
    while True:
        try:
            return door.accept()[0]
        except BlockingIOError:
            await _knocked(door)


async def _knocked(door: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    knocked = asyncio.Event()
    try:
        loop.add_reader(door, knocked.set)
    except NotImplementedError:  # Windows
        await asyncio.sleep(_LOOK_S)
        return
    try:
        await knocked.wait()
    finally:
        loop.remove_reader(door)


async def _end(*tasks: asyncio.Task[None]) -> None:
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks)


async def _answer(visitor: socket.socket, got: bytearray, mood: Knows) -> None:
    """Answer the questions in the order in which they came, and take them out of what is printed."""
    while known := [(got.find(one), one, words) for one, words in mood.answers if one in got]:
        at, question, words = min(known)
        del got[at : at + len(question)]
        await asyncio.get_running_loop().sock_sendall(visitor, words)


def _reset(visitor: socket.socket) -> None:
    kind = "hh" if sys.platform == "win32" else "ii"
    visitor.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack(kind, 1, 0))


async def tell(printer: SocketPrinter) -> None:
    """Run a printer, and tell of each document that comes out."""
    async with printer:
        say(f"{printer.uri} is {type(printer.mood).__name__}; Ctrl-C ends it")
        while True:
            await printer.printed(len(printer.paper) + 1)
            say(f"document {len(printer.paper)}: {len(printer.paper[-1])} bytes")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one printer until Ctrl-C, and tell of each document that comes out."""
    parser = argparse.ArgumentParser(prog="python -m fanfold.simulate.socket", description=main.__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=9100)
    parser.add_argument("--mood", type=mood, default=Ready(), help="such as ready, stalled, slow:1000")
    asked = parser.parse_args(arguments)
    run(tell(SocketPrinter(asked.mood, host=asked.host, port=asked.port)))


if __name__ == "__main__":
    main()
