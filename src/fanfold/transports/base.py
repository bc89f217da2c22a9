"""What a transport promises: it opens a link to one printer; a link delivers one document."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from fanfold.door import Door
from fanfold.model import Job, Printer, Traits
from fanfold.reception import Newcomer, Reception
from fanfold.wire import Receipt, Work


class Report(Protocol):
    """How a link tells its lane what goes on while it delivers. The lane gives it; links only call."""

    def progress(self, sent_bytes: int) -> None:
        """Say how many bytes have left us in this attempt. Cheap: call it at every write."""

    def stalled(self, reason: str, message: str) -> None:
        """Say that the printer takes nothing now, or cannot print what it took."""

    def resumed(self) -> None:
        """Say that what stalled it is over; a `progress` that moves says so too."""

    async def sent(self, foreign: str | None = None) -> None:
        """Put on disk that every byte left us (evidence `sent`), and what the next in line calls the job.

        Await it before following the job by that id, so that a crash finds it. Returns when it is synced.
        """

    async def proved(self, receipt: Receipt) -> None:
        """Say, after `deliver` has returned, that more is known of the paper: evidence rises, never falls.

        A job that is not completed any more, or by another attempt, is left as it is. Raises StoreFailed.
        """

    async def disproved(self, says: str) -> None:
        """Say, after `deliver` has returned, that what it delivered was lost before it printed: the job is in doubt.

        A job of which more is known, or that is not completed any more, is left as it is. Raises StoreFailed.
        """


class Link(Protocol):
    """An open way to one printer, for one document."""

    @property
    def sent_bytes(self) -> int:
        """How many bytes of the document left us so far; what a peer did not acknowledge need not count."""

    async def deliver(self, work: Work, report: Report) -> Receipt:
        """Bring the document to the printer and return what that proves. Called once per link.

        Safe to cancel at any await: the way is then given up at once, and `sent_bytes` stays readable.
        A link whose bytes can be called back (a spooler's job) offers `Recalls` beside.

        Raises:
            NotReached: nothing of it can print.
            Interrupted: something of it may print.
            Declined: the printer or its spooler refused it; nothing will print.
        """


class Transport(Protocol):
    """A way to printers, one per URI scheme. Made once per gateway; holds no job."""

    schemes: tuple[str, ...]
    """URI schemes that it serves, without `:`."""
    takes: tuple[str, ...]
    """Kinds that its printers take unless their owner or spooler says otherwise: `raw`, `*`, or media types."""

    def check(self, uri: str) -> None:
        """Say whether the URI is one of ours and well formed, without touching the network.

        Raises:
            Refused: code `bad-uri`, with what is wrong and an example of a right one.
        """

    def open(self, printer: Printer) -> AbstractAsyncContextManager[Link]:
        """Reach the printer. Takes a bounded time (seconds), printers that dial in included.

        Leaving the context gives the way up, whatever happened, in a bounded time.

        Raises:
            NotReached: it is away or busy; `reasons` say which.
        """

    async def close(self) -> None:
        """Give up what is shared between links (sessions, pools). Idempotent."""


@runtime_checkable
class Recalls(Protocol):
    """A link that can ask for a job back after its bytes left us (a spooler's cancel)."""

    async def recall(self) -> None:
        """Ask for the job under delivery back; returns when the asking is done, in a bounded time.

        `deliver` then ends by itself and tells the winner: a Receipt (too late), or Declined (taken back).
        """


@dataclass(frozen=True, slots=True)
class Found:
    """What has become of a job that we no longer watch, by the word of who has it."""

    receipt: Receipt | None = None
    """It is done."""
    declined: str = ""
    """It ended without printing; the words for it."""
    uncertain: str = ""
    """It cannot be told; the words for why. Never read as success."""
    untouched: str = ""
    """Nothing of it printed or ever will; the words for how that is known. It may be sent again."""


@runtime_checkable
class Reconciles(Protocol):
    """A transport that can ask, after a crash, what became of a job by its foreign id."""

    async def find(self, printer: Printer, job: Job, report: Report) -> Found:
        """Ask who has the job (`job.foreign`), and follow it to its end if it is still under way.

        Stalls are reported as by `Link.deliver`; `resumed` is too, once who has it answers.

        May take as long as the job does; safe to cancel (nothing is lost: ask again).

        Raises:
            NotReached: who has it cannot be asked now; ask again later.
        """

    async def recall(self, printer: Printer, job: Job) -> None:
        """Ask for such a job back, in a bounded time; `find` then tells the winner. Never raises DeliveryError."""


@dataclass(frozen=True, slots=True)
class Discovered:
    """A printer that showed itself."""

    name: str
    uri: str
    kinds: tuple[str, ...]
    info: str = ""
    is_default: bool = False
    is_temporary: bool = False
    """Made by the spooler for a while, virtual, or a fax: hidden unless included by name."""
    traits: Traits = field(default_factory=Traits)
    marks: tuple[str, ...] = ()
    """What tells this device from all others, such as `serial:zebra/50j1`: one mark in common, one device."""


@runtime_checkable
class Scouts(Protocol):
    """What sees devices that could be printers (on the network, at the cable); it adds none, a person does."""

    way: str
    """How it sees them: `mdns`, `usb`."""

    async def sightings(self) -> Sequence[Discovered]:
        """List who is there now, in a bounded time; the first call may begin to look.

        Raises:
            NotReached: it cannot look now (this says nothing about who was seen before).
        """

    async def close(self) -> None:
        """Look no more. Idempotent."""


@runtime_checkable
class Discovers(Protocol):
    """A transport that knows its printers without configuration: they become printers by themselves."""

    async def discover(self) -> Sequence[Discovered]:
        """List the printers that are there now, in a bounded time.

        Raises:
            NotReached: who knows them cannot be asked now (this says nothing about the printers known before).
        """

    def listed_as(self, uri: str) -> str:
        """Return the URI under which `discover` lists the printer of this well formed URI, if it lists it at all."""


@runtime_checkable
class Receives(Protocol):
    """A transport whose printers reach us, through a door."""

    @property
    def door(self) -> Door:
        """Where they come in."""

    def receive_for(self, reception: Reception) -> None:
        """Take who is asked about each visitor, and told of each printer. Called once, before the door opens."""

    def newcomers(self) -> Sequence[Newcomer]:
        """List who dialled in, is there now, and is not let in; the longest waiting first."""

    def channels(self, uri: str) -> Sequence[str]:
        """List the channels that the printer of this URI has open now (`main`, `raw`, `config`)."""

    def adopted(self, uri: str) -> None:
        """Note that the printer of this URI is let in from now on: take it from the newcomers, if it is there."""

    def turned_out(self, uri: str, because: str) -> None:
        """Note that who is there is not let in any more: all its lines end, with these words.

        It was removed or rejected; or it is bound to another proof now, and may come again with that.
        """

    async def reopen(self, uri: str, channel: str) -> None:
        """Have the printer open this channel anew, in a bounded time.

        Raises:
            Refused: `unknown-channel` 422.
            NotReached: it is away, or does not open it.
        """


@runtime_checkable
class Speaks(Protocol):
    """A transport whose printers speak one language, as far as neither they nor their owner say otherwise."""

    language: str
    """By the names of languages."""


@runtime_checkable
class Converses(Protocol):
    """A transport that can put a question to a printer between jobs, and bring back its answer."""

    async def ask(self, printer: Printer, question: bytes, *, channel: str = "", within_s: float) -> bytes:
        """Send the question, return the answer as it came; empty where none is due.

        `channel` names the way where there are several (`raw`, `config`); empty: the usual one.

        Raises:
            Refused: `unknown-channel` 422, `answer-too-large` 502.
            NotReached: it is away, or busy with a job for so long; nothing was asked.
            TimeoutError: it was asked, and did not answer in time.
        """


@runtime_checkable
class Traces(Protocol):
    """A transport that can write down a conversation for support. Never a document."""

    def trace(self, uri: str, frames: int) -> None:
        """Write down headers and the first so many frames of each line that this printer opens from now on.

        0 ends it and forgets what was written. What is written is bounded.
        """

    def traced(self, uri: str) -> Sequence[str]:
        """Return the lines written so far."""
