"""What a Zebra that dials in proves of its jobs: alerts and labels together, and what its counter says after a loss."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from fanfold.config import Weblink
from fanfold.errors import Interrupted, NotReached
from fanfold.model import Evidence, Job, JobState, PrinterId, Reason, new_job_id
from fanfold.simulate.weblink import WeblinkPrinter
from fanfold.simulate.weblink import configured as weblink_configured
from fanfold.simulate.weblink import settings as weblink_settings
from fanfold.transports.base import Found
from fanfold.transports.weblink.proof import Counted, Reading, Unknown, judge
from fanfold.wire import Prints, Receipt
from tests.unit.server.stage import until
from tests.unit.transports.weblink_dock import HURRY, SERIAL, Dock, Ear, dock, label


@pytest.fixture
async def a_dock(tmp_path: Path) -> AsyncIterator[Dock]:
    async with dock(tmp_path) as made:
        yield made


async def proven(ear: Ear) -> Receipt:
    """Wait for what is known of a job in the end."""
    await ear.until(lambda: ear.proofs)
    [receipt] = ear.proofs
    assert not ear.disproofs
    return receipt


# --- printed


@pytest.mark.parametrize(
    ("document", "labels"),
    [
        (label(), 1),
        (label(quantity=5), 5),
        (label("a") + label("b", quantity=2) + label("c"), 4),
        (b"^XA^DFR:SHELF.ZPL^FO10,10^FN1^FS^XZ\r\n" + b"^XA^XFR:SHELF.ZPL^FN1^FDx^FS^XZ", 1),
    ],
    ids=["one label", "five of one", "several formats", "a stored format and its use"],
)
async def test_a_job_is_printed_when_its_alerts_came_and_its_labels_are_counted(
    a_dock: Dock, document: bytes, labels: int
) -> None:
    async with a_dock.zebra() as printer:
        await a_dock.book.ready()
        receipt, ear = await a_dock.deliver(document)
        assert (receipt.evidence, receipt.may_rise) == (Evidence.DELIVERED, True)
        assert (await proven(ear)).evidence is Evidence.PRINTED
        assert printer.labels == labels


async def test_a_format_that_is_only_stored_prints_nothing_and_is_not_waited_for(a_dock: Dock) -> None:
    async with a_dock.zebra() as printer:
        await a_dock.book.ready()
        receipt, ear = await a_dock.deliver(b"^XA^DFR:SHELF.ZPL^FO10,10^FN1^FS^XZ\r\n")
        assert (receipt.evidence, receipt.may_rise) == (Evidence.DELIVERED, False)
        _, after = await a_dock.deliver(label())
        assert (await proven(after)).evidence is Evidence.PRINTED
        assert [*ear.proofs, len(printer.alerts)] == [1]


async def test_jobs_back_to_back_are_each_proven(a_dock: Dock) -> None:
    async with a_dock.zebra(label_s=0.005, alert_lag_s=0.05) as printer:
        await a_dock.book.ready()
        ears = [(await a_dock.deliver(label(str(number), quantity=number % 3)))[1] for number in range(30)]
        for ear in ears:
            assert (await proven(ear)).evidence is Evidence.PRINTED
        assert printer.printed_formats == 30


async def test_an_alert_in_the_display_s_language_counts_as_well(a_dock: Dock) -> None:
    async with a_dock.zebra(localised=True):
        await a_dock.book.ready()
        _, ear = await a_dock.deliver(label())
        assert (await proven(ear)).evidence is Evidence.PRINTED


async def test_a_printer_out_of_paper_has_not_printed_until_it_is_mended(a_dock: Dock) -> None:
    async with a_dock.zebra() as printer:
        await a_dock.book.ready()
        printer.fault("PAPER OUT")
        receipt, ear = await a_dock.deliver(label())
        assert receipt.evidence is Evidence.DELIVERED
        assert not ear.proofs
        printer.mend("PAPER OUT")
        assert (await proven(ear)).evidence is Evidence.PRINTED


async def test_a_printer_that_never_tells_its_status_proves_by_a_count_that_stays(a_dock: Dock) -> None:
    async with a_dock.zebra() as printer:
        live = printer.settings._live
        printer.settings._live = lambda name: "?" if name == "device.host_status" else live(name)
        await a_dock.book.ready()
        _, ear = await a_dock.deliver(label())
        assert (await proven(ear)).evidence is Evidence.PRINTED


async def test_the_last_label_of_a_roll_is_proven_once_there_is_paper_again(tmp_path: Path) -> None:
    async with dock(tmp_path, replace(HURRY, status_s=0.05)) as a_dock, a_dock.zebra(alert_lag_s=0.02) as printer:
        await a_dock.book.ready()
        _, ear = await a_dock.deliver(label())
        await printer.labels_out()
        printer.fault("PAPER OUT")
        await printer.alerted(2)
        prover = a_dock.transport.door.devices[SERIAL].prover
        await until(lambda: prover._looking is not None and prover._looking.done())
        assert not ear.proofs
        printer.mend("PAPER OUT")
        assert (await proven(ear)).evidence is Evidence.PRINTED


# --- others print too


async def test_alerts_of_others_neither_block_nor_confirm(a_dock: Dock) -> None:
    async with a_dock.zebra() as printer:
        await a_dock.book.ready()
        for _ in range(3):
            printer.alert("PQ JOB COMPLETED")
        _, first = await a_dock.deliver(label())
        assert (await proven(first)).evidence is Evidence.PRINTED
        printer.print_elsewhere(2)
        _, second = await a_dock.deliver(label())
        assert (await proven(second)).evidence is Evidence.PRINTED


@pytest.mark.parametrize("fault", ["PRINTER PAUSED", "PAPER OUT"])
async def test_a_label_sent_through_usb_before_ours_is_not_taken_for_it(tmp_path: Path, fault: str) -> None:
    """Some printers do not tell their status when the paper is out: the count alone looks as if ours had come out."""
    async with dock(tmp_path, replace(HURRY, status_s=0.05, apart_s=0.01)) as a_dock, a_dock.zebra() as printer:
        await a_dock.book.ready()
        printer.fault(fault)
        _, ear = await a_dock.deliver(label())
        printer.print_elsewhere(1)
        prover = a_dock.transport.door.devices[SERIAL].prover
        await until(lambda: prover._round >= a_dock.pace.readings)
        assert not ear.proofs
        printer.mend(fault)
        receipt = await proven(ear)
        assert receipt.evidence is Evidence.DELIVERED, "by its counter two labels came out, and one is ours"
        _, next_ear = await a_dock.deliver(label())
        assert (await proven(next_ear)).evidence is Evidence.PRINTED


async def test_a_printer_that_knows_no_status_setting_is_asked_for_it_in_its_language(
    a_dock: Dock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a label of somebody else's that came out first, ours waiting to be taken, would count as ours."""
    monkeypatch.delitem(weblink_configured.LIVE, "device.host_status")
    monkeypatch.setattr(weblink_settings, "rows", dict)
    async with a_dock.zebra() as printer:
        await a_dock.book.ready()
        _, ear = await a_dock.deliver(label())
        assert (await proven(ear)).evidence is Evidence.PRINTED
        assert b"~HS" in printer.received


