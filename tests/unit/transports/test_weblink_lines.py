"""The lines of Zebras that dial in: opened without a loop, doubled mains, lines that are dead and look open."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from fanfold.config import Weblink
from fanfold.errors import NotReached, Refused
from fanfold.model import Evidence, PrinterOptions, Reason
from fanfold.reception import Came, ChannelClosed, ChannelOpened, Faults, Went
from fanfold.simulate.weblink.discovery import Discovery
from fanfold.transports.weblink.alerts import WORDS
from fanfold.transports.weblink.door import WeblinkDoor
from fanfold.transports.weblink.opener import NOT_OPENED
from fanfold.transports.weblink.pulse import LONGEST_S
from tests.unit.server.stage import until
from tests.unit.transports.weblink_dock import (
    HURRY,
    OTHER,
    SERIAL,
    Dock,
    Ear,
    Wire,
    both,
    channel_hello,
    dock,
    label,
    main_hello,
    received,
    visit,
)

RAW = "v1.raw.zebra.com"
URI = f"weblink:{SERIAL}"
LIVELY = Weblink(ping_s=0.1, dead_after_s=0.8)


@pytest.fixture
async def a_dock(tmp_path: Path) -> AsyncIterator[Dock]:
    async with dock(tmp_path, adopted=(SERIAL, OTHER)) as made:
        yield made


# --- coming and going


async def test_a_printer_that_comes_is_told_of_with_what_it_is_and_its_lines(a_dock: Dock) -> None:
    async with a_dock.zebra() as printer:
        await a_dock.book.ready()
        came = await a_dock.book.heard(Came)
        assert (came.info, came.language) == ("ZD420-203dpi, V84.20.23Z, 203 dpi, label 102 x 152 mm", "zpl")
        assert came.reasons == {}
        assert a_dock.transport.channels(URI) == ("main", "raw")
        printer.power_off()
        went = await a_dock.book.heard(Went)
        assert "line is over" in went.message
        assert a_dock.transport.channels(URI) == ()
        assert {news.channel for news in a_dock.book.of(ChannelClosed)} == {"main", "raw"}


async def test_faults_at_the_door_are_told_with_words(a_dock: Dock) -> None:
    async with a_dock.zebra() as printer:
        printer.fault("PAPER OUT")
        printer.fault("HEAD OPEN")
        came = await a_dock.book.heard(Came)
        assert came.reasons.keys() == {"media-empty-error", "cover-open-error", Reason.PAUSED} or came.reasons == {}
        printer.reset()
        came = await a_dock.book.heard(Came, 2)
        assert came.reasons["media-empty-error"] == WORDS["media-empty-error"]


async def test_a_printer_that_never_came_or_is_gone_is_not_reached_at_once(a_dock: Dock) -> None:
    with pytest.raises(NotReached, match="not dialled in") as never:
        await a_dock.deliver(label())
    assert never.value.reasons == (Reason.OFFLINE,)
    async with a_dock.zebra():
        await a_dock.book.ready()
    await a_dock.book.heard(Went)
    with pytest.raises(NotReached, match="is gone again") as gone:
        await a_dock.deliver(label())
    assert gone.value.reasons == (Reason.OFFLINE,)
    assert not a_dock.transport.channels(URI)


# --- channels that are asked for


async def test_a_raw_channel_that_is_lost_is_asked_for_again(a_dock: Dock) -> None:
    async with a_dock.zebra() as printer:
        await a_dock.book.ready()
        for number in range(2, 5):
            printer.drop("raw")
            await a_dock.book.until(lambda number=number: a_dock.book.opened("raw") == number)  # type: ignore[misc]
        await a_dock.deliver(label())
        assert len(await printer.labels_out()) == 1
        assert printer.opens == [RAW] * 4


async def test_a_printer_that_opens_nothing_is_a_reason_and_asked_ever_more_rarely(tmp_path: Path) -> None:
    pace = replace(HURRY, first_retry_s=0.05, last_retry_s=30.0)
    async with (
        dock(tmp_path, pace, manners=Weblink(open_wait_s=0.1)) as a_dock,
        a_dock.zebra(max_connections=1) as printer,
    ):
        await a_dock.book.heard(Came)
        with pytest.raises(NotReached) as refused:
            await a_dock.deliver(label())
        assert refused.value.reasons == (NOT_OPENED,)
        assert "maximum_simultaneous_connections" in refused.value.says
        faults = await a_dock.book.heard(Faults)
        assert faults.sets.keys() == {NOT_OPENED}
        assert "did not open its raw channel" in faults.sets[NOT_OPENED]
        await a_dock.book.heard(Faults, 3)
        asked = len(printer.opens)
        assert asked <= 4
        for _ in range(50):
            with pytest.raises(NotReached):
                await a_dock.deliver(label())
        assert len(printer.opens) == asked, "jobs that come in vain are no reason to ask again"
        printer.limit(2)
        printer.drop("main")  # a new main line is asked anew
        await a_dock.book.until(lambda: "raw" in a_dock.book.open_now())
        assert NOT_OPENED not in a_dock.book.faults()
        await a_dock.deliver(label())
        await printer.labels_out()


async def test_a_printer_whose_channels_break_at_once_is_not_asked_in_a_loop(tmp_path: Path) -> None:
    async with dock(tmp_path, replace(HURRY, first_retry_s=10.0, last_retry_s=10.0)) as a_dock:
        door = a_dock.transport.door
        async with received(door, main_hello()) as main:
            for number in (1, 2):
                await main.until(lambda number=number: asked(main.frames) == number)  # type: ignore[misc]
                async with received(door, channel_hello()):
                    await a_dock.book.until(lambda number=number: a_dock.book.opened("raw") == number)  # type: ignore[misc]
            await a_dock.book.heard(ChannelClosed, 2)
            waiting = asyncio.create_task(a_dock.deliver(label()))
            for _ in range(50):
                await asyncio.sleep(0)
            assert asked(main.frames) == 2
            waiting.cancel()


def asked(frames: list[bytes]) -> int:
    return sum(b'"open"' in frame for frame in frames)


async def test_jobs_wait_for_a_channel_that_is_being_opened(a_dock: Dock) -> None:
    door = a_dock.transport.door
    async with received(door, main_hello()) as main:
        await main.until(lambda: asked(main.frames))
        delivery = asyncio.create_task(a_dock.deliver(b"x", language=""))
        async with received(door, channel_hello()) as raw:
            await raw.until(lambda: raw.pings)
            raw.pong(raw.pings[-1])
            assert (await delivery)[0].evidence is Evidence.DELIVERED


async def test_a_channel_can_be_opened_anew(a_dock: Dock) -> None:
    async with a_dock.zebra() as printer:
        await a_dock.book.ready()
        await a_dock.transport.reopen(URI, "raw")
        assert a_dock.book.opened("raw") == 2
        await a_dock.transport.reopen(URI, "config")
        assert a_dock.transport.channels(URI) == ("main", "raw", "config")
        await a_dock.transport.reopen(URI, "config")
        assert a_dock.book.opened("config") == 2
        assert len(printer.channels()) == 3
        with pytest.raises(Refused) as unknown:
            await a_dock.transport.reopen(URI, "main")
        assert unknown.value.status == 422
    await a_dock.book.heard(Went)
    for kind in ("raw", "config"):
        with pytest.raises(NotReached):
            await a_dock.transport.reopen(URI, kind)
    with pytest.raises(NotReached):
        await a_dock.transport.reopen("weblink:nobody", "raw")


async def test_a_channel_with_a_job_on_it_is_not_opened_anew(a_dock: Dock) -> None:
    async with a_dock.zebra(answers_pings=False) as printer:
        await a_dock.book.ready()
        ear = Ear()
        delivery = asyncio.create_task(a_dock.deliver(label(), ear))
        await ear.until(lambda: ear.sents)
        with pytest.raises(NotReached) as busy:
            await a_dock.transport.reopen(URI, "raw")
        assert busy.value.reasons == (Reason.BUSY_ELSEWHERE,)
        assert len(printer.channels("raw")) == 1
        delivery.cancel()


# --- many mains


async def test_a_printer_that_dials_again_and_again_is_asked_once_and_hung_up_on_never(a_dock: Dock) -> None:
    async with a_dock.zebra(duplicates_mains=True, retry_s=0.01, max_connections=12) as printer:
        await printer.connected(11)
        await a_dock.book.ready()
        assert printer.opens == [RAW]
        await a_dock.deliver(label())
        await printer.labels_out()
        assert len(printer.channels("main")) == 11
        assert a_dock.book.opened("main") == 1
        assert not a_dock.book.of(ChannelClosed)


async def test_an_extra_main_line_steps_in_when_the_first_is_lost(a_dock: Dock) -> None:
    door = a_dock.transport.door
    async with both(door) as (first, raw), received(door, main_hello()) as second:
        await a_dock.book.heard(Faults)
        assert not second.frames
        first.hang_up()
        await second.until(lambda: second.frames)
        assert [b"configure_alert" in frame for frame in second.frames] == [True], "raw is there still"
        raw.hang_up()
        await second.until(lambda: asked(second.frames))
        assert not a_dock.book.of(Went)
        assert [news.channel for news in a_dock.book.of(ChannelClosed)] == ["raw"]


async def test_each_heir_is_asked_once_however_the_lines_before_it_end(a_dock: Dock) -> None:
    door = a_dock.transport.door
    async with received(door, main_hello()) as a, received(door, main_hello()) as b, received(door, main_hello()) as c:
        await a_dock.book.heard(Faults, 2)
        b.abort()
        a.abort()
        heir = door.devices[SERIAL].lines.primary
        assert heir is not None
        assert heir.line is c, "those before it are over, though their ends are not told yet"
        await until(lambda: len(door.devices[SERIAL].lines.mains) == 1)
        for _ in range(20):
            await asyncio.sleep(0)
        assert asked(c.frames) == 1
        assert sum(b"configure_alert" in frame for frame in c.frames) == 1


async def test_an_extra_main_line_tells_of_new_faults_and_wipes_no_others(a_dock: Dock) -> None:
    door = a_dock.transport.door
    async with received(door, main_hello()) as first:
        await a_dock.book.heard(Came)
        first.say(alert("CUTTER JAM"))
        first.say(alert("MEDIA LOW"))
        first.say(alert("REWIND"))
        await a_dock.book.heard(Faults, 3)
        async with received(door, main_hello(made=Discovery(errors=(0, 0, 1)))):
            await a_dock.book.heard(Faults, 4)
            assert a_dock.book.faults() == {"output-area-full-error", "media-empty-error"}
            assert len(a_dock.book.of(Came)) == 1


def alert(condition: str, state: str = "SET", serial: str = SERIAL) -> bytes:
    return (
        b'{"alert": {"unique_id": "%s", "type_id": "ALERT", "condition_id": "%s", "condition_state": "%s"}}'
        % (serial.encode(), condition.encode(), state.encode())
    )  # fmt: skip


async def test_an_extra_raw_channel_idles_and_steps_in(tmp_path: Path) -> None:
    async with dock(tmp_path, manners=Weblink(open_wait_s=0.1)) as a_dock:
        door = a_dock.transport.door
        async with received(door, main_hello()) as main:
            await main.until(lambda: asked(main.frames) == 2)  # the first request seemed to be in vain
            async with received(door, channel_hello()) as first, received(door, channel_hello()) as second:
                await until(lambda: len(lines_of(door)) == 2)
                assert a_dock.book.opened("raw") == 1
                for wire in (first, second):
                    delivery = asyncio.create_task(a_dock.deliver(b"x", language=""))
                    await wire.until(lambda wire=wire: wire.pings)  # type: ignore[misc]
                    assert wire.frames[-1] == b"x"
                    wire.pong(wire.pings[-1])
                    await delivery
                    wire.hang_up()
                    await until(lambda wire=wire: wire not in lines_of(door))  # type: ignore[misc]


def lines_of(door: WeblinkDoor) -> list[object]:
    return [raw.line for raw in door.devices[SERIAL].lines.raws]


# --- dead lines


def test_by_default_the_dead_are_noticed_within_90_s_and_no_proxy_of_60_s_cuts_the_living() -> None:
    usual = Weblink()
    assert usual.dead_after_s + LONGEST_S <= 90
    assert usual.ping_s + LONGEST_S < 60
    assert usual.dead_after_s > 2 * (usual.ping_s + LONGEST_S), "one ping or pong may get lost"


async def test_quiet_lines_are_pinged_and_stay(tmp_path: Path) -> None:
    async with dock(tmp_path, manners=LIVELY) as a_dock, a_dock.zebra(ping_s=0.0) as printer:
        await a_dock.book.ready()
        await asyncio.sleep(1.6)  # the time itself is what is tested: twice as long as a silent line lives
        assert len(printer.channels()) == 2
        assert not a_dock.book.of(ChannelClosed)
        assert printer.dials == 2


async def test_a_printer_that_dies_half_open_is_noticed_on_every_line(tmp_path: Path) -> None:
    async with (
        dock(tmp_path, adopted=(SERIAL, OTHER), manners=LIVELY) as a_dock,
        a_dock.zebra() as printer,
        a_dock.zebra(OTHER) as other,
    ):
        await a_dock.book.ready()
        await a_dock.book.ready(OTHER)
        printer.freeze()
        await a_dock.book.heard(Went)
        assert {news.channel for news in a_dock.book.of(ChannelClosed)} == {"main", "raw"}
        assert len(other.channels()) == 2


async def test_a_printer_that_dies_half_open_under_a_job_is_noticed(tmp_path: Path) -> None:
    async with dock(tmp_path, replace(HURRY, return_s=0.1), manners=LIVELY) as a_dock, a_dock.zebra() as printer:
        await a_dock.book.ready()
        ear = Ear()
        delivery = asyncio.create_task(a_dock.deliver(bytes(20 * 1024**2), ear))
        await ear.until(lambda: ear.progressed)
        printer.freeze()
        with pytest.raises(Exception, match="raw channel was lost"):
            await delivery


async def test_a_job_on_a_dead_channel_is_not_kept_alive_by_lines_that_the_printer_dialled_since(
    tmp_path: Path,
) -> None:
    async with dock(tmp_path, replace(HURRY, return_s=5.0), manners=LIVELY) as a_dock, a_dock.zebra() as printer:
        await a_dock.book.ready()
        printer.switch(answers_pings=False)
        ear = Ear()
        delivery = asyncio.create_task(a_dock.deliver(label(), ear))
        await ear.until(lambda: ear.sents)
        await printer.labels_out()
        printer.freeze()
        printer.switch(answers_pings=True)
        printer.thaw()
        receipt, _ = await delivery
        assert receipt.evidence is Evidence.PRINTED


async def test_a_printer_out_of_paper_is_left_its_channel_and_its_job_goes_on_when_it_is_mended(tmp_path: Path) -> None:
    async with (
        dock(tmp_path, options=PrinterOptions(stall_after_s=0.1), manners=LIVELY) as a_dock,
        a_dock.zebra(buffer_bytes=16 * 1024, label_s=0.0) as printer,
    ):
        await a_dock.book.ready()
        printer.fault("PAPER OUT")
        ear = Ear()
        delivery = asyncio.create_task(a_dock.deliver(label("x" * 4000) * 500, ear))
        await ear.until(lambda: ear.stalls)
        await asyncio.sleep(1.4)  # longer than a silent line lives
        assert not delivery.done()
        assert len(printer.channels("raw")) == 1
        printer.mend("PAPER OUT")
        receipt, _ = await delivery
        assert receipt.evidence is Evidence.DELIVERED
        await printer.labels_out(500)
        assert printer.opens == [RAW]


async def test_a_printer_whose_buffer_is_full_of_what_it_has_read_is_left_its_channel_too(tmp_path: Path) -> None:
    async with dock(tmp_path, manners=LIVELY) as a_dock, a_dock.zebra(buffer_bytes=1000) as printer:
        await a_dock.book.ready()
        printer.fault("PAPER OUT")
        _, ear = await a_dock.deliver(label() * 40)
        assert printer.full
        await asyncio.sleep(1.4)  # longer than a silent line lives
        assert printer.opens == [RAW]
        printer.mend("PAPER OUT")
        await ear.until(lambda: ear.proofs)
        assert ear.proofs[0].evidence is Evidence.PRINTED


async def test_a_new_main_line_makes_the_old_ones_prove_that_they_live(tmp_path: Path) -> None:
    async with dock(tmp_path, replace(HURRY, check_s=0.1)) as a_dock, a_dock.zebra() as printer:
        await a_dock.book.ready()
        printer.freeze()
        printer.thaw()
        await a_dock.book.until(lambda: a_dock.book.opened("raw") == 2)
        await a_dock.deliver(label())
        await printer.labels_out()
        assert len(a_dock.transport.door.devices[SERIAL].lines.mains) == 1
        assert not a_dock.book.of(Went)
        assert len(a_dock.book.of(Came)) == 2, "the new line's word on its faults is newer"


async def test_lines_that_live_survive_the_question(tmp_path: Path) -> None:
    async with (
        dock(tmp_path, replace(HURRY, check_s=0.1)) as a_dock,
        a_dock.zebra(duplicates_mains=True, retry_s=0.05, max_connections=6) as printer,
    ):
        await printer.connected(5)
        check = a_dock.transport.door.devices[SERIAL]._check
        assert check is not None
        await asyncio.wait({check})
        assert len(printer.channels()) == 6
        assert not a_dock.book.of(ChannelClosed)


async def test_a_channel_that_takes_nothing_is_no_way_for_a_job(tmp_path: Path) -> None:
    async with dock(tmp_path, replace(HURRY, fresh_s=0.0, stands_s=0.1)) as a_dock, a_dock.zebra() as printer:
        await a_dock.book.ready()
        await a_dock.deliver(label())
        printer.switch(answers_pings=False)
        with pytest.raises(NotReached, match="reads nothing") as stuck:
            await a_dock.deliver(label())
        assert stuck.value.reasons == (Reason.STALLED,)
        printer.switch(answers_pings=True)
        await a_dock.deliver(label())
        assert len(await printer.labels_out(2)) == 2


async def test_a_newcomer_s_dead_line_is_noticed_too(tmp_path: Path) -> None:
    async with dock(tmp_path, adopted=(), manners=LIVELY) as a_dock, a_dock.zebra() as printer:
        await printer.connected()
        await until(a_dock.transport.newcomers)
        printer.freeze()
        await until(lambda: not a_dock.transport.newcomers())


# --- the end


async def test_closing_leaves_no_task_and_may_be_done_twice(tmp_path: Path) -> None:
    before = asyncio.all_tasks()
    async with dock(tmp_path) as a_dock:
        door = a_dock.transport.door
        async with both(door) as (main, raw):
            await a_dock.book.ready()
            ear = Ear()
            delivery = asyncio.create_task(a_dock.deliver(label(), ear))
            await raw.until(lambda: raw.pings)
            raw.pong(raw.pings[-1])
            await delivery
            await a_dock.transport.close()
            await a_dock.transport.close()
            assert ear.proofs == [] or not ear.proofs[0].may_rise
            assert not a_dock.transport._tasks
            raw.hang_up()  # what ends after that starts nothing
            await a_dock.book.heard(ChannelClosed)
            main.say(alert("PQ JOB COMPLETED"))
            main.say(alert("PAPER OUT"))
            await a_dock.book.until(lambda: "media-empty-error" in a_dock.book.faults())
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            assert not a_dock.transport._tasks
    assert asyncio.all_tasks() == before


async def test_a_line_that_is_cancelled_while_it_is_let_in_leaves_nothing(a_dock: Dock) -> None:
    door = a_dock.transport.door
    for steps in range(1, 12):
        before = len(a_dock.book.of(ChannelOpened)) - len(a_dock.book.of(ChannelClosed))
        assert before == 0
        wire = Wire()
        wire.room.clear()
        wire.say(main_hello())
        serving = asyncio.create_task(door.serve(visit(), wire))
        for _ in range(steps):
            await asyncio.sleep(0)
        serving.cancel()
        await asyncio.wait({serving})
        assert not wire.is_open
        device = door.devices.get(SERIAL)
        assert device is None or not list(device.lines.all())
        opened, closed = a_dock.book.of(ChannelOpened), a_dock.book.of(ChannelClosed)
        assert [one.channel for one in opened] == [one.channel for one in closed]
        assert len(a_dock.book.of(Came)) == len(a_dock.book.of(Went))
