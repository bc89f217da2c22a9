"""Windows' tables of connections, read: made here as iphlpapi.h has them."""

from __future__ import annotations

import socket
import struct

from hypothesis import given
from hypothesis import strategies as st

from fanfold.server.arrival import Address
from fanfold.server.peer_windows import ESTABLISHED, Row, is_untold, row_in

PEER, OURS = ("127.0.0.1", 50123), ("127.0.0.1", 8765)
PEER_6, OURS_6 = ("::1", 50123), ("::1", 8765)
LISTENING, FIN_WAIT, CLOSE_WAIT = 2, 7, 8
WITH_JUNK = 0xABCD_0000
"""The upper half of a port's number may hold anything."""


def row(end: Address, other: Address, state: int, process: int) -> bytes:
    ports = [socket.htons(port) | WITH_JUNK for port in (end[1], other[1])]
    if ":" in end[0]:
        here, there = (socket.inet_pton(socket.AF_INET6, one[0]) for one in (end, other))
        return struct.pack("=16sII16sIIII", here, 7, ports[0], there, 9, ports[1], state, process)
    here, there = (socket.inet_aton(one[0]) for one in (end, other))
    return struct.pack("=I4sI4sII", state, here, ports[0], there, ports[1], process)


def table(*rows: bytes) -> bytes:
    return struct.pack("=I", len(rows)) + b"".join(rows) + b"\0" * 24  # Windows may give more room than it fills


def test_a_connections_end_is_found_among_others() -> None:
    others = [row(("127.0.0.1", port), OURS, ESTABLISHED, port) for port in range(50000, 50200) if port != PEER[1]]
    full = table(*others, row(PEER, OURS, ESTABLISHED, 4711), row(OURS, PEER, ESTABLISHED, 1))
    assert row_in(full, PEER, OURS) == Row(ESTABLISHED, 4711)
    assert row_in(full, OURS, PEER) == Row(ESTABLISHED, 1)
    assert row_in(full, ("127.0.0.2", PEER[1]), OURS) is None


def test_so_is_one_of_ipv6() -> None:
    full = table(row(OURS_6, PEER_6, ESTABLISHED, 1), row(PEER_6, OURS_6, ESTABLISHED, 4711))
    assert row_in(full, PEER_6, OURS_6) == Row(ESTABLISHED, 4711)


def test_rows_behind_the_count_are_not_read() -> None:
    full = struct.pack("=I", 0) + row(PEER, OURS, ESTABLISHED, 4711)
    assert row_in(full, PEER, OURS) is None


def test_it_is_untold_whose_a_connection_is_only_while_both_ends_are_up() -> None:
    own = row(OURS, PEER, ESTABLISHED, 1)
    assert is_untold(table(own, row(PEER, OURS, ESTABLISHED, 0)), PEER, OURS)
    assert is_untold(table(own), PEER, OURS)
    assert not is_untold(table(row(OURS, PEER, CLOSE_WAIT, 1), row(PEER, OURS, FIN_WAIT, 0)), PEER, OURS)
    assert not is_untold(table(row(OURS, PEER, CLOSE_WAIT, 1)), PEER, OURS)
    assert not is_untold(table(), PEER, OURS)
    assert not is_untold(table(own, row(PEER, OURS, ESTABLISHED, 4711)), PEER, OURS)


@given(st.binary(max_size=400), st.sampled_from([(PEER, OURS), (PEER_6, OURS_6)]))
def test_whatever_a_table_holds_is_read_without_a_fault(bytes_: bytes, ends: tuple[Address, Address]) -> None:
    assert row_in(bytes_, *ends) is None or len(bytes_) >= 28
    assert is_untold(bytes_, *ends) in (True, False)