async def test_a_job_whose_alert_got_lost_is_given_up_and_blocks_none_behind_it(tmp_path: Path) -> None:
    async with dock(tmp_path, replace(HURRY, late_s=0.1)) as a_dock, a_dock.zebra() as printer:
        await a_dock.book.ready()
        say = printer._say_on_main
        printer._say_on_main = lambda data, slot: True  # type: ignore[method-assign]
        _, lost = await a_dock.deliver(label())
        assert (await proven(lost)).evidence is Evidence.DELIVERED
        printer._say_on_main = say  # type: ignore[method-assign]
        _, ear = await a_dock.deliver(label())
        assert (await proven(ear)).evidence is Evidence.PRINTED


async def test_a_printer_that_was_asked_for_no_alerts_is_not_waited_for(tmp_path: Path) -> None:
    async with (
        dock(tmp_path, replace(HURRY, late_s=0.1), manners=Weblink(alerts=False)) as a_dock,
        a_dock.zebra() as printer,
    ):
        await a_dock.book.ready()
        _, ear = await a_dock.deliver(label())
        receipt = await proven(ear)
        assert (receipt.evidence, receipt.may_rise) == (Evidence.DELIVERED, False)
        assert printer.labels == 1


async def test_a_label_too_many_is_no_proof(a_dock: Dock) -> None:
    async with a_dock.zebra() as printer:
        await a_dock.book.ready()
        printer.fault("PRINTER PAUSED")
        _, ear = await a_dock.deliver(label())
        printer.press.odometer += 1  # somebody's, whose alert is not ours to hear
        printer.mend("PRINTER PAUSED")
        assert (await proven(ear)).evidence is Evidence.DELIVERED


# --- the printer is reset, or its channel breaks


