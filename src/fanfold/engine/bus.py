"""Events to whoever listens: a wake-up, and the store's history read on from there. The store alone remembers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

from fanfold.messages import Event
from fanfold.store.base import Store


class Bus:
    """Wakes readers of the history. A slow reader misses nothing: it reads on from where it was."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._news = asyncio.Event()
        self._closed = False
        store.watch(self._wake)

    def close(self) -> None:
        """End all readings once they have what is there."""
        self._closed = True
        self._wake()

    async def read(self, after: int | None) -> AsyncIterator[Event]:
        """Yield events whose ids are above `after` (None: only new ones), for ever, in order."""
        seen = self._store.last_event_id() if after is None else after
        while True:
            news = self._news
            batch = await self._store.events(seen)
            for event in batch:
                yield event
                seen = event.id
            if batch:
                continue
            if self._closed:
                return
            await news.wait()

    def _wake(self, events: Sequence[Event] = ()) -> None:
        self._news.set()
        self._news = asyncio.Event()
