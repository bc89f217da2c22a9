"""Which Fanfold, Python and libraries these are, and which extras are there. Imports none of them."""

from __future__ import annotations

import ctypes.util
import importlib.metadata
import platform
import re
import sqlite3
import sys
from collections.abc import Iterator
from dataclasses import dataclass

from fanfold import __version__
from fanfold.doctor.finding import Area, Finder, Finding
from fanfold.doctor.surroundings import Surroundings
from fanfold.store.migrations import OLDEST_SQLITE

_FOR = {
    "speed": "less processor time",
    "usb": "USB printers past the kernel's driver",
    "serial": "serial printers",
}
_REQUIREMENT = re.compile(r"([A-Za-z0-9._-]+)\s*(?:\[[^]]*\])?\s*(?:>=\s*([0-9.]+))?[^;]*(?:;(.*))?")
_WANTS_EXTRA = re.compile(r"extra\s*==\s*['\"]([^'\"]+)['\"]")
_WANTS_SYSTEM = re.compile(r"sys_platform\s*(==|!=)\s*['\"]([^'\"]+)['\"]")

_find = Finder(Area.VERSIONS)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A library that Fanfold says it needs."""

    name: str
    least: str
    extra: str = ""
    """The extra that it belongs to; empty: always needed."""


def versions(around: Surroundings) -> Iterator[Finding]:
    """Look at what is installed."""
    del around
    python, sqlite = platform.python_version(), sqlite3.sqlite_version
    yield _find.ok(
        "versions",
        f"Fanfold {__version__}, Python {python}, SQLite {sqlite}, {platform.platform()}.",
        fanfold=__version__, python=python, sqlite=sqlite, platform=platform.platform(), machine=platform.machine(),
        bits=64 if sys.maxsize > 2**32 else 32,
    )  # fmt: skip
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        least = ".".join(map(str, OLDEST_SQLITE))
        yield _find.problem("sqlite-old", f"SQLite {sqlite} is too old: Fanfold needs {least}.", "Use a newer Python.")
    if needed := wanted(sys.platform):
        yield from libraries(needed)
    else:
        yield _find.note(
            "no-package", "Fanfold runs from its sources, not as a package: its libraries are not compared."
        )


def wanted(system: str) -> list[Wanted]:
    """Return what this Fanfold's own package says it needs on that system; nothing where it is not installed as one."""
    try:
        lines = importlib.metadata.requires("fanfold") or []
    except importlib.metadata.PackageNotFoundError:
        return []
    return [one for line in lines if (one := _wanted(line, system))]


def libraries(needed: list[Wanted]) -> Iterator[Finding]:
    """Compare what is installed with what is needed."""
    has = {one.name: _installed(one.name) for one in needed}
    always = [one for one in needed if not one.extra]
    bad = False
    for one in always:
        if fault := _fault(one, has[one.name]):
            bad = True
            yield _find.problem("library", f"The library {one.name} {fault}.", "Run: pip install --upgrade fanfold")
    if always and not bad:
        shown = ", ".join(f"{one.name} {has[one.name]}" for one in always)
        yield _find.ok("libraries", f"All libraries are there: {shown}.", **has)
    for one in needed:
        if one.extra in _FOR:
            yield from _extra(one, has[one.name])


def _extra(one: Wanted, installed: str) -> Iterator[Finding]:
    purpose, how = _FOR[one.extra], f'Run: pip install "fanfold[{one.extra}]"'
    if not installed:
        yield _find.note("extra-missing", f"{one.name} is not installed; it is for {purpose}.", how, extra=one.extra)
    elif fault := _fault(one, installed):
        yield _find.warning("extra-old", f"{one.name}, for {purpose}, {fault}.", how, extra=one.extra)
    elif one.extra == "usb" and ctypes.util.find_library("usb-1.0") is None:
        says = f"{one.name} {installed} is installed, but not libusb 1.0, through which it reaches printers."
        mend = "Debian: apt-get install libusb-1.0-0; Fedora: dnf install libusb1; macOS: brew install libusb."
        yield _find.warning("libusb-missing", says, mend, extra=one.extra)
    else:
        yield _find.ok("extra", f"{one.name} {installed} is installed, for {purpose}.", extra=one.extra)


def _wanted(line: str, system: str) -> Wanted | None:
    match = _REQUIREMENT.fullmatch(line.strip())
    if match is None:
        return None
    name, least, marker = match[1], match[2] or "", match[3] or ""
    if on := _WANTS_SYSTEM.search(marker):
        sign, other = on[1], on[2]
        if (sign == "==") != (system == other):
            return None
    extra = _WANTS_EXTRA.search(marker)
    return Wanted(name, least, extra[1] if extra else "")


def _installed(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return ""


def _fault(one: Wanted, installed: str) -> str:
    if not installed:
        return "is missing"
    return f"{installed} is too old: {one.least} is needed" if _order(installed) < _order(one.least) else ""


def _order(version: str) -> tuple[int, ...]:
    """Return what orders versions: the numbers that it begins with, as many as are dotted."""
    head = re.match(r"[0-9]+(?:\.[0-9]+)*", version)
    return tuple(map(int, head[0].split("."))) if head else ()
