"""Events to whoever listens: a wake-up and the tail of the store's history. The store alone remembers."""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from collections.abc import AsyncIterator, Sequence
from operator import attrgetter

from fanfold.messages import Event
from fanfold.store.base import Store

TAIL_EVENTS = 4096
"""Kept in memory, so that listeners who keep up cost no read of the store."""

_by_id = attrgetter("id")


class Bus:
    """Wakes readers of the history. A slow reader misses nothing: it falls back on the store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._tail: list[Event] = []
        self._tail_starts_after = store.last_event_id()
        self._news = asyncio.Event()
        self._closed = False

    def publish(self, events: Sequence[Event]) -> None:
        """Take a commit's events, in order."""
        self._tail.extend(events)
        if len(self._tail) > 2 * TAIL_EVENTS:
            self._tail_starts_after = self._tail[-TAIL_EVENTS - 1].id
            self._tail = self._tail[-TAIL_EVENTS:]
        self._wake()

    def close(self) -> None:
        """End all readings once they have what is there."""
        self._closed = True
        self._wake()

    async def read(self, after: int | None) -> AsyncIterator[Event]:
        """Yield events whose ids are above `after` (None: only new ones), for ever, in order."""
        seen = self._store.last_event_id() if after is None else after
        while True:
            news = self._news
            batch = await self._next(seen)
            for event in batch:
                yield event
                seen = event.id
            if batch:
                continue
            if self._closed:
                return
            await news.wait()

    async def _next(self, after: int) -> Sequence[Event]:
        if after >= self._tail_starts_after:
            return self._tail[bisect_right(self._tail, after, key=_by_id) :]
        return await self._store.events(after)

    def _wake(self) -> None:
        self._news.set()
        self._news = asyncio.Event()
