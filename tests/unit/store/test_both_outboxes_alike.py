from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fanfold.store.base import Letter
from tests.contract.stores import KINDS, Whole, letter, open_store

HOOKS = ("till", "scans")


@dataclass(frozen=True, slots=True)
class Post:
    """Move the cursor, with letters."""

    webhook: str
    letters: tuple[Letter, ...]


@dataclass(frozen=True, slots=True)
class Take:
    """Take the letters that are next at these places."""

    webhook: str
    places: frozenset[int]


@dataclass(frozen=True, slots=True)
class PutOff:
    """Put off the letters that are next at these places; or give them up."""

    webhook: str
    places: frozenset[int]
    next_s: float
    dead: bool


@dataclass(frozen=True, slots=True)
class Revive:
    """Revive all that died."""

    webhook: str


@dataclass(frozen=True, slots=True)
class Drop:
    """Drop the webhook."""

    webhook: str


@dataclass(frozen=True, slots=True)
class Sweep:
    """Drop the dead."""


hooks = st.sampled_from(HOOKS)
times = st.sampled_from([1.0, 2.0, 3.0])
letters = st.builds(
    lambda event, subject, next_s: letter(event, subject, next_s=next_s),
    st.integers(1, 9),
    st.sampled_from(["a", "b", "c"]),
    times,
)
places = st.frozensets(st.integers(0, 3), max_size=3)
steps = st.lists(
    st.builds(Post, hooks, st.lists(letters, max_size=5).map(tuple))
    | st.builds(Take, hooks, places)
    | st.builds(PutOff, hooks, places, times, st.booleans())
    | st.builds(Revive, hooks)
    | st.builds(Drop, hooks)
    | st.just(Sweep()),
    max_size=25,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(steps)
def test_whatever_is_posted_both_stores_say_the_same(asked: Sequence[object]) -> None:
    said = {kind: asyncio.run(answered(kind, asked)) for kind in KINDS}
    assert said["memory"] == said["sqlite"]


async def answered(kind: str, asked: Sequence[object]) -> list[object]:
    with tempfile.TemporaryDirectory() as place:
        store = await open_store(kind, Path(place))
        said: list[object] = []
        for number, step in enumerate(asked):
            said.append(await answer(store, number, step))
            said += [await seen(store, webhook) for webhook in HOOKS]
        await store.close()
        return said


async def answer(store: Whole, number: int, step: object) -> object:
    match step:
        case Post(webhook, new):
            await store.post(webhook, number, new)
        case Take(webhook, places):
            await store.taken(webhook, [one.id for one in await at(store, webhook, places)])
        case PutOff(webhook, places, next_s, dead):
            tried = [replace(one, tries=number, next_s=next_s) for one in await at(store, webhook, places)]
            await store.put_off(tried, dead=dead)
        case Revive(webhook):
            return await store.revive(webhook, 2.0)
        case Drop(webhook):
            await store.drop_webhook(webhook)
        case _:
            return await store.sweep(0, 0)
    return None


async def at(store: Whole, webhook: str, places: frozenset[int]) -> list[Letter]:
    """Return letters at these places among those that wait and, behind them, those that died."""
    there = [*await store.next_letters(webhook), *await store.dead_letters(webhook)]
    return [one for place, one in enumerate(there) if place in places]


async def seen(store: Whole, webhook: str) -> tuple[object, ...]:
    return (
        await store.postbox(webhook),
        list(await store.next_letters(webhook)),
        list(await store.dead_letters(webhook)),
        await store.waiting_subjects(webhook),
        list(await store.webhooks()),
    )
