"""Gateways that break a promise on purpose, so that tests can prove that the checker notices. For the launcher only."""

# ruff: noqa: B010  # setattr says what is done here: another's method is replaced

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from fanfold.engine import flight, lane
from fanfold.errors import NotReached
from fanfold.model import Evidence, Job, JobState, OnLate
from fanfold.store.base import Added, Change, Limits
from fanfold.store.sqlite import SqliteStore
from fanfold.transports.presence import LetIn, Presence
from fanfold.transports.weblink.channel import Channel
from fanfold.transports.weblink.device import Device
from fanfold.transports.weblink.lines import Main, RollCall
from fanfold.transports.weblink.link import WeblinkLink
from fanfold.transports.weblink.prover import Prover
from fanfold.wire import Document, Receipt

COMMIT_LATE_S = 60.0


def prints_again_after_a_crash() -> None:
    """What was in flight goes back to the line, as if nothing of it had left."""
    honest = SqliteStore.unsettled

    async def unsettled(self: SqliteStore) -> Sequence[Job]:
        for job in await honest(self):
            await self.settle(Change(job.id, job.state, job.attempt, JobState.PENDING))
        return ()

    setattr(SqliteStore, "unsettled", unsettled)


def acknowledges_before_the_commit() -> None:
    """A job is acknowledged at once and written later."""
    honest = SqliteStore.add
    later: set[asyncio.Task[Added]] = set()

    async def write(self: SqliteStore, *what: Any) -> Added:
        await asyncio.sleep(COMMIT_LATE_S)
        return await honest(self, *what)

    async def add(self: SqliteStore, job: Job, document: Document, limits: Limits, fingerprint: str) -> Added:
        later.add(asyncio.create_task(write(self, job, document, limits, fingerprint)))
        return Added(job, fresh=True)

    setattr(SqliteStore, "add", add)


def completes_without_printing() -> None:
    """Jobs are called delivered and nothing is sent."""

    async def bring(self: lane.Lane, *_: Any) -> Receipt:
        return Receipt(Evidence.DELIVERED, "so it says")

    setattr(lane.Lane, "_bring", bring)


def prints_again_in_doubt() -> None:
    """What was interrupted goes back to the line, whatever the printer's rule is."""

    def in_doubt(job: Job, *_: Any, **__: Any) -> Change:
        return Change(job.id, job.state, job.attempt, JobState.PENDING, evidence=Evidence.NONE)

    setattr(flight, "in_doubt", in_doubt)


def forgets_keys() -> None:
    """A job that is sent again with the same key is another job."""
    honest = SqliteStore.add

    async def add(self: SqliteStore, job: Job, *more: Any) -> Added:
        return await honest(self, replace(job, key=None), *more)

    setattr(SqliteStore, "add", add)


def prints_what_it_called_off() -> None:
    """A job whose page is told that it is canceled waits on, and prints."""
    honest = SqliteStore.settle

    async def settle(self: SqliteStore, change: Change) -> Job | None:
        if change.to_state is not JobState.CANCELED:
            return await honest(self, change)
        job = await honest(self, replace(change, to_state=JobState.PENDING, on_late=OnLate.PRINT))
        return job and replace(job, state=JobState.CANCELED)

    setattr(SqliteStore, "settle", settle)


# gateways of printers that dial in


def delivers_at_the_last_frame() -> None:
    """Whatever was written to the socket is called delivered; nobody waits for the printer's pong."""

    async def acknowledged(self: Channel) -> asyncio.Future[None]:
        pong: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        pong.set_result(None)
        return pong

    setattr(Channel, "acknowledged", acknowledged)


def calls_delivered_printed() -> None:
    """The pong behind the last frame is taken for the paper."""
    honest = WeblinkLink.deliver

    async def deliver(self: WeblinkLink, *what: Any) -> Receipt:
        return replace(await honest(self, *what), evidence=Evidence.PRINTED)

    setattr(WeblinkLink, "deliver", deliver)


def an_alert_alone_proves() -> None:
    """Whoever's label came out, the oldest job is called printed, as the server did that was before us."""

    def alert(self: Prover, **_: Any) -> None:
        for report in [entry.key for entry in self.ledger._entries if entry.closed][:1]:
            self._start(report.proved(Receipt(Evidence.PRINTED, "so it says")))

    setattr(Prover, "alert", alert)


def does_not_ask_what_is_left_to_print() -> None:
    """Alerts and the counter prove also while the printer says that it has something left to print."""

    async def quiet(self: Prover, _: Channel) -> bool:
        return True

    setattr(Prover, "_quiet", quiet)


def sends_again_when_raw_is_lost() -> None:
    """What was under way when its line broke goes back to the line, with nobody asking the counter."""

    async def weigh(self: WeblinkLink, *_: Any) -> Receipt:
        raise NotReached("its line broke, so nothing of it can have come out")

    setattr(WeblinkLink, "_weigh", weigh)


def believes_that_lost_bytes_stay_lost() -> None:
    """A counter that did not move is enough to send again, though the old line may still bring the bytes."""
    setattr(RollCall, "is_complete", True)


def an_extra_main_begins_anew() -> None:
    """A printer that dials once more is taken for one that forgot everything: its lines end, its job is sent again."""
    honest = Device.main_came

    async def main_came(self: Device, main: Main) -> None:
        self.lines.abort()
        await honest(self, main)

    setattr(Device, "main_came", main_came)
    sends_again_when_raw_is_lost()


def lets_anybody_be_any_printer() -> None:
    """Whoever names a serial is that printer, as it was with the server that was before us."""

    async def judge(self: Presence, *_: Any) -> LetIn:
        return LetIn()

    setattr(Presence, "judge", judge)


WAYS: dict[str, Callable[[], None]] = {
    way.__name__: way
    for way in (
        prints_again_after_a_crash,
        acknowledges_before_the_commit,
        completes_without_printing,
        prints_again_in_doubt,
        forgets_keys,
        prints_what_it_called_off,
        delivers_at_the_last_frame,
        calls_delivered_printed,
        an_alert_alone_proves,
        does_not_ask_what_is_left_to_print,
        sends_again_when_raw_is_lost,
        believes_that_lost_bytes_stay_lost,
        an_extra_main_begins_anew,
        lets_anybody_be_any_printer,
    )
}
