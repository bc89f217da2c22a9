"""The virtual printer: files that are whole or not there."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from fanfold.errors import NotReached, Refused
from fanfold.model import Evidence, Printer, PrinterId, Reason
from fanfold.transports.file import FileTransport, folder_of
from fanfold.wire import Document, Work
from tests.contract.transports import Noted, work


@pytest.fixture
async def transport() -> AsyncIterator[FileTransport]:
    transport = FileTransport()
    yield transport
    await transport.close()


def virtual(uri: str) -> Printer:
    return Printer(PrinterId("virtual"), "Virtual", uri)


def names(folder: Path) -> list[str]:
    return [file.name for file in folder.iterdir()]


async def put(transport: FileTransport, folder: Path, what: Work) -> None:
    async with transport.open(virtual(folder.as_uri())) as link:
        receipt = await link.deliver(what, Noted())
        assert receipt.evidence is Evidence.DELIVERED


@pytest.mark.parametrize(
    ("uri", "folder"),
    [
        ("file:/var/labels", "/var/labels"),
        ("file:///var/labels", "/var/labels"),
        ("file://localhost/var/labels", "/var/labels"),
        ("file:labels", "labels"),
        ("file:my/labels/", "my/labels"),
        ("FILE:/var/my%20labels", "/var/my labels"),
        ("file:C:/labels", "C:/labels"),
        ("file:///C:/labels", "C:/labels"),
        ("file:/a?b#c", "/a?b#c"),
    ],
)
def test_a_uri_names_a_folder(uri: str, folder: str) -> None:
    assert folder_of(uri) == Path(folder)


@pytest.mark.parametrize("uri", ["file:", "file://", "file://server/share", "file:%00", "labels", "ftp:/x"])
def test_a_uri_that_names_no_folder_is_refused(uri: str) -> None:
    with pytest.raises(Refused, match="write it like file:"):
        folder_of(uri)


@pytest.mark.parametrize(
    ("language", "media_type", "ending"),
    [
        ("zpl", "application/octet-stream", "zpl"),
        ("escpos", "application/octet-stream", "escpos"),
        ("postscript", "application/octet-stream", "ps"),
        ("", "application/pdf", "pdf"),
        ("", "text/plain; charset=utf-8", "txt"),
        ("", "application/octet-stream", "bin"),
        ("../x", "application/octet-stream", "x"),
    ],
)
async def test_a_file_is_named_by_job_attempt_and_kind(
    transport: FileTransport, tmp_path: Path, language: str, media_type: str, ending: str
) -> None:
    what = work(Document.of(b"x", media_type), language=language)
    await put(transport, tmp_path, what)
    assert names(tmp_path) == [f"{what.job}-1.{ending}"]


async def test_its_folder_is_made_when_its_parent_is_there(transport: FileTransport, tmp_path: Path) -> None:
    await put(transport, tmp_path / "new", work(b"x"))
    assert len(names(tmp_path / "new")) == 1


async def test_its_folder_is_not_made_when_its_parent_is_missing(transport: FileTransport, tmp_path: Path) -> None:
    with pytest.raises(NotReached, match="No such file") as away:
        await put(transport, tmp_path / "gone" / "new", work(b"x"))
    assert away.value.reasons == (Reason.OFFLINE,)
    assert not (tmp_path / "gone").exists()


async def test_a_file_in_the_place_of_its_folder_is_told(transport: FileTransport, tmp_path: Path) -> None:
    (tmp_path / "taken").write_bytes(b"")
    with pytest.raises(NotReached, match="taken cannot be written to"):
        await put(transport, tmp_path / "taken", work(b"x"))


async def test_a_folder_without_the_right_to_write_is_told(
    transport: FileTransport, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)  # tests may run as root, who may write everywhere
    with pytest.raises(NotReached, match="may not be written to"):
        await put(transport, tmp_path, work(b"x"))


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
async def test_a_full_disk_leaves_nothing_behind(transport: FileTransport, tmp_path: Path) -> None:
    what = work(b"x" * 100_000)
    (tmp_path / f".{what.job}-1.bin.part").symlink_to("/dev/full")
    with pytest.raises(NotReached, match="No space left"):
        await put(transport, tmp_path, what)
    assert names(tmp_path) == []


async def test_what_a_crash_left_unfinished_is_hidden_and_in_nobodys_way(
    transport: FileTransport, tmp_path: Path
) -> None:
    what = work(b"whole")
    (tmp_path / f".{what.job}-1.bin.part").write_bytes(b"something longer than it")
    await put(transport, tmp_path, what)
    assert names(tmp_path) == [f"{what.job}-1.bin"]
    assert (tmp_path / f"{what.job}-1.bin").read_bytes() == b"whole"


async def test_the_file_appears_only_when_it_is_whole(
    transport: FileTransport, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[list[str]] = []
    sync = os.fsync

    def look_and_sync(handle: int) -> None:
        seen.append(names(tmp_path))
        sync(handle)

    monkeypatch.setattr(os, "fsync", look_and_sync)
    what = work(b"x")
    await put(transport, tmp_path, what)
    assert seen == [[f".{what.job}-1.bin.part"], [f"{what.job}-1.bin"]]


async def test_a_cancelled_delivery_never_appears_though_its_thread_goes_on(
    transport: FileTransport, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop = asyncio.get_running_loop()
    syncing, ended = asyncio.Event(), asyncio.Event()
    go_on = threading.Event()
    unlink = Path.unlink

    def slow_sync(handle: int) -> None:
        loop.call_soon_threadsafe(syncing.set)
        go_on.wait()

    def noted_unlink(path: Path, missing_ok: bool = False) -> None:
        unlink(path, missing_ok)
        loop.call_soon_threadsafe(ended.set)

    monkeypatch.setattr(os, "fsync", slow_sync)
    monkeypatch.setattr(Path, "unlink", noted_unlink)
    noted = Noted()
    async with transport.open(virtual(tmp_path.as_uri())) as link:
        delivery = asyncio.ensure_future(link.deliver(work(b"x" * 10), noted))
        await syncing.wait()
        delivery.cancel()
        with pytest.raises(asyncio.CancelledError):
            await delivery
        assert link.sent_bytes == 0
    go_on.set()
    await ended.wait()
    assert names(tmp_path) == []
    assert noted.progressed == [0]


async def test_a_delivery_that_is_cancelled_too_late_says_that_its_bytes_left(
    transport: FileTransport, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop = asyncio.get_running_loop()
    placed = asyncio.Event()
    go_on = threading.Event()
    sync = os.fsync

    def sync_slow_after_placing(handle: int) -> None:
        sync(handle)
        if not list(tmp_path.glob(".*")):
            loop.call_soon_threadsafe(placed.set)
            go_on.wait()

    monkeypatch.setattr(os, "fsync", sync_slow_after_placing)
    noted = Noted()
    async with transport.open(virtual(tmp_path.as_uri())) as link:
        delivery = asyncio.ensure_future(link.deliver(work(b"x" * 10), noted))
        await placed.wait()
        delivery.cancel()
        with pytest.raises(asyncio.CancelledError):
            await delivery
        assert link.sent_bytes == 10
    go_on.set()
    assert noted.progressed == [10]


async def test_a_folder_that_does_not_answer_is_not_waited_for(
    transport: FileTransport, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on = threading.Event()
    monkeypatch.setattr("fanfold.transports.file.OPEN_LIMIT_S", 0.05)
    monkeypatch.setattr("fanfold.transports.file._stand_ready", lambda _: go_on.wait())
    with pytest.raises(NotReached, match="does not answer"):
        await put(transport, tmp_path, work(b"x"))
    go_on.set()
