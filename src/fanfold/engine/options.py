"""What an owner says of a printer, checked: names, ids, options, kinds. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from fanfold.config import OPTION_ROWS
from fanfold.config.value import entry
from fanfold.errors import CannotStart, Refused
from fanfold.model import Printer, PrinterId, PrinterOptions
from fanfold.transports.base import Transport

NAME_LENGTH = 200


def options_from(given: Mapping[str, Any], base: PrinterOptions) -> PrinterOptions:
    """Return the options with what is given changed; None settles it no more. Raises Refused `bad-option` 422."""
    unsettled = {row.name: row.default for row in OPTION_ROWS if row.name in given and given[row.name] is None}
    settled = {name: value for name, value in given.items() if name not in unsettled}
    try:
        return replace(base, **unsettled, **entry(OPTION_ROWS, settled, "options", Path()))
    except CannotStart as error:
        raise Refused(error.says, code="bad-option", status=422) from error


def checked_name(name: str) -> str:
    """Return the name, trimmed. Raises Refused `bad-option` 422 when nobody could say it."""
    trimmed = name.strip()
    if not trimmed or len(trimmed) > NAME_LENGTH or not trimmed.isprintable():
        raise Refused(
            f"The printer's name {name[:40]!r} must have 1 to {NAME_LENGTH} printable characters.",
            code="bad-option",
            status=422,
        )
    return trimmed


def new_id(name: str, taken: Container[str]) -> PrinterId:
    """Return a URL-safe id that reads like the name and is not taken."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    stem = re.sub(r"[^a-z0-9._]+", "-", plain).strip("-._")[:60] or "printer"
    number, found = 1, stem
    while found in taken:
        number += 1
        found = f"{stem}-{number}"
    return PrinterId(found)


def with_kinds(printer: Printer, transport: Transport, by_spooler: tuple[str, ...] | None = None) -> Printer:
    """Return the printer with what it takes: its owner's word, else its spooler's, else its transport's."""
    return replace(printer, kinds=printer.options.accepts or by_spooler or transport.takes)
