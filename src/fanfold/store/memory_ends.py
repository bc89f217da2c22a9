"""What ends: it takes no more verbs once it is closed. Knows no verb."""

from __future__ import annotations

from fanfold import clock
from fanfold.errors import StoreFailed


class Ends:
    """What every part of a store in memory has: an age, and an end."""

    def __init__(self) -> None:
        self._born_s = clock.uptime_s()
        self._closed = False

    @property
    def age_s(self) -> float:
        """How long this store has lived."""
        return clock.uptime_s() - self._born_s

    async def close(self) -> None:
        """Take no more verbs. Idempotent."""
        self._closed = True

    def _check_open(self) -> None:
        if self._closed:
            raise StoreFailed("The store is closed: the gateway is shutting down. Ask again when it runs.")
