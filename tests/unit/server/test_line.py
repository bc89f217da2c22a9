"""Lines with printers: frames both ways, pings, a peer that does not read, and every kind of end."""

from __future__ import annotations

import asyncio
import logging
import socket
import struct
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import ClientWebSocketResponse, WSMsgType

from fanfold.door import UNTRUSTED_BYTES, Hung, Line, Pong, Said
from fanfold.server.line import TURN_MESSAGES, UNREAD_BYTES
from tests.unit.server.stage import WEBLINK, At, Stage, serving, until

OPEN = At(doors=(WEBLINK,), proof=("none",))
MESSAGE_BYTES = 256 * 1024


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with serving(tmp_path, OPEN, message_bytes=MESSAGE_BYTES) as made:
        yield made


async def dialled(stage: Stage) -> tuple[ClientWebSocketResponse, Line]:
    printer = await stage.dial()
    await until(lambda: stage.door.lines)
    return printer, stage.door.lines[-1]


async def test_messages_go_both_ways_as_binary_frames(stage: Stage) -> None:
    printer, _ = await dialled(stage)
    await printer.send_bytes(b"\x00binary\xff")
    await printer.send_str("text, though it should be binary")
    for expected in (b"\x00binary\xff", b"text, though it should be binary"):
        message = await printer.receive()
        assert (message.type, message.data) == (WSMsgType.BINARY, expected)
    assert stage.door.heard == [Said(b"\x00binary\xff"), Said(b"text, though it should be binary", is_text=True)]


@pytest.mark.parametrize("size_bytes", [UNTRUSTED_BYTES, UNTRUSTED_BYTES + 1])
async def test_a_visitor_says_little_until_it_is_trusted(stage: Stage, size_bytes: int) -> None:
    stage.door.trusts = False
    printer, line = await dialled(stage)
    await printer.send_bytes(bytes(size_bytes))
    answer = await printer.receive()
    if size_bytes > UNTRUSTED_BYTES:
        assert printer.close_code == 1009
        return
    assert answer.data == bytes(size_bytes)
    line.trust()
    await printer.send_bytes(bytes(MESSAGE_BYTES))
    assert (await printer.receive()).data == bytes(MESSAGE_BYTES)


async def test_text_that_is_not_utf_8_is_heard_as_it_came(stage: Stage) -> None:
    printer, _ = await dialled(stage)
    await printer.send_frame(b"\xff\xfe", WSMsgType.TEXT)
    assert (await printer.receive()).data == b"\xff\xfe"
    assert stage.door.heard == [Said(b"\xff\xfe", is_text=True)]


async def test_a_message_in_fragments_is_heard_whole(stage: Stage) -> None:
    reader, writer = await raw_line(stage)
    writer.write(masked(0x02, b"one ") + masked(0x00, b"two ") + masked(0x89, b"") + masked(0x80, b"three"))
    assert await reader.readexactly(2) == b"\x8a\x00"
    assert await reader.readexactly(2 + 13) == b"\x82\x0done two three"
    writer.close()


@pytest.mark.parametrize("size", [0, 1, 125, 126, 4096, 65535, 65536, 300_000])
async def test_a_frame_of_any_size_leaves_as_one_frame(stage: Stage, size: int) -> None:
    reader, writer = await raw_line(stage)
    writer.write(masked(0x82, f"say {size}".encode()))
    first, length = await reader.readexactly(2)
    assert first == 0x82
    if length >= 126:
        (length,) = struct.unpack("!H" if length == 126 else "!Q", await reader.readexactly(2 if length == 126 else 8))
    assert length == size
    assert await reader.readexactly(size) == b"x" * size
    writer.close()


@pytest.mark.parametrize("payload", [b"", b"tick", b"\x00" * 125])
async def test_a_ping_is_answered_with_its_payload(stage: Stage, payload: bytes) -> None:
    printer, line = await dialled(stage)
    line.heard_s = 0.0  # type: ignore[misc]  # as if long ago: not every clock ticks between two frames
    await printer.ping(payload)
    message = await printer.receive()
    assert (message.type, message.data) == (WSMsgType.PONG, payload)
    assert line.heard_s
    assert stage.door.heard == []


async def test_our_ping_is_heard_to_be_answered(stage: Stage) -> None:
    printer, line = await dialled(stage)
    line.sent_s = 0.0  # type: ignore[misc]
    await line.ping(b"are you there")
    assert line.sent_s
    message = await printer.receive()
    assert (message.type, message.data) == (WSMsgType.PING, b"are you there")
    await printer.pong(message.data)
    await printer.pong(b"unasked")
    await until(lambda: len(stage.door.heard) == 2)
    assert stage.door.heard == [Pong(b"are you there"), Pong(b"unasked")]