async def test_what_a_reset_printer_has_forgotten_is_told_though_the_next_job_prints(a_dock: Dock) -> None:
    async with a_dock.zebra() as printer:
        await a_dock.book.ready()
        printer.fault("PRINTER PAUSED")
        _, lost = await a_dock.deliver(label("lost"))
        assert not lost.proofs
        printer.reset()
        await printer.alone()
        _, ear = await deliver_when_it_is_back(a_dock, label("next"))
        await lost.until(lambda: lost.disproofs)
        assert "labels are missing" in lost.disproofs[0]
        assert not lost.proofs
        assert (await proven(ear)).evidence is Evidence.PRINTED
        assert printer.labels == 1


async def test_of_several_jobs_in_a_reset_printer_those_that_came_out_are_not_called_lost(a_dock: Dock) -> None:
    async with a_dock.zebra() as printer:
        await a_dock.book.ready()
        _, out = await a_dock.deliver(label("out"))
        assert (await proven(out)).evidence is Evidence.PRINTED
        printer.fault("PRINTER PAUSED")
        ears = [(await a_dock.deliver(label(text)))[1] for text in ("a", "b")]
        printer.reset()
        for ear in ears:
            await ear.until(lambda ear=ear: ear.disproofs)  # type: ignore[misc]
        assert not out.disproofs


async def test_a_printer_whose_raw_channel_only_broke_has_lost_nothing(a_dock: Dock) -> None:
    async with a_dock.zebra() as printer:
        await a_dock.book.ready()
        printer.fault("PRINTER PAUSED")
        _, ear = await a_dock.deliver(label())
        printer.drop("raw")
        await a_dock.book.until(lambda: "raw" not in a_dock.book.open_now())
        await a_dock.book.ready()
        _, second = await a_dock.deliver(label())
        printer.mend("PRINTER PAUSED")
        assert (await proven(ear)).evidence is Evidence.PRINTED
        assert (await proven(second)).evidence is Evidence.PRINTED


@pytest.mark.parametrize(
    ("language", "first"), [("zpl", b"^XA^FO9,9^FDx^FS^QQ^XZ"), ("", label())], ids=["undocumented", "not known as ZPL"]
)
async def test_a_label_that_was_lost_is_not_called_printed_for_one_ahead_that_could_not_be_counted(
    a_dock: Dock, language: str, first: bytes
) -> None:
    async with a_dock.zebra(label_s=0.05) as printer:
        await a_dock.book.ready()
        printer.fault("PRINTER PAUSED")
        await a_dock.deliver(first, language=language)
        _, lost = await a_dock.deliver(label())
        printer.mend("PRINTER PAUSED")
        await printer.labels_out(1)
        printer.reset()
        assert (await proven(lost)).evidence is Evidence.DELIVERED
        assert printer.labels == 1


async def deliver_when_it_is_back(a_dock: Dock, data: bytes, ear: Ear | None = None) -> tuple[Receipt, Ear]:
    await a_dock.book.until(lambda: "raw" not in a_dock.book.open_now())
    await a_dock.book.ready()
    return await a_dock.deliver(data, ear)


async def broken_off(a_dock: Dock, printer: WeblinkPrinter, document: bytes, ear: Ear) -> asyncio.Task[Receipt]:
    """Send a job of which the printer does not say that it has read it."""
    printer.switch(answers_pings=False)

    async def deliver() -> Receipt:
        return (await a_dock.deliver(document, ear))[0]

    delivery = asyncio.create_task(deliver())
    await ear.until(lambda: ear.sents)
    printer.switch(answers_pings=True)
    return delivery


async def test_a_job_broken_off_that_printed_by_the_counter_is_printed(a_dock: Dock) -> None:
    async with a_dock.zebra() as printer:
        await a_dock.book.ready()
        ear = Ear()
        delivery = await broken_off(a_dock, printer, label(quantity=3), ear)
        await printer.labels_out(3)
        printer.drop("raw")
        receipt = await delivery
        assert receipt.evidence is Evidence.PRINTED
        assert ear.stalls[-1][0] == Reason.OFFLINE
        assert "label counter" in receipt.message


async def test_a_job_broken_off_is_printed_though_the_printer_is_away_for_a_while_and_then_still_at_work(
    a_dock: Dock,
) -> None:
    async with a_dock.zebra() as printer:
        await a_dock.book.ready()
        printer.fault("PRINTER PAUSED")
        ear = Ear()
        delivery = await broken_off(a_dock, printer, label(), ear)
        printer.freeze()
        a_dock.transport.door.devices[SERIAL].lines.abort()
        await ear.until(lambda: ear.stalls)
        printer.thaw()
        await a_dock.book.until(lambda: a_dock.book.opened("raw") == 2)
        printer.mend("PRINTER PAUSED")
        assert (await delivery).evidence is Evidence.PRINTED


