from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import pytest

from fanfold.model import JobId, JobState
from fanfold.store.documents import DOCUMENTS
from fanfold.store.sqlite import SqliteStore
from tests.contract.stores import BAR, LABEL, LARGE, TILL, bytes_of


async def said_until_killed(directory: Path, lines: int) -> list[tuple[str, JobId]]:
    """Let a producer run until it has said so many lines, kill it, and return all that it said."""
    producer = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.unit.store.producer",
        str(directory),
        stdout=asyncio.subprocess.PIPE,
        cwd=Path(__file__).parents[3],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(("src", "."))},
    )
    assert producer.stdout is not None
    said = [await producer.stdout.readline() for _ in range(lines)]
    producer.kill()
    said += (await producer.stdout.read()).splitlines(keepends=True)
    await producer.wait()
    whole = [line.decode().split() for line in said if line.endswith(b"\n")]
    return [(word, JobId(job)) for word, job in whole]


@pytest.mark.crash
@pytest.mark.parametrize("lines", [1, 150, 700, 1500])
async def test_what_was_acknowledged_outlives_a_kill(tmp_path: Path, lines: int) -> None:
    said = await said_until_killed(tmp_path, lines)
    store = await SqliteStore.open(tmp_path)
    done = {job for word, job in said if word == "done"}
    for word, name in said:
        job = await store.job(name)
        assert job is not None, f"{word} {name} is lost"
        assert job.state is JobState.COMPLETED or name not in done
        timeline = await store.timeline(name)
        assert timeline[-1].state is job.state
        assert await bytes_of(await store.document(name)) == (LARGE if job.printer == BAR else LABEL).data
    counted = (store.waiting(TILL) + store.waiting(BAR), len(await store.unsettled()))
    assert counted[1] <= 1
    events = await store.events(0, limit=1_000_000)
    assert store.last_event_id() == events[-1].id == len(events)
    added = sum(1 for event in events if getattr(event, "state", None) is JobState.PENDING)
    ended = sum(1 for event in events if getattr(event, "state", None) is JobState.COMPLETED)
    assert sum(counted) == added - ended
    assert len(list((tmp_path / DOCUMENTS).iterdir())) == store.waiting(BAR)
    await store.close()
