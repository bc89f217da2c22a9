"""What a Zebra's alerts become: reasons that hold or are over, scanned data, proof; and what is passed over."""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from fanfold.config import Weblink
from fanfold.reception import Came, Faults, Scanned
from fanfold.simulate.weblink import WeblinkPrinter
from fanfold.simulate.weblink.alerts import CONDITIONS
from fanfold.simulate.weblink.discovery import Discovery
from fanfold.transports.presence_log import LINES_PER_WINDOW
from fanfold.transports.weblink.alerts import NOTES, REASONS, WORDS
from tests.unit.transports.weblink_dock import OTHER, SERIAL, Dock, Wire, dock, main_hello, received


@pytest.fixture
async def a_dock(tmp_path: Path) -> AsyncIterator[Dock]:
    async with dock(tmp_path, adopted=(SERIAL, OTHER)) as made:
        yield made


@pytest.fixture(params=[False, True], ids=["in english", "localised"])
async def printer(request: pytest.FixtureRequest, a_dock: Dock) -> AsyncIterator[WeblinkPrinter]:
    async with a_dock.zebra(localised=request.param) as made:
        await made.until(lambda: "ALL MESSAGES" in made.alert_entries)
        yield made


@pytest.mark.parametrize("condition", sorted(REASONS))
async def test_what_lasts_holds_until_it_is_cleared(a_dock: Dock, printer: WeblinkPrinter, condition: str) -> None:
    reason = REASONS[condition]
    printer.alert(condition)
    told = await a_dock.book.heard(Faults)
    assert told.sets == {reason: WORDS[reason]}
    printer.alert(condition, "CLEAR")
    told = await a_dock.book.heard(Faults, 2)
    assert told == Faults({}, frozenset({reason}))
    assert not a_dock.book.faults()


@pytest.mark.parametrize("condition", sorted(set(CONDITIONS) & set(NOTES)))
async def test_what_is_a_moment_is_told_and_does_not_stay(a_dock: Dock, condition: str) -> None:
    async with received(a_dock.transport.door, main_hello()) as main:
        main.say(alert(condition))
        told = await a_dock.book.heard(Faults)
        assert told.sets.keys() == {NOTES[condition]}
        await a_dock.book.heard(Faults, 2)
        assert not a_dock.book.faults()


def alert(condition: str, state: str = "SET", serial: str = SERIAL, **more: str) -> bytes:
    told = {"unique_id": serial, "condition_id": condition, "condition_state": state, **more}
    return json.dumps({"alert": told}).encode()


async def test_a_label_that_was_taken_waits_no_more(a_dock: Dock, printer: WeblinkPrinter) -> None:
    printer.alert("LABEL READY")
    await a_dock.book.heard(Faults)
    assert a_dock.book.faults() == {"label-waiting-report"}
    printer.alert("LABEL TAKEN")
    await a_dock.book.heard(Faults, 2)
    assert not a_dock.book.faults()


@pytest.mark.parametrize("condition", ["POWER ON", "COLD START", "RESTARTING", "SHUTTING DOWN"])
async def test_a_printer_that_begins_anew_has_no_faults_of_before(
    a_dock: Dock, printer: WeblinkPrinter, condition: str
) -> None:
    printer.alert("CUTTER JAM")
    printer.alert("MEDIA LOW")
    await a_dock.book.heard(Faults, 2)
    printer.alert(condition)
    await a_dock.book.heard(Faults, 3)
    assert not a_dock.book.faults()


async def test_a_fault_that_was_told_after_the_start_is_not_wiped_by_the_news_of_it(a_dock: Dock) -> None:
    async with received(a_dock.transport.door, main_hello(made=Discovery(errors=(0, 0, 1)))) as main:
        assert (await a_dock.book.heard(Came)).reasons.keys() == {"media-empty-error"}
        main.say(alert("POWER ON"))
        assert "media-empty-error" not in (await a_dock.book.heard(Faults)).clears


async def test_what_nobody_has_described_is_told_by_its_own_words(a_dock: Dock) -> None:
    async with received(a_dock.transport.door, main_hello()) as main:
        main.say(alert("GREMLINS\nIN THE\x00GEARS"))
        [words] = (await a_dock.book.heard(Faults)).sets.values()
        assert "GREMLINS IN THE" in words


