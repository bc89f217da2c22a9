"""The shell around zeroconf where the machine does not play along; tests/real has it at work."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from zeroconf import IPVersion

from fanfold.errors import NotReached
from fanfold.scouts import mdns_net
from fanfold.scouts.mdns import MdnsScout
from fanfold.scouts.mdns_net import Net


class Core:
    """As much of a Zeroconf as the shell touches."""

    def __init__(self, senders: int = 1) -> None:
        self.engine, self.senders = self, ["sender"] * senders
        self.rescans = 0

    async def async_wait_for_start(self, timeout_s: float) -> None:
        assert timeout_s > 0

    async def async_update_interfaces(self) -> None:
        self.rescans += 1
        raise OSError("no buffer space")


class Zeroconf:
    """Made as AsyncZeroconf is; opened with `how`."""

    def __init__(self, core: Core | None = None, *, hangs: bool = False, **how: Any) -> None:
        self.zeroconf, self.hangs, self.how = core or Core(), hangs, how
        self.closed = False

    async def async_close(self) -> None:
        if self.hangs:
            await asyncio.Event().wait()
        self.closed = True


async def test_a_machine_without_ipv6_is_listened_at_by_ipv4(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[Zeroconf] = []

    def made(**how: Any) -> Zeroconf:
        if how["ip_version"] is IPVersion.All:
            raise OSError(97, "Address family not supported by protocol")
        opened.append(Zeroconf(**how))
        return opened[-1]

    monkeypatch.setattr("zeroconf.asyncio.AsyncZeroconf", made)
    net = await Net.open(())
    assert [one.how["ip_version"] for one in opened] == [IPVersion.V4Only]
    await net.close()
    assert opened[0].closed


async def test_no_interface_at_all_is_not_now_and_leaves_nothing_open(monkeypatch: pytest.MonkeyPatch) -> None:
    dark = Zeroconf(Core(senders=0))
    monkeypatch.setattr("zeroconf.asyncio.AsyncZeroconf", lambda **_: dark)
    with pytest.raises(NotReached, match="no interface"):
        await Net.open(())
    assert dark.closed


async def test_of_several_addresses_those_that_are_there_are_listened_at(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[Zeroconf] = []

    def made(**how: Any) -> Zeroconf:
        opened.append(Zeroconf(**how))
        return opened[-1]

    monkeypatch.setattr("zeroconf.asyncio.AsyncZeroconf", made)
    await Net.open(("192.0.2.1", "127.0.0.1"))
    assert [one.how for one in opened] == [{"interfaces": ["127.0.0.1"]}]


async def test_a_close_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mdns_net, "CLOSE_S", 0.05)
    net = Net(Zeroconf(hangs=True), lambda: 0)  # type: ignore[arg-type]
    async with asyncio.timeout(5):
        await net.close()


async def test_interfaces_that_cannot_be_looked_at_anew_are_looked_at_later() -> None:
    core = Core()
    await Net(Zeroconf(core), lambda: 0).rescan()  # type: ignore[arg-type]
    assert core.rescans == 1


@pytest.mark.parametrize("name", ["x" * 64 + ".local", "a." * 130, "..local", "\udcff" * 30 + ".local"])
def test_a_name_that_no_packet_can_carry_is_not_asked_for(name: str) -> None:
    assert mdns_net._can_be_asked(name) is (name == "\udcff" * 30 + ".local")


async def test_a_fault_of_ours_is_told_and_the_next_question_begins_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    faults = [ValueError("a record that nobody thought of")]

    def read(*_: object) -> None:
        raise faults.pop()

    class Quiet(Net):
        def browse(self, types: object, heard: mdns_net.Heard) -> None:
            if faults:
                heard("_ipp._tcp.local.", "Dock._ipp._tcp.local.", True)

        def look_up(self, type_: str, name: str) -> Any:
            return read()

    async def opened(_: object) -> Net:
        return Quiet(Zeroconf(), lambda: 0)  # type: ignore[arg-type]

    monkeypatch.setattr(Net, "open", opened)
    scout = MdnsScout()
    await scout.sightings()
    assert scout._work is not None
    await asyncio.wait([scout._work])
    with pytest.raises(RuntimeError, match="begins anew"):
        await scout.sightings()
    assert await scout.sightings() == ()
    await scout.close()


async def test_who_asks_first_and_leaves_leaves_nothing_open(monkeypatch: pytest.MonkeyPatch) -> None:
    is_starting = asyncio.Event()

    class Slow(Core):
        async def async_wait_for_start(self, timeout_s: float) -> None:
            is_starting.set()
            await asyncio.Event().wait()

    slow = Zeroconf(Slow())
    monkeypatch.setattr("zeroconf.asyncio.AsyncZeroconf", lambda **_: slow)
    opening = asyncio.ensure_future(Net.open(()))
    await is_starting.wait()
    opening.cancel()
    await asyncio.wait({opening})
    assert opening.cancelled()
    assert slow.closed


async def test_a_network_that_cannot_be_browsed_is_opened_anew_at_the_next_question(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    opened: list[Zeroconf] = []

    class Sulky(Net):
        def browse(self, types: object, heard: mdns_net.Heard) -> None:
            if len(opened) == 1:
                raise RuntimeError("no")

    async def sulky(_: object) -> Net:
        opened.append(Zeroconf())
        return Sulky(opened[-1], lambda: 0)  # type: ignore[arg-type]

    monkeypatch.setattr(Net, "open", sulky)
    scout = MdnsScout()
    with pytest.raises(RuntimeError, match="no"):
        await scout.sightings()
    assert opened[0].closed
    assert await scout.sightings() == ()
    assert len(opened) == 2
    await scout.close()
