"""Who is at the other end of a connection: asked of the real kernel, about sockets of other users too."""

from __future__ import annotations

import asyncio
import os
import socket
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fanfold.server.arrival import Address, Neighbour
from fanfold.server.peer import UNTOLD, Peers, is_of_this_machine
from fanfold.server.peer_linux import Kernel, Linux, name_of, question_of, user_by_proc, user_in

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="asks Linux")

PROC = Path("/proc/self")
NOBODY = 65534
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can connect as other users")

KNOCK = """
import os, socket, sys
os.setgroups([]), os.setgid(int(sys.argv[3])), os.setuid(int(sys.argv[3]))
family = socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET
with socket.socket(family) as knock:
    knock.connect((sys.argv[1], int(sys.argv[2])))
    print("here", flush=True)
    sys.stdin.read()
"""

Ask = Callable[[Address, Address], int | None]


def by_kernel(peer: Address, ours: Address) -> int | None:
    kernel = Kernel.open()
    assert kernel is not None
    try:
        return kernel.user(peer, ours)
    finally:
        kernel.close()


def by_proc(peer: Address, ours: Address) -> int | None:
    return user_by_proc(PROC, peer, ours)


both = pytest.mark.parametrize("ask", [by_kernel, by_proc])


@contextmanager
def listening(address: str = "127.0.0.1") -> Iterator[socket.socket]:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        server = socket.create_server((address, 0), family=family)
    except OSError:
        pytest.skip(f"this machine has no {address}")
    with server:
        yield server


@contextmanager
def connected(address: str = "127.0.0.1", knock: socket.socket | None = None) -> Iterator[tuple[Any, Any]]:
    """Two ends of a connection: who knocked, and ours."""
    with listening(address) as server:
        other = knock or socket.socket(server.family)
        prefix = "::ffff:" if other.family != server.family else ""
        other.connect((prefix + address, server.getsockname()[1]))
        ours, _ = server.accept()
        with other, ours:
            yield other, ours


@contextmanager
def knocking(uid: int, address: str = "127.0.0.1") -> Iterator[socket.socket]:
    """Our end of a connection with another user's program."""
    with listening(address) as server:
        # it becomes that user after its start: that user might not be let to this Python
        command = [sys.executable, "-I", "-c", KNOCK, address, str(server.getsockname()[1]), str(uid)]
        pipe = subprocess.PIPE
        with subprocess.Popen(command, stdin=pipe, stdout=pipe) as other:
            assert other.stdout is not None
            assert other.stdin is not None
            assert other.stdout.readline() == b"here\n"
            ours, _ = server.accept()
            with ours:
                yield ours
            other.stdin.close()


def ends(ours: socket.socket) -> tuple[Address, Address]:
    return ours.getpeername()[:2], ours.getsockname()[:2]


@both
@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_a_connection_of_ours_is_ours(ask: Ask, address: str) -> None:
    with connected(address) as (_, ours):
        assert ask(*ends(ours)) == os.geteuid()


@both
def test_a_socket_for_both_families_is_found_too(ask: Ask) -> None:
    try:
        knock = socket.socket(socket.AF_INET6)
    except OSError:
        pytest.skip("this machine has no IPv6")
    with connected(knock=knock) as (_, ours):
        assert ask(*ends(ours)) == os.geteuid()


@both
@as_root
@pytest.mark.parametrize("uid", [NOBODY, 4711])
def test_another_users_connection_is_that_users(ask: Ask, uid: int) -> None:
    with knocking(uid) as ours:
        assert ask(*ends(ours)) == uid


@both
def test_who_has_only_said_all_is_still_there(ask: Ask) -> None:
    with connected() as (other, ours):
        other.shutdown(socket.SHUT_WR)
        assert ask(*ends(ours)) == os.geteuid()


@both
def test_a_closed_connection_is_nobodys_and_not_roots(ask: Ask) -> None:
    with connected() as (other, ours):
        where = ends(ours)
        other.close()
        assert ask(*where) is None
        ours.close()
        assert ask(*where) is None


@both
def test_a_reset_connection_is_nobodys(ask: Ask) -> None:
    with connected() as (other, ours):
        other.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        where = ends(ours)
        other.close()
        assert ask(*where) is None


@both
def test_who_listens_where_the_caller_was_is_not_the_caller(ask: Ask) -> None:
    with listening() as there, listening() as server:
        assert ask(there.getsockname(), server.getsockname()) is None


