"""A Zebra printer's tree of settings: read, written, listed. Knows no command."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from fanfold.simulate.weblink.settings_table import TABLE

UNKNOWN = "?"
_NUMBER = {"integer": re.compile(r"-?\d{1,12}"), "double": re.compile(r"-?\d{1,9}(\.\d+)?")}
_TYPES = {"int": "integer", "str": "string", "ip": "ipv4address", "ip6": "ipv6address", "onoff": "bool"}


@dataclass(frozen=True, slots=True)
class Setting:
    """One row. `access` is R, W or RW; settings that only do something are W, and their value is empty."""

    type: str
    range: str
    default: str
    access: str = "RW"
    clone: bool = True

    def takes(self, value: str) -> bool:
        """Tell whether a value may be written."""
        if "W" not in self.access:
            return False
        match self.type:
            case "enum" | "bool":
                return value in self.range.split(",")
            case "integer" | "double":
                low, high = (float(one) for one in re.findall(r"(?:^-|(?<=-)-)?[\d.]+", self.range))
                return _NUMBER[self.type].fullmatch(value) is not None and low <= float(value) <= high
            case "string":
                low, high = (int(one) for one in self.range.split("-"))
                return low <= len(value) <= high
            case "ipv4address":
                parts = value.split(".")
                return len(parts) == 4 and all(part.isdecimal() and int(part) < 256 for part in parts)
            case _:
                return True


@cache
def rows() -> Mapping[str, Setting]:
    """Return every setting by its name, in the order of `allconfig`. One table for all printers of a process."""
    found: dict[str, Setting] = {}
    branches: list[str] = []
    for line in TABLE.splitlines():
        if line.endswith(":"):
            branches = line.removesuffix(":").split()
        elif line:
            leaves, kind, reach, default, *access = line.split()
            reach = "on,off" if kind == "onoff" and reach == "-" else reach
            row = Setting(
                _TYPES.get(kind, kind),
                "" if reach == "-" else reach,
                "" if default == "-" else default.replace("_", " ") if kind == "str" else default,
                access[0] if access else "RW",
                clone=(access[0] if access else "RW")[0] == "R" and not leaves.endswith(("addr", "name", "id")),
            )
            for branch in branches:
                found |= {f"{branch}.{leaf}" if leaf != "." else branch: row for leaf in leaves.split("/")}
    return dict(sorted(found.items()))


class Settings:
    """One printer's settings. `live` has the say for what changes by itself; `changed` is what was written."""

    __slots__ = ("_live", "changed")

    def __init__(self, live: Callable[[str], str | None], changed: Mapping[str, str] | None = None) -> None:
        self._live = live
        self.changed = dict(changed or {})

    def get(self, name: str) -> str:
        """Return a value, `?` for one that is unknown."""
        if (now := self._live(name)) is not None:
            return now
        if name in self.changed:
            return self.changed[name]
        row = rows().get(name)
        return UNKNOWN if row is None or "R" not in row.access else row.default

    def set(self, name: str, value: str) -> bool:
        """Write a value; tell whether it was taken."""
        row = rows().get(name)
        if row is None or not row.takes(value):
            return False
        if "R" in row.access:
            self.changed[name] = value
        return True

    def restore(self, so: Callable[[str], bool]) -> None:
        """Forget what was written to the settings of which that is so."""
        self.changed = {name: value for name, value in self.changed.items() if not so(name)}

    def branch(self, name: str) -> dict[str, str]:
        """Return the settings below a name that can be read."""
        below = name + "."
        return {one: self.get(one) for one, row in rows().items() if one.startswith(below) and "R" in row.access}

    def all_values(self) -> dict[str, str]:
        """Return all that can be read."""
        return {name: self.get(name) for name, row in rows().items() if "R" in row.access}

    def all_config(self) -> dict[str, dict[str, str | bool]]:
        """Return every setting with what is known of it."""
        return dict(self._each())

    def _each(self) -> Iterator[tuple[str, dict[str, str | bool]]]:
        for name, row in rows().items():
            yield (
                name,
                {
                    "value": self.get(name) if "R" in row.access else "",
                    "type": row.type,
                    "range": row.range,
                    "clone": row.clone,
                    "archive": "R" in row.access,
                    "access": row.access,
                },
            )
