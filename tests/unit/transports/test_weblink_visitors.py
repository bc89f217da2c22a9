"""Who comes to the printers' door: let in, waiting or sent away, with words; and nobody else takes notice."""

from __future__ import annotations

import asyncio
import gc
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from aiohttp import ClientSession, ClientWebSocketResponse, WSMsgType
from hypothesis import given, settings
from hypothesis import strategies as st

from fanfold.config import Weblink
from fanfold.errors import Refused, StoreFailed
from fanfold.languages.zpl_tally import LabelTally
from fanfold.model import Evidence
from fanfold.reception import Came, ChannelClosed, ChannelOpened, Known, Suspicious, Went
from fanfold.transports.presence_log import LINES_PER_WINDOW
from fanfold.transports.weblink.door import SUBPROTOCOL, uri_of
from fanfold.transports.weblink.hello import FIRST_BYTES, OBJECTS
from fanfold.transports.weblink.lines import MOST
from fanfold.transports.weblink.messages import MESSAGE_BYTES
from fanfold.transports.weblink.transport import WeblinkTransport
from tests.unit.server.stage import until
from tests.unit.transports.weblink_dock import (
    HURRY,
    OTHER,
    SERIAL,
    Book,
    Dock,
    Faultless,
    Wire,
    channel_hello,
    dock,
    label,
    main_hello,
    received,
    visit,
)

URI = uri_of(SERIAL)


@pytest.fixture
async def a_dock(tmp_path: Path) -> AsyncIterator[Dock]:
    async with dock(tmp_path, adopted=(SERIAL, OTHER), manners=Weblink(first_message_s=0.3)) as made:
        yield made


@pytest.fixture
async def dial(a_dock: Dock) -> AsyncIterator[Callable[[], Awaitable[ClientWebSocketResponse]]]:
    async with ClientSession() as client:

        async def connect() -> ClientWebSocketResponse:
            return await client.ws_connect(a_dock.url, protocols=(SUBPROTOCOL,), max_msg_size=0)

        yield connect


Dial = Callable[[], Awaitable[ClientWebSocketResponse]]


async def goodbye(line: ClientWebSocketResponse) -> int | None:
    """Wait until the other side hangs up; return its close code."""
    while (message := await line.receive()).type not in (WSMsgType.CLOSE, WSMsgType.CLOSED, WSMsgType.ERROR):
        pass
    return message.data if message.type is WSMsgType.CLOSE else line.close_code


# --- first messages


@pytest.mark.parametrize(
    ("said", "code"),
    [
        (b"\x00\xff{not JSON at all", 1002),
        (b"GET / HTTP/1.1\r\n\r\n", 1002),
        (b"[]", 1002),
        (b"{]}", 1002),
        (b"{}", 1002),
        (b'{"discovery_b64": 5}', 1002),
        (b'{"discovery_b64": "%%%"}', 1002),
        (b'{"discovery_b64": "OiwuBA=="}', 1002),
        (b'{"channel_name": "v1.main.zebra.com", "unique_id": "x"}', 1002),
        (b'{"channel_name": "v1.raw.zebra.com"}', 1002),
        (b'{"channel_name": "v1.raw.zebra.com", "unique_id": "\x00"}', 1002),
        (b'{"a": ' * 100, 1002),
        (b'{"a": "' + b"x" * (FIRST_BYTES + 1), 1009),
        (b'{"channel_name": "v1.raw.zebra.com", "unique_id": "NOBODY"}', 1008),
    ],
)
async def test_a_visitor_who_says_nothing_sensible_is_sent_away_with_the_reason_and_logged(
    a_dock: Dock, dial: Dial, caplog: pytest.LogCaptureFixture, said: bytes, code: int
) -> None:
    async with a_dock.zebra() as printer:
        await a_dock.book.ready()
        line = await dial()
        await line.send_bytes(said)
        assert await goodbye(line) == code
        [record] = [one for one in caplog.records if one.name == "fanfold.weblink"]
        assert record.getMessage().startswith("From 127.0.0.1: ")
        assert len(record.getMessage()) < 400
        assert (await a_dock.deliver(label()))[0].evidence is Evidence.DELIVERED
        assert len(printer.channels()) == 2
    assert not a_dock.transport.newcomers()


async def test_a_visitor_who_says_nothing_is_sent_away_in_time(a_dock: Dock, dial: Dial) -> None:
    assert await goodbye(await dial()) == 1008


