"""Jobs on their way to a Zebra that dials in: frames, order, back-pressure, what counts as delivered."""

from __future__ import annotations

import asyncio
import hashlib
import random
import tracemalloc
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from fanfold.errors import Interrupted, NotReached
from fanfold.model import Evidence, PrinterOptions, Reason
from fanfold.wire import Document
from tests.peers.weblink_sink import WeblinkSink
from tests.unit.transports.weblink_dock import (
    HURRY,
    OTHER,
    SERIAL,
    Dock,
    Ear,
    both,
    dock,
    label,
)

KIB, MIB = 1024, 1024**2


@pytest.fixture
async def a_dock(tmp_path: Path) -> AsyncIterator[Dock]:
    async with dock(tmp_path, adopted=(SERIAL, OTHER)) as made:
        yield made


# --- frames


async def test_a_document_goes_in_frames_of_4096_bytes_in_order_with_one_ping_behind_the_last(a_dock: Dock) -> None:
    document = random.Random(1).randbytes(3 * 4096 + 100)
    async with both(a_dock.transport.door) as (_, raw):
        await a_dock.book.ready()
        delivery = asyncio.create_task(a_dock.deliver(document, language=""))
        await raw.until(lambda: raw.pings)
        assert [len(frame) for frame in raw.frames] == [4096, 4096, 4096, 100]
        assert b"".join(raw.frames) == document
        assert not delivery.done()
        raw.pong(b"not ours")
        raw.pong(raw.pings[0])
        receipt, ear = await delivery
    assert receipt.evidence is Evidence.DELIVERED
    assert ear.progressed[-1] == len(document)


async def test_the_counter_is_asked_for_before_the_document_and_only_of_zpl(a_dock: Dock) -> None:
    async with a_dock.zebra() as printer:
        await a_dock.book.ready()
        await a_dock.deliver(label())
        await a_dock.deliver(b"SIZE 40 mm,30 mm\r\n", language="tspl")
        came = bytes(printer.received)
    assert came.startswith(b'! U1 getvar "odometer.total_label_count"\r\n' + label())
    assert came.endswith(label() + b"SIZE 40 mm,30 mm\r\n")


async def test_a_printer_with_a_serial_of_14_characters_prints(a_dock: Dock) -> None:
    async with a_dock.zebra(OTHER) as printer:
        await a_dock.book.ready(OTHER)
        receipt, ear = await a_dock.deliver(label(), serial=OTHER)
        assert receipt.evidence is Evidence.DELIVERED
        assert len(await printer.labels_out()) == 1
        await ear.until(lambda: ear.proofs)
        assert ear.proofs[0].evidence is Evidence.PRINTED


async def test_job_after_job_comes_out_whole_and_in_order(a_dock: Dock) -> None:
    documents = [random.Random(number).randbytes(5000 + number) for number in range(20)]
    async with WeblinkSink(a_dock.url, SERIAL) as sink:
        await a_dock.book.ready()
        for document in documents:
            await a_dock.deliver(document, language="")
        assert await sink.ended(20) == documents
        assert not sink.pieces


async def test_copies_follow_one_another_in_one_job(a_dock: Dock) -> None:
    async with a_dock.zebra() as printer:
        await a_dock.book.ready()
        _, ear = await a_dock.deliver(label(), copies=3)
        assert len(await printer.labels_out(3)) == 3
        assert ear.progressed[-1] == 3 * len(label())
        await ear.until(lambda: ear.proofs)
        assert ear.proofs[0].evidence is Evidence.PRINTED


async def test_what_raw_says_unasked_late_or_as_text_ends_nothing(a_dock: Dock) -> None:
    async with both(a_dock.transport.door) as (main, raw):
        await a_dock.book.ready()
        for unasked in (b'"an answer that nobody waits for"', b"\x02030,0\x03\r\n", b"\xff\x00", b"{", b""):
            raw.say(unasked)
            raw.say(unasked, is_text=True)
            raw.pong(unasked)
            main.pong(unasked)
        delivery = asyncio.create_task(a_dock.deliver(b"x", language=""))
        await raw.until(lambda: raw.pings)
        raw.say(b"late", is_text=True)
        raw.pong(raw.pings[-1])
        assert (await delivery)[0].evidence is Evidence.DELIVERED
        assert raw.is_open
        assert main.is_open


# --- a printer that takes its time


