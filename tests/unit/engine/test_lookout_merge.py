"""Which sightings are one device: the same by several ways is one, what is plainly two stays two."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fanfold import marks
from fanfold.engine.lookout_device import devices, is_called
from fanfold.engine.lookout_merge import Sighting, clusters
from fanfold.messages import Device
from fanfold.model import Traits
from fanfold.scouts.mdns_reading import Service, read
from fanfold.transports.base import Discovered

UUID = "4509a320-00ab-0020-00c0-112233445566"
TYPES = {"ipp": 631, "pdl-datastream": 9100, "printer": 515}


def text(**told: str) -> bytes:
    return b"".join(bytes((len(key) + len(value) + 1,)) + f"{key}={value}".encode() for key, value in told.items())


def announced(kind: str, name: str = "Dock", host: str = "zd.local.", at: str = "192.0.2.7", **told: str) -> Sighting:
    type_ = f"_{kind}._tcp.local."
    port = int(told.pop("port", TYPES[kind]))
    found = read(Service(type_, f"{name}.{type_}", host, port, (at,), text(**told)))
    assert found is not None
    return Sighting(found, "mdns")


def plugged(serial: str = "50J1", make: str = "Zebra", number: str = "0a5f:0164") -> Sighting:
    uri = f"usb://{number}/{serial}"
    mine = (f"usb:{number}/{serial}".lower(), f"serial:{make}/{serial}".lower())
    return Sighting(
        Discovered(f"{make} ZD420", uri, ("raw",), traits=Traits(make, "ZD420", serial, told_by=("usb",)), marks=mine),
        "usb",
    )


def queue(name: str, device_uri: str, *more: str) -> Sighting:
    found = Discovered(name, f"cups:///{name}", ("*",), marks=(*marks.of_uri(device_uri), *more))
    return Sighting(found, "cups", is_queue=True)


def listed(*seen: Sighting) -> list[Device]:
    return devices(clusters(seen))


def uris(device: Device) -> list[str]:
    return [way.uri for way in device.ways]


def test_one_printer_by_all_its_ways_is_one_device() -> None:
    (device,) = listed(
        announced("ipp", UUID=UUID, usb_CMD="ZPL"),
        announced("pdl-datastream"),
        announced("printer", rp="q"),
        queue("by_socket", "socket://192.0.2.7:9100/?contimeout=3"),
        queue("by_name", f"dnssd://Dock._ipp._tcp.local/?uuid={UUID}"),
        queue("by_cable", "usb://Zebra/ZD420?serial=50J1", *marks.uuid(UUID)),
        plugged(),
    )
    assert uris(device) == [
        "socket://192.0.2.7", "ipp://192.0.2.7/ipp/print", "lpd://192.0.2.7/q", "usb://0a5f:0164/50J1",
        "cups:///by_name", "cups:///by_cable", "cups:///by_socket",
    ]  # fmt: skip
    assert (device.name, device.traits.languages, device.traits.serial) == ("Dock", ("zpl",), "50J1")
    assert set(device.traits.told_by) == {"mdns", "usb"}


def test_pages_go_by_ipp_first() -> None:
    (device,) = listed(announced("pdl-datastream"), announced("ipp", pdl="application/pdf"), announced("printer"))
    assert [uri.partition(":")[0] for uri in uris(device)] == ["ipp", "socket", "lpd"]


def test_the_queues_of_a_print_server_stay_several() -> None:
    server = [announced("ipp", f"{name} @ server", "server.local.", rp=f"printers/{name}") for name in "abc"]
    ports = [
        announced("pdl-datastream", f"P{port}", "box.local.", "192.0.2.8", port=f"{port}") for port in (9100, 9101)
    ]
    assert len(listed(*server, *ports)) == 5


def test_printers_with_one_lying_uuid_at_two_addresses_stay_two() -> None:
    one = announced("ipp", "XP-80", "a.local.", "192.0.2.7", UUID=UUID, ty="XP-80")
    two = announced("ipp", "XP-80 (2)", "b.local.", "192.0.2.8", UUID=UUID, ty="XP-80")
    found = listed(one, two)
    assert len(found) == 2
    assert found[0].id != found[1].id
    other = announced("pdl-datastream", "XP-80", "b.local.", "192.0.2.8", UUID=UUID, ty="XP-58")
    assert len({device.id for device in listed(one, other)}) == 2, "nor have they one id, whatever they are called"
    ambiguous = queue("q", f"dnssd://x/?uuid={UUID}")
    assert len(listed(one, two, ambiguous)) == 3, "nobody knows which of the two the queue leads to"


def test_one_printer_that_calls_itself_the_same_on_two_cards_is_one() -> None:
    wire = announced("ipp", "Dock", "a.local.", "192.0.2.7", UUID=UUID, ty="ZD420")
    radio = announced("ipp", "Dock", "b.local.", "198.51.100.7", UUID=UUID, ty="ZD420")
    assert len(listed(wire, radio)) == 1


def test_one_name_on_two_hosts_is_two_devices() -> None:
    assert (
        len(listed(announced("ipp", host="a.local."), announced("pdl-datastream", host="b.local.", at="192.0.2.8")))
        == 2
    )


@pytest.mark.parametrize("serial", ["0", "000000", "XXXXXX"])
def test_fillers_join_nobody(serial: str) -> None:
    assert len(listed(plugged(serial), plugged(serial, number="0a5f:0165"))) == 2


def test_one_serial_of_two_makers_is_two_devices() -> None:
    assert len(listed(plugged("12345"), plugged("12345", "Epson", "04b8:0202"))) == 2


def test_a_service_that_points_at_anothers_place_adds_no_way_there() -> None:
    honest = announced("pdl-datastream", UUID=UUID)
    pretender = announced("pdl-datastream", "Better printer", "evil.local.")
    (device,) = listed(honest, pretender)
    assert uris(device) == ["socket://192.0.2.7"]


def test_an_id_lasts_while_ways_come_and_go() -> None:
    (alone,) = listed(announced("pdl-datastream"))
    (both,) = found = clusters([announced("pdl-datastream"), announced("ipp", UUID=UUID), plugged()][:2])
    assert is_called(both, alone.id)
    assert devices(found)[0].id.startswith("dock-")
    assert all(sign.isalnum() or sign == "-" for sign in alone.id)


def test_a_name_that_says_nothing_in_ascii_still_has_an_id() -> None:
    (device,) = listed(announced("ipp", "打印机"))
    assert device.id.startswith("device-")


KINDS = st.sampled_from(["ipp", "pdl-datastream", "printer"])
NAMES, ADDRESSES = st.sampled_from(["Dock", "Bar", "Dock (2)"]), st.sampled_from(["192.0.2.7", "192.0.2.8", "fd00::2"])
SIGHTINGS = st.one_of(
    st.builds(
        announced, KINDS, NAMES, st.sampled_from(["a.local.", "b.local."]), ADDRESSES,
        UUID=st.sampled_from([UUID, UUID[:-1] + "7", "none"]), ty=st.sampled_from(["ZD420", "TM-T88", ""]),
    ),
    st.builds(plugged, st.sampled_from(["50J1", "50J2", "0"])),
    st.builds(
        queue, st.sampled_from(["q", "r"]),
        st.sampled_from(["socket://192.0.2.7", "usb://Zebra/ZD420?serial=50J1", f"dnssd://x/?uuid={UUID}"]),
    ),
)  # fmt: skip


def told(seen: list[Sighting]) -> set[Device]:
    return set(listed(*seen))


@given(st.lists(SIGHTINGS, max_size=12), st.randoms(use_true_random=False))
def test_their_order_does_not_matter(seen: list[Sighting], chance: random.Random) -> None:
    other = chance.sample(seen, len(seen))
    assert told(seen) == told(other)


@given(st.lists(SIGHTINGS, max_size=12))
def test_seen_twice_says_no_more(seen: list[Sighting]) -> None:
    assert told(seen) == told(seen + seen)
    again = [one for cluster in clusters(seen) for one in cluster.sightings]
    assert told(again) == told(seen)


@given(st.lists(SIGHTINGS, max_size=12))
def test_every_way_is_in_one_device_and_every_device_has_its_own_id(seen: list[Sighting]) -> None:
    found = listed(*seen)
    assert sorted(uri for one in found for uri in uris(one)) == sorted({one.found.uri for one in seen})
    assert len({one.id for one in found}) == len(found)


@given(
    st.lists(
        st.builds(
            Sighting,
            st.builds(
                Discovered, st.text(), st.text(), st.just(()), st.text(), marks=st.lists(st.text()).map(tuple),
                traits=st.builds(Traits, st.text(), st.text(), st.text(), st.lists(st.text()).map(tuple)),
            ),
            st.text(),
            is_queue=st.booleans(),
        )
    )
)  # fmt: skip
def test_nothing_that_is_seen_makes_it_raise(seen: list[Sighting]) -> None:
    for device in listed(*seen):
        assert device.id
        assert device.ways