async def test_json_that_never_ends_is_cut_off(a_dock: Dock, dial: Dial) -> None:
    line = await dial()
    await line.send_bytes(b'{"discovery_b64": "')
    for _ in range(FIRST_BYTES // 1000 + 2):
        await line.send_bytes(b"A" * 1000)
    assert await goodbye(line) == 1009


async def test_a_first_message_that_trickles_in_is_taken_if_it_comes_in_time(a_dock: Dock) -> None:
    async with a_dock.zebra(fragment_bytes=3, sends_text=True):
        await a_dock.book.heard(Came)
    wire_hello = main_hello()
    async with received(a_dock.transport.door, wire_hello[:1]) as wire:
        for byte in wire_hello[1:]:
            wire.say(bytes([byte]))
        await a_dock.book.heard(Came, 2)


async def test_a_wrong_checksum_is_taken_and_warned_of(a_dock: Dock, caplog: pytest.LogCaptureFixture) -> None:
    async with a_dock.zebra(crc="wrong"), a_dock.zebra(OTHER, crc="none"):
        await a_dock.book.ready()
        await a_dock.book.ready(OTHER)
    assert f"checksum of {SERIAL}" in caplog.text
    assert OTHER not in caplog.text


async def test_a_main_line_that_talks_garbage_later_is_hung_up_on_and_its_jobs_go_on(a_dock: Dock) -> None:
    async with a_dock.zebra(retry_s=30.0) as printer:
        await a_dock.book.ready()
        printer.send("main", b"\xff\xff\xff")
        closed = await a_dock.book.heard(ChannelClosed)
        assert closed.channel == "main"
        assert "1002" in closed.message
        assert (await a_dock.deliver(label()))[0].evidence is Evidence.DELIVERED


async def test_an_endless_object_on_main_is_cut_off(a_dock: Dock) -> None:
    async with received(a_dock.transport.door, main_hello()) as main:
        await a_dock.book.heard(Came)
        main.say(b'{"alert": "')
        for _ in range(MESSAGE_BYTES // 65536 + 1):
            main.say(b"x" * 65536)
        await until(lambda: main.closed)
        assert main.closed is not None
        assert main.closed[0] == 1009


# --- serials that do not fit together


async def test_a_serial_that_changes_on_main_ends_the_line(a_dock: Dock) -> None:
    async with received(a_dock.transport.door, main_hello()) as main:
        await a_dock.book.heard(Came)
        main.say(main_hello())
        main.say(main_hello(OTHER))
        await until(lambda: main.closed)
        assert main.closed == (1008, f"{SERIAL} calls itself by another serial now")
    assert not a_dock.book.of(Came, OTHER)


@pytest.mark.parametrize("claimed", [OTHER, "NOBODY"])
async def test_a_channel_under_another_serial_is_not_taken_for_either(tmp_path: Path, claimed: str) -> None:
    manners = Weblink(open_wait_s=1)
    async with (
        dock(tmp_path, adopted=(SERIAL, OTHER), manners=manners) as a_dock,
        a_dock.zebra(OTHER) as other,
    ):
        await a_dock.book.ready(OTHER)
        async with a_dock.zebra(raw_serial=claimed) as printer:
            await printer.until(lambda: bool(printer.opens))
            with pytest.raises(Exception, match="did not open"):
                await a_dock.deliver(label())
            assert a_dock.transport.channels(URI) == ("main",)
            await a_dock.deliver(label("ours"), serial=OTHER)
            assert b"ours" in (await other.labels_out())[0]
            assert not printer.received
            assert a_dock.book.opened("raw", OTHER) == 1
            assert len(a_dock.transport.door.devices[OTHER].lines.raws) == 1


async def test_a_channel_that_nobody_asked_for_is_refused_though_its_printer_is_there(a_dock: Dock) -> None:
    async with a_dock.zebra():
        await a_dock.book.ready()
        for kind in ("raw", "config"):
            async with received(a_dock.transport.door, channel_hello(kind=kind)) as wire:
                await until(lambda wire=wire: wire.closed)  # type: ignore[misc]
        assert a_dock.transport.channels(URI) == ("main", "raw")


async def test_a_channel_without_a_main_line_is_refused(a_dock: Dock) -> None:
    async with received(a_dock.transport.door, channel_hello()) as wire:
        await until(lambda: wire.closed)
        assert wire.closed == (1008, f"{SERIAL} was not asked for a raw channel")
    assert not a_dock.book.told


# --- letting in


async def test_who_is_not_let_in_waits_with_what_it_says_of_itself(tmp_path: Path) -> None:
    async with dock(tmp_path, adopted=()) as a_dock, a_dock.zebra() as printer:
        await until(a_dock.transport.newcomers)
        [newcomer] = a_dock.transport.newcomers()
        assert (newcomer.uri, newcomer.serial, newcomer.name) == (URI, SERIAL, SERIAL)
        assert (newcomer.peer, newcomer.identity) == ("127.0.0.1", "none")
        assert newcomer.info == "ZD420-203dpi, V84.20.23Z, 203 dpi, label 102 x 152 mm"
        printer.alert("PAPER OUT")
        assert not printer.opens
        assert a_dock.transport.channels(URI) == ()
        assert not a_dock.book.told
        printer.power_off()
        await until(lambda: not a_dock.transport.newcomers())


async def test_who_is_let_in_while_it_waits_need_not_dial_again(tmp_path: Path) -> None:
    async with dock(tmp_path, adopted=()) as a_dock, a_dock.zebra() as printer:
        await until(a_dock.transport.newcomers)
        a_dock.book.adopt(SERIAL)
        a_dock.transport.adopted(URI)
        a_dock.transport.adopted(URI)
        await a_dock.book.ready()
        assert printer.dials == 2
        assert a_dock.book.books[URI].identity == "none"
        assert not a_dock.transport.newcomers()
        assert len(a_dock.book.of(Came)) == 1
        assert (await a_dock.deliver(label()))[0].evidence is Evidence.DELIVERED


async def test_a_stranger_who_claims_a_serial_is_refused_and_told_of_and_the_true_one_prints_on(a_dock: Dock) -> None:
    async with a_dock.zebra() as printer:
        await a_dock.book.ready()
        for hello in (main_hello(), channel_hello()):
            async with received(a_dock.transport.door, hello, "secret:thief") as thief:
                await until(lambda thief=thief: thief.closed)  # type: ignore[misc]
                assert thief.closed == (1008, f"{SERIAL}: this serial is bound to another proof")
                assert not thief.frames
        told = await a_dock.book.heard(Suspicious, 2)
        assert "192.0.2.7" in told.message
        assert "secret:thief" in told.message
        assert len(a_dock.book.of(Came)) == 1
        assert (await a_dock.deliver(label()))[0].evidence is Evidence.DELIVERED
        await printer.labels_out()


async def test_of_several_that_claim_a_serial_only_the_adopted_proof_is_let_in(tmp_path: Path) -> None:
    async with dock(tmp_path, adopted=()) as a_dock:
        door = a_dock.transport.door
        async with received(door, main_hello(), "secret:a") as one, received(door, main_hello(), "secret:b") as other:
            await until(lambda: len(a_dock.transport.newcomers()) == 2)
            a_dock.book.adopt(SERIAL, "secret:b")
            a_dock.transport.adopted(URI)
            await until(lambda: one.closed)
            await other.until(lambda: other.frames)
            assert len(a_dock.book.of(Suspicious)) == 1
            assert not a_dock.transport.newcomers()


async def test_who_is_rejected_is_sent_away_and_not_told_of(a_dock: Dock) -> None:
    a_dock.book.books[URI] = Known(None)
    async with received(a_dock.transport.door, main_hello()) as wire:
        await until(lambda: wire.closed)
        assert wire.closed is not None
        assert "was rejected" in wire.closed[1]
    assert not a_dock.book.told


async def test_who_is_rejected_while_it_waits_is_hung_up_on(tmp_path: Path) -> None:
    async with dock(tmp_path, adopted=()) as a_dock, received(a_dock.transport.door, main_hello()) as wire:
        await until(a_dock.transport.newcomers)
        a_dock.transport.turned_out(URI, "it was rejected")
        await until(lambda: not a_dock.transport.newcomers())
        assert wire.closed == (1008, "it was rejected")


async def test_who_is_turned_out_is_hung_up_on_and_waits_as_a_newcomer(a_dock: Dock) -> None:
    async with a_dock.zebra() as printer:
        await a_dock.book.ready()
        told = len(a_dock.book.told)
        del a_dock.book.books[URI]
        a_dock.transport.turned_out(URI, "it was removed")
        await until(a_dock.transport.newcomers)
        assert a_dock.transport.channels(URI) == ()
        assert len(a_dock.book.told) == told, "its news concern nobody any more"
        a_dock.book.adopt(SERIAL)
        a_dock.transport.adopted(URI)
        await a_dock.book.until(lambda: a_dock.book.opened("raw") == 2)
        await a_dock.deliver(label())
        await printer.labels_out()


async def test_there_is_room_for_so_many_newcomers_and_no_more(tmp_path: Path) -> None:
    async with dock(tmp_path, adopted=(SERIAL,), manners=Weblink(newcomers=3)) as a_dock, a_dock.zebra():
        await a_dock.book.ready()
        door = a_dock.transport.door
        async with (
            received(door, main_hello("A1")),
            received(door, main_hello("A2")),
            received(door, main_hello("A3")),
            received(door, main_hello("A4")) as fourth,
        ):
            await until(lambda: fourth.closed)
            assert fourth.closed is not None
            assert fourth.closed[0] == 1013
            assert {one.serial for one in a_dock.transport.newcomers()} == {"A1", "A2", "A3"}
            assert (await a_dock.deliver(label()))[0].evidence is Evidence.DELIVERED


async def test_a_disk_that_does_not_take_who_it_is_is_no_reason_to_let_it_in(a_dock: Dock) -> None:
    async def bind(uri: str, identity: str) -> bool:
        raise StoreFailed("the disk is full")

    a_dock.book.bind = bind  # type: ignore[method-assign]
    async with received(a_dock.transport.door, main_hello()) as wire:
        await until(lambda: wire.closed)
        assert wire.closed is not None
        assert wire.closed[0] == 1013
    assert not a_dock.book.told


async def test_a_printer_that_holds_too_many_main_lines_is_given_no_more(a_dock: Dock) -> None:
    door = a_dock.transport.door
    wires = [Wire() for _ in range(MOST + 1)]
    serving = []
    for wire in wires:
        wire.say(main_hello())
        serving.append(asyncio.create_task(door.serve(visit(), wire)))
    await until(lambda: any(wire.closed for wire in wires))
    assert [wire.closed is not None for wire in wires].count(True) == 1
    for wire in wires:
        wire.hang_up()
    await asyncio.gather(*serving)
    assert not list(door.devices[SERIAL].lines.all())


# --- races


@pytest.mark.parametrize("steps", range(8))
async def test_a_line_that_ends_while_it_is_adopted_leaves_nothing(tmp_path: Path, steps: int) -> None:
    async with dock(tmp_path, adopted=()) as a_dock:
        door = a_dock.transport.door
        async with received(door, main_hello()) as wire:
            await until(a_dock.transport.newcomers)
            a_dock.book.adopt(SERIAL)
            a_dock.transport.adopted(URI)
            for _ in range(steps):
                await asyncio.sleep(0)
            wire.hang_up()
        await until(lambda: not a_dock.transport._tasks - {pulse(a_dock)})
        assert not a_dock.transport.newcomers()
        assert not [line for device in door.devices.values() for line in device.lines.all()]
        assert len(a_dock.book.of(Came)) == len(a_dock.book.of(Went))
        assert len(a_dock.book.of(ChannelOpened)) == len(a_dock.book.of(ChannelClosed))


def pulse(a_dock: Dock) -> asyncio.Task[None]:
    return next(task for task in a_dock.transport._tasks if "beat" in repr(task))


@pytest.mark.parametrize("steps", range(8))
async def test_who_is_turned_out_while_it_is_let_in_stays_out(tmp_path: Path, steps: int) -> None:
    async with dock(tmp_path, adopted=()) as a_dock:
        door = a_dock.transport.door
        a_dock.book.adopt(SERIAL)
        async with received(door, main_hello()) as wire:
            for _ in range(steps):
                await asyncio.sleep(0)
            del a_dock.book.books[URI]
            a_dock.transport.turned_out(URI, "it was removed")
            await until(lambda: not wire.is_open or a_dock.transport.newcomers())
            assert a_dock.transport.channels(URI) == ()
            assert not [line for device in door.devices.values() for line in device.lines.all() if line.line.is_open]


# --- floods


async def test_hundreds_of_silent_visitors_delay_nobody_and_fill_no_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    manners = Weblink(first_message_s=2.0)
    async with (
        dock(tmp_path, manners=manners) as a_dock,
        ClientSession() as client,
        a_dock.zebra() as printer,
    ):
        await a_dock.book.ready()
        silent = await asyncio.gather(
            *(client.ws_connect(a_dock.url, protocols=(SUBPROTOCOL,), max_msg_size=0) for _ in range(100))
        )
        door = a_dock.transport.door
        wires = [Wire() for _ in range(400)]
        serving = [asyncio.create_task(door.serve(visit(), wire)) for wire in wires]
        await asyncio.sleep(0)
        assert (await a_dock.deliver(label()))[0].evidence is Evidence.DELIVERED
        await printer.labels_out()
        assert not any(line.closed for line in silent)
        assert not any(wire.closed for wire in wires)
        await asyncio.gather(*serving)
        assert {wire.closed[0] for wire in wires if wire.closed} == {1008}
        assert [await goodbye(line) for line in silent] == [1008] * 100
    records = [one for one in caplog.records if one.name == "fanfold.weblink"]
    assert len(records) == LINES_PER_WINDOW + 1


async def test_what_visitors_say_cannot_forge_lines_in_the_log(a_dock: Dock, caplog: pytest.LogCaptureFixture) -> None:
    serial = "x\nWARNING  from nobody\x1b[31m" * 100
    hello = json.dumps({"channel_name": "v1.raw.zebra.com", "unique_id": serial}).encode()
    async with received(a_dock.transport.door, hello) as wire:
        await until(lambda: wire.closed)
    [record] = [one for one in caplog.records if one.name == "fanfold.weblink"]
    assert record.getMessage().isprintable()
    assert len(record.getMessage()) < 400


async def test_printers_that_came_and_went_leave_no_lines_in_memory(a_dock: Dock) -> None:
    door = a_dock.transport.door
    for number in range(200):
        a_dock.book.adopt(f"A{number}")
        async with received(door, main_hello(f"A{number}")) as wire:
            await wire.until(lambda wire=wire: len(wire.frames) == 2)  # type: ignore[misc]
    for number in range(200):
        a_dock.transport.turned_out(uri_of(f"A{number}"), "it was removed")
    await until(lambda: not a_dock.transport._tasks - {pulse(a_dock)})
    assert not door.devices
    gc.collect()
    assert sum(isinstance(one, Wire) for one in gc.get_objects()) < 5


# --- anything at all

SAYINGS = st.one_of(
    st.binary(max_size=40),
    st.sampled_from(
        [main_hello(), main_hello(OTHER), channel_hello(), channel_hello(kind="config"), b"{}", b'{"alert":{}}', b'"7"']
    ),
    st.builds(
        lambda condition, state, more: json.dumps(
            {"alert": {"unique_id": SERIAL, "condition_id": condition, "condition_state": state, **more}}
        ).encode(),
        st.sampled_from(["PQ JOB COMPLETED", "PAPER OUT", "POWER ON", "SGD SET", "LABEL TAKEN"]) | st.text(max_size=10),
        st.sampled_from(["SET", "CLEAR", ""]) | st.text(max_size=5),
        st.dictionaries(st.sampled_from(["setting_name", "type_id", "time_stamp"]), st.none() | st.text(max_size=5)),
    ),
)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from([b"", main_hello()]), st.lists(st.tuples(SAYINGS, st.booleans()), max_size=12))
def test_whatever_is_said_nothing_breaks_and_nothing_is_left(first: bytes, sayings: list[tuple[bytes, bool]]) -> None:
    asyncio.run(said(first, sayings))


async def said(first: bytes, sayings: list[tuple[bytes, bool]]) -> None:
    book = Book()
    book.adopt(SERIAL)
    transport = WeblinkTransport(Weblink(first_message_s=1.0), LabelTally, HURRY)
    transport.receive_for(book)
    faults = Faultless()
    async with received(transport.door, first or b" ") as wire:
        for data, is_text in sayings:
            wire.say(data, is_text=is_text)
            await asyncio.sleep(0)
    await transport.close()
    faults.check()
    assert not [line for device in transport.door.devices.values() for line in device.lines.all()]
    assert not transport.newcomers()
    assert not transport._tasks
    assert len(book.of(ChannelOpened)) == len(book.of(ChannelClosed))


# --- trace


async def test_a_trace_shows_headers_and_first_frames_and_never_a_document_or_a_secret(a_dock: Dock) -> None:
    door = a_dock.transport.door
    a_dock.transport.trace(URI, 5)
    async with received(door, main_hello()) as main:
        await main.until(lambda: len(main.frames) == 2)
        async with received(door, channel_hello()) as raw:
            await a_dock.book.ready()
            delivery = asyncio.create_task(a_dock.deliver(b"the document" * 2000, language=""))
            await raw.until(lambda: raw.pings)
            raw.pong(raw.pings[-1])
            await delivery
            for number in range(10):
                main.say(b'{"number": %d}' % number)
            await until(lambda: any("number" in line for line in a_dock.transport.traced(URI)))
    lines = a_dock.transport.traced(URI)
    text = "\n".join(lines)
    assert "#1" in text
    assert "from 192.0.2.7: GET /weblink/***" in text
    assert "Authorization: ***" in text
    assert "proved none" in text
    assert "discovery_b64" in text
    assert '< binary, 28 bytes: {"open": "v1.raw.zebra.com"}' in text
    assert "#2" in text
    assert "channel_name" in text
    assert "< binary, 4096 bytes" in text
    assert "the document" not in text
    assert '"number": 9' not in text, "only so many frames of each line"
    assert sum(" < " in line or " > " in line for line in lines) == 10
    assert "over (1006" in text
    a_dock.transport.trace(URI, 0)
    assert not a_dock.transport.traced(URI)


async def test_a_trace_does_not_show_where_a_printer_dials(a_dock: Dock) -> None:
    a_dock.transport.trace(URI, 20)
    async with a_dock.zebra() as printer:
        await a_dock.book.ready()
        printer.settings.set("weblink.ip.conn1.location", "https://labels.example/weblink/the-s3cret")
        question = b'! U1 getvar "weblink.ip.conn1.location"\r\n'
        assert b"the-s3cret" in await a_dock.ask(question)
    text = "\n".join(a_dock.transport.traced(URI))
    assert "https://***" in text
    assert "the-s3cret" not in text


@pytest.mark.parametrize("let_in", [True, False])
async def test_a_message_of_countless_objects_keeps_nobody_waiting(tmp_path: Path, *, let_in: bool) -> None:
    adopted = (SERIAL,) if let_in else ()
    async with dock(tmp_path, adopted=adopted) as a_dock, received(a_dock.transport.door, main_hello()) as line:
        line.say(b"{}" * (OBJECTS + 2))
        await until(lambda: line.closed)
        assert line.closed == (1009, f"one message of its holds more than {OBJECTS} objects")


async def test_a_trace_is_bounded_whatever_a_printer_says(a_dock: Dock) -> None:
    door = a_dock.transport.door
    a_dock.transport.trace(URI, 10_000)
    hello = main_hello()[:-1] + b', "more": "' + b"\x00" * 30_000 + b'"}'
    for _ in range(400):
        async with received(door, hello) as main:
            await main.until(lambda main=main: len(main.frames) == 2)  # type: ignore[misc]
    lines = a_dock.transport.traced(URI)
    assert len(lines) <= 2001
    assert max(map(len, lines)) < 3000
    for number in range(25):
        a_dock.transport.trace(uri_of(f"A{number}"), 5)
    assert not a_dock.transport.traced(URI), "the oldest of too many traces is over"


async def test_nobody_may_say_much_before_it_is_let_in(tmp_path: Path) -> None:
    async with dock(tmp_path, adopted=()) as a_dock, received(a_dock.transport.door, main_hello()) as line:
        await until(a_dock.transport.newcomers)
        assert not line.trusted
        a_dock.book.adopt(SERIAL)
        a_dock.transport.adopted(URI)
        await until(lambda: line.trusted)


async def test_a_newcomer_can_be_traced(tmp_path: Path) -> None:
    async with dock(tmp_path, adopted=()) as a_dock:
        a_dock.transport.trace(URI, 5)
        async with a_dock.zebra():
            await until(a_dock.transport.newcomers)
            assert any("discovery_b64" in line for line in a_dock.transport.traced(URI))
        assert not a_dock.transport.traced("weblink:nobody")


# --- addresses


@pytest.mark.parametrize(
    "uri", ["weblink:50J%31", "weblink:a%2fb", "weblink:%ff", "weblink:" + "x" * 97, "weblink:%zz"]
)
def test_a_serial_has_one_address_only(uri: str) -> None:
    with pytest.raises(Refused) as refused:
        WeblinkTransport(Weblink(), LabelTally).check(uri)
    assert refused.value.code == "bad-uri"
