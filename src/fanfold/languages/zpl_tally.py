"""Counts what a ZPL document will print, while it passes by in pieces. Pure; knows no printer, and never guesses."""

from __future__ import annotations

import re

from fanfold.languages.zpl_commands import (
    AT_ONCE,
    BINARY_FIELD,
    DRAWS,
    FIELDS,
    FILE,
    INSIDE,
    MARK,
    NEXT,
    PLAIN,
    PREFACE,
    PREFIX,
    QUANTITY,
    SETVAR,
    UNCHANGED,
    Where,
)
from fanfold.wire import Prints

_ARGUMENTS_BYTES = 512
"""The longest parameters of the commands that are read here."""
_LINE_BYTES = 4096
"""The longest line of settings between formats: a value may have 2048 letters."""


class LabelTally:
    """Counts formats and labels. Feed it a document in pieces of any size; how it is cut changes nothing."""

    def __init__(self) -> None:
        self._where = Where.BETWEEN
        self._rest = b""
        self._body_bytes = 0
        self._cannot_tell = False
        self._formats = 0
        self._labels = 0
        self._quantity: int | None = None
        self._stored = False
        self._silenced = False

    def feed(self, chunk: bytes) -> None:
        """Take the next piece. Never raises."""
        data = self._rest + chunk
        at = min(self._body_bytes, len(data))
        self._body_bytes -= at
        self._rest = b""
        while not self._cannot_tell and (found := NEXT[self._where].search(data, at)):
            to = self._take(data, found.start())
            if to is None:
                self._rest = data[found.start() :]
                return
            at = min(to, len(data))
            self._body_bytes = to - at

    def total(self) -> Prints | None:
        """Return what the document asks for, if it ends here; None where it cannot be told for certain.

        Not counted: formats that are stored (^DF) or only set something. Not told: a document that is cut off, cancels,
        changes the prefixes, encodes RFID tags, feeds labels by other means, or holds what is not documented.
        """
        between = self._where in (Where.BETWEEN, Where.WORD, Where.DOWNLOAD)
        if self._cannot_tell or not between or self._rest or self._body_bytes:
            return None
        return Prints(self._formats, self._labels)

    # Each of these takes what stands at `at` and returns where to go on; None: more must come before it can be read.

    def _take(self, data: bytes, at: int) -> int | None:
        if self._where in INSIDE:
            return self._command(data, at)
        if self._where is Where.BETWEEN:
            return self._between(data, at)
        if self._where is Where.OPENED:
            return self._opened(data, at)
        self._where = Where.BETWEEN
        return at

    def _between(self, data: bytes, at: int) -> int | None:
        match data[at : at + 1]:
            case b"^" | b"~":
                return self._command(data, at)
            case b"!":
                return self._passage(data, at, SETVAR, b"\n")
            case b"<":
                return self._passage(data, at, MARK, b"</xpml>")
            case b"C" | b"\x10":
                return self._passage(data, at, PREFACE, b"~~")
            case _:
                return self._give_up(data)

    def _passage(self, data: bytes, at: int, form: re.Pattern[bytes], last: bytes) -> int | None:
        """Pass over something that is no ZPL and known to do no harm."""
        window = data[at : at + _LINE_BYTES]
        end = window.find(last)
        if end < 0:
            return None if len(window) < _LINE_BYTES else self._give_up(data)
        found = form.match(window[: end + len(last)])
        return at + found.end() if found else self._give_up(data)

    def _opened(self, data: bytes, at: int) -> int | None:
        name = data[at : at + 3].upper()
        if len(name) < 3 and b"^XZ".startswith(name):
            return None
        if name == b"^XZ":  # by the guide a format prints at its end, by use an empty one does not
            return self._give_up(data)
        self._where = Where.SETTINGS
        return at

    def _command(self, data: bytes, at: int) -> int | None:
        prefix, name = data[at : at + 1], data[at + 1 : at + 3].upper()
        if prefix not in (b"^", b"~"):
            return self._give_up(data)
        if len(name) < 2:
            return None
        if name in UNCHANGED:
            return self._prefix(data, at, UNCHANGED[name])
        if prefix == b"~":
            return self._at_once(data, at, name)
        if self._where is Where.BETWEEN:
            return self._open(data, at) if name == b"XA" else self._give_up(data)
        return self._in_format(data, at, name)

    def _prefix(self, data: bytes, at: int, unchanged: bytes) -> int | None:
        new = data[at + 3 : at + 4]
        if not new:
            return None
        return at + 4 if new == unchanged else self._give_up(data)

    def _at_once(self, data: bytes, at: int, name: bytes) -> int | None:
        if name == b"DY":
            return self._file(data, at)
        if name not in AT_ONCE:
            return self._give_up(data)
        if self._where is Where.BETWEEN:
            self._where = Where.DOWNLOAD if name[:1] == b"D" else Where.WORD
        return at + 3

    def _file(self, data: bytes, at: int) -> int | None:
        window = data[at : at + _ARGUMENTS_BYTES]
        header = FILE.match(window)
        if header is None:
            return None if window.count(b",") < 6 and len(window) < _ARGUMENTS_BYTES else self._give_up(data)
        if header["text"] is None:
            return at + header.end() + int(header["size"])
        if self._where is Where.BETWEEN:
            self._where = Where.DOWNLOAD
        return at + header.end()

    # --- within a format

    def _open(self, data: bytes, at: int) -> int:
        if plain := PLAIN.match(data, at):
            self._formats += 1
            self._labels += int(plain["labels"] or 1)
            return plain.end()
        self._where = Where.OPENED
        self._quantity = None
        self._stored = self._silenced = False
        return at + 3

    def _in_format(self, data: bytes, at: int, name: bytes) -> int | None:
        match name:
            case b"XZ":
                return self._close(at)
            case b"PQ" | b"IS" | b"MC":
                return self._parameters(data, at, name)
            case b"GF":
                return self._image(data, at)
            case b"FD" | b"FV":
                return self._text(data, at)
            case b"DF":
                self._stored = True
            case _ if name in DRAWS:
                self._where = Where.DRAWN
            case _ if name in FIELDS or name[:1] in b"AB":
                self._where = Where.FIELDS if self._where is Where.SETTINGS else self._where
            case _:
                return self._give_up(data)
        return at + 3

    def _close(self, at: int) -> int:
        self._where, drawn = Where.BETWEEN, self._where
        asked = self._quantity is not None
        if self._stored:
            self._cannot_tell = asked  # a recall may print as many, or one
        elif drawn is Where.DRAWN and not self._silenced:
            self._formats += 1
            self._labels += self._quantity or 1
        elif not self._silenced:
            self._cannot_tell = asked or drawn is Where.FIELDS
        return at + 3

    def _parameters(self, data: bytes, at: int, name: bytes) -> int | None:
        end = PREFIX.search(data, at + 3, at + _ARGUMENTS_BYTES)
        if end is None:
            return None if len(data) - at < _ARGUMENTS_BYTES else self._give_up(data)
        told = data[at + 3 : end.start()].strip().upper()
        understood = {b"PQ": self._pq, b"IS": self._is, b"MC": self._mc}[name](told)
        return end.start() if understood else self._give_up(data)

    def _pq(self, told: bytes) -> bool:
        """How many in all; the last one counts. Replicates (third) only share serial numbers out among them."""
        read = QUANTITY.fullmatch(told)
        self._quantity = int(read[1] or 1) if read else 0
        return self._quantity > 0

    def _is(self, told: bytes) -> bool:
        """Store the format as an image, and print it unless told not to."""
        printed = told.partition(b",")[2].strip()
        self._silenced = self._silenced or printed == b"N"
        return printed in (b"", b"Y", b"N")

    def _mc(self, told: bytes) -> bool:
        """Keep this label's image for the next format (N), which then prints though it draws nothing."""
        return told in (b"", b"Y")

    def _image(self, data: bytes, at: int) -> int | None:
        match data[at + 3 : at + 4].upper():
            case b"":
                return None
            case b"A" | b",":
                body = at + 3
            case b"B" | b"C":
                window = data[at : at + _ARGUMENTS_BYTES]
                header = BINARY_FIELD.match(window)
                if header is None:
                    return None if window.count(b",") < 4 and len(window) < _ARGUMENTS_BYTES else self._give_up(data)
                body = at + header.end() + int(header[1])
            case _:
                return self._give_up(data)
        self._where = Where.DRAWN
        return body

    def _text(self, data: bytes, at: int) -> int | None:
        first = data[at + 3 : at + 4]
        if not first:
            return None
        self._where = Where.FIELDS if first in b"^~" and self._where is not Where.DRAWN else Where.DRAWN
        return at + 3

    def _give_up(self, data: bytes) -> int:
        self._cannot_tell = True
        return len(data)
