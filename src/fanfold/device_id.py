"""What a printer says of itself by IEEE 1284: read from its text, bounded, whatever stands there. Knows no transport.

The text is a list of `KEY:VALUE;` pairs. USB printers give it on request, CUPS as `printer-device-id`, and mDNS records
carry it in pieces (`usb_MFG`, `usb_MDL`, `usb_CMD`; Bonjour Printing Specification 1.2.1).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

TEXT_LENGTH = 1024
"""As much as is read: real ones have 40 to 400 characters."""
VALUE_LENGTH = 120
MOST_COMMANDS = 32

_KEYS = {
    "MFG": "make", "MANUFACTURER": "make",
    "MDL": "model", "MODEL": "model",
    "SN": "serial", "SERN": "serial", "SERIALNUMBER": "serial",
    "DES": "description", "DESCRIPTION": "description",
    "CMD": "commands", "COMMAND SET": "commands",
}  # fmt: skip

_LANGUAGES = (
    (r"ZPL|ZPL ?II|ZPL2", "zpl"),
    (r"EPL|EPL ?2|EPL II", "epl"),
    (r"TSPL|TSPL ?2|TSPL-EZ|TSPL EZ", "tspl"),
    (r"CPCL", "cpcl"),
    (r"ESC/?POS|ESCPOS|EPSON ESC/POS|STAR/ESCPOS", "escpos"),
    (r"PDF|APPLICATION/PDF", "pdf"),
    (r"POSTSCRIPT( .*)?|PS|BR-?SCRIPT ?3?", "postscript"),
)
"""Command sets, in whole, and what the language is called here."""


@dataclass(frozen=True, slots=True)
class DeviceId:
    """The parts that matter here; empty where they are not there."""

    make: str = ""
    model: str = ""
    serial: str = ""
    description: str = ""
    commands: tuple[str, ...] = ()
    """Command sets as the printer names them (`ZPL`, `ESC/POS`, `PJL`), in its order."""

    @property
    def languages(self) -> tuple[str, ...]:
        """Names of the languages among them that are known here, in the printer's order."""
        return tuple(dict.fromkeys(name for command in self.commands if (name := language_of(command))))


def read(text: str) -> DeviceId:
    """Return what the text says. Never raises: what is no pair is passed over; of doubled keys the first counts."""
    found: dict[str, str] = {}
    for pair in text[:TEXT_LENGTH].split(";"):
        key, colon, value = pair.partition(":")
        if colon and (name := _KEYS.get(key.strip("\0 \t\r\n").upper())):
            found.setdefault(name, value)
    commands = [word for part in found.pop("commands", "").split(",") if (word := clean(part))]
    facts = {name: clean(value) for name, value in found.items()}
    return DeviceId(**facts, commands=tuple(commands[:MOST_COMMANDS]))


def read_bytes(data: bytes) -> DeviceId:
    """Return what the bytes say, as a printer sends them; never raises."""
    return read(text_of(data))


def text_of(data: bytes) -> str:
    """Return the text in the bytes, which begin with their own length, in two bytes.

    Makers count it with those two or without, its higher byte first or last, and some leave it out; so it is passed
    over, and a zero ends the text.
    """
    is_length = any(byte < 0x20 for byte in data[:2])
    return data[2 * is_length :].partition(b"\0")[0].decode("utf-8", "replace")


def language_of(command: str) -> str:
    """Return our name for a command set; empty when it is none that is known here."""
    said = command.strip().upper()
    return next((name for pattern, name in _LANGUAGES if re.fullmatch(pattern, said)), "")


def clean(value: str) -> str:
    """Return a stranger's words fit for a line of text: printable, trimmed, bounded."""
    shown = "".join(sign if sign.isprintable() else " " for sign in value[: 2 * VALUE_LENGTH])
    return " ".join(shown.split())[:VALUE_LENGTH]