def test_another_connection_of_the_callers_from_the_same_port_is_not_this_one() -> None:
    kernel = Kernel.open()
    assert kernel is not None
    with connected() as (_, ours):
        peer, here = ends(ours)
        answer = kernel.ask(peer, here)
        kernel.close()
    assert user_in(answer, peer, here) == os.geteuid()
    assert user_in(answer, peer, ("127.0.0.2", here[1])) is None
    assert user_in(answer, peer, (here[0], here[1] ^ 1)) is None
    assert user_in(answer, (peer[0], peer[1] ^ 1), here) is None


def test_the_kernel_answers_at_once_however_often_it_is_asked() -> None:
    kernel = Kernel.open()
    assert kernel is not None
    with connected() as (_, ours):
        where = ends(ours)
        assert {kernel.user(*where) for _ in range(1000)} == {os.geteuid()}
    kernel.close()
    kernel.close()
    assert kernel.user(*where) is None


@given(st.binary(max_size=200))
def test_whatever_the_kernel_answers_is_read_without_a_fault(answer: bytes) -> None:
    peer, ours = ("127.0.0.1", 4711), ("127.0.0.1", 8765)
    assert user_in(answer, peer, ours) is None or len(answer) >= 88
    assert len(question_of(1, peer, ours)) == 72


async def whose(ours: socket.socket, system: Linux) -> Neighbour:
    peer, here = ends(ours)
    try:
        return await system.user(peer, here)
    finally:
        system.close()


@pytest.mark.parametrize("asks_kernel", [True, False])
async def test_the_gateways_own_user_is_of_the_house(asks_kernel: bool) -> None:
    with connected() as (_, ours):
        assert await whose(ours, Linux(by_kernel=asks_kernel)) == Neighbour(is_house=True)


@as_root
async def test_users_are_called_by_their_names_and_those_without_by_their_numbers() -> None:
    with knocking(NOBODY) as ours:
        assert await whose(ours, Linux()) == Neighbour("nobody")
    with knocking(471_199) as ours:
        assert await whose(ours, Linux()) == Neighbour("#471199")
    assert name_of(0) == "root"


@as_root
async def test_users_whom_a_container_cannot_tell_apart_are_nobody(tmp_path: Path) -> None:
    (tmp_path / "uid_map").write_text("         0       1000          1\n")
    with knocking(NOBODY) as ours:
        assert await whose(ours, Linux(tmp_path)) == Neighbour()


async def test_where_neither_the_kernel_nor_proc_may_be_asked_it_is_untold(tmp_path: Path) -> None:
    with connected() as (_, ours):
        assert await whose(ours, Linux(tmp_path, by_kernel=False)) == UNTOLD


def test_addresses_of_this_machine_are_told_from_others() -> None:
    assert is_of_this_machine(("127.0.0.1", 5))
    assert is_of_this_machine(("127.8.9.10", 5))
    assert is_of_this_machine(("::1", 5, 0, 0))
    assert not is_of_this_machine(("192.0.2.7", 5))
    assert not is_of_this_machine(("2001:db8::7", 5, 0, 0))


class Counting:
    """A system that counts how often it is asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[Address, Address]] = []
        self.closed = 0

    async def user(self, peer: Address, ours: Address) -> Neighbour:
        self.asked.append((peer, ours))
        return Neighbour("anna")

    def close(self) -> None:
        self.closed += 1


class Wire(asyncio.BaseTransport):
    """A transport with ends to tell of."""

    def __init__(self, peer: object, ours: object = ("127.0.0.1", 8765)) -> None:
        super().__init__({"peername": peer, "sockname": ours})


async def test_each_connection_is_asked_about_once() -> None:
    system = Counting()
    peers = Peers(system)
    first, second = Wire(("127.0.0.1", 1)), Wire(("::1", 2, 0, 0), ("::1", 8765, 0, 0))
    for _ in range(3):
        assert await peers.of(first) == await peers.of(second) == Neighbour("anna")
    assert system.asked == [(("127.0.0.1", 1), ("127.0.0.1", 8765)), (("::1", 2), ("::1", 8765))]
    again = Wire(("127.0.0.1", 1))
    await peers.of(again)
    assert len(system.asked) == 3


async def test_another_machines_callers_are_no_neighbours_and_the_gone_are_nobody() -> None:
    peers = Peers(Counting())
    assert await peers.of(Wire(("192.0.2.7", 1), ("192.0.2.9", 8765))) is None
    assert await peers.of(Wire(None)) == Neighbour()
    assert await peers.of(None) == Neighbour()


def test_what_was_never_asked_is_never_opened() -> None:
    system = Counting()
    Peers(system).close()
    assert system.closed == 0