async def test_frames_and_pings_arrive_in_the_order_in_which_they_were_given(stage: Stage) -> None:
    printer, line = await dialled(stage)
    for number in range(20):
        await line.send(b"%d" % number)
        await line.ping(b"%d" % number)
    came = [await printer.receive() for _ in range(40)]
    assert [message.data for message in came[::2]] == [b"%d" % number for number in range(20)]
    assert [message.data for message in came[1::2]] == [b"%d" % number for number in range(20)]


# --- a peer that does not read


async def test_sending_waits_for_a_peer_that_does_not_read_and_pings_do_not(stage: Stage) -> None:
    reader, writer = await raw_line(stage, room_bytes=4096)
    line = stage.door.lines[-1]
    sending = asyncio.create_task(flood(line))
    await until(lambda: line.unsent_bytes)
    assert not sending.done()
    await line.ping(b"behind it all")
    assert line.unsent_bytes < 100_000
    assert line.is_open
    read = 0
    while not sending.done():
        read += len(await reader.read(65536))
    assert read > 1_000_000
    writer.close()


async def test_one_who_pings_and_does_not_read_fills_no_memory_and_is_answered_later(stage: Stage) -> None:
    reader, writer = await raw_line(stage, room_bytes=4096)
    line = stage.door.lines[-1]
    sending = asyncio.create_task(flood(line))
    await until(lambda: line.unsent_bytes > 16 * 1024)
    waiting = line.unsent_bytes
    line.heard_s = 0.0  # type: ignore[misc]
    for number in range(1000):
        writer.write(masked(0x89, b"%d" % number))
    await writer.drain()
    writer.write(masked(0x82, b"the end"))
    await until(lambda: stage.door.heard)
    assert line.heard_s
    assert line.unsent_bytes - waiting < 32  # the door's answer to the last message, and no pong
    read = b""
    while b"\x8a\x03999" not in read:
        read = read[-8:] + await reader.read(65536)
    sending.cancel()
    await asyncio.wait((sending,))
    writer.close()


async def test_a_door_that_does_not_read_makes_its_printer_wait(stage: Stage) -> None:
    stage.door.gate.clear()
    printer, line = await dialled(stage)
    sending = asyncio.create_task(tell(printer, 4000))
    await until(lambda: not line._transport.is_reading())  # type: ignore[attr-defined]
    before_s = line.heard_s
    assert UNREAD_BYTES < line._unread_bytes < 1024**2  # type: ignore[attr-defined]
    stage.door.gate.set()
    await until(lambda: len(stage.door.heard) == 4000)
    await sending
    assert line.heard_s > before_s


async def test_empty_messages_that_nobody_reads_make_their_printer_wait_too(stage: Stage) -> None:
    stage.door.gate.clear()
    _, writer = await raw_line(stage)
    line = stage.door.lines[-1]
    writer.write(masked(0x82, b"") * 5000)
    await until(lambda: not line._transport.is_reading())  # type: ignore[attr-defined]
    stage.door.gate.set()
    await until(lambda: len(stage.door.heard) == 5000)
    writer.close()


@pytest.mark.parametrize("kind", [0x82, 0x8A, 0x89], ids=["messages", "pongs", "pings"])
async def test_a_flood_of_empty_frames_leaves_others_their_turn(stage: Stage, kind: int) -> None:
    reader, writer = await raw_line(stage)
    line = stage.door.lines[-1]
    most = turns = 0

    async def look() -> None:
        nonlocal most, turns
        before = 0
        while len(stage.door.heard) < 20_001 if kind != 0x89 else not stage.door.heard:
            most, before = max(most, len(stage.door.heard) - before), len(stage.door.heard)
            turns += 1
            await asyncio.sleep(0)

    looking = asyncio.create_task(look())
    reading = asyncio.create_task(reader.read())
    line.data_received(masked(kind, b"") * 20_000 + masked(0x8A, b"the end"))  # type: ignore[attr-defined]
    await looking
    assert stage.door.heard[-1] == Pong(b"the end")
    assert most <= 2 * TURN_MESSAGES
    assert turns >= 20_000 // TURN_MESSAGES
    await until(line._transport.is_reading)  # type: ignore[attr-defined]
    writer.close()
    await reading


async def test_what_came_before_a_goodbye_is_heard_though_it_is_much(stage: Stage) -> None:
    _, writer = await raw_line(stage)
    writer.write(masked(0x8A, b"") * 5000 + masked(0x88, b"\x03\xe8done"))
    await until(lambda: stage.door.over)
    assert len(stage.door.heard) == 5001
    assert stage.door.heard[-1] == Hung(1000, "done")
    writer.close()


