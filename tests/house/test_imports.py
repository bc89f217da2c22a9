"""Imports run one way, so that a stranger finds each thing on one floor."""

from __future__ import annotations

from graphlib import CycleError, TopologicalSorter

import pytest

from tests.house.house import Room, rooms, third_party

GROUND = {
    "fanfold", "fanfold.model", "fanfold.errors", "fanfold.wire", "fanfold.clock", "fanfold.door", "fanfold.reception",
    "fanfold.device_id", "fanfold.marks",
}  # fmt: skip
WORDS = {"fanfold.messages", "fanfold.config", "fanfold.logbook"}
FLOORS: tuple[set[str], ...] = (
    GROUND,
    WORDS,
    {"fanfold.languages", "fanfold.transports", "fanfold.scouts", "fanfold.store", "fanfold.simulate"},
    {"fanfold.engine", "fanfold.dialects"},
    {"fanfold.server", "fanfold.registry"},
    {"fanfold.app"},
    {"fanfold.demo", "fanfold.doctor"},
    {"fanfold.cli"},
    {"fanfold.__main__"},
)
DRIVER_FOLDERS = ("fanfold.dialects", "fanfold.languages", "fanfold.transports")
HOMES = {
    "aiohttp": ("fanfold.server", "fanfold.transports.ipp", "fanfold.demo"),
    "multidict": ("fanfold.server",),
    "click": ("fanfold.cli",),
    "rich": ("fanfold.cli",),
    "prometheus_client": ("fanfold.server",),
    "platformdirs": ("fanfold.config",),
    "msgspec": ("fanfold.dialects", "fanfold.server"),
    "serial": ("fanfold.transports.serial",),
    "usb": ("fanfold.transports.usb",),
    "uvloop": ("fanfold.app",),
    **dict.fromkeys(
        (
            "pywintypes",
            "servicemanager",
            "win32api",
            "win32con",
            "win32file",
            "win32security",
            "win32service",
            "win32serviceutil",
        ),
        ("fanfold.cli.service",),
    ),
    "zeroconf": ("fanfold.scouts.mdns",),
}


def floor(name: str) -> int:
    for number, names in enumerate(FLOORS):
        if name in names or any(name.startswith(one + ".") for one in names - {"fanfold"}):
            return number
    pytest.fail(f"{name} is on no floor: say in tests/house/test_imports.py where it lives")


def own(room: Room) -> set[str]:
    return {name for name in room.imports if name.startswith("fanfold")}


def driver(name: str, folder: str) -> str:
    """A driver's name without its further files: `native` for `native_http`, `weblink` for what is in its folder."""
    return name.removeprefix(folder + ".").partition(".")[0].partition("_")[0]


@pytest.mark.parametrize("room", rooms().values(), ids=lambda room: room.shown)
def test_no_import_points_up(room: Room) -> None:
    up = {name for name in own(room) if floor(name) > floor(room.name)}
    assert not up, f"{room.shown} imports from a floor above its own: {sorted(up)}"


def test_the_ground_needs_python_only() -> None:
    for name in GROUND:
        room = rooms()[name]
        assert not third_party(room), room.shown
        assert own(room) <= GROUND, room.shown


def test_there_are_no_circles() -> None:
    try:
        TopologicalSorter({name: own(room) for name, room in rooms().items()}).prepare()
    except CycleError as error:
        pytest.fail(f"these import each other: {' → '.join(error.args[1])}")


@pytest.mark.parametrize("folder", DRIVER_FOLDERS)
def test_drivers_do_not_know_their_siblings(folder: str) -> None:
    helpers = {
        "fanfold.transports": {"base", "ipp", "presence", "reach", "reading", "stall"},
        "fanfold.languages": {"base", "detect", "steps"},
        "fanfold.dialects": {"base"},
    }[folder]
    for room in rooms().values():
        if not room.name.startswith(folder + "."):
            continue
        siblings = {driver(name, folder) for name in own(room) if name.startswith(folder + ".")}
        assert siblings <= helpers | {driver(room.name, folder)}, (
            f"{room.shown} imports its siblings: {sorted(siblings)}"
        )


def test_only_registry_and_app_name_concrete_drivers() -> None:
    bases = {f"{folder}.base" for folder in DRIVER_FOLDERS} | {"fanfold.languages.detect"}
    for room in rooms().values():
        if room.name in {"fanfold.registry", "fanfold.app"} or room.name.startswith(
            (*DRIVER_FOLDERS, "fanfold.simulate")
        ):
            continue
        named = {name for name in own(room) if name.startswith(tuple(one + "." for one in DRIVER_FOLDERS))}
        assert named <= bases, f"{room.shown} names a concrete driver: {sorted(named - bases)}"


def test_the_server_knows_no_transport_and_no_concrete_store() -> None:
    for room in rooms().values():
        if room.name.startswith("fanfold.server"):
            drivers = {name for name in own(room) if name.startswith(("fanfold.transports", "fanfold.store"))}
            assert drivers <= {"fanfold.store.base"}, room.shown


def test_dialects_and_engine_share_words_only() -> None:
    for room in rooms().values():
        if room.name.startswith("fanfold.dialects"):
            assert not any(name.startswith(("fanfold.engine", "fanfold.store")) for name in own(room)), room.shown
        if room.name.startswith("fanfold.engine"):
            assert not any(name.startswith("fanfold.dialects") for name in own(room)), room.shown


def test_each_third_party_has_one_home() -> None:
    for room in rooms().values():
        for package in third_party(room):
            assert package in HOMES, f"{room.shown} imports {package}, which has no home here"
            assert room.name.startswith(HOMES[package]), f"{room.shown} imports {package}; its home is {HOMES[package]}"
