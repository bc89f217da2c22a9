"""Zebra's alerts: which conditions there are, who wants to hear of them, and how one reads. Knows no channel."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

State = Literal["SET", "CLEAR"]
Sort = Literal["error", "warning", "alert", "event"]

_ROWS: tuple[tuple[str, Sort, str], ...] = (
    ("PAPER OUT", "error", "PAPIER ENDE"),
    ("RIBBON OUT", "error", "FARBBAND ENDE"),
    ("HEAD OPEN", "error", "KOPF OFFEN"),
    ("HEAD TOO HOT", "error", "KOPF ZU HEISS"),
    ("HEAD COLD", "warning", "KOPF KALT"),
    ("SUPPLY TOO HOT", "warning", "NETZTEIL ZU HEISS"),
    ("CUTTER JAM", "error", "MESSER BLOCKIERT"),
    ("REWIND", "error", "AUFWICKLER VOLL"),
    ("HEAD ELEMENT BAD", "warning", "KOPFELEMENT DEFEKT"),
    ("REPLACE HEAD", "warning", "KOPF ERSETZEN"),
    ("CLEAN PRINTHEAD", "warning", "KOPF REINIGEN"),
    ("RIBBON IN", "warning", "FARBBAND EINGELEGT"),
    ("MEDIA LOW", "warning", "MATERIAL KNAPP"),
    ("RIBBON LOW", "warning", "FARBBAND KNAPP"),
    ("BATTERY LOW", "warning", "AKKU SCHWACH"),
    ("PRINTER PAUSED", "alert", "DRUCKER PAUSE"),
    ("PQ JOB COMPLETED", "event", "PQ-AUFTRAG FERTIG"),
    ("LABEL READY", "event", "ETIKETT BEREIT"),
    ("LABEL TAKEN", "event", "ETIKETT ENTNOMMEN"),
    ("BASIC RUNTIME", "alert", "BASIC LAUFZEIT"),
    ("BASIC FORCED", "alert", "BASIC ERZWUNGEN"),
    ("POWER ON", "event", "EINGESCHALTET"),
    ("COLD START", "event", "KALTSTART"),
    ("RFID ERROR", "error", "RFID-FEHLER"),
    ("SGD SET", "event", "SGD GESETZT"),
    ("INVALID HEAD", "error", "FALSCHER KOPF"),
    ("COUNTRY CODE ERROR", "error", "LÄNDERCODE FALSCH"),
    ("MCR RESULT READY", "event", "KARTE GELESEN"),
    ("NO READER PRESENT", "error", "KEIN LESER"),
    ("PMCU DOWNLOAD", "event", "PMCU-DOWNLOAD"),
    ("MOTOR OVERTEMP", "error", "MOTOR ZU HEISS"),
    ("PRINTHEAD SHUTDOWN", "error", "KOPF ABGESCHALTET"),
    ("THERMISTOR FAULT", "error", "THERMISTOR DEFEKT"),
    ("RESTARTING", "event", "NEUSTART"),
    ("SHUTTING DOWN", "event", "SCHALTET AB"),
)
CONDITIONS = {name: sort for name, sort, _ in _ROWS}
"""Every condition a printer has, and what sort it is."""
_DISPLAYED = {name: text for name, _, text in _ROWS}
BLOCKING = frozenset(
    {"PAPER OUT", "RIBBON OUT", "HEAD OPEN", "HEAD TOO HOT", "CUTTER JAM", "REWIND", "PRINTER PAUSED"}
    | {"INVALID HEAD", "MOTOR OVERTEMP", "PRINTHEAD SHUTDOWN", "THERMISTOR FAULT"}
)
"""While one of these stands, no label comes out."""
DESTINATION = "SDK"


@dataclass(frozen=True, slots=True)
class Alert:
    """Something that happened; `name` and `value` are of `SGD SET`."""

    condition: str
    state: State = "SET"
    name: str = ""
    value: str = ""

    def wanted(self, entries: Iterable[str]) -> bool:
        """Tell whether entries like `ALL MESSAGES,SDK,Y,Y,WEBLINK.IP.CONN1,0,N,` ask for this over Weblink."""
        return any(self._wanted_by(entry.split(",")) for entry in entries)

    def _wanted_by(self, fields: list[str]) -> bool:
        condition, destination, on_set, on_clear, _, _, _, setting = _padded(fields)
        if destination != DESTINATION or (on_set if self.state == "SET" else on_clear).upper() != "Y":
            return False
        if self.condition == "SGD SET":
            return condition == "SGD SET" and setting == self.name
        return condition in {"ALL MESSAGES", self.condition}

    def text(self, serial: str, now: datetime, error_type: str, localised: bool) -> dict[str, str]:
        """Return what stands under `alert`, at the printer's own time."""
        is_error = CONDITIONS.get(self.condition) == "error"
        kind = error_type if is_error else "ALERT"
        shown_kind = ("FEHLERZUSTAND" if is_error else "ALARM") if localised else kind
        shown = _DISPLAYED.get(self.condition, self.condition) if localised else self.condition
        said = {
            "unique_id": serial,
            "time_stamp": f"{now:%Y-%m-%d %H:%M:%S}",
            "type_id": kind,
            "condition_id": self.condition,
            "condition_state": self.state,
            "type": shown_kind,
            "condition": shown,
        }
        return said | ({"setting_name": self.name, "setting_value": self.value} if self.name else {})


def written(said: dict[str, str]) -> bytes:
    """Return an alert as it goes over main."""
    return json.dumps({"alert": said}, separators=(", ", " : "), ensure_ascii=False).encode()


def entries(text: str) -> list[str]:
    """Return the entries that `|` separates."""
    return [entry.strip() for entry in text.split("|") if entry.strip()]


def removes(entry: str) -> bool:
    """Tell whether an entry takes one away: neither set nor clear is wanted."""
    return [field.upper() for field in _padded(entry.split(","))[2:4]] == ["N", "N"]


def subject(entry: str) -> tuple[str, str, str]:
    """Return what an entry speaks of, of which there is one at a time: condition, destination and setting."""
    fields = _padded(entry.split(","))
    return fields[0], fields[1], fields[7]


def addressed(entry: str, slot: int) -> str:
    """Return an entry whole, for the slot over which it came if it names no address."""
    fields = _padded(entry.split(","))
    if fields[1] == DESTINATION and not fields[4]:
        fields[4:6] = f"WEBLINK.IP.CONN{slot}", "0"
    return ",".join(fields)


def goes_to(entry: str, slot: int) -> bool:
    """Tell whether an entry speaks to that slot's server."""
    return _padded(entry.split(","))[4].upper() in {"", f"WEBLINK.IP.CONN{slot}"}


def _padded(fields: list[str]) -> list[str]:
    """Return the eight fields: condition, destination, on set, on clear, address, port, quell, setting."""
    return [*(field.strip() for field in fields), *[""] * 8][:8]
