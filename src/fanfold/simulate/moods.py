"""How a printer that is not there behaves towards who prints on it. Knows no socket."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Ready:
    """Reads everything, and closes after the end of data."""


@dataclass(frozen=True, slots=True)
class Away:
    """Is switched off: nobody listens, and what was under way breaks off."""


@dataclass(frozen=True, slots=True)
class Refusing:
    """Takes each connection and resets it at once, as some do that print for another host."""


@dataclass(frozen=True, slots=True)
class SingleClient:
    """Is ready, for one connection at a time: others are refused meanwhile, or wait unread if it `queues`."""

    queues: bool = False


@dataclass(frozen=True, slots=True)
class Slow:
    """Reads everything, at this pace."""

    bytes_per_s: int


@dataclass(frozen=True, slots=True)
class Stalled:
    """Takes connections and reads nothing of them (out of paper, cover open)."""


@dataclass(frozen=True, slots=True)
class HalfReading:
    """Reads so many bytes of a connection, then nothing more."""

    after_bytes: int


@dataclass(frozen=True, slots=True)
class ResetsAfter:
    """Reads so many bytes, then resets the connection (the power went, the cable came off a while)."""

    after_bytes: int


@dataclass(frozen=True, slots=True)
class ClosesEarly:
    """Reads so many bytes, then closes without waiting for the end of data."""

    after_bytes: int = 0


@dataclass(frozen=True, slots=True)
class NeverCloses:
    """Reads everything and leaves the connection open."""


@dataclass(frozen=True, slots=True)
class Answers:
    """Reads everything, then says this, then closes, or leaves the connection open."""

    words: bytes = b"\x00"
    closes: bool = True


SAYS_IN_ZPL = ((b"~HI", b"\x02ZD420-203dpi,V84.20.10Z,8,8176KB\x03\r\n"),)
"""What a label printer answers that is asked what it is."""


@dataclass(frozen=True, slots=True)
class Knows:
    """Is ready, and answers these questions as soon as it has read them, instead of printing them."""

    answers: tuple[tuple[bytes, bytes], ...] = SAYS_IN_ZPL


Mood = (
    Ready
    | Away
    | Refusing
    | SingleClient
    | Slow
    | Stalled
    | HalfReading
    | ResetsAfter
    | ClosesEarly
    | NeverCloses
    | Answers
    | Knows
)

_BY_WORD: dict[str, Callable[[int], Mood]] = {
    "ready": lambda _: Ready(),
    "away": lambda _: Away(),
    "refusing": lambda _: Refusing(),
    "single-client": lambda _: SingleClient(),
    "queueing": lambda _: SingleClient(queues=True),
    "slow": lambda number: Slow(number or 1000),
    "stalled": lambda _: Stalled(),
    "half-reading": HalfReading,
    "resets-after": ResetsAfter,
    "closes-early": ClosesEarly,
    "never-closes": lambda _: NeverCloses(),
    "answers": lambda _: Answers(),
    "knows": lambda _: Knows(),
}

WORDS = tuple(_BY_WORD)
"""The moods by the words that `mood` reads."""


def mood(text: str) -> Mood:
    """Return the mood that a text like `ready`, `slow:1000` or `resets-after:4096` names. Raises ValueError."""
    word, _, number = text.partition(":")
    if word not in _BY_WORD or (number and not number.isdecimal()):
        raise ValueError(f"no mood {text!r}; there are {', '.join(WORDS)}, some with a number: slow:1000")
    return _BY_WORD[word](int(number or 0))
