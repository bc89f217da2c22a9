"""Whose a connection is, as Windows tells it: its table of connections names a process, and that has a user.

Knows no HTTP and no rule. The tables are those of GetExtendedTcpTable (iphlpapi.h), TCP_TABLE_OWNER_PID_CONNECTIONS.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import sys
from dataclasses import dataclass

from fanfold.server.arrival import Address, Neighbour

LOCAL_SYSTEM = "S-1-5-18"
CONNECTIONS = 4
"""TCP_TABLE_OWNER_PID_CONNECTIONS."""
ESTABLISHED = 5
"""MIB_TCP_STATE_ESTAB."""

_COUNT = struct.Struct("=I")
_ROW_4 = struct.Struct("=I4sI4sII")  # MIB_TCPROW_OWNER_PID: state, ours, port, theirs, port, process
_ROW_6 = struct.Struct("=16sII16sIIII")  # MIB_TCP6ROW_OWNER_PID: ours, scope, port, theirs, scope, port, state, process


@dataclass(frozen=True, slots=True)
class Row:
    """One end of a connection, as a table has it."""

    state: int
    process: int
    """0: nobody's, or not known."""


def row_in(table: bytes, end: Address, other: Address) -> Row | None:
    """Return the row of the socket at `end` that is connected to `other`; None: the table has none."""
    wanted = (*_place(end), *_place(other))
    rows = table[_COUNT.size :]
    (count,) = _COUNT.unpack_from(table) if len(table) >= _COUNT.size else (0,)
    has_scopes = ":" in end[0]
    shape = _ROW_6 if has_scopes else _ROW_4
    for start in range(0, min(count * shape.size, len(rows) - shape.size + 1), shape.size):
        found = shape.unpack_from(rows, start)
        here, port, there, other_port = (found[0], found[2], found[3], found[5]) if has_scopes else found[1:5]
        if (here, port & 0xFFFF, there, other_port & 0xFFFF) == wanted:
            return Row(int(found[6] if has_scopes else found[0]), int(found[-1]))
    return None


def is_untold(table: bytes, peer: Address, ours: Address) -> bool:
    """Tell whether both ends are there and it cannot be told whose the other is.

    So it is under Wine, and where a Linux beside this Windows (WSL) shares its network.
    """
    theirs, own = row_in(table, peer, ours), row_in(table, ours, peer)
    is_up = own is not None and own.state == ESTABLISHED
    return is_up and (theirs is None or (theirs.state == ESTABLISHED and not theirs.process))


def _place(address: Address) -> tuple[bytes, int]:
    """Return an address as the tables have it: the port in the network's order, in a number of this machine's."""
    plain = address[0].partition("%")[0]
    packed = socket.inet_pton(socket.AF_INET6 if ":" in plain else socket.AF_INET, plain)
    return packed, socket.htons(address[1])


