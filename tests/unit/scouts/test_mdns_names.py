"""Names are used where this machine's own resolver knows them, and looking them up holds nothing up."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest

from fanfold.scouts import mdns_names
from fanfold.scouts.mdns_names import MOST_HOSTS, Names

HERE = ("192.0.2.7", "fd00::2")


class Resolver:
    """Answers as a test says, once it may."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, **known: str) -> None:
        self.known = {f"{host}.local": frozenset({address}) for host, address in known.items()}
        self.asked: list[str] = []
        self.may_answer = threading.Event()
        self.may_answer.set()
        monkeypatch.setattr(mdns_names, "addresses_of", self.answer)

    def answer(self, host: str) -> frozenset[str]:
        self.asked.append(host)
        self.may_answer.wait(10)
        return self.known.get(host, frozenset())


async def test_a_name_that_leads_to_an_announced_address_is_good(monkeypatch: pytest.MonkeyPatch) -> None:
    resolver, told = Resolver(monkeypatch, zd="192.0.2.7"), asyncio.Queue[str]()
    names = Names(told.put_nowait)
    assert not names.resolves("zd.local", HERE)
    assert await told.get() == "zd.local"
    assert names.resolves("zd.local", HERE)
    assert resolver.asked == ["zd.local"]


async def test_a_name_that_leads_elsewhere_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    Resolver(monkeypatch, zd="192.0.2.99", after="192.0.2.7")
    told = asyncio.Queue[str]()
    names = Names(told.put_nowait)
    names.resolves("zd.local", HERE)
    names.resolves("after.local", HERE)
    assert await told.get() == "after.local"
    assert not names.resolves("zd.local", HERE)


@pytest.mark.parametrize(
    "host", ["www.bank.example", "local", ".local", "a b.local", "x" * 300 + ".local", "192.0.2.9", ""]
)
async def test_names_that_are_none_of_the_link_are_never_looked_up(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    resolver = Resolver(monkeypatch)
    assert not Names(lambda _: None).resolves(host, HERE)
    assert resolver.asked == []


async def test_no_more_names_are_looked_up_than_any_network_has(monkeypatch: pytest.MonkeyPatch) -> None:
    resolver, told = Resolver(monkeypatch, late="192.0.2.7", last="192.0.2.7"), asyncio.Queue[str]()
    names = Names(told.put_nowait)
    for number in range(MOST_HOSTS - 1):
        names.resolves(f"h{number}.local", HERE)
    for host in ("last.local", "late.local"):
        names.resolves(host, HERE)
    assert await told.get() == "last.local"
    assert len(resolver.asked) == MOST_HOSTS
    assert not names.resolves("late.local", HERE)


async def test_a_resolver_that_hangs_holds_up_nothing_and_only_one_is_asked_at_a_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    resolver, told = Resolver(monkeypatch, **{f"h{number}": "192.0.2.7" for number in range(3)}), asyncio.Queue[str]()
    resolver.may_answer.clear()
    names = Names(told.put_nowait)
    for number in range(2 * MOST_HOSTS):
        assert not names.resolves(f"h{number}.local", HERE)
    assert len(resolver.asked) <= 1
    resolver.may_answer.set()
    assert [await told.get() for _ in range(3)] == ["h0.local", "h1.local", "h2.local"]
    names.close()
    assert len(resolver.asked) <= MOST_HOSTS


def test_an_answer_after_the_loop_is_closed_is_nobodys(monkeypatch: pytest.MonkeyPatch) -> None:
    resolver = Resolver(monkeypatch, zd="192.0.2.7")
    resolver.may_answer.clear()

    async def ask() -> None:
        Names(lambda _: None).resolves("zd.local", HERE)

    asyncio.run(ask())
    (thread,) = [one for one in threading.enumerate() if one.name == "names"]
    resolver.may_answer.set()
    thread.join(10)
    assert not thread.is_alive()


@pytest.mark.parametrize(
    ("hosts", "knows"),
    [
        ("hosts: files mdns4_minimal [NOTFOUND=return] dns", True),
        ("hosts:\tmymachines resolve [!UNAVAIL=return] files myhostname dns", True),
        ("passwd: files\nhosts: files dns\n", False),
        ("# hosts: mdns\nhosts: files dns", False),
        ("", False),
    ],
)
def test_a_resolver_that_would_ask_the_dns_server_is_not_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hosts: str, knows: bool
) -> None:
    (tmp_path / "nsswitch.conf").write_text(hosts)
    monkeypatch.setattr(mdns_names, "NSSWITCH", tmp_path / "nsswitch.conf")
    assert mdns_names.addresses_of("localhost") >= ({"127.0.0.1"} if knows else set())
    assert bool(mdns_names.addresses_of("localhost")) is knows


def test_without_a_file_that_says_otherwise_the_resolver_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mdns_names, "NSSWITCH", tmp_path / "none")
    assert "127.0.0.1" in mdns_names.addresses_of("localhost")
    assert mdns_names.addresses_of("\udcff") == frozenset()
