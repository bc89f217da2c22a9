"""What a queue's attributes tell of the device behind it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fanfold import marks
from fanfold.model import Traits
from fanfold.transports.ipp.codec import Group, Resolution, Value
from fanfold.transports.ipp.traits import marks_of, traits_of

UUID = "4509a320-00ab-0020-00c0-112233445566"
ZEBRA = "MFG:Zebra Technologies;MDL:ZD420-203dpi;CMD:ZPL,EPL;SN:50J1;"


def facts(**told: Any) -> Group:
    return Group(4, {name.replace("_", "-"): (Value(0, value),) for name, value in told.items()})


def test_the_device_id_tells_what_it_is() -> None:
    said = facts(printer_device_id=ZEBRA, printer_make_and_model="Zebra ZPL Label Printer")
    assert traits_of(said, "cups") == Traits(
        "Zebra Technologies", "ZD420-203dpi", "50J1", ("zpl", "epl"), told_by=("cups",)
    )
    assert marks_of(said) == marks.serial("Zebra", "50J1")


def test_without_one_the_model_is_what_the_driver_is_for() -> None:
    assert traits_of(facts(printer_make_and_model="HP LaserJet 4, hpcups 3.22"), "cups").model == "HP LaserJet 4"


@pytest.mark.parametrize("told", [{}, {"printer_make_and_model": "Local Raw Printer"}, {"printer_device_id": ";;"}])
def test_what_tells_nothing_is_no_trait(told: dict[str, str]) -> None:
    assert traits_of(facts(**told), "cups") == Traits()


def test_the_cable_tells_the_serial() -> None:
    said = facts(device_uri="usb://Zebra%20Technologies/ZD420?serial=50J1", printer_uuid=f"urn:uuid:{UUID}")
    assert traits_of(said, "cups").serial == "50J1"
    assert marks_of(said) == (*marks.serial("Zebra", "50J1"), f"uuid:{UUID}")


@pytest.mark.parametrize(
    ("resolution", "dpi"),
    [(Resolution(203, 203), 203), (Resolution(80, 80, 4), 203), (Resolution(1, 1), None), (Resolution(9, 9, 7), None)],
)
def test_its_resolution_is_told_in_inches(resolution: Resolution, dpi: int | None) -> None:
    assert traits_of(facts(printer_resolution_default=resolution), "cups").dpi == dpi


@given(st.dictionaries(
    st.sampled_from(["printer_device_id", "printer_uuid", "printer_make_and_model", "device_uri"]),
    st.text() | st.binary() | st.integers() | st.none(),
))  # fmt: skip
def test_nothing_that_a_server_says_makes_them_raise(told: dict[str, Any]) -> None:
    found = traits_of(facts(**told), "cups")
    for words in (found.make, found.model, found.serial):
        assert words == "" or words.isprintable()
    marks_of(facts(**told))
