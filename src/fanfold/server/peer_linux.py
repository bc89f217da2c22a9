"""Whose a connection is, as Linux tells it: one question to the kernel for one connection. Knows no HTTP and no rule.

The kernel's `sock_diag` takes a connection's four parts and gives its socket (man 7 sock_diag, `struct inet_diag_msg`
in linux/inet_diag.h): 5 µs, however many sockets there are. Where it may not be asked, `/proc/net/tcp` says the same.
"""

from __future__ import annotations

import asyncio
import os
import socket
import struct
from collections.abc import Iterator
from pathlib import Path

from fanfold.server.arrival import Address, Neighbour

NETLINK_SOCK_DIAG, SOCK_DIAG_BY_FAMILY, NLM_F_REQUEST = 4, 20, 1
ANY_COOKIE = 0xFFFF_FFFF
MAPPED = b"\0" * 10 + b"\xff\xff"
"""What stands before an IPv4 address in one of IPv6 (RFC 4291 §2.5.5.2)."""
ALL_USERS = "0 0 4294967295"
"""`/proc/self/uid_map` where every user has the number that all know."""

_HEADER = struct.Struct("=IHHII")  # struct nlmsghdr
_ASKED = struct.Struct("=BBBxI")  # the head of struct inet_diag_req_v2
_PORTS = struct.Struct(">HH")
_FOUND = struct.Struct("=BBBB2H16s16s4sII5I")  # struct inet_diag_msg


class Linux:
    """Tells users of connections by their numbers, and numbers by the names that people know."""

    def __init__(self, proc: Path = Path("/proc/self"), *, by_kernel: bool = True) -> None:
        """Ask the kernel; by `proc` only where it does not answer, or must not be asked."""
        self._proc = proc
        self._kernel = Kernel.open() if by_kernel else None
        self._can_tell = self._kernel is not None or (proc / "net" / "tcp").exists()
        self._house = frozenset({0, os.geteuid()})
        self._nobodies = _nobodies(proc)
        self._names: dict[int, str] = {}

    async def user(self, peer: Address, ours: Address) -> Neighbour:
        """Return whose socket it is that is at `peer` and connected to `ours`; nobody, where it is no longer open."""
        if not self._can_tell:
            return Neighbour(is_house=True, is_told=False)
        if self._kernel is not None:
            uid = self._kernel.user(peer, ours)
        else:
            uid = await asyncio.to_thread(user_by_proc, self._proc, peer, ours)
        if uid is None or uid in self._nobodies:
            return Neighbour()
        if uid in self._house:
            return Neighbour(is_house=True)
        if uid not in self._names:  # names may be kept by a server far away
            self._names[uid] = await asyncio.to_thread(name_of, uid)
        return Neighbour(self._names[uid])

    def close(self) -> None:
        """Ask no more. Idempotent."""
        if self._kernel is not None:
            self._kernel.close()


class Kernel:
    """A line to the kernel's list of sockets."""

    def __init__(self, line: socket.socket) -> None:
        self._line = line
        self._number = 0

    @classmethod
    def open(cls) -> Kernel | None:
        """Return a line; None where the kernel does not answer: it has no `tcp_diag`, or a sandbox is between."""
        try:
            line = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, NETLINK_SOCK_DIAG)
        except OSError:
            return None
        kernel = cls(line)
        if kernel._answers():
            return kernel
        line.close()
        return None

    def user(self, peer: Address, ours: Address) -> int | None:
        """Return the user of the socket at `peer` that is connected to `ours`; None: there is none, or nobody's."""
        return user_in(self.ask(peer, ours), peer, ours)

    def ask(self, peer: Address, ours: Address) -> bytes:
        """Return what the kernel answers, or nothing. It answers within the call, and does not wait."""
        self._number = (self._number + 1) % 2**32
        question = question_of(self._number, peer, ours)
        try:
            self._line.send(question, socket.MSG_DONTWAIT)
            while answer := self._line.recv(4096, socket.MSG_DONTWAIT):
                if _HEADER.unpack_from(answer)[3] == self._number:
                    return answer
        except OSError:
            return b""
        return b""

    def close(self) -> None:
        """Hang up. Idempotent."""
        self._line.close()

    def _answers(self) -> bool:
        """Tell whether it finds a socket that is there: a kernel without `tcp_diag` finds none, and says only that."""
        with socket.create_server(("127.0.0.1", 0)) as there:
            answer = self.ask(there.getsockname(), ("0.0.0.0", 0))  # noqa: S104  # how the kernel writes "no peer"
        return len(answer) >= _HEADER.size and _HEADER.unpack_from(answer)[1] == SOCK_DIAG_BY_FAMILY


