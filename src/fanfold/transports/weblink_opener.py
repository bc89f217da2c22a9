"""Asks a printer for a channel: timed, tried again later and later, never in a loop. Knows no job."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Coroutine
from typing import Any

from fanfold.errors import NotReached
from fanfold.model import Reason
from fanfold.transports.weblink_channel import Channel
from fanfold.transports.weblink_lines import Lines
from fanfold.transports.weblink_messages import Channel as Kind
from fanfold.transports.weblink_messages import open_channel

NOT_OPENED = "channel-not-opened-error"
"""A reason of ours: the printer is there and does not open what it is asked for."""

FIRST_RETRY_S, LAST_RETRY_S = 2.0, 300.0


class Opener:
    """For one kind of channel of one printer. `refused` is told in words when it is not opened, empty when it is."""

    __slots__ = ("_came", "_kind", "_lines", "_refused", "_start", "_task", "_wait_s", "_words")

    def __init__(
        self,
        kind: Kind,
        lines: Lines,
        wait_s: Callable[[], float],
        refused: Callable[[str], None],
        start: Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]],
    ) -> None:
        self._kind, self._lines, self._wait_s, self._refused, self._start = kind, lines, wait_s, refused, start
        self._came = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._words = ""

    def came(self) -> None:
        """Note that one has come."""
        self._came.set()
        if self._words:
            self._words = ""
            self._refused("")

    def want(self) -> None:
        """See that there is one, soon."""
        needed = self._lines.current(self._kind) is None and self._lines.primary is not None
        if needed and (self._task is None or self._task.done()):
            self._task = self._start(self._ask())

    def want_anew(self) -> None:
        """The same over another main line: what was asked over the one before is forgotten."""
        self.stop()
        self._task = None
        self.want()

    async def get(self, words: str) -> Channel:
        """Return a live one, in a bounded time. Raises NotReached, in which `words` name the printer."""
        if channel := self._lines.current(self._kind):
            return channel
        if self._lines.primary is None:
            says = f"{words} has not dialled in, or is gone again; see that it is on and in the network"
            raise NotReached(says, reasons=(Reason.OFFLINE,))
        self.want()
        if not self._words:
            self._came.clear()
            try:
                async with asyncio.timeout(self._wait_s()):
                    await self._came.wait()
            except TimeoutError:
                pass
        if channel := self._lines.current(self._kind):
            return channel
        raise NotReached(f"{words} {self._words or self._not_opened()}", reasons=(NOT_OPENED,))

    def stop(self) -> None:
        """Ask no more."""
        if self._task is not None:
            self._task.cancel()

    async def _ask(self) -> None:
        retry_s = FIRST_RETRY_S
        while (main := self._lines.primary) is not None and self._lines.current(self._kind) is None:
            self._came.clear()
            try:
                await main.line.send(open_channel(self._kind))
                async with asyncio.timeout(self._wait_s()):
                    await self._came.wait()
            except TimeoutError:
                self._words = self._not_opened()
                self._refused(self._words)
            except ConnectionError:
                continue  # that main is over; another may be there
            else:
                return
            await asyncio.sleep(retry_s * random.uniform(0.8, 1.2))  # noqa: S311  # spreads, hides nothing
            retry_s = min(retry_s * 2, LAST_RETRY_S)

    def _not_opened(self) -> str:
        return (
            f"is there, but did not open its {self._kind} channel within {self._wait_s():g} s; "
            "its limit of connections (weblink.ip.conn1.maximum_simultaneous_connections) may be reached"
        )
