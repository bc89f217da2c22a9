"""This machine's queues: a desk for each, and the way from a printer's name to the one that prints for it. No job."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import assert_never
from weakref import WeakValueDictionary

from fanfold.errors import NotReached
from fanfold.model import Reason
from fanfold.transports.winspool.census import Census
from fanfold.transports.winspool.desk import Desk
from fanfold.transports.winspool.eye import Absent, Seen, Silence
from fanfold.transports.winspool.queues import why_not_raw
from fanfold.transports.winspool.spooler import Spooler
from fanfold.transports.winspool.words import blocked, missing

FRESH_S = 1.0
"""A queue that takes nothing may be at another port by now: the list that says so is looked at so often."""

MOST_DESKS = 256
"""More than machines have queues. Over so many, those that rest are forgotten: names of queues come and go for ever."""


class Windows:
    """What all links share."""

    def __init__(self, spooler: Spooler) -> None:
        self._spooler = spooler
        self._desks: WeakValueDictionary[str, Desk] = WeakValueDictionary()
        """All that anybody uses, so that no queue has two."""
        self._kept: dict[str, Desk] = {}
        self.census = Census(spooler, self.desk)

    def desk(self, queue: str) -> Desk:
        """Return the one desk of that queue."""
        key = queue.casefold()
        desk = self._kept.get(key) or self._desks.get(key)
        if desk is None:
            self._forget_some()
            desk = self._desks[key] = Desk(self._spooler, queue)
        self._kept[key] = desk
        return desk

    @asynccontextmanager
    async def reached(self, name: str) -> AsyncIterator[tuple[Desk, Seen]]:
        """Give the desk of the queue that prints for that name, and what it is like.

        Raises NotReached: nothing prints there now.
        """
        async with AsyncExitStack() as stack:
            desk = self.desk(self.census.meant(name))
            found = await self._weighed(desk, stack)
            if isinstance(found, NotReached):
                await self.census.renewed(FRESH_S)
                other = self.desk(self.census.meant(name))
                if other is desk:
                    raise found
                desk, found = other, await self._weighed(other, stack)
            if isinstance(found, NotReached):
                raise found
            yield desk, found

    async def close(self) -> None:
        """Look no more, and leave the threads to themselves. Idempotent."""
        desks = list(self._desks.values())
        self._kept.clear()
        self._desks.clear()
        for desk in desks:
            await desk.close()
        self.census.close()

    def _forget_some(self) -> None:
        if len(self._kept) >= MOST_DESKS:
            self._kept = {key: desk for key, desk in self._kept.items() if not desk.is_idle}

    async def _weighed(self, desk: Desk, stack: AsyncExitStack) -> Seen | NotReached:
        await stack.enter_async_context(desk.visited())
        if await desk.hangs():
            says = f"{desk.who}: Windows still hangs in an earlier job; see to the printer, or restart Print Spooler"
            return NotReached(says, reasons=(Reason.STALLED,))
        match sight := await desk.look():
            case Seen(facts, jobs) as seen:
                why = None if why_not_raw(facts) else blocked(desk.who, facts, jobs or ())
                return why or seen
            case Absent():
                return missing(desk.queue, in_service_session=self._spooler.in_service_session())
            case Silence(says):
                return NotReached(f"{desk.who}: {says}", reasons=(Reason.OFFLINE,))
            case _:
                assert_never(sight)
