"""What a Weblink visitor says first: read in a bounded time and size, or it is told goodbye. Knows no printer."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from fanfold.door import UNTRUSTED_BYTES, Hung, Line, Said
from fanfold.transports.weblink.messages import (
    ChannelHello,
    Gather,
    MainHello,
    NotHello,
    NotJson,
    TooLong,
    first_message,
)
from fanfold.transports.weblink.packet import BadPacket, Discovery, discovery

NOT_ALLOWED, NOT_UNDERSTOOD, TOO_LONG, TRY_LATER = 1008, 1002, 1009, 1013
"""Close codes (RFC 6455 §7.4.1, and its registry)."""

FIRST_BYTES = UNTRUSTED_BYTES
"""The longest first message, in however many pieces."""
OBJECTS = 1000
"""In one message; printers send one. Each takes some microseconds in which nobody else gets a turn."""
PIECES = 50
"""Of the first message that are kept, to be shown in a trace."""


class Goodbye(Exception):
    """A visitor's line shall end, with a close code and words for the log and for the visitor."""

    def __init__(self, code: int, says: str) -> None:
        super().__init__(says)
        self.code, self.says = code, says


async def first_words(line: Line, gather: Gather, within_s: float) -> tuple[Discovery | ChannelHello, list[Said]]:
    """Return which channel of which printer a line is, and the first pieces of what it said. Raises Goodbye."""
    pieces: list[Said] = []
    try:
        async with asyncio.timeout(within_s):
            message = await _first_object(line, gather, pieces)
    except TimeoutError:
        raise Goodbye(NOT_ALLOWED, f"it did not say which printer it is within {within_s:g} s") from None
    return hello_in(message), pieces


async def _first_object(line: Line, gather: Gather, pieces: list[Said]) -> object:
    size_bytes = 0
    while True:
        match await line.receive():
            case Said() as said:
                size_bytes += len(said.data)
                if size_bytes > FIRST_BYTES:
                    raise Goodbye(TOO_LONG, f"its first message is longer than {FIRST_BYTES} bytes")
                if len(pieces) < PIECES:
                    pieces.append(said)
                for message in objects(gather, said.data):
                    return message
            case Hung(code):
                raise Goodbye(code, "it hung up before it said which printer it is")


def objects(gather: Gather, data: bytes) -> Iterator[object]:
    """Yield the JSON objects that these bytes complete. Raises Goodbye."""
    try:
        for number, message in enumerate(gather.feed(data)):
            if number >= OBJECTS:
                raise Goodbye(TOO_LONG, f"one message of its holds more than {OBJECTS} objects")
            yield message
    except NotJson as error:
        raise Goodbye(NOT_UNDERSTOOD, str(error)) from error
    except TooLong as error:
        raise Goodbye(TOO_LONG, str(error)) from error


def hello_in(message: object) -> Discovery | ChannelHello:
    """Return what a first message says. Raises Goodbye."""
    try:
        hello = first_message(message)
        return discovery(hello.discovery) if isinstance(hello, MainHello) else hello
    except (NotHello, BadPacket) as error:
        raise Goodbye(NOT_UNDERSTOOD, str(error)) from error
