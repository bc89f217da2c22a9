"""usblp's file as we use it, on files of other kinds, under both loops; tests/real/test_usb.py has the real driver."""

from __future__ import annotations

import asyncio
import errno
import os
import pty
import socket
import tty
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import uvloop

from fanfold.transports.usb.node import NodePort, open_node
from fanfold.transports.usb.thread import OwnThread

LOOPS: dict[str, Callable[[], asyncio.AbstractEventLoop]] = {
    "asyncio": asyncio.new_event_loop,
    "uvloop": uvloop.new_event_loop,
}
GONE = os.strerror(errno.ENODEV)
Run = Callable[[Callable[[NodePort, socket.socket], Coroutine[Any, Any, None]]], None]


@pytest.fixture(params=LOOPS)
def run(request: pytest.FixtureRequest) -> Run:
    """Run a test on a file that has a socket at its other end."""

    async def staged(test: Callable[[NodePort, socket.socket], Awaitable[None]]) -> None:
        ours, theirs = socket.socketpair()
        for one in (ours, theirs):
            one.setblocking(False)
            one.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 8192)
        port = NodePort(ours.detach(), OwnThread())
        try:
            await test(port, theirs)
        finally:
            await port.close()
            theirs.close()

    def run(test: Callable[[NodePort, socket.socket], Coroutine[Any, Any, None]]) -> None:
        with asyncio.Runner(loop_factory=LOOPS[request.param]) as runner:
            runner.run(staged(test))

    return run


def fill(port: NodePort) -> None:
    """Write until it takes no more."""
    with suppress(BlockingIOError):
        while port.write(memoryview(bytes(8192))):
            pass


def test_what_was_written_is_taken_once_it_is_writable_again(run: Run) -> None:
    async def test(port: NodePort, printer: socket.socket) -> None:
        fill(port)
        assert 0 <= port.taken_bytes < port.handed_bytes
        ready = asyncio.ensure_future(port.ready())
        await asyncio.sleep(0)
        assert not ready.done()
        left = port.handed_bytes
        while left:
            left -= len(await asyncio.get_running_loop().sock_recv(printer, 65536))
        await ready
        assert port.taken_bytes == port.handed_bytes

    run(test)


def test_whoever_waits_to_write_may_be_cancelled_and_wait_again(run: Run) -> None:
    async def test(port: NodePort, printer: socket.socket) -> None:
        fill(port)
        for _ in range(3):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.01):
                    await port.ready()
        printer.recv(1_000_000)
        await port.ready()

    run(test)


def test_whoever_waits_to_write_is_woken_when_it_hangs_up(run: Run) -> None:
    async def test(port: NodePort, printer: socket.socket) -> None:
        fill(port)
        ready = asyncio.ensure_future(port.ready())
        await asyncio.sleep(0)  # it begins to wait
        printer.close()
        with pytest.raises(OSError, match=GONE):
            await ready

    run(test)


def test_it_hears_while_it_waits_to_write(run: Run) -> None:
    async def test(port: NodePort, printer: socket.socket) -> None:
        fill(port)
        ready, hearing = asyncio.ensure_future(port.ready()), asyncio.ensure_future(port.hear())
        await asyncio.sleep(0)  # they begin to wait
        printer.send(b"no paper")
        assert await hearing == b"no paper"
        assert not ready.done()
        ready.cancel()

    run(test)


def test_a_file_that_knows_no_port_status_does_not_tell_it(run: Run) -> None:
    async def test(port: NodePort, _: socket.socket) -> None:
        assert await port.status() is None

    run(test)


def test_it_may_be_closed_twice_and_its_other_end_sees_it(run: Run) -> None:
    async def test(port: NodePort, printer: socket.socket) -> None:
        await port.close()
        assert await asyncio.get_running_loop().sock_recv(printer, 1) == b""
        await port.close()
        port.drop()

    run(test)


async def test_a_terminal_whose_other_end_goes_fails_as_an_unplugged_printer_does() -> None:
    other, file = pty.openpty()
    tty.setraw(file)
    os.set_blocking(file, False)
    port = NodePort(file, OwnThread())
    await port.ready()
    assert port.write(memoryview(b"label")) == 5
    assert os.read(other, 100) == b"label"
    os.close(other)
    with pytest.raises(OSError, match=GONE):
        await port.ready()
    with pytest.raises(OSError, match=os.strerror(errno.EIO)):
        port.write(memoryview(b"label"))
    await port.close()


async def test_a_pipe_that_nobody_reads_any_more_fails_at_once() -> None:
    out, into = os.pipe()
    os.set_blocking(into, False)
    port = NodePort(into, OwnThread())
    os.close(out)
    with pytest.raises(BrokenPipeError):
        port.write(memoryview(b"label"))
    with pytest.raises(OSError, match=GONE):
        await port.ready()
    await port.close()


def test_a_file_is_opened_to_write_and_read_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "lp0")
    port = open_node(tmp_path / "lp0", OwnThread())  # one that waits would wait here for a reader
    assert not os.get_blocking(port._file)
    port.drop()
    with pytest.raises(FileNotFoundError):
        open_node(tmp_path / "lp1", OwnThread())


async def test_what_was_written_before_is_taken_when_more_can_be() -> None:
    out, into = os.pipe()
    os.set_blocking(into, False)
    port = NodePort(into, OwnThread())
    for piece in (b"two", b"pieces"):
        port.write(memoryview(piece))
    assert (port.taken_bytes, port.handed_bytes) == (3, 9)
    await port.close()
    os.close(out)
