"""Which of ZPL's commands print, and how they are found in a document's bytes. Tables and patterns only.

What each command does: Zebra's ZPL programming guide, by command.
"""

from __future__ import annotations

import re
from enum import Enum, auto

SETTINGS = frozenset(
    b"BY CF CI CM CO CV CW EF EG FS FW FX HF HG HH HL HT HV HW HY HZ ID JB JH JJ JM JS JT JU JW JZ KD KL KN KP KV"
    b" LH LL LR LS LT MA MD MF MI ML MM MN MP MT MU MW NB ND NI NN NP NS NT NW PA PM PO PP PR PW"
    b" SC SE SI SL SO SP SQ SR SS ST SX SZ TO XB ZZ".split()
)
"""Format commands that by themselves print nothing and leave the count of labels alone."""
FIELDS = frozenset(b"FB FC FE FH FL FM FN FO FP FR FT GS SF TB".split())
"""These only describe a field, like ^A and ^B; whether a format of nothing else feeds a label is not documented."""
DRAWS = frozenset(b"GB GC GD GE IL IM SN XF XG".split())
AT_ONCE = frozenset(b"DB DE DG DN DS DT DU EG HB HD HI HM HQ HS HU JS PP PS SD TA WQ".split())
"""Control commands that print nothing and cancel nothing."""
UNCHANGED = {b"CC": b"^", b"CT": b"~", b"CD": b","}
"""Commands that change the prefixes, and what leaves them as they are: Zebra's driver begins every job so."""


class Where(Enum):
    """Where in a document a reader stands."""

    BETWEEN = auto()
    """Between formats."""
    WORD = auto()
    """Between formats, in the parameters of a control command."""
    DOWNLOAD = auto()
    """Between formats, in a download's text."""
    OPENED = auto()
    """Right after ^XA."""
    SETTINGS = auto()
    """In a format, so far of settings only."""
    FIELDS = auto()
    """In a format that describes a field, and has drawn nothing yet."""
    DRAWN = auto()
    """In a format that prints."""


INSIDE = (Where.SETTINGS, Where.FIELDS, Where.DRAWN)


def _any(names: frozenset[bytes]) -> bytes:
    """A pattern for these names in either case, grouped by their first letters, so that few are tried."""
    seconds: dict[bytes, bytes] = {}
    for name in sorted(names):
        seconds[name[:1]] = seconds.get(name[:1], b"") + name[1:] + name[1:].lower()
    return b"|".join(b"[%b%b][%b]" % (first, first.lower(), both) for first, both in seconds.items())


def _but(names: bytes) -> re.Pattern[bytes]:
    """A pattern for the next command that is none of these. STX and ETX stand for ^XA and ^XZ, so they count too."""
    return re.compile(rb"[\x02\x03]|\^(?!" + names + rb")|~(?!" + _any(AT_ONCE) + rb")")


_SILENT = rb"[ABab][0-9A-Za-z@]|" + _any(SETTINGS | FIELDS)
NEXT = {
    Where.BETWEEN: re.compile(rb"[^\s\0\x04\xef\xbb\xbf]"),
    Where.WORD: re.compile(rb"[\s^~\x02\x03]"),
    Where.DOWNLOAD: re.compile(rb"[\^~\x02\x03]"),
    Where.OPENED: re.compile(rb"\S"),
    Where.SETTINGS: _but(_any(SETTINGS)),
    Where.FIELDS: _but(_SILENT),
    Where.DRAWN: _but(_SILENT + rb"|[Ff][DdVv]|[Gg][Ff][Aa,]|" + _any(DRAWS)),
}
"""What is looked at in each place; all else is passed over at the speed of a search."""
_DRAWING = rb"[Ff][DdVv](?=[^^~])|[Gg][Ff][Aa,]|" + _any(DRAWS)
_TO_NEXT = rb"[^\^~\x02\x03]*+"
PLAIN = re.compile(
    rb"\^[Xx][Aa]\s*+"
    rb"(?:\^(?:%(silent)b)%(to_next)b)*+\^(?:%(drawing)b)%(to_next)b(?:\^(?:%(silent)b|%(drawing)b|[Ff][DdVv])%(to_next)b)*+"
    rb"(?:\^[Pp][Qq](?P<labels>(?=0*[1-9])\d{1,8})(?:,\d{0,64}(?:,[^,\^~\x02\x03]{0,64}){0,3})?+\s{0,64})?+"
    rb"\^[Xx][Zz]" % {b"silent": _SILENT, b"drawing": _DRAWING, b"to_next": _TO_NEXT}
)
"""A whole format as most are, read at one go; the rest is read command by command, to the same end."""
PREFIX = re.compile(rb"[\^~\x02\x03]")
BINARY_FIELD = re.compile(rb"\^GF[BC],(\d{1,9}),\d*,\d*,", re.IGNORECASE)
FILE = re.compile(
    rb"~DY[^,^~]*,(?:(?P<text>[AP])|B),[^,^~]*,(?P<size>\d{1,9}),\d*,(?(text)(?=[0-9A-F:\s]))", re.IGNORECASE
)
QUANTITY = re.compile(rb"\s*(\d{0,8})\s*(?:,\s*\d*\s*(?:,[^,]*){0,3})?")
SETVAR = re.compile(rb'! U1 (?:getvar "[^"]*"|setvar "(?!device\.|odometer\.)[^"]*" "[^"^~]*")\s*')
"""Settings between formats, but those that reset the printer, its language or the counters."""
MARK = re.compile(rb"<xpml>[^^~]*?</xpml>")
PREFACE = re.compile(rb"\x10?CT~(?=~)")