async def test_a_slow_printer_costs_little_memory_and_holds_up_no_other(tmp_path: Path) -> None:
    big = tmp_path / "document"
    data = bytes(32 * MIB)
    big.write_bytes(data)
    document = Document(len(data), hashlib.sha256(data).hexdigest(), path=big)
    del data
    async with dock(tmp_path, adopted=(SERIAL, OTHER), options=PrinterOptions(stall_after_s=0.2)) as a_dock:
        slow = a_dock.zebra(buffer_bytes=64 * KIB, keeps_bytes=False, deaf=True)
        async with slow, a_dock.zebra(OTHER) as other:
            await a_dock.book.ready()
            await a_dock.book.ready(OTHER)
            tracemalloc.start()
            ear = Ear()
            delivery = asyncio.create_task(a_dock.deliver(document, ear, language=""))
            await ear.until(lambda: ear.stalls)
            _, peak_bytes = tracemalloc.get_traced_memory()
            tracemalloc.stop()
            assert ear.stalls[0][0] == Reason.STALLED
            [raw] = a_dock.transport.door.devices[SERIAL].lines.raws
            assert 0 < raw.line.unsent_bytes < 128 * KIB
            assert peak_bytes < 4 * MIB
            before = ear.progressed[-1]
            assert before < document.size_bytes
            receipt, _ = await a_dock.deliver(label(), serial=OTHER)
            assert receipt.evidence is Evidence.DELIVERED
            await other.labels_out()
            slow.switch(deaf=False)
            receipt, _ = await delivery
            assert receipt.evidence is Evidence.DELIVERED
            assert ear.progressed == sorted(ear.progressed)
            assert ear.progressed[-1] == document.size_bytes > before
            assert slow.received_bytes == document.size_bytes


async def test_a_printer_that_answers_no_ping_has_not_been_given_it_and_is_called_stalled(tmp_path: Path) -> None:
    async with (
        dock(tmp_path, options=PrinterOptions(stall_after_s=0.1)) as a_dock,
        a_dock.zebra(answers_pings=False) as printer,
    ):
        await a_dock.book.ready()
        ear = Ear()
        delivery = asyncio.create_task(a_dock.deliver(label(), ear))
        await ear.until(lambda: ear.stalls and ear.sents)
        assert not delivery.done()
        assert "takes no more" in ear.stalls[0][1]
        assert f"{len(label())} of {len(label())} bytes" in ear.stalls[0][1]
        await printer.labels_out()
        assert not delivery.done(), "that it printed says nothing of its having read to the end"
        delivery.cancel()
        with suppress(asyncio.CancelledError):
            await delivery


async def test_a_job_that_is_read_slowly_is_noted_with_the_counter_so_that_a_crash_finds_it(a_dock: Dock) -> None:
    async with a_dock.zebra(answers_pings=False) as printer:
        printer.press.odometer = 4711
        await a_dock.book.ready()
        ear = Ear()
        delivery = asyncio.create_task(a_dock.deliver(label(quantity=5), ear))
        await ear.until(lambda: ear.sents)
        delivery.cancel()
        with suppress(asyncio.CancelledError):
            await delivery
    assert ear.sents == ['{"counter": 4711, "prints": [1, 5], "alone": true}']


async def test_a_job_that_is_read_at_once_costs_the_disk_nothing_more(tmp_path: Path) -> None:
    async with dock(tmp_path, replace(HURRY, note_after_s=10)) as a_dock, a_dock.zebra():
        await a_dock.book.ready()
        _, ear = await a_dock.deliver(label())
        assert ear.sents == []


async def test_a_printer_that_does_not_know_its_counter_prints_as_fast_and_is_not_waited_for(a_dock: Dock) -> None:
    async with a_dock.zebra() as printer:
        live = printer.settings._live
        printer.settings._live = lambda name: "?" if name == "odometer.total_label_count" else live(name)
        await a_dock.book.ready()
        ears = [(await a_dock.deliver(label()))[1] for _ in range(10)]
        await printer.labels_out(10)
        await until_none_can_be_proven(ears)


async def test_a_printer_that_answers_nothing_prints_as_fast_and_is_not_waited_for(tmp_path: Path) -> None:
    async with dock(tmp_path, replace(HURRY, count_s=0.1)) as a_dock, WeblinkSink(a_dock.url, SERIAL) as sink:
        await a_dock.book.ready()
        ears = [(await a_dock.deliver(label()))[1] for _ in range(20)]
        assert len(await sink.ended(20)) == 20
        await until_none_can_be_proven(ears)
        await a_dock.deliver(label())
        came = await sink.ended(21)
        assert b"getvar" in came[0]
        assert b"getvar" not in came[20], "who never answers is not asked for ever"


async def until_none_can_be_proven(ears: list[Ear]) -> None:
    for ear in ears:
        await ear.until(lambda ear=ear: ear.proofs)  # type: ignore[misc]
        [proof] = ear.proofs
        assert (proof.evidence, proof.may_rise) == (Evidence.DELIVERED, False)


# --- a channel that is lost


async def test_a_channel_lost_before_the_first_byte_is_no_doubt(a_dock: Dock) -> None:
    async with a_dock.zebra() as printer:
        await a_dock.book.ready()
        async with a_dock.transport.open(a_dock.printer()) as link:
            printer.drop("raw")
            await a_dock.book.until(lambda: "raw" not in a_dock.book.open_now())
            with pytest.raises(NotReached) as lost:
                await link.deliver(a_dock.work(label()), Ear())
        assert "nothing was sent" in lost.value.says
        assert lost.value.reasons == (Reason.OFFLINE,)
        await a_dock.book.ready()
        assert await a_dock.deliver(label())
        assert len(await printer.labels_out()) == 1


