"""Questions to Zebras that dial in, over raw and config: each answer is its question's own; no job hears of them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from fanfold.config import Weblink
from fanfold.errors import NotReached, Refused
from fanfold.model import Evidence, Reason
from fanfold.transports.weblink import sgd
from fanfold.transports.weblink.opener import NOT_OPENED
from tests.unit.transports.weblink_dock import (
    HURRY,
    SERIAL,
    Dock,
    Ear,
    both,
    channel_hello,
    dock,
    label,
    received,
)

CONFIG = "v1.config.zebra.com"
NAME = b'! U1 getvar "device.unique_id"\r\n'


@pytest.fixture
async def a_dock(tmp_path: Path) -> AsyncIterator[Dock]:
    async with dock(tmp_path) as made:
        yield made


@pytest.fixture(params=["in one piece", "byte by byte", "cut anywhere"])
async def asked(request: pytest.FixtureRequest, a_dock: Dock) -> AsyncIterator[Dock]:
    """A dock with a printer whose answers are cut so."""
    cuts = {"in one piece": 1 << 20, "byte by byte": 1, "cut anywhere": 7}
    async with a_dock.zebra(split_bytes=cuts[request.param]):
        await a_dock.book.ready()
        yield a_dock


# --- answers


async def test_a_setting_is_read_written_and_read_again(asked: Dock) -> None:
    assert await asked.ask(sgd.getvar("device.friendly_name")) == f'"{SERIAL}"'.encode()
    assert await asked.ask(sgd.setvar("device.friendly_name", "Dock 3")) == b""
    assert sgd.value_of(await asked.ask(sgd.getvar("device.friendly_name"))) == "Dock 3"
    assert sgd.value_of(await asked.ask(sgd.getvar("there.is.no.such"))) is None


async def test_several_settings_at_once_are_answered_all(asked: Dock) -> None:
    answer = await asked.ask(b'! U getvar "device.unique_id" getvar "no.such" getvar "device.languages" END ')
    assert sgd.values_of(answer)[:2] == (SERIAL, None)
    assert len(sgd.values_of(answer)) == 3


async def test_an_action_answers_or_not(asked: Dock) -> None:
    assert await asked.ask(sgd.do("device.pause")) == b""
    assert (await asked.ask(sgd.do("file.dir", "E:"))).startswith(b"DIR E:")


async def test_json_is_answered_by_one_object(asked: Dock) -> None:
    answer = await asked.ask(sgd.json_command({"device.friendly_name": "Dock 3", "device.unique_id": None}))
    assert json.loads(answer) == {"device.friendly_name": "Dock 3", "device.unique_id": SERIAL}


@pytest.mark.parametrize(
    ("command", "begins", "ends"),
    [
        (b"~HS", b"\x02030,", b"\x03\r\n"),
        (b"~HI", b"\x02ZD420-200dpi,V84.20.23Z,8,", b"\x03\r\n"),
        (b"~HQES", b"\x02\r\n\r\n  PRINTER STATUS", b"\x03"),
        (b"^XA^HH^XZ", b"\x02\r\n  +20.0", b"\x03"),
    ],
)
async def test_status_replies_come_whole(asked: Dock, command: bytes, begins: bytes, ends: bytes) -> None:
    answer = await asked.ask(command)
    assert answer.startswith(begins)
    assert answer.rstrip(b"\r\n").endswith(ends.rstrip(b"\r\n"))


@pytest.mark.parametrize("channel", ["raw", "config"])
async def test_all_settings_come_whole(a_dock: Dock, channel: str) -> None:
    async with a_dock.zebra(split_bytes=1024):
        await a_dock.book.ready()
        answer = await a_dock.ask(b'{}{"allconfig":null}', channel=channel)
        assert len(answer) > 50_000
        assert json.loads(answer)["allconfig"]["device.unique_id"]["value"] == SERIAL


async def test_an_answer_longer_than_is_allowed_is_refused_and_the_next_one_is_right(tmp_path: Path) -> None:
    async with dock(tmp_path, manners=Weblink(message_bytes=4096)) as a_dock, a_dock.zebra():
        await a_dock.book.ready()
        for channel in ("raw", "config"):
            with pytest.raises(Refused) as large:
                await a_dock.ask(b'{}{"allconfig":null}', channel=channel)
            assert (large.value.code, large.value.status) == ("answer-too-large", 502)
            answer = await a_dock.ask(b'{}{"device.unique_id":null}', channel=channel)
            assert json.loads(answer) == {"device.unique_id": SERIAL}


# --- config


@pytest.mark.parametrize("stays", [True, False], ids=["config stays", "config closes after each answer"])
async def test_commands_in_a_row_over_config_are_all_answered(a_dock: Dock, stays: bool) -> None:
    async with a_dock.zebra(config_stays=stays) as printer:
        await a_dock.book.ready()
        for number in range(10):
            name = f"Dock {number}"
            answer = await a_dock.ask(sgd.json_command({"device.friendly_name": name}), channel="config")
            assert json.loads(answer) == {"device.friendly_name": name}
        assert printer.opens.count(CONFIG) == (1 if stays else 10)
        assert a_dock.book.opened("raw") == 1


async def test_a_command_that_falls_into_the_close_of_config_is_asked_again(a_dock: Dock) -> None:
    question = b'{}{"device.unique_id":null}'
    async with both(a_dock.transport.door) as (main, _):
        for number in range(1, 3):
            asking = asyncio.create_task(a_dock.ask(question, channel="config"))
            await main.until(lambda: any(b"v1.config" in frame for frame in main.frames))
            async with received(a_dock.transport.door, channel_hello(kind="config")) as config:
                await config.until(lambda config=config: config.frames)  # type: ignore[misc]
                config.say(b'{"n":%d}' % number)
                assert await asking == b'{"n":%d}' % number
                main.frames.clear()
                asking = asyncio.create_task(a_dock.ask(question, channel="config"))
                await config.until(lambda config=config: len(config.frames) == 2)  # type: ignore[misc]
                config.hang_up(1000)
                await main.until(lambda: any(b"v1.config" in frame for frame in main.frames))
            async with received(a_dock.transport.door, channel_hello(kind="config")) as config:
                await config.until(lambda config=config: config.frames)  # type: ignore[misc]
                config.hang_up(1000)  # a new one that closes without an answer is no such case
                with pytest.raises(TimeoutError, match="lost"):
                    await asking
            main.frames.clear()


async def test_a_config_channel_that_is_not_opened_is_said_so_and_asked_for_only_when_wanted(tmp_path: Path) -> None:
    async with (
        dock(tmp_path, manners=Weblink(open_wait_s=0.1)) as a_dock,
        a_dock.zebra(max_connections=2) as printer,
    ):
        await a_dock.book.ready()
        for _ in range(2):
            with pytest.raises(NotReached) as refused:
                await a_dock.ask(b'{}{"device.unique_id":null}', channel="config")
            assert refused.value.reasons == (NOT_OPENED,)
        assert printer.opens.count(CONFIG) == 2
        await a_dock.deliver(label())
        printer.limit(3)
        assert await a_dock.ask(b'{}{"device.unique_id":null}', channel="config")


# --- silence


@pytest.mark.parametrize("channel", ["raw", "config"])
async def test_a_printer_that_does_not_answer_in_time_is_said_so(a_dock: Dock, channel: str) -> None:
    async with a_dock.zebra() as printer:
        await a_dock.book.ready()
        printer.fault("PAPER OUT")
        question = b"~HS" if channel == "raw" else b'{}{"device.host_status":null}'
        with pytest.raises(TimeoutError):
            await a_dock.ask(question, channel=channel, within_s=0.1)
        answer = await a_dock.ask(b'{}{"device.unique_id":null}', channel=channel)
        assert json.loads(answer) == {"device.unique_id": SERIAL}


async def test_answers_that_come_too_late_are_nobody_s(a_dock: Dock) -> None:
    """The parser was held by USB: what was asked meanwhile is answered all at once, in order, when it is free."""
    async with a_dock.zebra(deaf=True) as printer:
        await a_dock.book.ready()
        for setting in ("device.friendly_name", "odometer.total_label_count", "device.languages"):
            with pytest.raises(TimeoutError):
                await a_dock.ask(sgd.getvar(setting), within_s=0.05)
        _, ear = await a_dock.deliver(label())
        late = asyncio.create_task(a_dock.ask(sgd.getvar("device.company_name")))
        printer.switch(deaf=False)
        assert sgd.value_of(await late) not in (SERIAL, "0", "zpl")
        assert await a_dock.ask(NAME) == f'"{SERIAL}"'.encode()
        await ear.until(lambda: ear.proofs)
        assert await a_dock.deliver(label())
        assert len(await printer.labels_out(2)) == 2


async def test_a_question_behind_a_job_s_own_does_not_get_its_answer(a_dock: Dock) -> None:
    async with both(a_dock.transport.door) as (_, raw):
        await a_dock.book.ready()
        delivery = asyncio.create_task(a_dock.deliver(label()))
        await raw.until(lambda: raw.pings)
        raw.pong(raw.pings[-1])
        await delivery
        asking = asyncio.create_task(a_dock.ask(NAME))
        for _ in range(5):
            await asyncio.sleep(0)
        raw.say(b'"17')
        raw.say(b'"')
        await raw.until(lambda: raw.frames[-1] == NAME)
        raw.say(b'"50J164800001"')
        assert await asking == b'"50J164800001"'


async def test_a_question_that_was_given_up_leaves_no_answer_behind(a_dock: Dock) -> None:
    async with a_dock.zebra(deaf=True) as printer:
        await a_dock.book.ready()
        asking = asyncio.create_task(a_dock.ask(sgd.getvar("device.friendly_name")))
        await printer.bytes_in(1)
        asking.cancel()
        with suppress(asyncio.CancelledError):
            await asking
        printer.switch(deaf=False)
        assert sgd.value_of(await a_dock.ask(sgd.getvar("device.languages"))) != SERIAL


@pytest.mark.parametrize("steps", range(10))
async def test_a_question_may_be_cancelled_at_any_step(a_dock: Dock, steps: int) -> None:
    async with a_dock.zebra() as printer:
        await a_dock.book.ready()
        for channel in ("raw", "config"):
            asking = asyncio.create_task(a_dock.ask(b'{}{"device.friendly_name":null}', channel=channel))
            for _ in range(steps):
                await asyncio.sleep(0)
            asking.cancel()
            with suppress(asyncio.CancelledError):
                await asking
            answer = await a_dock.ask(b'{}{"device.unique_id":null}', channel=channel)
            assert json.loads(answer) == {"device.unique_id": SERIAL}
        await a_dock.deliver(label())
        await printer.labels_out()


async def test_a_printer_that_is_lost_before_it_answers_is_said_so(a_dock: Dock) -> None:
    async with a_dock.zebra(deaf=True) as printer:
        await a_dock.book.ready()
        asking = asyncio.create_task(a_dock.ask(NAME))
        await printer.bytes_in(1)
        printer.drop("raw")
        with pytest.raises(TimeoutError, match="lost"):
            await asking


async def test_who_is_away_is_not_asked(a_dock: Dock) -> None:
    with pytest.raises(NotReached):
        await a_dock.ask(NAME)
    async with a_dock.zebra():
        await a_dock.book.ready()
        with pytest.raises(Refused) as unknown:
            await a_dock.ask(NAME, channel="main")
    assert (unknown.value.code, unknown.value.status) == ("unknown-channel", 422)


# --- jobs and questions


async def test_a_printer_that_is_being_sent_a_job_is_not_asked(a_dock: Dock) -> None:
    async with a_dock.zebra(answers_pings=False) as printer:
        await a_dock.book.ready()
        ear = Ear()
        delivery = asyncio.create_task(a_dock.deliver(label(), ear))
        await ear.until(lambda: ear.sents)
        before = bytes(printer.received)
        with pytest.raises(NotReached) as busy:
            await a_dock.ask(NAME, within_s=0.1)
        assert busy.value.reasons == (Reason.BUSY_ELSEWHERE,)
        assert printer.received == before
        delivery.cancel()


async def test_a_job_waits_behind_a_question_and_not_for_ever(tmp_path: Path) -> None:
    async with dock(tmp_path, replace(HURRY, turn_s=0.1)) as a_dock, a_dock.zebra(deaf=True) as printer:
        await a_dock.book.ready()
        asking = asyncio.create_task(a_dock.ask(NAME))
        await printer.bytes_in(1)
        with pytest.raises(NotReached) as busy:
            await a_dock.deliver(label())
        assert busy.value.reasons == (Reason.BUSY_ELSEWHERE,)
        printer.switch(deaf=False)
        await asking
        assert (await a_dock.deliver(label()))[0].evidence is Evidence.DELIVERED


async def test_questions_never_fall_into_a_document(a_dock: Dock) -> None:
    documents = [label(f"{number} " + "x" * 9000) for number in range(15)]
    async with a_dock.zebra(label_s=0.0) as printer:
        await a_dock.book.ready()

        async def print_all() -> list[Ear]:
            return [(await a_dock.deliver(document))[1] for document in documents]

        async def ask_all() -> list[bytes]:
            return [await a_dock.ask(NAME, channel="raw") for _ in range(30)]

        ears, answers = await asyncio.gather(print_all(), ask_all())
        assert set(answers) == {f'"{SERIAL}"'.encode()}
        assert [form + b"\r\n" for form in await printer.formats_out(15)] == documents
        for ear in ears:
            await ear.until(lambda ear=ear: ear.proofs)  # type: ignore[misc]
            assert ear.proofs[0].evidence is Evidence.PRINTED


async def test_many_questions_at_once_get_each_its_own_answer(a_dock: Dock) -> None:
    settings = ["device.unique_id", "device.friendly_name", "odometer.total_label_count", "appl.name"]
    async with a_dock.zebra(split_bytes=3) as printer:
        await a_dock.book.ready()
        answers = await asyncio.gather(*(a_dock.ask(sgd.getvar(name)) for name in settings * 10))
        for name, answer in zip(settings * 10, answers, strict=True):
            assert answer == f'"{printer.settings.get(name)}"'.encode()
