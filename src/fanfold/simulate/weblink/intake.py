"""What came on one raw channel and is not done: held while parser or buffer are not free. Knows no frames."""

from __future__ import annotations

from collections.abc import Iterator

from fanfold.simulate.weblink.channel import Channel
from fanfold.simulate.weblink.zpl import Command, Stream

_GULP_BYTES = 4096
"""How much is parsed before another look whether there is room."""


class Intake:
    """The bytes of one raw channel; they outlive it, since the printer has them."""

    __slots__ = ("_held", "channel", "stream")

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self.stream = Stream()
        self._held = bytearray()

    @property
    def waiting_bytes(self) -> int:
        """How much is held unparsed."""
        return len(self._held)

    def take(self, data: bytes) -> None:
        """Hold bytes until they are parsed."""
        self._held += data

    def gulp(self) -> bytes:
        """Return the next bytes, which are held no more."""
        data = bytes(self._held[:_GULP_BYTES])
        del self._held[:_GULP_BYTES]
        return data

    def commands(self) -> Iterator[Command]:
        """Yield what the next bytes complete."""
        return self.stream.feed(self.gulp())
