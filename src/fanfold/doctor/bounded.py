"""Lets a call take only so long: what hangs in the system is left behind. Knows no check."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class _Call(threading.Thread, Generic[T]):
    """One call in a thread of its own. A daemon: who hangs must not keep the command from ending."""

    def __init__(self, call: Callable[[], T]) -> None:
        super().__init__(daemon=True)
        self._call = call
        self.results: list[T] = []
        self.failures: list[Exception] = []

    def run(self) -> None:
        """Keep what the call gives or raises."""
        try:
            self.results.append(self._call())
        except Exception as error:  # noqa: BLE001  # raised again where it was called
            self.failures.append(error)


def bounded(call: Callable[[], T], within_s: float) -> T:
    """Return what the call returns. Raises what it raises, or TimeoutError; then it goes on, and nobody waits."""
    made = _Call(call)
    made.start()
    made.join(within_s)
    for failure in made.failures:
        raise failure
    for result in made.results:
        return result
    raise TimeoutError
