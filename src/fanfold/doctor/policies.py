"""Reads what administrators told browsers: Linux's files, macOS's lists, Windows's registry.

Knows not what the policies mean. Where they lie: the browsers' own pages for administrators.
"""

from __future__ import annotations

import json
import plistlib
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.parsers.expat import ExpatError

FILE_BYTES = 4 * 1024**2

CHROMIUMS = {
    "Chrome": ("/etc/opt/chrome/policies", "com.google.Chrome", r"Google\Chrome"),
    "Edge": ("/etc/opt/edge/policies", "com.microsoft.Edge", r"Microsoft\Edge"),
    "Chromium": ("/etc/chromium/policies", "org.chromium.Chromium", r"Chromium"),
    "Brave": ("/etc/brave/policies", "com.brave.Browser", r"BraveSoftware\Brave"),
}
"""Per browser: its folder on Linux, its domain on macOS, its key below Software\\Policies on Windows."""
FIREFOX = "Firefox"
_FIREFOX_FILES = (
    "/etc/firefox/policies/policies.json",
    "/usr/lib/firefox/distribution/policies.json",
    "/usr/lib/firefox-esr/distribution/policies.json",
    "/opt/firefox/distribution/policies.json",
)
_FIREFOX_DOMAIN, _FIREFOX_KEY = "org.mozilla.firefox", r"Mozilla\Firefox"
_MANAGED = "/Library/Managed Preferences"


@dataclass(frozen=True, slots=True)
class Policies:
    """What one browser was told, and where that stands."""

    browser: str
    given: Mapping[str, Any]
    places: tuple[str, ...]
    broken: tuple[str, ...] = ()
    """Files that cannot be read."""


def policies(root: Path = Path("/")) -> list[Policies]:
    """Return what each browser was told that was told anything."""
    if sys.platform == "win32":
        found = [*_windows()]
    elif sys.platform == "darwin":
        found = [*macos(root)]
    else:
        found = [*linux(root)]
    return [one for one in found if one.given or one.broken]


def linux(root: Path) -> Iterator[Policies]:
    """Read the JSON files; of several that name one policy the last one counts, and `managed` before `recommended`."""
    for browser, (folder, _, _) in CHROMIUMS.items():
        files = [*_jsons(root, f"{folder}/recommended"), *_jsons(root, f"{folder}/managed")]
        yield _of_files(browser, root, files)
    files = [path for name in _FIREFOX_FILES if (path := root / name.lstrip("/")).exists()]
    found = _of_files(FIREFOX, root, files)
    inner = found.given.get("policies", {})
    yield Policies(FIREFOX, inner if isinstance(inner, dict) else {}, found.places, found.broken)


def macos(root: Path) -> Iterator[Policies]:
    """Read the managed preferences of this machine."""
    domains = {browser: domain for browser, (_, domain, _) in CHROMIUMS.items()} | {FIREFOX: _FIREFOX_DOMAIN}
    for browser, domain in domains.items():
        path = root / _MANAGED.lstrip("/") / f"{domain}.plist"
        if path.exists():
            try:
                given = plistlib.loads(path.read_bytes()[:FILE_BYTES])
                yield Policies(browser, given, (str(path),))
            except (OSError, ValueError, ExpatError):
                yield Policies(browser, {}, (), (str(path),))


def _jsons(root: Path, folder: str) -> list[Path]:
    return sorted((root / folder.lstrip("/")).glob("*.json"))


def _of_files(browser: str, root: Path, files: list[Path]) -> Policies:
    given: dict[str, Any] = {}
    broken: list[str] = []
    for path in files:
        try:
            said = json.loads(path.read_bytes()[:FILE_BYTES])
            given |= said
        except (OSError, ValueError, TypeError, RecursionError):
            broken.append(_shown(path, root))
    return Policies(browser, given, tuple(_shown(path, root) for path in files), tuple(broken))


def _shown(path: Path, root: Path) -> str:
    return f"/{path.relative_to(root)}"


if sys.platform == "win32":
    import winreg

    def _windows() -> Iterator[Policies]:
        keys = {browser: key for browser, (_, _, key) in CHROMIUMS.items()} | {FIREFOX: _FIREFOX_KEY}
        for browser, key in keys.items():
            given: dict[str, Any] = {}
            places: list[str] = []
            for name, hive in (("HKCU", winreg.HKEY_CURRENT_USER), ("HKLM", winreg.HKEY_LOCAL_MACHINE)):
                path = rf"Software\Policies\{key}"
                with suppress(OSError):
                    given |= _tree(hive, path)
                    places.append(rf"{name}\{path}")
            yield Policies(browser, given, tuple(places))

    def _tree(hive: int, path: str) -> dict[str, Any]:
        """Return a key's values, and its keys' below: a list is a key with values 1, 2, …"""
        found: dict[str, Any] = {}
        with winreg.OpenKey(hive, path) as key:
            below, values, _ = winreg.QueryInfoKey(key)
            for number in range(values):
                name, value, _ = winreg.EnumValue(key, number)
                found[name] = value
            for number in range(below):
                name = winreg.EnumKey(key, number)
                inner = _tree(hive, rf"{path}\{name}")
                found[name] = list(inner.values()) if inner and all(one.isdigit() for one in inner) else inner
        return found
else:

    def _windows() -> Iterator[Policies]:
        yield from ()
