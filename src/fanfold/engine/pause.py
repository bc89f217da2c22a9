"""Waiting for an event, but not for ever."""

from __future__ import annotations

import asyncio


async def until_set(event: asyncio.Event, within_s: float) -> None:
    """Return when the event is set or the time is over, whichever comes first."""
    try:
        async with asyncio.timeout(within_s):
            await event.wait()
    except TimeoutError:
        return
