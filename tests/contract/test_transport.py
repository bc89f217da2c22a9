"""What every transport promises, whatever is at its other end."""

from __future__ import annotations

import asyncio
import hashlib
import random
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest

from fanfold import registry
from fanfold.config import Settings
from fanfold.errors import Declined, NotReached, Refused
from fanfold.model import Evidence
from fanfold.wire import Document, Receipt
from tests.contract.transports import RIGS, Noted, Rig, work

MIB = 1024 * 1024


@pytest.fixture(params=sorted(RIGS))
async def rig(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Rig]:
    folder = tmp_path / "rig"
    folder.mkdir()
    async with RIGS[request.param](folder) as rig:
        yield rig


def test_every_registered_transport_has_a_rig() -> None:
    made = [make(Settings()) for make in registry.TRANSPORTS]
    assert {transport.schemes[0] for transport in made} == RIGS.keys(), "write its rig in tests/contract/transports.py"


async def printed(rig: Rig, document: Document | bytes, *, copies: int = 1, number: int = 1) -> tuple[Receipt, Noted]:
    noted = Noted()
    async with rig.transport.open(rig.printer) as link:
        return await link.deliver(work(document, copies=copies, number=number), noted), noted


@pytest.mark.parametrize(
    "document",
    [
        b"x",
        bytes(range(256)),
        b"\r\n\n\r\x00\xff\x1a\x04",
        "Größe 1 €\r\n".encode(),
        random.Random(1).randbytes(4096),
        random.Random(2).randbytes(MIB),
    ],
    ids=["one byte", "every byte", "line ends and controls", "utf-8", "4 KiB", "1 MiB"],
)
async def test_a_document_arrives_byte_for_byte(rig: Rig, document: bytes) -> None:
    receipt, _ = await printed(rig, document)
    assert await rig.paper(1) == [document]
    assert receipt.evidence >= Evidence.SENT


async def test_a_document_in_a_file_arrives_byte_for_byte(rig: Rig, tmp_path: Path) -> None:
    data = random.Random(3).randbytes(5 * MIB + 7)
    path = tmp_path / "document"
    path.write_bytes(data)
    await printed(rig, Document(len(data), hashlib.sha256(data).hexdigest(), path=path))
    assert await rig.paper(1) == [data]


async def test_copies_come_out_one_after_another_in_one_job(rig: Rig) -> None:
    await printed(rig, b"label\n", copies=3)
    assert await rig.paper(1) == [b"label\n" * 3]


async def test_job_after_job_comes_out_in_order(rig: Rig) -> None:
    for number in range(5):
        await printed(rig, b"label %d" % number, number=number)
    assert await rig.paper(5) == [b"label %d" % number for number in range(5)]


async def test_progress_never_falls_and_ends_with_every_byte(rig: Rig) -> None:
    _, noted = await printed(rig, bytes(MIB), copies=2)
    assert noted.progressed == sorted(noted.progressed)
    assert noted.progressed[-1] == (2 * MIB if rig.sends_each_copy else MIB)
    assert not noted.stalls


async def test_a_link_knows_how_many_bytes_left(rig: Rig) -> None:
    async with rig.transport.open(rig.printer) as link:
        assert link.sent_bytes == 0
        await link.deliver(work(b"12345"), Noted())
        assert link.sent_bytes == 5
    assert link.sent_bytes == 5


async def test_a_printer_that_is_away_is_not_reached_and_back_again_it_prints(rig: Rig) -> None:
    await rig.go_away()
    with pytest.raises(NotReached) as away:
        await printed(rig, b"early")
    assert away.value.reasons
    assert away.value.says
    await rig.come_back()
    await printed(rig, b"late", number=2)
    assert await rig.paper(1) == [b"late"]


async def test_a_link_that_delivers_nothing_prints_nothing(rig: Rig) -> None:
    async with rig.transport.open(rig.printer):
        pass
    await printed(rig, b"label")
    assert await rig.paper(1) == [b"label"]


@pytest.mark.parametrize("steps", range(6))
async def test_a_delivery_may_be_cancelled_at_any_step_and_the_next_job_prints(rig: Rig, steps: int) -> None:
    async with rig.transport.open(rig.printer) as link:
        delivery = asyncio.ensure_future(link.deliver(work(bytes(MIB), copies=8), Noted()))
        for _ in range(steps):
            await asyncio.sleep(0)
        delivery.cancel()
        with suppress(asyncio.CancelledError):
            await delivery
        assert 0 <= link.sent_bytes <= 8 * MIB
    await printed(rig, b"next", number=2)
    assert (await rig.paper(1))[-1] == b"next"


async def test_a_document_that_cannot_be_read_prints_nothing(rig: Rig, tmp_path: Path) -> None:
    with pytest.raises((NotReached, Declined)):
        await printed(rig, Document(10, "", path=tmp_path / "gone"))
    await printed(rig, b"next", number=2)
    assert await rig.paper(1) == [b"next"]


async def test_its_own_uris_are_accepted(rig: Rig) -> None:
    for uri in (rig.printer.uri, *rig.good_uris):
        rig.transport.check(uri)


async def test_other_uris_are_refused_with_an_example(rig: Rig) -> None:
    for uri in (*rig.bad_uris, "", "nonsense", "http://printer/", f"{rig.transport.schemes[0]}"):
        with pytest.raises(Refused) as refused:
            rig.transport.check(uri)
        assert (refused.value.code, refused.value.status) == ("bad-uri", 422)
        assert f"{rig.transport.schemes[0]}:" in refused.value.says


async def test_it_may_be_closed_twice(rig: Rig) -> None:
    await rig.transport.close()
    await rig.transport.close()
