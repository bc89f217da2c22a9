"""What a door is to those who receive the visitors behind it: who knocks, what they proved, and a line of frames.

Knows no socket and no web framework: the server makes the lines, transports through which printers reach us use them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

UNTRUSTED_BYTES = 64 * 1024
"""The longest message of a visitor that nobody has let in yet: it says who it is, and waits. Packets take 600 bytes."""


@dataclass(frozen=True, slots=True)
class Visit:
    """A printer's request for a WebSocket, let in by its listener's proofs."""

    path: str
    """Without what is secret in it."""
    headers: tuple[tuple[str, str], ...]
    """As they came, in their order; the values of those that carry a secret are masked."""
    peer: str
    """Address of who dialled, or of the proxy before it."""
    identities: tuple[str, ...]
    """What it proved, the strongest first: `certificate:NAME`, `user:NAME`, `secret:NAME`, `none`."""


@dataclass(frozen=True, slots=True)
class Said:
    """A message, whole."""

    data: bytes
    is_text: bool = False


@dataclass(frozen=True, slots=True)
class Pong:
    """The answer to a ping of ours, or a heartbeat that nobody asked for."""

    payload: bytes


@dataclass(frozen=True, slots=True)
class Hung:
    """The line is over; `code` is the close code, 1006 where it just broke (RFC 6455 §7.4.1)."""

    code: int
    reason: str = ""


Heard = Said | Pong | Hung


class Line(Protocol):
    """An open WebSocket with a printer. Pings of the peer's are answered by it, with their payload."""

    @property
    def heard_s(self) -> float:
        """The loop's time at which anything last came from the peer, pings and pongs included."""

    @property
    def sent_s(self) -> float:
        """The loop's time at which we last gave it a frame."""

    @property
    def unsent_bytes(self) -> int:
        """How many bytes, as they go over the wire, wait in our own memory because the peer takes them slowly."""

    @property
    def is_open(self) -> bool:
        """Whether frames may still get through, as far as is known."""

    def trust(self) -> None:
        """Take messages as long as the settings allow, of one that is let in; before, none over UNTRUSTED_BYTES."""

    async def receive(self) -> Heard:
        """Return the next that comes. After `Hung`, `Hung` again. One reader at a time."""

    async def send(self, frame: bytes) -> None:
        """Send one unfragmented binary frame; returns when our own memory holds little of what was sent.

        Raises:
            ConnectionError: the line is over.
        """

    async def ping(self, payload: bytes) -> None:
        """Send a ping behind all frames before it. Does not wait for room. Raises ConnectionError."""

    async def close(self, code: int, reason: str) -> None:
        """Say goodbye and hang up, in a bounded time. Idempotent; never raises."""

    def abort(self) -> None:
        """Hang up at once, without a word. Idempotent."""


class Door(Protocol):
    """Where printers come in. Made by a transport, mounted by the server at the listeners that name it."""

    @property
    def name(self) -> str:
        """What listeners call it among their `doors`."""

    @property
    def subprotocol(self) -> str:
        """What a visitor must offer, and is answered."""

    @property
    def answer_headers(self) -> Mapping[str, str]:
        """What the answer to its handshake must carry beside what RFC 6455 asks, to the letter."""

    async def serve(self, visit: Visit, line: Line) -> None:
        """Receive a visitor until the line is over. Safe to cancel: the line is then given up."""