async def test_what_is_no_proper_frame_is_noticed_behind_much(stage: Stage) -> None:
    reader, writer = await raw_line(stage)
    writer.write(masked(0x8A, b"") * 5000 + b"\x8f\x80\0\0\0\0")
    assert (await reader.read())[2:4] == struct.pack("!H", 1002)
    assert len(stage.door.heard) >= 5000
    writer.close()


async def test_our_goodbye_is_answered_behind_much_that_nobody_read(stage: Stage) -> None:
    stage.door.gate.clear()
    _, writer = await raw_line(stage)
    line = stage.door.lines[-1]
    writer.write(masked(0x82, b"") * 5000)
    await until(lambda: not line._transport.is_reading())  # type: ignore[attr-defined]
    writer.write(masked(0x88, b"\x03\xe8"))
    closing = asyncio.create_task(line.close(1000, "enough"))
    await closing
    assert line._transport.is_closing()  # type: ignore[attr-defined]
    assert line._gone.is_set()  # type: ignore[attr-defined]
    stage.door.gate.set()
    writer.close()


async def test_one_who_says_goodbye_and_reads_no_more_is_not_waited_for(stage: Stage) -> None:
    _, writer = await raw_line(stage, room_bytes=4096)
    line = stage.door.lines[-1]
    sending = asyncio.create_task(flood(line))
    await until(lambda: line.unsent_bytes > 16 * 1024)
    writer.write(masked(0x88, b""))
    with pytest.raises(ConnectionError):
        await sending
    await until(lambda: line.unsent_bytes == 0)
    writer.close()


async def test_one_sender_that_is_cancelled_takes_no_other_with_it(stage: Stage) -> None:
    reader, writer = await raw_line(stage, room_bytes=4096)
    line = stage.door.lines[-1]
    one, other = asyncio.create_task(flood(line)), asyncio.create_task(flood(line))
    await until(lambda: line.unsent_bytes > 16 * 1024)
    one.cancel()
    await asyncio.wait((one,))
    assert not other.done()
    while not other.done():
        await reader.read(65536)
    await other
    writer.close()


async def test_a_line_that_is_aborted_ends_its_sender(stage: Stage) -> None:
    _, writer = await raw_line(stage, room_bytes=4096)
    line = stage.door.lines[-1]
    sending = asyncio.create_task(flood(line))
    await until(lambda: line.unsent_bytes)
    line.abort()
    line.abort()
    with pytest.raises(ConnectionError):
        await sending
    assert not line.is_open
    assert isinstance(await line.receive(), Hung)
    writer.close()


async def test_a_goodbye_to_a_peer_that_does_not_read_takes_a_bounded_time(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fanfold.server.line.GOODBYE_S", 0.05)
    _, writer = await raw_line(stage, room_bytes=4096)
    line = stage.door.lines[-1]
    sending = asyncio.create_task(flood(line))
    await until(lambda: line.unsent_bytes)
    await line.close(1001, "going")
    with pytest.raises(ConnectionError):
        await sending
    await until(lambda: stage.door.over)
    writer.close()


# --- ends


@pytest.mark.parametrize(
    ("sent", "end"),
    [
        (b"\x03\xe8", Hung(1000)),
        (b"\x03\xe8done", Hung(1000, "done")),
        (b"\x0f\xa0", Hung(4000)),
        (b"", Hung(1005)),
    ],
)
async def test_their_goodbye_is_answered_and_heard(stage: Stage, sent: bytes, end: Hung) -> None:
    reader, writer = await raw_line(stage)
    writer.write(masked(0x88, sent))
    answer = await reader.read()
    assert answer[:1] == b"\x88"
    assert answer[2:4] == (sent[:2] or b"\x03\xe8")
    await until(lambda: stage.door.over)
    assert stage.door.heard == [end]
    assert await stage.door.lines[0].receive() == end
    writer.close()


async def test_a_line_that_breaks_is_heard_as_such_and_its_door_is_not_cancelled(stage: Stage) -> None:
    _, writer = await raw_line(stage)
    writer.transport.abort()
    await until(lambda: stage.door.over)
    (end,) = stage.door.heard
    assert isinstance(end, Hung)
    assert end.code == 1006
    line = stage.door.lines[0]
    assert not line.is_open
    with pytest.raises(ConnectionError):
        await line.send(b"x")
    with pytest.raises(ConnectionError):
        await line.ping(b"x")
    await line.close(1000, "late")
    assert await line.receive() == end


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        (b"\x82\xff" + struct.pack("!Q", MESSAGE_BYTES + 1) + b"\0\0\0\0", 1009),
        (b"\x8f\x80\0\0\0\0", 1002),
        (b"\xc2\x80\0\0\0\0", 1002),
    ],
    ids=["too large", "unknown kind", "extension bit"],
)
async def test_what_is_no_proper_frame_ends_its_own_line(stage: Stage, frame: bytes, code: int) -> None:
    other, _ = await dialled(stage)
    reader, writer = await raw_line(stage)
    writer.write(frame)
    answer = await reader.readexactly(4)
    assert answer[:1] + answer[2:] == b"\x88" + struct.pack("!H", code)
    writer.close()
    await until(lambda: stage.door.over)
    (end,) = stage.door.heard
    assert isinstance(end, Hung)
    assert end.code == code
    await other.send_bytes(b"still here")
    assert (await other.receive()).data == b"still here"


