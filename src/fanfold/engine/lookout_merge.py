"""Who was seen by several ways is one device: which sightings belong together, whatever their order. Pure.

Two sightings with a common mark are one device where the mark is of a place or of a name in the network. What devices
say of themselves (UUID, serial) is copied by makers, so of two that are at different addresses it is believed only
where they also have the same name and model: rather two entries for one printer than one entry for two.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from fanfold import marks
from fanfold.transports.base import Discovered

_SOUND = ("at:", "service:", "bonjour:", "uri:")
"""Kinds of marks that two devices cannot have at one time."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """A device, as one who looked saw it."""

    found: Discovered
    seen_by: str
    is_queue: bool = False
    """It is a queue of this machine's spooler; its marks say where the spooler sends to, not where it is itself."""

    def marks(self) -> frozenset[str]:
        """Return its marks, in the one spelling, and its own URI's."""
        told = (plain for one in self.found.marks for plain in marks.plain(one))
        return frozenset((f"uri:{self.found.uri}", *told, *(() if self.is_queue else marks.of_uri(self.found.uri))))


@dataclass(frozen=True, slots=True)
class Cluster:
    """One device: all that was seen of it, in the order given, and all its marks."""

    sightings: tuple[Sighting, ...]
    marks: frozenset[str]


def clusters(sightings: Iterable[Sighting]) -> list[Cluster]:
    """Return the devices, in the order in which they were first seen."""
    seen = list(dict.fromkeys(sightings))
    told = [one.marks() for one in seen]
    by_mark: dict[str, list[int]] = defaultdict(list)
    for number, of_one in enumerate(told):
        for mark in of_one:
            by_mark[mark].append(number)
    same = _Same(len(seen))
    addresses = [frozenset() if one.is_queue else marks.hosts(of_one) for one, of_one in zip(seen, told, strict=True)]
    for mark, numbers in by_mark.items():
        if len(numbers) > 1:
            if mark.startswith(_SOUND):
                same.join(numbers)
            else:
                _join_with_care(same, numbers, seen, addresses)
    return [
        Cluster(tuple(seen[one] for one in members), frozenset().union(*(told[one] for one in members)))
        for members in same.groups()
    ]


def _join_with_care(
    same: _Same, numbers: Sequence[int], seen: Sequence[Sighting], addresses: Sequence[Collection[str]]
) -> None:
    """Join those who have a mark in common that devices give themselves."""
    here = _Same(len(numbers))
    alike: dict[object, list[int]] = defaultdict(list)
    placed = [one for one, number in enumerate(numbers) if addresses[number]]
    for one in placed:
        for key in (*addresses[numbers[one]], _called(seen[numbers[one]].found)):
            if key is not None:
                alike[key].append(one)
    for members in alike.values():
        here.join(members)
    unplaced = [one for one, number in enumerate(numbers) if not addresses[number]]
    here.join(unplaced)
    if placed and len({here.root(one) for one in placed}) == 1:
        here.join([*unplaced, placed[0]])
    for group in here.groups():
        same.join([numbers[one] for one in group])


def _called(found: Discovered) -> tuple[str, str] | None:
    model = found.traits.model.casefold()
    return (found.name.casefold(), model) if found.name and model else None


class _Same:
    """Which of so many are one: union-find."""

    def __init__(self, size: int) -> None:
        self._above = list(range(size))

    def root(self, one: int) -> int:
        above = self._above
        while above[one] != one:
            above[one] = above[above[one]]
            one = above[one]
        return one

    def join(self, members: Sequence[int]) -> None:
        for one in members[1:]:
            first, second = sorted((self.root(members[0]), self.root(one)))
            self._above[second] = first

    def groups(self) -> list[list[int]]:
        found: Mapping[int, list[int]] = defaultdict(list)
        for one in range(len(self._above)):
            found[self.root(one)].append(one)
        return list(found.values())