async def test_a_job_of_which_nothing_printed_by_counter_and_buffer_may_be_sent_again(a_dock: Dock) -> None:
    async with a_dock.zebra() as printer:
        await a_dock.book.ready()
        printer.fault("PRINTER PAUSED")
        ear = Ear()
        delivery = await broken_off(a_dock, printer, label(), ear)
        printer.reset()
        with pytest.raises(NotReached, match="nothing of it was printed"):
            await delivery
        _, again = await a_dock.deliver(label())
        assert (await proven(again)).evidence is Evidence.PRINTED
        assert printer.labels == 1


@pytest.mark.parametrize("told", ["7", "?"])
async def test_a_job_is_not_sent_again_where_bytes_of_it_may_come_late_over_another_line(
    a_dock: Dock, told: str
) -> None:
    """A line that broke off for us only: a proxy holds what was sent over it. The printer counts its lines."""
    async with a_dock.zebra() as printer:
        live = printer.settings._live
        printer.settings._live = lambda name: told if name.endswith("num_connections") else live(name)
        await a_dock.book.ready()
        printer.fault("PRINTER PAUSED")
        ear = Ear()
        delivery = await broken_off(a_dock, printer, label(), ear)
        printer.reset()
        with pytest.raises(Interrupted, match="may come late"):
            await delivery


@pytest.mark.parametrize("back", [False, True], ids=["while it is away", "while it is asked"])
async def test_a_job_may_be_cancelled_while_the_counter_is_waited_for(tmp_path: Path, back: bool) -> None:
    async with dock(tmp_path, replace(HURRY, apart_s=10.0, return_s=60.0)) as a_dock, a_dock.zebra() as printer:
        await a_dock.book.ready()
        ear = Ear()
        delivery = await broken_off(a_dock, printer, label(), ear)
        printer.drop("raw")
        await ear.until(lambda: ear.stalls)
        if back:
            await a_dock.book.until(lambda: a_dock.book.opened("raw") == 2)
            await until(lambda: printer.received.count(b"total_label_count") == 2)
        delivery.cancel()
        with suppress(asyncio.CancelledError):
            await delivery
        await a_dock.book.ready()
        receipt, _ = await a_dock.deliver(label())
        assert receipt.evidence is Evidence.DELIVERED
        await printer.labels_out(2)


async def test_a_job_broken_off_behind_one_that_could_not_be_counted_is_a_doubt(a_dock: Dock) -> None:
    async with a_dock.zebra(label_s=0.05) as printer:
        await a_dock.book.ready()
        printer.fault("PRINTER PAUSED")
        await a_dock.deliver(label(), language="")
        delivery = await broken_off(a_dock, printer, label(), Ear())
        printer.mend("PRINTER PAUSED")
        await printer.labels_out(1)
        printer.reset()
        with pytest.raises(Interrupted):
            await delivery
        assert printer.labels == 1


async def test_a_job_of_which_nothing_printed_twice_may_be_sent_a_third_time(a_dock: Dock) -> None:
    async with a_dock.zebra() as printer:
        await a_dock.book.ready()
        for count in (2, 3):
            printer.fault("PRINTER PAUSED")
            delivery = await broken_off(a_dock, printer, label(), Ear())
            printer.reset()
            with pytest.raises(NotReached, match="nothing of it was printed"):
                await delivery
            assert a_dock.book.opened("raw") == count


async def test_a_job_of_which_some_printed_is_a_doubt(a_dock: Dock) -> None:
    async with a_dock.zebra(label_s=0.0) as printer:
        await a_dock.book.ready()
        ear = Ear()
        delivery = await broken_off(a_dock, printer, label("out") + label("never", quantity=0), ear)
        await printer.labels_out(2)
        printer.press.odometer -= 1  # one of them is not out after all
        printer.drop("raw")
        with pytest.raises(Interrupted, match="moved by 1 of the 2"):
            await delivery


async def test_a_job_that_was_not_all_sent_is_never_printed_whatever_the_counter_says(a_dock: Dock) -> None:
    document = label("a") + b"^XA^FO1,1^GFB,9000000,9000000,100,"
    async with a_dock.zebra(buffer_bytes=32 * 1024) as printer:
        await a_dock.book.ready()
        ear = Ear()
        delivery = asyncio.create_task(a_dock.deliver(document + bytes(9_000_000) + b"^FS^XZ", ear))
        await printer.labels_out()
        printer.press.odometer += 1
        printer.drop("raw")
        with pytest.raises(Interrupted):
            await delivery


