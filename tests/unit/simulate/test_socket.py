"""The simulated network printer: each mood as it feels on the wire, without any of Fanfold's own sending."""

from __future__ import annotations

import asyncio
import gc
import signal
import socket
import struct
import sys

import pytest

from fanfold.simulate.moods import (
    WORDS,
    Answers,
    Away,
    ClosesEarly,
    HalfReading,
    Mood,
    NeverCloses,
    Ready,
    Refusing,
    ResetsAfter,
    SingleClient,
    Slow,
    Stalled,
    mood,
)
from fanfold.simulate.socket import SocketPrinter

Talk = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def connect(printer: SocketPrinter) -> Talk:
    return await asyncio.open_connection(printer.host, printer.port)


async def send(printer: SocketPrinter, data: bytes) -> bytes:
    """Send a document and its end; return what the printer says until it closes."""
    reader, writer = await connect(printer)
    try:
        writer.write(data)
        writer.write_eof()
        return await reader.read()
    finally:
        writer.close()


async def test_ready_prints_what_reached_its_end_of_data() -> None:
    async with SocketPrinter() as printer:
        assert await send(printer, b"one") == b""
        assert await send(printer, b"two") == b""
        assert await printer.printed(2) == [b"one", b"two"]
        assert printer.partial == []


async def test_nothing_sent_is_nothing_printed() -> None:
    async with SocketPrinter() as printer:
        await send(printer, b"")
        await send(printer, b"one")
        assert await printer.printed() == [b"one"]


async def test_away_nobody_listens_and_back_again_it_is_at_the_same_port() -> None:
    async with SocketPrinter() as printer:
        await printer.become(Away())
        with pytest.raises(ConnectionRefusedError):
            await connect(printer)
        await printer.become(Ready())
        await send(printer, b"back")
        assert await printer.printed() == [b"back"]


async def test_going_away_breaks_off_what_is_under_way() -> None:
    async with SocketPrinter() as printer:
        reader, writer = await connect(printer)
        writer.write(b"half")
        await printer.read(4)
        await printer.become(Away())
        with pytest.raises(ConnectionResetError):
            await reader.read()
        assert printer.partial == [b"half"]
        writer.close()


async def test_refusing_resets_every_connection_unread() -> None:
    async with SocketPrinter(Refusing()) as printer:
        reader, writer = await connect(printer)
        with pytest.raises(ConnectionResetError):
            await reader.read()
        writer.close()
        assert printer.visits == 1


async def test_a_single_client_printer_refuses_others_meanwhile() -> None:
    async with SocketPrinter(SingleClient()) as printer:
        _, first = await connect(printer)
        await printer.visited()
        with pytest.raises(ConnectionRefusedError):
            await connect(printer)
        first.write(b"one")
        first.write_eof()
        await printer.printed()
        await send_when_free(printer, b"two")
        assert await printer.printed(2) == [b"one", b"two"]
        first.close()


async def send_when_free(printer: SocketPrinter, data: bytes) -> None:
    while True:
        try:
            await send(printer, data)
        except ConnectionRefusedError:
            await asyncio.sleep(0)
        else:
            return


async def test_a_queueing_printer_lets_others_wait() -> None:
    async with SocketPrinter(SingleClient(queues=True)) as printer:
        _, first = await connect(printer)
        await printer.visited()
        second = asyncio.ensure_future(send(printer, b"two"))
        first.write(b"one")
        first.write_eof()
        await second
        assert await printer.printed(2) == [b"one", b"two"]
        first.close()


async def test_slow_reads_all_in_small_pieces() -> None:
    async with SocketPrinter(Slow(20_000)) as printer:
        await send(printer, bytes(2500))
        assert await printer.printed() == [bytes(2500)]


async def test_stalled_reads_nothing_until_its_mood_changes() -> None:
    async with SocketPrinter(Stalled()) as printer:
        sending = asyncio.ensure_future(send(printer, b"later"))
        await printer.visited()
        assert printer.read_bytes == 0
        await printer.become(Ready())
        await sending
        assert await printer.printed() == [b"later"]


