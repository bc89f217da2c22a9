"""Runs simulated printers from a shell until they are told to stop. Knows no printer."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any


def run(work: Coroutine[Any, Any, None]) -> None:
    """Run the work until it ends, or until Ctrl-C or SIGTERM cancels it, which is a good end too."""
    with suppress(KeyboardInterrupt, asyncio.CancelledError):
        asyncio.run(_stoppable(work))


async def _stoppable(work: Coroutine[Any, Any, None]) -> None:
    task = asyncio.ensure_future(work)
    loop = asyncio.get_running_loop()
    with suppress(NotImplementedError):  # Windows: there Ctrl-C comes as KeyboardInterrupt
        for number in (signal.SIGINT, signal.SIGTERM):
            # Python's own way to a cancelled task is missed by a loop that is just about to wait, and then waits on
            loop.add_signal_handler(number, task.cancel)
    await task


def say(line: str) -> None:
    """Print a line at once, also into a pipe."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
