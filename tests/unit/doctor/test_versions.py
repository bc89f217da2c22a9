"""What is installed, against what is needed."""

from __future__ import annotations

import importlib.metadata
import sqlite3

import pytest

from fanfold.doctor.surroundings import Surroundings
from fanfold.doctor.versions import Wanted, libraries, versions, wanted
from tests.unit.doctor.findings import bad, codes


def test_this_very_environment_is_in_order() -> None:
    found = list(versions(Surroundings()))
    assert bad(found) <= {"libusb-missing"}
    assert codes(found)["versions"].facts["sqlite"] == sqlite3.sqlite_version
    assert "aiohttp" in codes(found)["libraries"].facts


def test_a_library_that_is_too_old_or_missing_is_a_problem() -> None:
    old = list(libraries([Wanted("aiohttp", "999.1")]))
    missing = list(libraries([Wanted("no-such-library", "1")]))
    assert bad(old) == bad(missing) == {"library"}
    assert "999.1 is needed" in old[0].says
    assert "missing" in missing[0].says


def test_versions_are_compared_as_numbers() -> None:
    assert not bad(libraries([Wanted("aiohttp", "3.9")])), "3.14 is newer than 3.9"


def test_sources_that_are_no_package_are_told_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    def requires(name: str) -> list[str]:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "requires", requires)
    assert "no-package" in codes(versions(Surroundings()))


@pytest.mark.parametrize("extra", ["usb", "serial", "speed"])
def test_an_extra_that_is_not_there_is_a_note_with_the_command_that_brings_it(extra: str) -> None:
    (found,) = libraries([Wanted("no-such-library", "1", extra)])
    assert found.severity == "note"
    assert f'pip install "fanfold[{extra}]"' in found.mend


def test_each_system_is_asked_for_its_own_libraries_only() -> None:
    windows, linux = ({one.name for one in wanted(system)} for system in ("win32", "linux"))
    assert "pywin32" in windows
    assert "pywin32" not in linux
    assert "uvloop" in linux
    assert "uvloop" not in windows
    assert "pyusb" in linux & windows
