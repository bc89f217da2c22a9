"""The kinds of values that settings have: each reads one or says what is allowed. Knows no setting and no disk."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Generic, TypeVar

T = TypeVar("T")
E = TypeVar("E", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class Kind(Generic[T]):
    """One kind of value. `read` takes what TOML gives, `parse` makes that of a text; both raise ValueError."""

    allowed: str
    """Completes the sentence “it must be …”."""
    read: Callable[[object], T]
    parse: Callable[[str], object] = str
    is_private: bool = False
    """Whether one that is wrong is not quoted, for it may hold a password."""


def seconds(low: float, high: float) -> Kind[float]:
    """Return the kind of durations in a range."""
    return Kind(f"a number of seconds from {low:.10g} to {high:.10g}", lambda value: _number(value, low, high), float)


def millimetres(low: float, high: float) -> Kind[float]:
    """Return the kind of lengths in a range."""
    return Kind(
        f"a number of millimetres from {low:.10g} to {high:.10g}", lambda value: _number(value, low, high), float
    )


def count(low: int, high: int, of: str = "") -> Kind[int]:
    """Return the kind of whole numbers in a range."""
    words = f"a whole number {of} from {low} to {high}".replace("  ", " ")
    return Kind(words, lambda value: _whole(value, low, high), int)


def flag() -> Kind[bool]:
    """Return the kind of yes and no."""
    return Kind("true or false", _flag, _parse_flag)


def text(allowed: str, pattern: str, *, is_private: bool = False) -> Kind[str]:
    """Return the kind of texts that a pattern matches whole."""
    return Kind(allowed, lambda value: _text(value, pattern), is_private=is_private)


def one_of(words: type[E]) -> Kind[E]:
    """Return the kind of an enumeration's words."""
    return Kind("one of " + ", ".join(words), lambda value: words(_text(value, ".+")))


def path(allowed: str) -> Kind[Path]:
    """Return the kind of files and folders; `~` is one's home."""
    return Kind(allowed, _path)


def checked(kind: Kind[T], check: Callable[[T], object]) -> Kind[T]:
    """Return a kind whose values must also pass a check, which raises ValueError."""

    def read(value: object) -> T:
        taken = kind.read(value)
        check(taken)
        return taken

    return Kind(kind.allowed, read, kind.parse)


def several(kind: Kind[T], allowed: str) -> Kind[tuple[T, ...]]:
    """Return the kind of lists; as a text its parts stand between commas."""
    return Kind(allowed, lambda value: _several(value, kind), lambda value: _parts(value, kind))


def _number(value: object, low: float, high: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise ValueError(value)
    return float(value)


def _whole(value: object, low: int, high: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise ValueError(value)
    return value


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError(value)  # noqa: TRY004  # whatever is not allowed is a ValueError here
    return value


def _parse_flag(value: str) -> object:
    return {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}.get(value.lower(), value)


def _text(value: object, pattern: str) -> str:
    if not isinstance(value, str) or not re.fullmatch(pattern, value):
        raise ValueError(value)
    return value


def _path(value: object) -> Path:
    try:
        return Path(_text(value, r"[^\x00-\x1f]+")).expanduser()
    except RuntimeError as error:  # `~somebody` whom the system does not know
        raise ValueError(value) from error


def _several(value: object, kind: Kind[T]) -> tuple[T, ...]:
    if not isinstance(value, list | tuple):
        raise ValueError(value)  # noqa: TRY004
    return tuple(kind.read(part) for part in value)


def _parts(value: str, kind: Kind[T]) -> list[object]:
    return [kind.parse(part.strip()) for part in value.split(",") if part.strip()]
