"""What the relay needs of others: somebody who posts, and somebody who words events. Facts and shapes only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from fanfold.messages import Event
from fanfold.model import Printer
from fanfold.wire import Post


@dataclass(frozen=True, slots=True)
class Answer:
    """What a receiver answered. `retry_after_s` is how long it wants to be left alone, where it says so."""

    status: int
    retry_after_s: float | None = None


class Postman(Protocol):
    """Posts for the relay."""

    async def post(self, url: str, headers: Mapping[str, str], body: bytes, timeout_s: float) -> Answer:
        """Post once, follow nowhere, and return what was answered. Safe to cancel.

        Raises:
            OSError: no answer came within that time, in words that hold no secret.
        """


class Wording(Protocol):
    """How one webhook's receiver wants to be told; what dialects call an EventFormat."""

    @property
    def heeds_status(self) -> bool:
        """Whether only an answer of 2xx says that a post was taken; else any answer does."""

    def word(self, event: Event, printer: Printer | None) -> Post | None:
        """Word an event; None: the receiver is not told of this one."""

    def address(self, kind: str) -> str | None:
        """Return where posts on this kind of event go now; None: nowhere any more."""