async def test_our_goodbye_is_said_with_its_code_and_words(stage: Stage) -> None:
    printer, line = await dialled(stage)
    await printer.send_bytes(b"close 4001")
    message = await printer.receive()
    assert (message.type, message.data, message.extra) == (WSMsgType.CLOSE, 4001, "as you wish")
    await until(lambda: stage.door.over)
    assert stage.door.heard[-1] == Hung(4001, "as you wish")
    await line.close(1000, "again")


async def test_words_that_are_too_long_for_a_goodbye_are_cut_between_letters(stage: Stage) -> None:
    printer, line = await dialled(stage)
    closing = asyncio.create_task(line.close(4001, "é" * 100))
    message = await printer.receive()
    assert message.extra == "é" * 61
    await closing


async def test_a_fault_in_a_door_ends_its_own_line_only(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    one, _ = await dialled(stage)
    other, _ = await dialled(stage)
    await one.send_bytes(b"break")
    message = await one.receive()
    assert (message.type, message.data) == (WSMsgType.CLOSE, 1011)
    await other.send_bytes(b"still here")
    assert (await other.receive()).data == b"still here"
    assert "A line with 127.0.0.1 broke: ValueError at stage.py" in caplog.text
    assert "secret words" not in caplog.text


async def test_when_the_gateway_stops_printers_are_told_with_1001(tmp_path: Path) -> None:
    async with serving(tmp_path, OPEN) as stage:
        printers = [await stage.dial() for _ in range(5)]
        await until(lambda: len(stage.door.lines) == 5)
        closing = asyncio.create_task(stage.server.close())
        for printer in printers:
            message = await printer.receive()
            assert (message.type, message.data, message.extra) == (
                WSMsgType.CLOSE, 1001, "The gateway is stopping.",
            )  # fmt: skip
        await closing
    assert stage.door.over == 5


async def test_a_stop_does_not_wait_for_printers_that_do_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("fanfold.server.line.GOODBYE_S", 0.05)
    monkeypatch.setattr("fanfold.server.http.GOODBYE_S", 0.2)
    caplog.set_level(logging.WARNING)
    async with serving(tmp_path, OPEN) as stage:
        _, writer = await raw_line(stage, room_bytes=4096)
        line = stage.door.lines[-1]
        sending = asyncio.create_task(flood(line))
        await until(lambda: line.unsent_bytes)
        await stage.server.close()
        with pytest.raises(ConnectionError):
            await sending
        writer.close()
    assert stage.door.over == 1


async def test_the_kernel_is_told_to_look_after_silent_peers(stage: Stage) -> None:
    _, line = await dialled(stage)
    wire = line._transport.get_extra_info("socket")  # type: ignore[attr-defined]
    assert wire.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
    assert wire.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 30


# --- the peer's side, by hand


def masked(first: int, payload: bytes) -> bytes:
    mask = b"\x11\x22\x33\x44"
    assert len(payload) < 126
    return bytes((first, 0x80 | len(payload))) + mask + bytes(one ^ mask[at % 4] for at, one in enumerate(payload))


async def raw_line(stage: Stage, room_bytes: int = 0) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Open a line by hand; with little room where its peer is to notice that nobody reads."""
    wire = socket.socket()
    if room_bytes:
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room_bytes)
    wire.setblocking(False)
    await asyncio.get_running_loop().sock_connect(wire, ("127.0.0.1", stage.port))
    before = len(stage.door.lines)
    reader, writer = await asyncio.open_connection(sock=wire, limit=room_bytes or 65536)
    writer.write(
        b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: v1.weblink.zebra.com\r\n\r\n"
    )
    assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101 ")
    await until(lambda: len(stage.door.lines) > before)
    return reader, writer


async def tell(printer: ClientWebSocketResponse, messages: int) -> None:
    for _ in range(messages):
        await printer.send_bytes(b"x" * 1024)


async def flood(line: Line) -> None:
    """Send far more than all buffers on the way hold."""
    for _ in range(4096):
        await line.send(b"x" * 4096)
