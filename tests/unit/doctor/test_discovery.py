"""mDNS's port and this machine's addresses, tried without a word into the network."""

from __future__ import annotations

import errno
import socket

import pytest

from fanfold.config import Discovery, Settings
from fanfold.doctor.discovery import discovery, port, try_port
from fanfold.doctor.surroundings import Surroundings
from tests.unit.doctor.findings import bad, codes


@pytest.mark.parametrize(
    ("error", "code"), [(0, "mdns"), (errno.EADDRINUSE, "mdns-taken"), (errno.EACCES, "mdns-unusable")]
)
def test_the_port_is_judged_by_what_trying_it_gave(error: int, code: str) -> None:
    assert port(error).code == code


def test_a_port_that_a_program_keeps_for_itself_is_taken_and_one_that_is_shared_is_not() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as alone:
        alone.bind(("", 0))
        number = alone.getsockname()[1]
        assert try_port(number) == errno.EADDRINUSE
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sharing:
        sharing.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sharing.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        sharing.bind(("", number))
        assert try_port(number) == 0


def test_an_interface_that_is_not_ours_is_a_problem() -> None:
    def look(*interfaces: str) -> set[str]:
        return bad(discovery(Surroundings(Settings(discovery=Discovery(interfaces=interfaces)))))

    assert "no-interface" in look("192.0.2.7")
    assert "no-interface" not in look("127.0.0.1")


def test_where_nobody_wants_it_nothing_is_tried() -> None:
    assert set(codes(discovery(Surroundings(Settings(discovery=Discovery(mdns=False)))))) == {"mdns-off"}