async def test_a_printer_that_stays_away_leaves_a_doubt_in_a_bounded_time(tmp_path: Path) -> None:
    async with dock(tmp_path, replace(HURRY, return_s=0.2)) as a_dock, a_dock.zebra(retry_s=60.0) as printer:
        await a_dock.book.ready()
        ear = Ear()
        delivery = await broken_off(a_dock, printer, label(), ear)
        printer.drop()
        with pytest.raises(Interrupted, match="did not come back"):
            await delivery


async def test_a_printer_that_was_turned_out_is_not_waited_for(a_dock: Dock) -> None:
    async with a_dock.zebra(retry_s=60.0) as printer:
        await a_dock.book.ready()
        _, waiting = await a_dock.deliver(label())
        ear = Ear()
        delivery = await broken_off(a_dock, printer, label(), ear)
        a_dock.book.books.clear()
        a_dock.transport.turned_out(f"weblink:{SERIAL}", "it was removed")
        with pytest.raises(Interrupted):
            await delivery
        await waiting.until(lambda: waiting.proofs)


async def test_a_job_behind_others_that_may_be_cancelled_at_the_printer_is_not_sent_again_by_the_counter() -> None:
    counted = Counted(12, Prints(1, 1), is_alone=False)
    assert isinstance(judge(counted, Reading(12, True), Reading(12, True)), Unknown)


async def test_a_label_that_printed_in_the_place_of_one_cancelled_at_the_printer_is_not_printed_twice(
    a_dock: Dock,
) -> None:
    async with a_dock.zebra() as printer:
        await a_dock.book.ready()
        printer.fault("PRINTER PAUSED")
        await a_dock.deliver(label("cancelled by hand"))
        delivery = await broken_off(a_dock, printer, label("ours"), Ear())
        printer.press.waiting.popleft()
        printer.mend("PRINTER PAUSED")
        await printer.labels_out(1)
        printer.drop("raw")
        with pytest.raises(Interrupted, match="does not tell of this one"):
            await delivery


# --- after the gateway was killed


def job(counted: Counted | None) -> Job:
    now = datetime.now(UTC)
    foreign = counted.written() if counted else None
    return Job(new_job_id(), PrinterId("dock"), JobState.PROCESSING, now, now, foreign=foreign)


async def found(a_dock: Dock, counted: Counted | None) -> tuple[Found, Ear]:
    ear = Ear()
    return await a_dock.transport.find(a_dock.printer(), job(counted), ear), ear


async def test_after_a_crash_the_counter_says_what_became_of_a_job(a_dock: Dock) -> None:
    async with a_dock.zebra() as printer:
        printer.press.odometer = 50
        await a_dock.book.ready()
        printed, ear = await found(a_dock, Counted(48, Prints(1, 2)))
        assert printed.receipt is not None
        assert printed.receipt.evidence is Evidence.PRINTED
        assert ear.stalls == [("", "")], "whoever has it answers: that is no stall any more"
        nothing, _ = await found(a_dock, Counted(50, Prints(1, 2)))
        assert "nothing of it was printed" in nothing.untouched
        some, _ = await found(a_dock, Counted(49, Prints(1, 2)))
        assert "moved by 1 of the 2" in some.uncertain
        reckoned, _ = await found(a_dock, Counted(50, Prints(1, 2), is_alone=False))
        assert reckoned.uncertain


async def test_after_a_crash_a_job_of_which_nothing_was_kept_is_a_doubt(a_dock: Dock) -> None:
    assert "nothing was kept" in (await found(a_dock, None))[0].uncertain


async def test_after_a_crash_a_printer_is_waited_for_and_not_for_ever(tmp_path: Path) -> None:
    async with dock(tmp_path, replace(HURRY, find_s=0.1)) as a_dock:
        with pytest.raises(NotReached) as away:
            await found(a_dock, Counted(1, None))
        assert away.value.reasons == (Reason.OFFLINE,)
        answer = None
        while answer is None:
            with suppress(NotReached):
                answer, _ = await found(a_dock, Counted(1, None))
            await asyncio.sleep(0.01)
        assert "has not dialled in" in answer.uncertain


async def test_after_a_crash_a_printer_that_does_not_know_its_counter_leaves_a_doubt(a_dock: Dock) -> None:
    async with a_dock.zebra() as printer:
        live = printer.settings._live
        printer.settings._live = lambda name: "?" if name == "odometer.total_label_count" else live(name)
        await a_dock.book.ready()
        answer, _ = await found(a_dock, Counted(1, Prints(1, 1)))
        assert "does not tell its label counter" in answer.uncertain


async def test_nothing_calls_bytes_back_that_a_printer_has(a_dock: Dock) -> None:
    await a_dock.transport.recall(a_dock.printer(), job(None))