def question_of(number: int, peer: Address, ours: Address) -> bytes:
    """Return the question for the one socket that is at `peer` and connected to `ours`."""
    family = socket.AF_INET6 if ":" in peer[0] else socket.AF_INET
    body = _ASKED.pack(family, socket.IPPROTO_TCP, 0, ANY_COOKIE) + _PORTS.pack(peer[1], ours[1])
    body += _packed(peer[0]).ljust(16, b"\0") + _packed(ours[0]).ljust(16, b"\0")
    body += struct.pack("=III", 0, ANY_COOKIE, ANY_COOKIE)
    return _HEADER.pack(_HEADER.size + len(body), SOCK_DIAG_BY_FAMILY, NLM_F_REQUEST, number, 0) + body


def user_in(answer: bytes, peer: Address, ours: Address) -> int | None:
    """Return the user that the kernel's answer names. None: there is no such connection, or nobody holds its end.

    A socket whose program closed it lives on for a while and is then said to be root's; only its inode, 0, tells. And
    where there is no such connection the kernel names a socket that listens at `peer`, whoever's that is.
    """
    if len(answer) < _HEADER.size + _FOUND.size or _HEADER.unpack_from(answer)[1] != SOCK_DIAG_BY_FAMILY:
        return None
    found = _FOUND.unpack_from(answer, _HEADER.size)
    ports = _PORTS.unpack_from(answer, _HEADER.size + 4)
    remote, uid, inode = found[7], found[14], found[15]
    is_it = ports == (peer[1], ours[1]) and remote in _written(ours[0])
    return int(uid) if is_it and inode else None


def _written(address: str) -> tuple[bytes, bytes]:
    """Return an address as the kernel writes it: plainly, and as a socket for both families has it."""
    packed = _packed(address)
    return packed.ljust(16, b"\0"), MAPPED + packed


def user_by_proc(proc: Path, peer: Address, ours: Address) -> int | None:
    """Return the user of the socket at `peer` that is connected to `ours`, by `net/tcp` and `net/tcp6`."""
    for table, ends in _places(peer, ours):
        try:
            lines = (proc / "net" / table).read_text("ascii").splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            columns = line.split()
            if columns[1:3] == ends:
                return int(columns[7]) if columns[9] != "0" else None
    return None


def name_of(uid: int) -> str:
    """Return what people call a user; where it has no name, `#` and its number, as `sudo` writes it."""
    import pwd

    try:
        name = pwd.getpwuid(uid).pw_name
    except (KeyError, OSError):
        name = ""
    return name if name.isprintable() and name else f"#{uid}"


def _places(peer: Address, ours: Address) -> Iterator[tuple[str, list[str]]]:
    if ":" in peer[0]:
        yield "tcp6", [_row(*peer), _row(*ours)]
        return
    yield "tcp", [_row(*peer), _row(*ours)]
    yield "tcp6", [_row(f"::ffff:{peer[0]}", peer[1]), _row(f"::ffff:{ours[0]}", ours[1])]  # a socket for both families


def _row(address: str, port: int) -> str:
    packed = _packed(address)
    words = struct.unpack(f"={len(packed) // 4}I", packed)
    return "".join(f"{word:08X}" for word in words) + f":{port:04X}"


def _packed(address: str) -> bytes:
    plain = address.partition("%")[0]
    return socket.inet_pton(socket.AF_INET6 if ":" in plain else socket.AF_INET, plain)


def _nobodies(proc: Path) -> frozenset[int]:
    """Return the number by which all users are called that this namespace does not know: it stands for no one user."""
    try:
        if (proc / "uid_map").read_text("ascii").split() == ALL_USERS.split():
            return frozenset()
        return frozenset({int(Path("/proc/sys/kernel/overflowuid").read_text("ascii"))})
    except (OSError, ValueError):
        return frozenset()
