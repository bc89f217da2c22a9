"""Asks a printer for a channel: timed, tried again later and later, never in a loop. Knows no job."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Coroutine
from typing import Any

from fanfold.errors import NotReached
from fanfold.model import Reason
from fanfold.transports.weblink.channel import Channel
from fanfold.transports.weblink.lines import Lines, Main
from fanfold.transports.weblink.messages import Channel as Kind
from fanfold.transports.weblink.messages import open_channel
from fanfold.transports.weblink.pace import Pace

NOT_OPENED = "channel-not-opened-error"
"""A reason of ours: the printer is there and does not open what it is asked for."""
SLACK_S = 0.5
"""Who waits for a channel waits a little longer than the request for it lives, to learn what became of it."""


class Opener:
    """For one kind of channel of one printer. `refused` is told in words when it is not opened, empty when it is.

    `is_lasting`: the channel shall be there always, so a printer that does not open it is asked again, by and by.
    """

    __slots__ = (
        "_asked_over", "_came_s", "_is_lasting", "_kind", "_lines", "_next_s", "_outcome", "_pace", "_refused",
        "_retry_s", "_start", "_task", "_unanswered", "_wait_s", "_words",
    )  # fmt: skip

    def __init__(
        self,
        kind: Kind,
        lines: Lines,
        start: Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]],
        refused: Callable[[str], None],
        *,
        is_lasting: bool,
        wait_s: float,
        pace: Pace,
    ) -> None:
        self._kind, self._lines, self._start, self._refused = kind, lines, start, refused
        self._is_lasting, self._wait_s, self._pace = is_lasting, wait_s, pace
        self._task: asyncio.Task[None] | None = None
        self._outcome: asyncio.Future[None] | None = None
        """Done when the present request is answered, or given up."""
        self._words = ""
        self._unanswered = 0
        self._asked_over: Main | None = None
        self._came_s = self._next_s = self._retry_s = 0.0

    @property
    def was_asked(self) -> bool:
        """Whether the printer was asked for a channel that has not come: one that nobody asked for is not its own."""
        return self._unanswered > 0

    def came(self) -> None:
        """Note that one has come."""
        self._came_s = asyncio.get_running_loop().time()
        self._unanswered = max(0, self._unanswered - 1)
        self._decide()
        if self._words:
            self._words = ""
            self._refused("")

    def went(self) -> None:
        """Note that one is over. After one that held for a while the printer is asked at once."""
        if asyncio.get_running_loop().time() - self._came_s >= self._pace.steady_s:
            self._next_s = self._retry_s = 0.0

    def want(self) -> None:
        """See that there is one, soon."""
        if self._is_needed and (self._task is None or self._task.done()):
            self._begin()
            self._task = self._start(self._ask())

    def want_anew(self) -> None:
        """The same at once, whatever was asked before, unless it is being asked right now over the main line in use."""
        if self._asked_over is not None and self._asked_over is self._lines.primary:
            return
        if self._task is not None:
            self._task.cancel()
            self._task = None
        self._next_s = self._retry_s = 0.0
        self.want()

    async def get(self, words: str) -> Channel:
        """Return a live one, in a bounded time. Raises NotReached, in which `words` name the printer."""
        if channel := self._lines.current(self._kind):
            return channel
        self.want()
        if self._outcome is not None and self._lines.primary is not None:
            await asyncio.wait((self._outcome,), timeout=self._wait_s + SLACK_S)
        if channel := self._lines.current(self._kind):
            return channel
        if self._lines.primary is None:
            says = f"{words} has not dialled in, or is gone again; see that it is on and in the network"
            raise NotReached(says, reasons=(Reason.OFFLINE,))
        raise NotReached(f"{words} {self._words or not_opened(self._kind)}", reasons=(NOT_OPENED,))

    def stop(self) -> None:
        """Ask no more: nobody is there to be asked."""
        if self._task is not None:
            self._task.cancel()
            self._task = None
        self._decide()

    @property
    def _is_needed(self) -> bool:
        return self._lines.current(self._kind) is None and self._lines.primary is not None

    async def _ask(self) -> None:
        loop = asyncio.get_running_loop()
        while self._is_needed:
            await asyncio.sleep(max(0.0, self._next_s - loop.time()))
            main = self._lines.primary
            if main is None or not self._is_needed:
                return
            if not await self._opens(main):
                if self._lines.primary is not main:
                    return  # whoever steps in for it is asked anew
                self._words = not_opened(self._kind)
                self._refused(self._words)
                self._decide()
            if not self._is_lasting:
                return

    async def _opens(self, main: Main) -> bool:
        """Ask, and tell whether one came."""
        loop, outcome = asyncio.get_running_loop(), self._begin()
        self._asked_over = main
        try:
            await main.line.send(open_channel(self._kind))
            self._unanswered += 1
            await asyncio.wait((outcome,), timeout=self._wait_s)
        except ConnectionError:
            return False
        finally:
            if self._asked_over is main:
                self._asked_over = None
        if self._is_lasting:
            self._next_s = loop.time() + self._retry_s * random.uniform(0.8, 1.2)  # noqa: S311  # spreads, hides nothing
            self._retry_s = min(max(self._pace.first_retry_s, self._retry_s * 2), self._pace.last_retry_s)
        return outcome.done()

    def _begin(self) -> asyncio.Future[None]:
        if self._outcome is None or self._outcome.done():
            self._outcome = asyncio.get_running_loop().create_future()
        return self._outcome

    def _decide(self) -> None:
        if self._outcome is not None and not self._outcome.done():
            self._outcome.set_result(None)


def not_opened(kind: Kind) -> str:
    """Say that a printer does not open a channel, and what may be the reason."""
    return (
        f"is there, but did not open its {kind} channel in time; its limit of connections "
        "(weblink.ip.conn1.maximum_simultaneous_connections) may be reached: main and raw need 2, config one more"
    )
