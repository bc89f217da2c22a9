"""What several tellers say of one printer, made one: who stands nearer to the printer is believed first. Pure."""

from __future__ import annotations

import re
from dataclasses import replace

from fanfold.engine.tongues import ITSELF
from fanfold.model import Traits

_NEARNESS = (ITSELF, "usb", "ipp", "mdns")
"""The printer, its cable, its network card, what its network card was told to announce; then all others: spoolers."""

_FAR = (len(_NEARNESS) + 1, "")

_DPI = re.compile(r"(?i)(?<![0-9])([1-9][0-9]{2})[ _-]?dpi\b")
_NOMINAL = {150: 152, 200: 203}
"""Heads have 6 or 8 dots a millimetre; makers round that in names."""


def learned(known: Traits, told: Traits) -> Traits:
    """Return what is known after that was told. Told twice it says the same.

    Who told all that is known takes back by silence what he said before; of several each keeps to his words.
    """
    if told == replace(Traits(), told_by=told.told_by):
        return known
    if set(known.told_by) <= set(told.told_by):
        return _completed(told)
    nearer = min(map(_place, told.told_by), default=_FAR) <= min(map(_place, known.told_by), default=_FAR)
    return _completed(over(told, known) if nearer else over(known, told))


def over(first: Traits, second: Traits) -> Traits:
    """Return the first's words, and the second's where the first has none."""
    return Traits(
        first.make or second.make,
        first.model or second.model,
        first.serial or second.serial,
        tuple(dict.fromkeys(first.languages + second.languages)),
        first.dpi or second.dpi,
        first.width_mm or second.width_mm,
        first.encoding or second.encoding,
        tuple(sorted({*first.told_by, *second.told_by}, key=_place)),
    )


def _place(teller: str) -> tuple[int, str]:
    return (_NEARNESS.index(teller) if teller in _NEARNESS else len(_NEARNESS), teller)


def _completed(traits: Traits) -> Traits:
    """The traits with the dots that the model's name gives away, where nobody told them."""
    named = _DPI.search(traits.model)
    if traits.dpi or not named:
        return traits
    return replace(traits, dpi=_NOMINAL.get(int(named[1]), int(named[1])))