# --- scans


async def test_a_scan_through_the_printer_is_told(a_dock: Dock, printer: WeblinkPrinter) -> None:
    printer.scan("4006381333931\r\n")
    scanned = await a_dock.book.heard(Scanned)
    assert scanned == Scanned("4006381333931\r\n", "capture.channel1.data.raw")


async def test_only_settings_that_are_asked_for_are_scans(tmp_path: Path) -> None:
    manners = Weblink(scans=("capture.channel2.data.raw",))
    async with dock(tmp_path, manners=manners) as a_dock, received(a_dock.transport.door, main_hello()) as main:
        await main.until(lambda: len(main.frames) == 2)
        assert {"configure_alert": "ALL MESSAGES,SDK,Y,Y,,,N|SGD SET,SDK,Y,Y,,,N,capture.channel2.data.raw"} in map(
            json.loads, main.frames
        )
        for setting in ("capture.channel1.data.raw", "device.friendly_name", "capture.channel2.data.raw"):
            main.say(alert("SGD SET", setting_name=setting, setting_value="x"))
        assert await a_dock.book.heard(Scanned) == Scanned("x", "capture.channel2.data.raw")
        assert len(a_dock.book.of(Scanned)) == 1


async def test_a_printer_is_asked_for_alerts_whenever_it_dials_in_unless_nobody_wants_them(tmp_path: Path) -> None:
    for alerts in (True, False):
        async with dock(tmp_path, manners=Weblink(alerts=alerts)) as a_dock:
            for _ in range(2):
                async with received(a_dock.transport.door, main_hello()) as main:
                    await main.until(lambda main=main: main.frames)  # type: ignore[misc]
                    await a_dock.book.until(lambda a_dock=a_dock: a_dock.book.open_now())  # type: ignore[misc]
                    for _ in range(5):
                        await told_something(main, a_dock)
                    assert any(b"configure_alert" in frame for frame in main.frames) is alerts


async def told_something(main: Wire, a_dock: Dock) -> None:
    count = len(a_dock.book.of(Faults))
    main.say(alert("HEAD COLD"))
    await a_dock.book.heard(Faults, count + 1)


# --- what is passed over


async def test_an_alert_for_another_printer_is_passed_over(a_dock: Dock, caplog: pytest.LogCaptureFixture) -> None:
    async with received(a_dock.transport.door, main_hello()) as main:
        main.say(alert("PAPER OUT", serial=OTHER))
        main.say(alert("HEAD OPEN"))
        assert (await a_dock.book.heard(Faults)).sets.keys() == {"cover-open-error"}
        assert not a_dock.book.of(Faults, OTHER)
        assert f"alert for '{OTHER}'" in caplog.text


async def test_a_printer_that_talks_nonsense_fills_no_log_and_keeps_its_line(
    a_dock: Dock, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        async with received(a_dock.transport.door, main_hello()) as main:
            for number in range(200):
                main.say(b'{"nonsense": %d}' % number)
                main.say(alert("PAPER OUT", serial=f"SOMEBODY{number}"))
            main.say(alert("HEAD OPEN"))
            await a_dock.book.heard(Faults)
            assert main.is_open
    assert (
        len([one for one in caplog.records if one.name == "fanfold.weblink" and one.levelno > logging.INFO])
        <= LINES_PER_WINDOW + 1
    )


async def test_what_comes_with_the_first_message_is_heard_at_once(a_dock: Dock) -> None:
    async with received(a_dock.transport.door, main_hello() + alert("PAPER OUT") + alert("HEAD OPEN")[:20]) as main:
        await a_dock.book.heard(Faults)
        main.say(alert("HEAD OPEN")[20:])
        await a_dock.book.heard(Faults, 2)
        assert a_dock.book.faults() == {"media-empty-error", "cover-open-error"}


async def test_alerts_in_fragments_and_in_text_frames_are_heard(a_dock: Dock) -> None:
    async with a_dock.zebra(sends_text=True, fragment_bytes=10) as printer:
        await printer.until(lambda: "ALL MESSAGES" in printer.alert_entries)
        printer.alert("PAPER OUT")
        assert (await a_dock.book.heard(Faults)).sets.keys() == {"media-empty-error"}
