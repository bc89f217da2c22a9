"""The simulated printer's settings, and what it answers to SGD as text and as JSON."""

from __future__ import annotations

import json

import pytest

from fanfold.simulate.weblink.settings import UNKNOWN, Settings, rows
from fanfold.simulate.weblink.switches import Switches
from fanfold.simulate.weblink.talk import answered, text
from fanfold.simulate.weblink.zpl import Sgd


class Printer:
    """Whoever the settings belong to, writing down what it is asked to do."""

    def __init__(self, switches: Switches | None = None, silenced: bool = False) -> None:
        self.switches = switches or Switches()
        self.silenced = silenced
        self.acted: list[tuple[str, str]] = []
        self.settings = Settings(lambda name: "7" if name == "odometer.total_label_count" else None)

    def act(self, name: str, value: str) -> None:
        self.acted.append((name, value))

    def listing(self, of: str) -> str:
        return f"DIR {of}"

    def say(self, verb: str, name: str, value: str = "") -> bytes:
        return text(Sgd(verb, name, value), self.settings, self)

    def json(self, **asked: object) -> object:
        said, acts = answered({name.replace("__", "."): value for name, value in asked.items()}, self.settings, self)
        for act in acts:
            act()
        return json.loads(said)


def test_there_are_many_and_each_takes_its_own_default() -> None:
    assert len(rows()) > 800
    for name, row in rows().items():
        assert row.default == "" or "W" not in row.access or row.takes(row.default), name


def test_a_value_comes_between_quotes_and_an_unknown_one_as_a_question_mark() -> None:
    printer = Printer()
    assert printer.say("getvar", "ip.port_alternate") == b'"9100"'
    assert printer.say("getvar", "no.such.thing") == b'"?"'
    assert printer.say("getvar", "odometer.total_label_count") == b'"7"'
    assert Printer(Switches(sgd_end=b"\r\n")).say("getvar", "ip.port") == b'"6101"\r\n'


def test_a_write_holds_and_says_nothing() -> None:
    printer = Printer()
    assert printer.say("setvar", "device.friendly_name", "Dock 4") == b""
    assert printer.say("getvar", "device.friendly_name") == b'"Dock 4"'
    assert printer.acted == [("device.friendly_name", "Dock 4")]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("device.unique_id", "mine"),
        ("weblink.ip.conn1.retry_interval", "0"),
        ("weblink.ip.conn1.retry_interval", "soon"),
        ("weblink.ip.conn1.test.test_on", "sometimes"),
        ("ip.addr", "300.1.1.1"),
        ("device.friendly_name", "x" * 64),
        ("print.tone", "31.0"),
        ("no.such.thing", "1"),
    ],
)
def test_a_write_that_is_refused_leaves_the_old_value_and_tells_it(name: str, value: str) -> None:
    printer = Printer()
    before = printer.settings.get(name)
    assert printer.json(**{name: value}) == {name: before}
    assert printer.acted == []


def test_json_reads_and_writes_many_at_once_and_tells_what_is_in_force() -> None:
    printer = Printer()
    told = printer.json(device__friendly_name="Dock", ip__port=None, device__reset="", no__such=None)
    assert told == {"device.friendly_name": "Dock", "ip.port": "6101", "device.reset": "", "no.such": UNKNOWN}
    assert printer.acted == [("device.friendly_name", "Dock"), ("device.reset", "")]


def test_a_branch_is_read_whole_side_by_side_or_within_its_name() -> None:
    told = Printer().json(capture__channel1=None)
    assert isinstance(told, dict)
    assert told["capture.channel1.port"] == "off"
    assert all(name.startswith("capture.channel1.") for name in told)
    assert Printer(Switches(branch_nested=True)).json(capture__channel1=None) == {"capture.channel1": told}
    assert b'\r\ncapture.channel1.port : off"' in Printer().say("getvar", "capture.channel1")


def test_the_whole_tree_is_some_hundred_kilobytes_with_all_that_is_known_of_each() -> None:
    printer = Printer()
    said, _ = answered({"allconfig": None}, printer.settings, printer)
    assert len(said) > 200_000
    told = json.loads(said)["allconfig"]
    assert told["weblink.ip.conn1.retry_interval"] == {
        "value": "10",
        "type": "integer",
        "range": "1-600",
        "clone": True,
        "archive": True,
        "access": "RW",
    }
    values = printer.json(allvalues=None)
    assert isinstance(values, dict)
    assert values["allvalues"]["ip.port"] == "6101"
    assert "weblink.ip.conn1.authentication.add" not in values["allvalues"]


def test_the_host_status_is_kept_back_in_a_fault() -> None:
    printer = Printer(silenced=True)
    assert printer.say("getvar", "device.host_status") == b""
    assert printer.json(device__host_status=None, ip__port=None) == {"ip.port": "6101"}


def test_files_are_listed_and_what_only_does_something_keeps_no_value() -> None:
    printer = Printer()
    assert printer.say("do", "file.dir", "E:") == b"DIR E:"
    printer.say("setvar", "weblink.ip.conn1.authentication.add", "host user secret")
    assert printer.say("getvar", "weblink.ip.conn1.authentication.add") == b'"?"'
    assert "secret" not in str(printer.settings.changed)
