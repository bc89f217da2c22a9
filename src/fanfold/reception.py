"""Between printers that reach us and the engine: who is known, who waits to be let in, and what printers tell.

Facts and shapes only. A transport through which printers reach us tells; the engine, as the reception, decides.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from fanfold.model import PrinterId


@dataclass(frozen=True, slots=True)
class Newcomer:
    """A printer that dialled in and is not let in yet, with what it says of itself; nothing of it is believed."""

    uri: str
    """What it would be as a printer: `weblink:SERIAL`."""
    serial: str
    name: str
    """What it calls itself."""
    info: str
    """Model, firmware, resolution, in words."""
    peer: str
    identity: str
    """What it proved (`door.Visit.identities`, the strongest)."""
    since: datetime


@dataclass(frozen=True, slots=True)
class Known:
    """What the engine has under a URI."""

    printer: PrinterId | None
    """None: rejected."""
    identity: str = ""
    """What it proved when it was let in; empty: nobody has come under this URI yet."""


# --- what a transport tells of a printer that is let in ---------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Came:
    """It is there: it dialled in, or is there still by another line. `reasons` are all its faults now, with words."""

    info: str
    reasons: Mapping[str, str] = field(default_factory=dict)
    language: str = ""
    """What it speaks, by the names of languages; empty: it did not say."""


@dataclass(frozen=True, slots=True)
class Went:
    """It is not there any more; why, in words."""

    message: str


@dataclass(frozen=True, slots=True)
class ChannelOpened:
    """One of its channels is usable."""

    channel: str


@dataclass(frozen=True, slots=True)
class ChannelClosed:
    """One of its channels is over."""

    channel: str
    message: str


@dataclass(frozen=True, slots=True)
class Faults:
    """What is wrong with it changed: reasons with words that are so now, and reasons that are over."""

    sets: Mapping[str, str] = field(default_factory=dict)
    clears: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Scanned:
    """Data came through the printer (a barcode scanner on its port)."""

    data: str
    source: str
    """Which of its settings carried it."""


@dataclass(frozen=True, slots=True)
class Suspicious:
    """Somebody else claims to be it, without its proof, and was refused."""

    message: str


News = Came | Went | ChannelOpened | ChannelClosed | Faults | Scanned | Suspicious


class Reception(Protocol):
    """The engine, as far as a transport sees it through which printers reach us."""

    def known(self, uri: str) -> Known | None:
        """Return what is known under a URI; None: nobody has let it in, or rejected it."""

    async def bind(self, uri: str, identity: str) -> bool:
        """Put on disk that this identity is the printer's, who was let in before it came.

        False: it is bound to another, or not known any more. Raises StoreFailed.
        """

    def tell(self, uri: str, news: News) -> None:
        """Take news of a printer that is let in, in their order. Cheap; never raises."""
