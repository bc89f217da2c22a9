"""Questions to network printers: what comes back, until when it is waited for, and what is said when nothing does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import pytest

from fanfold.errors import NotReached, Refused
from fanfold.model import Printer, PrinterId, Reason
from fanfold.simulate.moods import SAYS_IN_ZPL, Away, Knows, Mood, Ready, Refusing, ResetsAfter, Stalled
from fanfold.simulate.socket import SocketPrinter
from fanfold.transports.base import Converses
from fanfold.transports.socket import question
from fanfold.transports.socket.question import ANSWER_BYTES
from fanfold.transports.socket.transport import SocketTransport

((HI, ANSWER),) = SAYS_IN_ZPL
Peer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def asked(uri: str, question: bytes = HI, within_s: float = 5, channel: str = "") -> bytes:
    printer = Printer(PrinterId("net"), "Network", uri)
    return await SocketTransport().ask(printer, question, channel=channel, within_s=within_s)


@asynccontextmanager
async def peer(serve: Peer) -> AsyncIterator[str]:
    """Somebody on a port who does just that with each connection; yields where."""
    done = asyncio.Event()

    async def served(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await serve(reader, writer)
        finally:
            writer.close()
            done.set()

    async with await asyncio.start_server(served, "127.0.0.1") as server:
        yield f"socket://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        await done.wait()


async def talk_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer in pieces, so that a reader that took the first for all would miss the rest; never close."""
    await reader.readexactly(len(HI))
    for at in range(0, len(ANSWER), 7):
        writer.write(ANSWER[at : at + 7])
        await writer.drain()
        await asyncio.sleep(0.01)
    await reader.read()


def test_network_printers_can_be_asked() -> None:
    assert isinstance(SocketTransport(), Converses)


async def test_a_question_is_answered_and_not_printed_and_jobs_print_after_it() -> None:
    async with SocketPrinter(Knows()) as printer:
        assert await asked(printer.uri) == ANSWER
        assert await asked(printer.uri) == ANSWER
        reader, writer = await asyncio.open_connection(printer.host, printer.port)
        writer.write(b"^XA^XZ")
        writer.write_eof()
        assert await reader.read() == b""
        writer.close()
        assert await printer.printed() == [b"^XA^XZ"]
        assert printer.partial == [], "it is left politely"


async def test_an_answer_is_heard_to_its_end_from_a_printer_that_never_closes() -> None:
    async with peer(talk_on) as uri:
        async with asyncio.timeout(10):
            assert await asked(uri, within_s=300) == ANSWER


async def test_one_that_takes_a_moment_to_close_is_free_again_when_its_answer_is_told() -> None:
    connected = 0

    async def slow_to_close(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connected
        connected += 1
        await reader.readexactly(len(HI))
        writer.write(ANSWER)
        await reader.read()
        await asyncio.sleep(0.05)
        connected -= 1

    async with peer(slow_to_close) as uri:
        assert await asked(uri) == ANSWER
        assert connected == 0, "the next connection is let in"


async def test_one_may_think_before_it_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(question, "QUIET_S", 0.02)

    async def think(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(len(HI))
        await asyncio.sleep(0.1)
        writer.write(ANSWER)
        await reader.read()

    async with peer(think) as uri:
        assert await asked(uri) == ANSWER


async def test_what_came_in_time_is_the_answer_of_one_that_talks_on() -> None:
    async def chatter(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while not reader.at_eof():
                writer.write(b"x")
                await writer.drain()
                await asyncio.sleep(0.05)

    async with peer(chatter) as uri:
        assert set(await asked(uri, within_s=0.5)) == {ord("x")}


@pytest.mark.parametrize("mood", [Ready(), Stalled()], ids=lambda mood: type(mood).__name__)
async def test_silence_is_told_when_the_time_is_over(mood: Mood) -> None:
    async with SocketPrinter(mood) as printer:
        with pytest.raises(TimeoutError):
            await asked(printer.uri, within_s=0.2)


async def test_one_that_closes_instead_of_answering_did_not_answer() -> None:
    async def close(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(len(HI))

    async with peer(close) as uri:
        with pytest.raises(TimeoutError, match="closed the connection instead"):
            await asked(uri)
    async with SocketPrinter(ResetsAfter(1)) as printer:
        with pytest.raises(TimeoutError, match="instead"):
            await asked(printer.uri)


async def test_what_came_before_the_end_of_the_line_is_kept() -> None:
    async def half(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(len(HI))
        writer.write(ANSWER[:9])

    async with peer(half) as uri:
        assert await asked(uri) == ANSWER[:9]


async def test_one_that_talks_without_end_is_cut_short_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(question, "LINGER_S", 0.01)

    async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while True:
                writer.write(bytes(1024))
                await writer.drain()

    async with peer(flood) as uri:
        with pytest.raises(Refused) as refused:
            await asked(uri)
    assert (refused.value.code, refused.value.status) == ("answer-too-large", 502)
    assert str(ANSWER_BYTES) in refused.value.says


async def test_who_is_away_or_turns_us_away_was_not_asked() -> None:
    async with SocketPrinter(Away()) as printer:
        with pytest.raises(NotReached) as refused:
            await asked(printer.uri)
        assert refused.value.reasons == (Reason.BUSY_ELSEWHERE,)


async def test_one_that_turned_us_away_before_is_not_asked_in_haste() -> None:
    transport = SocketTransport()
    async with SocketPrinter(Refusing()) as printer:
        target = Printer(PrinterId("net"), "Network", printer.uri)
        with pytest.raises((NotReached, TimeoutError)):
            await transport.ask(target, HI, within_s=5)
        await printer.become(Away())
        with pytest.raises(NotReached):
            await transport.ask(target, HI, within_s=5)
        await printer.become(Refusing())
        with pytest.raises(NotReached) as refused:
            await transport.ask(target, HI, within_s=5)
        assert refused.value.reasons == (Reason.BUSY_ELSEWHERE,)


async def test_a_network_printer_has_one_way_without_a_name() -> None:
    with pytest.raises(Refused) as refused:
        await asked("socket://192.0.2.7", channel="config")
    assert (refused.value.code, refused.value.status) == ("unknown-channel", 422)


async def test_a_question_can_be_given_up() -> None:
    async with SocketPrinter(Stalled()) as printer:
        asking = asyncio.ensure_future(asked(printer.uri, within_s=60))
        await printer.visited()
        asking.cancel()
        await asyncio.wait({asking})
        assert asking.cancelled()
