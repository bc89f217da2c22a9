"""Printers that announce themselves for real, on the loopback alone: found once each, added by a person, printed on."""

from __future__ import annotations

import asyncio
import itertools
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import uvloop

from fanfold.app import Gateway
from fanfold.config import Discovery, Listener, Settings
from fanfold.engine.lookout import MOST_DEVICES
from fanfold.errors import NotReached
from fanfold.scouts import mdns_names
from fanfold.scouts.mdns import MdnsScout
from fanfold.scouts.mdns_book import MOST_SERVICES
from fanfold.simulate.socket import SocketPrinter
from fanfold.transports.base import Discovered
from tests.peers.announcer import LOOPBACK, announcer, answer, pointer, service, shout, token
from tests.peers.app import App
from tests.peers.avahi import private_avahi
from tests.peers.cupsd import private_cupsd
from tests.peers.deliveries import PDF
from tests.peers.ippeve import eve_printer
from tests.peers.processes import until

SOCKET, IPP, IPPS, LPD = "_pdl-datastream._tcp", "_ipp._tcp", "_ipps._tcp", "_printer._tcp"


@pytest.fixture(autouse=True)
def resolver(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """What the machine's resolver says of names of the link: here nothing, or what a test puts in."""
    known: set[str] = set()
    monkeypatch.setattr(mdns_names, "addresses_of", lambda _: frozenset(known))
    return known


@asynccontextmanager
async def scout() -> AsyncIterator[MdnsScout]:
    looking = MdnsScout([LOOPBACK])
    try:
        yield looking
    finally:
        await looking.close()


@asynccontextmanager
async def gateway(folder: Path, *, cups_server: str | None = None) -> AsyncIterator[App]:
    discovery = Discovery(
        cups=cups_server is not None, cups_server=cups_server, interfaces=(LOOPBACK,), interval_s=0.1, usb=False
    )
    async with (
        Gateway(Settings(folder / "data", listeners=(Listener(LOOPBACK, 0),), discovery=discovery)) as running,
        App(running.urls[0].rstrip("/")) as app,
    ):
        yield app


async def seen(looking: MdnsScout, word: str) -> list[Discovered]:
    return [one for one in await looking.sightings() if word in one.name]


async def devices(app: App, word: str, *, wait_s: float = 0) -> list[dict[str, Any]]:
    status, answered = await app.call("GET", f"/v1/discovered?wait_s={wait_s}")
    assert status == 200, answered
    return [one for one in answered["devices"] if word in one["name"] or any(word in way["uri"] for way in one["ways"])]


def so_many(count: int, look: Callable[[], Awaitable[list[Any]]]) -> Awaitable[None]:
    async def are_there() -> bool:
        return len(await look()) == count

    return until(are_there, f"{count} of them")


async def test_one_printer_by_four_protocols_is_one_device_and_prints_when_a_person_adds_it(tmp_path: Path) -> None:
    name = f"Dock {token()}"
    text = {"ty": "Zebra ZD420", "usb_MFG": "Zebra Technologies", "usb_MDL": "ZD420-203dpi", "usb_CMD": "ZPL"}
    async with SocketPrinter() as printer, announcer(f"zd-{token()}") as host, gateway(tmp_path) as app:
        port = int(printer.uri.rpartition(":")[2])
        await host.announce(
            (name, SOCKET, port, text), (name, IPP, 631, text | {"rp": "ipp/print"}), (name, IPPS, 631, text),
            (name, LPD, 515, text | {"rp": "q"}),
        )  # fmt: skip
        await until(lambda: has_ways(app, name, "socket", "ipp", "ipps"), "its ways")
        (device,) = await devices(app, name)
        assert device["ways"][0] == {"uri": printer.uri, "seen_by": "mdns"}
        traits = device["traits"]
        assert (traits["make"], traits["model"], traits["languages"]) == ("Zebra Technologies", "ZD420-203dpi", ["zpl"])
        assert traits["dpi"] == 203
        _, listed = await app.call("GET", "/v1/printers")
        assert listed["printers"] == []
        status, added = await app.call("POST", f"/v1/discovered/{device['id']}/add", json={"name": "Dock"})
        assert (status, added["uri"]) == (201, printer.uri)
        _, job = await app.call("POST", "/v1/printers/Dock/jobs?wait=delivered", data=b"^XA^XZ")
        assert job["state"] == "completed"
        assert await printer.printed() == [b"^XA^XZ"]
        (device,) = await devices(app, name)
        assert device["printers"] == ["dock"]


async def has_ways(app: App, word: str, *schemes: str) -> bool:
    found = {way["uri"].partition(":")[0] for one in await devices(app, word) for way in one["ways"]}
    return set(schemes) <= found


async def test_a_queue_of_cups_that_leads_to_it_is_one_with_it(tmp_path: Path) -> None:
    name = f"Bar {token()}"
    async with (
        SocketPrinter() as printer,
        announcer(f"bar-{token()}") as host,
        private_cupsd(tmp_path, {"bar": f"{printer.uri}/?contimeout=1"}) as cups,
        gateway(tmp_path, cups_server=cups.server) as app,
    ):
        await host.announce((name, SOCKET, int(printer.uri.rpartition(":")[2]), {"ty": "Epson TM-T88V"}))
        await until(lambda: has_ways(app, name, "socket", "cups"), "both ways in one device")
        (device,) = await devices(app, name)
        assert device["printers"] == ["bar"]
        status, refused = await app.call("POST", f"/v1/discovered/{device['id']}/add", json={})
        assert (status, refused["code"]) == (409, "printer-known")


async def test_avahi_and_we_see_each_other_and_goodbyes(tmp_path: Path) -> None:
    word = token()
    async with private_avahi(tmp_path, f"avahi-{word}") as avahi, announcer(f"zc-{word}") as host, scout() as looking:
        await looking.sightings()
        await avahi.publish(f"From avahi {word}", SOCKET, 9107, "ty=TSC TDP-247", "usb_CMD=TSPL")
        await so_many(1, lambda: seen(looking, word))
        (found,) = await seen(looking, word)
        assert found.uri == f"socket://{LOOPBACK}:9107"
        assert found.traits.languages == ("tspl",)
        await host.announce((f"From zeroconf {word}", IPP, 631, {"rp": "ipp/print"}))
        assert f"zc-{word}.local" in await avahi.browse(IPP)
        await so_many(2, lambda: seen(looking, word))
        await avahi.withdraw(f"From avahi {word}")
        await so_many(1, lambda: seen(looking, word))
        await host.withdraw(f"From zeroconf {word}", IPP)
        await so_many(0, lambda: seen(looking, word))


async def test_its_uri_has_its_name_where_this_machines_resolver_knows_it(tmp_path: Path, resolver: set[str]) -> None:
    word = token()
    resolver.add(LOOPBACK)
    async with announcer(f"named-{word}") as host, gateway(tmp_path) as app:
        await host.announce((f"Named {word}", SOCKET, 9107, {}), (f"Named {word}", IPP, 631, {"rp": "p"}))

        async def is_named() -> bool:
            ways = {way["uri"] for one in await devices(app, word) for way in one["ways"]}
            return ways == {f"socket://named-{word}.local:9107", f"ipp://named-{word}.local/p"}

        await until(is_named, "its name")
        assert len(await devices(app, word)) == 1


async def test_a_real_ipp_printer_is_found_with_what_it_says_of_itself_and_prints(tmp_path: Path) -> None:
    word = f"eve-{token()}"
    async with (
        private_avahi(tmp_path, word) as avahi,
        eve_printer(tmp_path, avahi=avahi) as eve,
        gateway(tmp_path) as app,
    ):
        await until(lambda: has_ways(app, word, "ipp"), "its way")
        (device,) = await devices(app, word)
        assert "pdf" in device["traits"]["languages"]
        way = next(way["uri"] for way in device["ways"] if way["uri"].startswith("ipp:"))
        assert way == f"ipp://{LOOPBACK}:{eve.port}/ipp/print"
        status, _ = await app.call("POST", f"/v1/discovered/{device['id']}/add", json={"name": "Eve", "uri": way})
        assert status == 201
        _, job = await app.call(
            "POST", "/v1/printers/Eve/jobs?wait=delivered", data=PDF, headers={"Content-Type": "application/pdf"}
        )
        assert job["state"] == "completed", job
        assert eve.printed == [PDF]


async def test_what_was_announced_before_anybody_looked_is_found(tmp_path: Path) -> None:
    word = token()
    async with announcer(f"old-{word}") as host:
        await host.announce((f"Old {word}", LPD, 515, {"rp": "q"}), (f"Old {word}", IPP, 8631, {"rp": "p"}))
        async with gateway(tmp_path) as app:
            (device,) = await devices(app, word, wait_s=3)
            assert f"ipp://{LOOPBACK}:8631/p" in {way["uri"] for way in device["ways"]}


async def test_records_that_come_one_by_one_are_asked_for() -> None:
    """Only the pointer is shouted; where it points to, nobody says more before he is asked."""
    word = token()
    async with announcer(f"shy-{word}") as host:
        await host.announce((f"Shy {word}", "_shy._tcp", 9100, {"ty": "Shy one"}))
        async with scout() as looking:
            await looking.sightings()
            shout(pointer(f"Shy {word}", "_shy._tcp", SOCKET))
            await so_many(1, lambda: seen(looking, word))
            (found,) = await seen(looking, word)
            assert (found.uri, found.info) == (f"socket://{LOOPBACK}", "Shy one")


def files() -> int:
    """How many files, sockets among them, this process has open."""
    return len(list(Path("/proc/self/fd").iterdir()))


async def holds(count: int) -> bool:
    return files() == count


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_looking_ends_in_peace_on_either_loop(loop: str) -> None:
    async def look() -> None:
        word = token()
        async with announcer(f"loop-{word}") as host, scout() as looking:
            await host.announce((f"Loop {word}", SOCKET, 9100, {}))
            open_before = files()
            await so_many(1, lambda: seen(looking, word))
            await looking.close()
            await looking.close()
            await until(lambda: holds(open_before), "the end of its sockets")
            await so_many(1, lambda: seen(looking, word))

    factory = {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}[loop]
    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(look())


async def test_an_interface_that_is_not_there_is_a_note_and_no_error(tmp_path: Path) -> None:
    discovery = Discovery(cups=False, interfaces=("192.0.2.1",), usb=False)
    settings = Settings(tmp_path, listeners=(Listener(LOOPBACK, 0),), discovery=discovery)
    async with Gateway(settings) as running, App(running.urls[0].rstrip("/")) as app:
        status, answered = await app.call("GET", "/v1/discovered?wait_s=0.1")
        assert (status, answered["devices"]) == (200, [])
        assert "mDNS cannot listen at 192.0.2.1" in answered["notes"][0]


async def test_a_port_that_is_taken_is_told_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    def taken(*_: object, **__: object) -> None:
        raise OSError(98, "Address already in use")

    monkeypatch.setattr("zeroconf.asyncio.AsyncZeroconf", taken)
    async with scout() as looking:
        with pytest.raises(NotReached, match="UDP port 5353"):
            await looking.sightings()
        monkeypatch.undo()
        await looking.sightings()


# --- hostile


def item(text: bytes) -> bytes:
    return bytes((len(text),)) + text


async def test_hostile_records_are_cleaned_or_passed_over_and_harm_no_other(tmp_path: Path) -> None:
    word = token()
    big = b"".join(item(b"k%d=" % number + b"x" * 240) for number in range(33))
    async with gateway(tmp_path) as app:
        await devices(app, word)
        shout(
            service(f"\x1b[2J\x07{word}\r\nEvil", SOCKET, 9101, host=f"a{word}.local"),
            service(f"{word} \udcff\udcfe", SOCKET, 9102, host=f"b{word}.local"),
            service(f"{word} big", SOCKET, 9103, host=f"c{word}.local", text=big),
            service(f"{word} zero", SOCKET, 0, host=f"d{word}.local"),
            service(f"{word} elsewhere", SOCKET, 9104, host="www.bank.example", at="198.51.100.7"),
            service(f"{word} nowhere", SOCKET, 9105, host=f"e{word}.local", at="0.0.0.0"),
            service(f"{word} path", IPP, 631, host=f"f{word}.local", text=item(b"rp=../../x?y\r\nHost: z")),
            service(f"{word}." * 12, SOCKET, 9106, host=f"g{word}.local"),
            answer((["_ipp", "_tcp", "local"], 12, 1, 4500, b"\xc0\xff")),
            answer((["_ipp", "_tcp", "local"], 12, 1, 4500, b"\x3f")),
            struct.pack(">6H", 0, 0x8400, 0, 65535, 65535, 65535),
            b"\xff" * 9000,
            service(f"{word} honest", SOCKET, 9107, host=f"h{word}.local"),
        )
        await until(lambda: is_there(app, f"{word} honest"), "the honest one")
        await until(lambda: is_there(app, f"{word} elsewhere"), "the others")
        found = {one["name"]: one for one in await devices(app, word)}
        assert not any("zero" in name or "nowhere" in name for name in found)
        for one in found.values():
            assert all(text.isprintable() for text in (one["name"], one["info"], one["id"]))
            assert all(way["uri"].isascii() and way["uri"].isprintable() for way in one["ways"])
        (way,) = found[f"{word} elsewhere"]["ways"]
        assert way["uri"] == "socket://198.51.100.7:9104", "no name of a stranger's choice"


async def is_there(app: App, name: str) -> bool:
    return any(one["name"] == name for one in await devices(app, name))


async def test_a_flood_of_services_and_flapping_ones_are_bounded_and_the_gateway_ends_in_peace(tmp_path: Path) -> None:
    word, numbers = token(), iter(range(2 * MOST_SERVICES))
    flaps = itertools.count()

    def more() -> list[bytes]:
        flood = [
            service(f"{word} {one}", SOCKET, 10_000 + one, host=f"{word}{one}.local")
            for one in itertools.islice(numbers, 64)
        ]
        flap = service(f"{word} flap", IPP, 631, host=f"{word}f.local", ttl_s=4500 * (next(flaps) % 2))
        return [*flood, flap, service(f"{word} changing", SOCKET, next(flaps) % 9999, host=f"{word}c.local")]

    async with gateway(tmp_path) as app:
        await devices(app, word)

        async def is_flooded() -> bool:
            shout(*more())
            _, answered = await app.call("GET", "/v1/discovered")
            words = f"devices show themselves; these are the first {MOST_DEVICES}"
            return len(answered["devices"]) == MOST_DEVICES and words in "".join(answered["notes"])

        await until(is_flooded, "a flood")
        status, health = await app.call("GET", "/v1/health")
        assert (status, health["problems"]) == (200, [])