if sys.platform == "win32":
    import ctypes
    from collections.abc import Iterator
    from contextlib import contextmanager
    from ctypes import wintypes

    ERROR_INSUFFICIENT_BUFFER = 122
    PROCESS_QUERY_LIMITED_INFORMATION = 0x1000
    TOKEN_QUERY, TOKEN_DUPLICATE = 0x0008, 0x0002
    TOKEN_USER = 1
    SECURITY_IDENTIFICATION = 1
    ADMINISTRATORS = 26
    """WinBuiltinAdministratorsSid."""
    SID_BYTES = 68
    NAME_LENGTH = 257

    class Windows:
        """Tells users of connections by the names that Windows shows, such as `TILL-1\\anna`."""

        def __init__(self) -> None:
            self._calls = _Calls()
            self._own = self._calls.sid_of(self._calls.kernel.GetCurrentProcess())

        async def user(self, peer: Address, ours: Address) -> Neighbour:
            """Return whose socket it is that is at `peer` and connected to `ours`; nobody, where it is not open."""
            return await asyncio.to_thread(self._user, peer, ours)

        def close(self) -> None:
            """Nothing is held."""

        def _user(self, peer: Address, ours: Address) -> Neighbour:
            family = socket.AF_INET6 if ":" in peer[0] else socket.AF_INET
            table = self._calls.table(family)
            row = row_in(table, peer, ours)
            if row is None or not row.process:
                return Neighbour(is_told=not is_untold(table, peer, ours))
            with self._calls.process(row.process) as process:
                # While we hold it its number is no one else's: what the table says now is said of this very process.
                if not process or row_in(self._calls.table(family), peer, ours) != row:
                    return Neighbour()
                return self._neighbour(process)

        def _neighbour(self, process: int) -> Neighbour:
            sid = self._calls.sid_of(process)
            if not sid:
                return Neighbour()
            if sid in (LOCAL_SYSTEM, self._own) or self._calls.is_administrator(process):
                return Neighbour(is_house=True)
            return Neighbour(self._calls.name_of(sid))

    class _Calls:
        """The few calls of Windows that this takes."""

        def __init__(self) -> None:
            self.kernel = ctypes.WinDLL("kernel32", use_last_error=True)
            self._iphlpapi = ctypes.WinDLL("iphlpapi")
            self._advapi = ctypes.WinDLL("advapi32", use_last_error=True)
            self._declare()

        def table(self, family: int) -> bytes:
            """Return the table of all connections of one family; nothing where Windows has none for us."""
            size = wintypes.DWORD(0)
            buffer = ctypes.create_string_buffer(0)
            ask = self._iphlpapi.GetExtendedTcpTable
            while (code := ask(buffer, ctypes.byref(size), False, family, CONNECTIONS, 0)) == ERROR_INSUFFICIENT_BUFFER:
                buffer = ctypes.create_string_buffer(size.value)  # it may grow again until the next call
            return buffer.raw if code == 0 else b""

        @contextmanager
        def process(self, number: int) -> Iterator[int | None]:
            """Open a process; None where it is gone, or may not be asked."""
            handle = self.kernel.OpenProcess(PROCESS_QUERY_LIMITED_INFORMATION, False, number)
            try:
                yield handle
            finally:
                if handle:
                    self.kernel.CloseHandle(handle)

        def sid_of(self, process: int) -> str:
            """Return the user of a process, as Windows numbers users; empty where it does not say."""
            with self._token(process) as token:
                size = wintypes.DWORD(0)
                if not token:
                    return ""
                self._advapi.GetTokenInformation(token, TOKEN_USER, None, 0, ctypes.byref(size))
                told = ctypes.create_string_buffer(size.value)
                if not self._advapi.GetTokenInformation(token, TOKEN_USER, told, size, ctypes.byref(size)):
                    return ""
                return self._text_of(ctypes.cast(told, ctypes.POINTER(ctypes.c_void_p))[0])

        def is_administrator(self, process: int) -> bool:
            """Tell whether a process runs with an administrator's rights, and not only for one who has them at hand."""
            sid = ctypes.create_string_buffer(SID_BYTES)
            size, found = wintypes.DWORD(SID_BYTES), wintypes.BOOL(False)
            if not self._advapi.CreateWellKnownSid(ADMINISTRATORS, None, sid, ctypes.byref(size)):
                return False
            with self._token(process) as token, self._impersonation(token) as likeness:
                if not likeness or not self._advapi.CheckTokenMembership(likeness, sid, ctypes.byref(found)):
                    return False
            return bool(found.value)

        def name_of(self, sid: str) -> str:
            """Return what Windows calls a user; its number where it has no name."""
            name, domain = (ctypes.create_unicode_buffer(NAME_LENGTH) for _ in range(2))
            sizes = [wintypes.DWORD(NAME_LENGTH) for _ in range(2)]
            binary, kind = ctypes.c_void_p(), wintypes.DWORD()
            if not self._advapi.ConvertStringSidToSidW(sid, ctypes.byref(binary)):
                return sid
            try:
                found = self._advapi.LookupAccountSidW(
                    None, binary, name, ctypes.byref(sizes[0]), domain, ctypes.byref(sizes[1]), ctypes.byref(kind)
                )
            finally:
                self.kernel.LocalFree(binary)
            return f"{domain.value}\\{name.value}" if found else sid

        @contextmanager
        def _token(self, process: int) -> Iterator[int | None]:
            token = wintypes.HANDLE()
            wanted = TOKEN_QUERY | TOKEN_DUPLICATE
            has = self._advapi.OpenProcessToken(process, wanted, ctypes.byref(token))
            try:
                yield token.value if has else None
            finally:
                if has:
                    self.kernel.CloseHandle(token)

        @contextmanager
        def _impersonation(self, token: int | None) -> Iterator[int | None]:
            """Membership is asked of a likeness of a process's token, not of the token itself."""
            likeness = wintypes.HANDLE()
            has = bool(token) and self._advapi.DuplicateToken(token, SECURITY_IDENTIFICATION, ctypes.byref(likeness))
            try:
                yield likeness.value if has else None
            finally:
                if has:
                    self.kernel.CloseHandle(likeness)

        def _text_of(self, sid: int | None) -> str:
            text = wintypes.LPWSTR()
            if not self._advapi.ConvertSidToStringSidW(sid, ctypes.byref(text)):
                return ""
            try:
                return text.value or ""
            finally:
                self.kernel.LocalFree(text)

        def _declare(self) -> None:
            """Say where handles and pointers go: else they would be cut to 32 bits."""
            handle, pointer, number = wintypes.HANDLE, ctypes.c_void_p, wintypes.DWORD
            self.kernel.GetCurrentProcess.restype = handle
            self.kernel.OpenProcess.restype = handle
            self.kernel.OpenProcess.argtypes = (number, wintypes.BOOL, number)
            self.kernel.CloseHandle.argtypes = (handle,)
            self.kernel.LocalFree.argtypes = (pointer,)
            self.kernel.LocalFree.restype = pointer
            self._advapi.OpenProcessToken.argtypes = (handle, number, pointer)
            self._advapi.GetTokenInformation.argtypes = (handle, ctypes.c_int, pointer, number, pointer)
            self._advapi.DuplicateToken.argtypes = (handle, ctypes.c_int, pointer)
            self._advapi.CheckTokenMembership.argtypes = (handle, pointer, pointer)
            self._advapi.CreateWellKnownSid.argtypes = (ctypes.c_int, pointer, pointer, pointer)
            self._advapi.ConvertSidToStringSidW.argtypes = (pointer, pointer)
            self._advapi.ConvertStringSidToSidW.argtypes = (wintypes.LPCWSTR, pointer)
            self._advapi.LookupAccountSidW.argtypes = (
                wintypes.LPCWSTR, pointer, pointer, pointer, pointer, pointer, pointer,
            )  # fmt: skip
            self._iphlpapi.GetExtendedTcpTable.argtypes = (
                pointer,
                pointer,
                wintypes.BOOL,
                number,
                ctypes.c_int,
                number,
            )