async def test_a_channel_lost_in_the_midst_is_a_doubt_with_the_bytes_that_left(a_dock: Dock) -> None:
    document = b"\0" * 10 * MIB
    async with a_dock.zebra(buffer_bytes=32 * KIB, deaf=True) as printer:
        await a_dock.book.ready()
        ear = Ear()
        async with a_dock.transport.open(a_dock.printer()) as link:
            delivery = asyncio.create_task(link.deliver(a_dock.work(document, language=""), ear))
            await printer.bytes_in(32 * KIB)
            printer.drop("raw")
            with pytest.raises(Interrupted) as lost:
                await delivery
        assert 32 * KIB <= link.sent_bytes < len(document)
        assert f"{link.sent_bytes} of {len(document)} bytes" in lost.value.says
        assert SERIAL in lost.value.says
        assert lost.value.reasons == (Reason.OFFLINE,)


async def test_a_byte_that_may_have_left_is_counted(a_dock: Dock) -> None:
    async with both(a_dock.transport.door) as (_, raw):
        await a_dock.book.ready()
        raw.room.clear()
        async with a_dock.transport.open(a_dock.printer()) as link:
            delivery = asyncio.create_task(link.deliver(a_dock.work(b"x" * 100, language=""), Ear()))
            await raw.until(lambda: raw.frames)
            raw.unsent_bytes = 104
            assert link.sent_bytes == 1
            raw.abort()
            with pytest.raises(Interrupted):
                await delivery
            assert link.sent_bytes == 1


async def test_a_cancelled_job_hangs_up_so_that_the_rest_of_it_does_not_trickle_out(a_dock: Dock) -> None:
    async with WeblinkSink(a_dock.url, SERIAL) as sink:
        await a_dock.book.ready()
        ear = Ear()
        delivery = asyncio.create_task(a_dock.deliver(bytes(20 * MIB), ear, language=""))
        await ear.until(lambda: ear.progressed)
        delivery.cancel()
        with suppress(asyncio.CancelledError):
            await delivery
        await a_dock.book.until(lambda: "raw" not in a_dock.book.open_now())
        await a_dock.book.ready()
        await a_dock.deliver(b"next", language="")
        assert await sink.ended(1) == [b"next"]


@pytest.mark.parametrize("steps", range(12))
async def test_a_job_may_be_cancelled_at_any_step_and_the_next_one_comes_out_whole(a_dock: Dock, steps: int) -> None:
    async with a_dock.zebra() as printer:
        await a_dock.book.ready()
        delivery = asyncio.create_task(a_dock.deliver(label("first")))
        for _ in range(steps):
            await asyncio.sleep(0)
        delivery.cancel()
        with suppress(asyncio.CancelledError):
            await delivery
        receipt = None
        while receipt is None:
            with suppress(NotReached):
                receipt, _ = await a_dock.deliver(label("next"))
        assert receipt.evidence is Evidence.DELIVERED
        await printer.until(lambda: b"next" in b"".join(printer.printed))
        assert all(form.count(b"^XA") == 1 for form in printer.printed)


async def test_a_lost_main_line_does_not_end_a_job(a_dock: Dock) -> None:
    async with a_dock.zebra(buffer_bytes=32 * KIB, label_s=0.0, retry_s=30.0) as printer:
        await a_dock.book.ready()
        printer.fault("PAPER OUT")
        ear = Ear()
        document = label("x" * 4000) * 500
        delivery = asyncio.create_task(a_dock.deliver(document, ear))
        await printer.until(lambda: printer.full)
        printer.drop("main")
        await a_dock.book.until(lambda: "main" not in a_dock.book.open_now())
        printer.mend("PAPER OUT")
        receipt, _ = await delivery
        assert receipt.evidence is Evidence.DELIVERED
        assert len(await printer.labels_out(500)) == 500


async def test_jobs_keep_their_order_over_a_loss(a_dock: Dock) -> None:
    async with WeblinkSink(a_dock.url, SERIAL) as sink:
        await a_dock.book.ready()
        for number in range(12):
            receipt = None
            if number % 4 == 2:
                a_dock.transport.door.devices[SERIAL].lines.raws[0].line.abort()
            while receipt is None:
                with suppress(NotReached):
                    receipt, _ = await a_dock.deliver(b"%d" % number, language="")
        assert await sink.ended(12) == [b"%d" % number for number in range(12)]


async def test_a_document_that_cannot_be_read_leaves_the_channel_as_it_was(a_dock: Dock, tmp_path: Path) -> None:
    async with a_dock.zebra() as printer:
        await a_dock.book.ready()
        with pytest.raises(NotReached, match="nothing of it was sent"):
            await a_dock.deliver(Document(10, "", path=tmp_path / "gone"))
        await a_dock.deliver(label())
        await printer.labels_out()
        assert printer.opens == ["v1.raw.zebra.com"]
