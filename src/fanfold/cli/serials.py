"""Reads a list of printers to let in, as people and their spreadsheets write it. Knows no gateway and no disk."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator

MOST = 10_000
"""As many as the API takes at once: all of them are let in, or none."""
LIST_BYTES = 16 * 1024 * 1024
"""More than so many serials need, each with the longest name."""
SHOWN_FAULTS = 10

_LINE_END = re.compile(r"\r\n|\n|\r")
_FIRST_CELL = re.compile(r'\s*+("(?:[^"]|"")*+"|[^;,\t"]*+)\s*([;,\t]|$)')  # `*+`: a long line costs its length only
_SERIAL = re.compile(r"[!-~]{1,255}")
_AS_NUMBER = re.compile(r'\s*"?[0-9]+(?:[.,][0-9]+)?E\+?[0-9]+"?\s*(?:[;,\t]|$)', re.IGNORECASE)
_HEADS = ("serial", "serien", "sn", "device", "uniqueid")
_NAME_LENGTH = 255

Entry = tuple[str, str]
"""A serial, and the name it is to get; empty: none was given."""


class BadList(ValueError):
    """The list cannot be taken; the text says which lines are wrong, and how."""


def read(data: bytes) -> list[Entry]:
    """Return the serials in their order, each once.

    Columns stand between commas, semicolons or tabs; comments, blank lines, a head line and further columns are
    passed over.

    Raises:
        BadList: a line is wrong, two contradict each other, or there is none, or too many.
    """
    if len(data) > LIST_BYTES:
        raise BadList(f"it has more than {LIST_BYTES} bytes, so it is no list of serials")
    gathered = _Gathered()
    for number, line in _lines(data):
        gathered.take(number, line)
    gathered.check()
    return list(gathered.names.items())


class _Gathered:
    """What was read so far, and what was wrong with it."""

    def __init__(self) -> None:
        self.names: dict[str, str] = {}
        self._faults: list[str] = []
        self._serial_lines: dict[str, int] = {}
        self._name_lines: dict[str, tuple[int, str]] = {}

    def take(self, number: int, line: str) -> None:
        """Take a line, or note what is wrong with it."""
        try:
            serial, name = _cells(line)
            self._add(number, serial, name)
        except BadList as fault:
            self._faults.append(f"line {number}: {fault}")

    def check(self) -> None:
        """Raise BadList where something was wrong."""
        if not self.names and not self._faults:
            raise BadList("there is no serial in it: write one on each line")
        if len(self.names) > MOST:
            self._faults.insert(0, f"it has {len(self.names)} serials; {MOST} at most are let in at once")
        if self._faults:
            more = len(self._faults) - SHOWN_FAULTS
            raise BadList("\n".join([*self._faults[:SHOWN_FAULTS], *([f"and {more} more"] if more > 0 else [])]))

    def _add(self, number: int, serial: str, name: str) -> None:
        before = self.names.get(serial, "")
        if before and name and before != name:
            says = f"{serial} is called {name!r} here, but {before!r} in line {self._serial_lines[serial]}"
            raise BadList(f"{says}; leave one of the two out")
        owner_line, owner = self._name_lines.setdefault(name, (number, serial)) if name else (number, serial)
        if owner != serial:
            raise BadList(f"the name {name!r} is given to {owner} already, in line {owner_line}")
        self.names[serial] = name or before
        if name or serial not in self._serial_lines:
            self._serial_lines[serial] = number


def _lines(data: bytes) -> Iterator[tuple[int, str]]:
    """Yield the lines that name a printer, with their numbers."""
    is_first = True
    for number, line in enumerate(_LINE_END.split(_text(data)), 1):
        if not line.strip(" \t;,\xa0") or line.lstrip().startswith("#"):
            continue
        if number == 1 and line.lower().startswith("sep="):  # which column sign follows, says Excel
            continue
        if not (is_first and _is_head(line)):
            yield number, line
        is_first = False


def _text(data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        number = data.count(b"\n", 0, fault.start) + 1
        raise BadList(f"line {number}: it is not UTF-8; save the file as “CSV UTF-8”") from fault


def _is_head(line: str) -> bool:
    found = _FIRST_CELL.match(line)
    return found is not None and re.sub(r"[^a-z]", "", found[1].lower()).startswith(_HEADS) and not _has_digit(found[1])


def _has_digit(text: str) -> bool:
    return any(sign.isdigit() for sign in text)


def _cells(line: str) -> Entry:
    if _AS_NUMBER.match(line):
        raise BadList("a spreadsheet has made a number of the serial; format its column as text and write it anew")
    found = _FIRST_CELL.match(line)
    if found is None:
        raise BadList("the quotes are wrong")
    try:
        cells = next(csv.reader([line], delimiter=found[2] or ",", skipinitialspace=True, strict=True))
    except csv.Error as fault:
        raise BadList(f"the quotes are wrong ({fault})") from fault
    serial, name = cells[0].strip(), cells[1].strip() if len(cells) > 1 else ""
    return _serial(serial), _name(name)


def _serial(text: str) -> str:
    if not text:
        raise BadList("the first column, the serial, is empty")
    if _SERIAL.fullmatch(text) is None:
        raise BadList(f"{text[:60]!r} is no serial: it has no spaces and plain ASCII signs only")
    return text


def _name(text: str) -> str:
    if len(text) > _NAME_LENGTH:
        raise BadList(f"the name is longer than {_NAME_LENGTH} characters")
    if not text.isprintable():
        raise BadList(f"the name {text[:60]!r} has control characters")
    return text