async def test_half_reading_stops_at_that_byte() -> None:
    async with SocketPrinter(HalfReading(3)) as printer:
        sending = asyncio.ensure_future(send(printer, b"abcdef"))
        await printer.read(3)
        assert printer.read_bytes == 3
        await printer.become(Ready())
        await sending
        assert await printer.printed() == [b"abcdef"]


async def test_resets_after_that_many_bytes() -> None:
    async with SocketPrinter(ResetsAfter(3)) as printer:
        with pytest.raises(ConnectionResetError):
            await send(printer, b"abcdef")
        assert await printer.broken() == [b"abc"]
        assert printer.paper == []


async def test_closes_early_in_good_order_when_it_has_read_what_came() -> None:
    async with SocketPrinter(ClosesEarly(3)) as printer:
        reader, writer = await connect(printer)
        writer.write(b"abc")
        assert await reader.read() == b""
        assert await printer.broken() == [b"abc"]
        writer.close()


async def test_never_closes_prints_and_keeps_the_connection() -> None:
    async with SocketPrinter(NeverCloses()) as printer:
        sending = asyncio.ensure_future(send(printer, b"one"))
        assert await printer.printed() == [b"one"]
        assert not sending.done()
        await printer.become(Ready())
        await sending


async def test_answers_after_the_end_of_data() -> None:
    async with SocketPrinter(Answers(b"thanks")) as printer:
        assert await send(printer, b"one") == b"thanks"


async def test_what_the_sender_breaks_off_is_partial() -> None:
    async with SocketPrinter() as printer:
        _, writer = await connect(printer)
        writer.write(b"half")
        await printer.read(4)
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()
        assert await printer.broken() == [b"half"]
        assert printer.paper == []


async def test_it_may_be_given_its_port_and_is_told_when_that_is_taken() -> None:
    async with SocketPrinter() as printer:
        with pytest.raises(OSError, match="in use"):
            async with SocketPrinter(port=printer.port):
                pass


async def test_leaving_it_ends_everything() -> None:
    async with SocketPrinter(Stalled()) as printer:
        _, writer = await connect(printer)
        await printer.visited()
    with pytest.raises(ConnectionRefusedError):
        await connect(printer)
    writer.close()


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("ready", Ready()),
        ("slow:500", Slow(500)),
        ("queueing", SingleClient(queues=True)),
        ("half-reading:9", HalfReading(9)),
    ],
)
def test_a_mood_is_read_from_words(text: str, meant: Mood) -> None:
    assert mood(text) == meant


def test_every_word_is_a_mood_and_other_words_are_told() -> None:
    assert all(mood(word) for word in WORDS)
    for text in ("cross", "slow:fast", ""):
        with pytest.raises(ValueError, match="there are ready, away"):
            mood(text)


async def test_it_runs_from_a_shell_and_tells_of_each_document() -> None:
    command = (sys.executable, "-m", "fanfold.simulate.socket", "--port", "0", "--mood", "ready")
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    first = (await process.stdout.readline()).decode()
    assert "is Ready" in first
    reader, writer = await asyncio.open_connection("127.0.0.1", int(first.split()[0].rpartition(":")[2]))
    writer.write(b"label")
    writer.write_eof()
    assert await reader.read() == b""
    assert await process.stdout.readline() == b"document 1: 5 bytes\n"
    writer.close()
    process.send_signal(signal.SIGINT)
    assert await process.wait() == 0


async def test_a_visitor_who_knocks_while_the_door_is_shut_is_not_lost() -> None:
    async with SocketPrinter() as printer:
        for turns in range(40):
            for _ in range(3):
                await asyncio.sleep(0)  # now it waits at its door
            with socket.create_connection(("127.0.0.1", printer.port)):
                for _ in range(turns % 4):
                    await asyncio.sleep(0)
                await printer.become(Ready())
    gc.collect()  # a connection that was taken and forgotten would be told here, as a warning and so an error
