from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fanfold.transports.winspool.twins import (
    Device,
    Pair,
    Standing,
    copied_from,
    copies,
    device_of,
    stand_ins,
    together,
)

DRIVER = "ZDesigner GK420d"
HERE, THERE = "USB001", "USB002"
NAME, COPY = "Zebra", "Zebra (Copy 1)"
NO_SERIAL, ELSEWHERE = r"USB#VID_0A5F&PID_0164#6&1A2B&0&1", r"USB#VID_0A5F&PID_0164#6&9F9F&0&4"
SERIAL, OTHER_SERIAL = r"USB#VID_0A5F&PID_0164#50J1", r"USB#VID_0A5F&PID_0164#50J2"


def queue(name: str, port: str, *, online: bool, driver: str = DRIVER, present: bool = True) -> Standing:
    return Standing(name, driver, port, online, present)


def pair(first_online: bool, copy_online: bool, copy: str = COPY) -> list[Standing]:
    return [queue(NAME, HERE, online=first_online), queue(copy, THERE, online=copy_online)]


def meant(queues: list[Standing], devices: dict[str, str] | None = None, apart: frozenset[Pair] = frozenset()) -> str:
    return stand_ins(queues, copies(queues, devices or {}, apart)).get(NAME, NAME)


def test_a_printer_that_is_offline_is_printed_on_by_its_copy_that_is_online() -> None:
    assert meant(pair(False, True)) == COPY


def test_a_printer_that_is_gone_is_printed_on_by_its_copy() -> None:
    assert meant([queue(NAME, HERE, online=True, present=False), queue(COPY, THERE, online=True)]) == COPY


def test_a_printer_that_is_online_prints_by_itself() -> None:
    assert meant(pair(True, False)) == NAME
    assert meant(pair(True, True)) == NAME


def test_two_that_were_ever_online_together_are_two_printers() -> None:
    apart = together(pair(True, True))
    assert apart
    assert copies(pair(False, True), {}, apart) == {}
    assert meant(pair(False, True), apart=apart) == NAME


def test_of_two_copies_that_are_online_together_none_is_the_printer() -> None:
    queues = [*pair(False, True), queue("Zebra (Copy 2)", "USB003", online=True)]
    assert meant(queues) == NAME
    assert meant(pair(False, True), apart=together(queues)) == NAME, "nor later"


def test_of_two_copies_the_one_that_is_online_prints() -> None:
    assert meant([*pair(False, False), queue("Zebra (Copy 2)", "USB003", online=True)]) == "Zebra (Copy 2)"


@pytest.mark.parametrize(
    "other",
    [
        queue(COPY, THERE, online=True, driver="Other"),
        queue(COPY, HERE, online=True),
        queue(COPY, "192.0.2.7", online=True),
        queue("Zebra 2", THERE, online=True),
        queue("Zebra (back office)", THERE, online=True),
    ],
)
def test_another_queue_is_no_copy(other: Standing) -> None:
    assert meant([queue(NAME, HERE, online=False), other]) == NAME


@pytest.mark.parametrize(
    ("devices", "same"),
    [
        ({HERE: NO_SERIAL, THERE: ELSEWHERE}, True),
        ({HERE: SERIAL, THERE: SERIAL}, True),
        ({HERE: SERIAL, THERE: OTHER_SERIAL}, False),
        ({HERE: SERIAL, THERE: ELSEWHERE}, False),
        ({HERE: NO_SERIAL, THERE: ELSEWHERE.replace("0164", "0165")}, False),
        ({HERE: NO_SERIAL}, True),
        ({HERE: "nonsense", THERE: "\0#"}, True),
    ],
)
def test_the_devices_of_the_ports_decide_where_windows_knows_them(devices: dict[str, str], *, same: bool) -> None:
    assert (meant(pair(False, True), devices) == COPY) is same


def test_a_bare_number_is_a_copy_only_by_the_printers_serial() -> None:
    queues = pair(False, True, "Zebra (1)")
    assert meant(queues) == NAME
    assert meant(queues, {HERE: NO_SERIAL, THERE: ELSEWHERE}) == NAME
    assert meant(queues, {HERE: SERIAL, THERE: SERIAL}) == "Zebra (1)"


@pytest.mark.parametrize("word", ["Copy", "Kopie", "Copie", "Copia", "Cópia", "копия", "Kopia", "copy", "副本"])
def test_windows_says_copy_in_many_languages(word: str) -> None:
    assert copied_from(f"Zebra GK420d ({word} 12)") == ("Zebra GK420d", True)


@pytest.mark.parametrize("name", ["Zebra", "Zebra (Copy)", "(Copy 1)", "Zebra (Copy 1) left", "Zebra (2nd 1)", ""])
def test_other_names_are_no_copies(name: str) -> None:
    assert copied_from(name) is None


def test_a_serial_that_windows_made_up_is_none() -> None:
    assert device_of(NO_SERIAL) == Device("0a5f:0164", "")
    assert device_of("USB#VID_04b8&PID_0202&MI_00#7&1&0&0000#{28d78fad}") == Device("04b8:0202", "")
    assert device_of(SERIAL) == Device("0a5f:0164", "50j1")
    assert device_of("") is None


names = st.sampled_from([NAME, "zebra", COPY, "Zebra (Copy 2)", "Zebra (1)", "Zebra (Copy 1) (Copy 1)", "Other"])
queues_of = st.lists(
    st.builds(Standing, names, st.sampled_from([DRIVER, "X"]), st.sampled_from([HERE, THERE, "LPT1:"]), st.booleans()),
    unique_by=lambda one: one.name.casefold(),
)


@given(queues_of, st.data())
def test_whatever_there_is_a_stand_in_is_online_the_only_one_and_its_printer_is_not(
    queues: list[Standing], data: st.DataObject
) -> None:
    shuffled = data.draw(st.permutations(queues))
    same = copies(queues, {}, together(queues))
    assert same == copies(shuffled, {}, together(queues))
    by_name = {one.name: one for one in queues}
    for first, copy in stand_ins(queues, same).items():
        assert by_name[copy].online
        assert not by_name[first].online
        assert by_name[first].driver == by_name[copy].driver


@given(st.text(max_size=80))
def test_any_text_is_a_name_and_an_instance(text: str) -> None:
    copied_from(text)
    device_of(text)
