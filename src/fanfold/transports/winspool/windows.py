"""This machine's queues: a desk for each, and the way from a printer's name to the one that prints for it. No job."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import assert_never

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


class Windows:
    """What all links share."""

    def __init__(self, spooler: Spooler) -> None:
        self._spooler = spooler
        self._desks: dict[str, Desk] = {}
        self.census = Census(spooler, self.desk)

    def desk(self, queue: str) -> Desk:
        """Return the one desk of that queue."""
        key = queue.casefold()
        if key not in self._desks:
            self._desks[key] = Desk(self._spooler, queue)
        return self._desks[key]

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
        desks, self._desks = self._desks, {}
        for desk in desks.values():
            await desk.close()
        self.census.close()

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
