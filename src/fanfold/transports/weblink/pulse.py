"""Notices dead lines, and keeps quiet ones open through proxies: one sweep over all of them. Knows no message."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

from fanfold.config import Weblink
from fanfold.transports.weblink.channel import Channel
from fanfold.transports.weblink.lines import Lines, Main

SWEEPS = 4
"""In the shortest of the times that it must keep."""
LONGEST_S = 5.0
AT_ONCE = 50
"""Printers between two breaths of the loop."""
ALIVE = b"fanfold"
"""Payload of pings that nobody waits for."""


async def beat(lines: Callable[[], Iterable[Lines]], manners: Weblink) -> None:
    """Ping lines that were silent for `ping_s` in either direction, hang up on those for `dead_after_s`; for ever."""
    every_s = min(LONGEST_S, manners.ping_s / SWEEPS, manners.dead_after_s / SWEEPS)
    while True:
        await asyncio.sleep(every_s)
        now_s = asyncio.get_running_loop().time()
        for number, some in enumerate(list(lines()), 1):
            for one in list(some.all()):
                if one.line.is_open:
                    await _look(one, some, now_s, manners)
            if number % AT_ONCE == 0:
                await asyncio.sleep(0)  # thousands that came at once are pinged at once, which takes its time with TLS


async def _look(one: Main | Channel, lines: Lines, now_s: float, manners: Weblink) -> None:
    silent_s = now_s - one.line.heard_s
    if silent_s > manners.dead_after_s and not _is_excused(one, lines, now_s, manners):
        one.line.abort()
    elif now_s - min(one.line.heard_s, one.line.sent_s) > manners.ping_s and now_s - one.pinged_s > manners.ping_s:
        one.pinged_s = now_s
        try:
            await one.line.ping(ALIVE)
        except ConnectionError:
            return  # its reader learns of it too


def _is_excused(one: Main | Channel, lines: Lines, now_s: float, manners: Weblink) -> bool:
    """A printer that takes no more of raw (no paper, its buffer full) answers no ping there, and is there after all.

    That is known by its other lines, but not by those that it dialled since: after a restart it knows nothing of the
    job any more.
    """
    if not isinstance(one, Channel) or not (one.busy or lines.may_be_full()):
        return False
    witnesses = (other for other in lines.all() if other is not one and other.opened_s <= one.line.heard_s)
    return any(now_s - witness.line.heard_s <= manners.dead_after_s for witness in witnesses)
