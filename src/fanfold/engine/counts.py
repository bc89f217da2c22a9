"""How many jobs came into each state since the start. Knows the history's rows only."""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Mapping, Sequence

from fanfold.messages import Event, JobChanged
from fanfold.model import JobId, JobState
from fanfold.store.base import Store

REMEMBERED_JOBS = 8192
"""Evidence that rises makes another row in the same state; a job is counted once per state it comes into."""


class Counts:
    """Counts as the store commits."""

    def __init__(self, store: Store) -> None:
        self._entered: Counter[JobState] = Counter(dict.fromkeys(JobState, 0))
        self._last: OrderedDict[JobId, JobState] = OrderedDict()
        store.watch(self._count)

    @property
    def entered(self) -> Mapping[JobState, int]:
        """By state."""
        return self._entered

    def _count(self, events: Sequence[Event]) -> None:
        last = self._last
        for event in events:
            if isinstance(event, JobChanged) and last.get(event.job) is not event.state:
                self._entered[event.state] += 1
                last[event.job] = event.state
                if len(last) > REMEMBERED_JOBS:
                    last.popitem(last=False)
