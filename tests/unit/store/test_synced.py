"""Accepted means kept: what must be on the disk itself before it is acknowledged. A power cut cannot be tested."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from fanfold.messages import Event
from fanfold.store.opening import open_parts
from fanfold.store.sqlite import SqliteStore
from tests.contract.stores import LARGE, LIMITS, new_job

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks through Linux's own list of open files")


def test_each_commit_waits_for_the_disk(tmp_path: Path) -> None:
    opened = open_parts(tmp_path / "data")
    try:
        (full,) = opened.db.execute("PRAGMA synchronous").fetchone()
        (mode,) = opened.db.execute("PRAGMA journal_mode").fetchone()
    finally:
        opened.parts.close()
    assert (full, mode) == (2, "wal"), "https://sqlite.org/pragma.html#pragma_synchronous: 2 is FULL"


@pytest.mark.parametrize("streamed", [True, False])
async def test_a_large_document_and_its_name_are_synced_before_its_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, streamed: bool
) -> None:
    store = await SqliteStore.open(tmp_path / "data")
    happened: list[str] = []
    fsync = os.fsync

    def noted(handle: int) -> None:
        happened.append(Path(f"/proc/self/fd/{handle}").resolve().name)
        fsync(handle)

    def committed(events: Sequence[Event]) -> None:
        happened.append("commit")

    monkeypatch.setattr("fanfold.store.documents.os.fsync", noted)
    store.watch(committed)
    job, document = new_job(), LARGE
    if streamed:
        path = store.incoming / "body"
        path.write_bytes(LARGE.data or b"")
        document = type(LARGE)(LARGE.size_bytes, LARGE.sha256, LARGE.media_type, path=path)
    await store.add(job, document, LIMITS, "f")
    assert happened == ["body" if streamed else job.id, "documents", "commit"]
    await store.close()
