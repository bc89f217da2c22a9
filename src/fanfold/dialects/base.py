"""What a dialect promises: frames in, commands and frames out. No sockets, no clock, no disk."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, runtime_checkable

from fanfold.messages import Command, Event, Reply
from fanfold.model import Printer
from fanfold.wire import Post, Request, Response

Frame = str | bytes
Tag = object
"""What a dialect wants to know again when the reply comes; the session only carries it."""


@dataclass(frozen=True, slots=True)
class Send:
    """Send this frame to the peer."""

    frame: Frame


@dataclass(frozen=True, slots=True)
class Do:
    """Do this command as a task of its own, and bring its reply to `answer` with the tag."""

    command: Command
    tag: Tag


@dataclass(frozen=True, slots=True)
class Listen:
    """From now on bring events to `notify`; those after the event `after`, None: only new ones."""

    after: int | None = None


@dataclass(frozen=True, slots=True)
class Close:
    """Close the connection with a WebSocket code and a reason."""

    code: int
    reason: str


Effect = Send | Do | Listen | Close


class Dialect(Protocol):
    """One conversation over a WebSocket. Made per connection; the session calls it from one task at a time.

    Effects are performed in the order given. Replies come in any order; a dialect whose peer cannot cope with
    that keeps frames back itself.
    """

    def receive(self, frame: Frame, now: datetime) -> Iterable[Effect]:
        """Take a frame of the peer's. Never raises: bad input is an effect or silence."""

    def answer(self, tag: Tag, reply: Reply) -> Iterable[Effect]:
        """Take the reply to an earlier Do."""

    def notify(self, event: Event) -> Iterable[Effect]:
        """Take an event; only after a Listen."""


@runtime_checkable
class Opens(Protocol):
    """A dialect with something to do before its peer says a word (it asked for events by its path)."""

    def opened(self) -> Iterable[Effect]:
        """Say what to do first. Called once, right after the connection is open, before any `receive`."""


class HttpDialect(Protocol):
    """The twin of `Dialect` for apps that speak HTTP: one request, one command, one answer."""

    def ask(self, request: Request, now: datetime) -> Do | Response:
        """Read a request. Never raises: bad input is a Response."""

    def tell(self, tag: Tag, reply: Reply) -> Do | Response:
        """Word the reply to a Do; or ask for more (a submit that waits) by another Do."""


class EventFormat(Protocol):
    """How one webhook's receiver wants to be told. Pure."""

    @property
    def heeds_status(self) -> bool:
        """Whether only an answer of 2xx says that a post was taken; else any answer does."""

    def word(self, event: Event, printer: Printer | None) -> Post | None:
        """Word an event for the receiver; None: it is not told of this one. `printer` is the event's, if it is known.

        The same event gives the same bytes each time.
        """

    def address(self, kind: str) -> str | None:
        """Return where posts on this kind of event (`job.changed`) go now; None: nowhere any more.

        Asked at each try: posts that wait go where the configuration says by then.
        """
