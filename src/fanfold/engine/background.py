"""Tasks that outlive the call that started them: kept, named, their failures told. Nothing runs unwatched."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

from fanfold import clock

log = logging.getLogger(__name__)

LATE_S = 300.0
"""How long a failure is told by the health answer."""


class Background:
    """A set of tasks; one that fails is logged with its trace and harms no other."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()
        self._failures: list[tuple[float, str]] = []
        self.closed = False
        """Whether nothing new is to be started: it would not be ended."""

    @property
    def failures(self) -> list[str]:
        """What failed of late, in words, for the health answer."""
        return [says for at_s, says in self._failures if clock.uptime_s() - at_s < LATE_S]

    def start(self, work: Coroutine[Any, Any, Any], name: str) -> asyncio.Task[Any]:
        """Run it as a task of its own."""
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    async def close(self) -> None:
        """Cancel what still runs and wait for its end."""
        self.closed = True
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def fault(self, name: str, error: BaseException) -> None:
        """Tell the log and the health answer of a fault; for tasks that go on after one."""
        self._failures = [*self._failures[-9:], (clock.uptime_s(), f"{name}: {error!r}")]
        log.error("the task %s met a fault", name, exc_info=error)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self.fault(task.get_name(), error)
