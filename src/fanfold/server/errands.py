"""Commands on their way to the engine: each is asked of access, and is brought to its end though its asker be gone."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Coroutine
from pathlib import PurePath
from typing import Any

from fanfold.messages import Caller, Command, Follow, Refusal, Reply
from fanfold.server.access import Admission, may
from fanfold.server.base import Engine


class Errands:
    """Holds every task that must not be lost: a submit that is half done when its page goes away is finished."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._tasks: set[asyncio.Task[Any]] = set()
        self._waits: set[asyncio.Task[Reply]] = set()

    def start(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Run it as a task of its own."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def do(self, command: Command, caller: Caller, admission: Admission) -> Reply:
        """Have a command done, if this caller may ask for it."""
        return may(command, admission) or await self._engine.do(command, caller)

    async def see_through(self, command: Command, caller: Caller, admission: Admission) -> Reply:
        """Like `do`, for askers that may be cancelled: only waiting ends with them, doing does not."""
        if isinstance(command, Follow):
            return await self._wait(self.start(self.do(command, caller, admission)))
        done: Reply = await asyncio.shield(self.start(self.do(command, caller, admission)))
        return done

    def end_waits(self) -> None:
        """Let all go who only wait for a job: the gateway stops, and the job is kept."""
        for wait in self._waits:
            wait.cancel()

    async def _wait(self, wait: asyncio.Task[Reply]) -> Reply:
        self._waits.add(wait)
        try:
            return await wait
        except asyncio.CancelledError:
            asker = asyncio.current_task()
            if asker is not None and asker.cancelling():
                raise
            return Refusal("shutting-down", "The gateway is stopping. The job is kept; ask for it later.", 503)
        finally:
            self._waits.discard(wait)

    async def finish(self, within_s: float) -> None:
        """Wait for what is under way; what takes longer is cancelled."""
        if not self._tasks:
            return
        _, late = await asyncio.wait(self._tasks, timeout=within_s)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)


def where(error: BaseException) -> str:
    """Say what broke and where, without its words: those of a parser may quote a document."""
    frames = traceback.extract_tb(error.__traceback__)
    at = "".join(f" at {PurePath(frame.filename).name}:{frame.lineno}" for frame in frames[-1:])
    return f"{type(error).__name__}{at}"
