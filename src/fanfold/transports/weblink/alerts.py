"""What a Zebra's alerts mean: conditions, reasons and their words. Pure; keeps no state and knows no connection."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fanfold.model import Reason

LABEL_WAITING = "label-waiting-report"
UNNAMED = "other-warning"
"""For what a printer reports and nobody has described."""

HARMLESS = ("-warning", "-report")
"""Ends of reasons with which a printer prints on (severities of RFC 8011 §5.4.12)."""

WORDS: Mapping[str, str] = {
    "media-empty-error": "out of paper",
    "media-low-warning": "the paper runs low",
    "media-jam-error": "the paper does not feed",
    "marker-supply-empty-error": "out of ribbon",
    "marker-supply-low-warning": "the ribbon runs low",
    "ribbon-in-warning": "a ribbon is in, though the printer is set to print without",
    "cover-open-error": "the print head is open",
    "output-area-full-error": "the rewinder is full",
    "cutter-jam-error": "the cutter is jammed",
    "head-too-hot-error": "the print head is too hot",
    "head-cold-warning": "the print head is too cold",
    "head-shutdown-error": "the print head has switched itself off",
    "head-element-bad-warning": "a dot of the print head is broken",
    "invalid-head-error": "the print head is missing or not one for this printer",
    "head-worn-warning": "the print head must be replaced",
    "clean-head-warning": "the print head must be cleaned",
    "thermistor-fault-error": "the print head's temperature cannot be read",
    "motor-too-hot-error": "the motor is too hot",
    "supply-too-hot-error": "the power supply is too hot",
    "battery-low-warning": "the battery runs low",
    "calibration-needed-warning": "the paper must be calibrated",
    "rfid-failed-warning": "an RFID tag could not be read or written",
    "country-code-warning": "the radio's country code is wrong",
    "program-failed-warning": "a program in the printer has failed",
    "program-stopped-report": "a program in the printer was stopped",
    Reason.PAUSED: "paused at the printer",
    LABEL_WAITING: "a label waits to be taken",
    "no-card-reader-report": "there is no card reader",
    "card-read-report": "a card was read",
    "power-controller-update-report": "the power controller gets new firmware",
    "settings-changed-report": "a setting has changed",
    UNNAMED: "the printer reports something that is not documented",
}
"""What each reason says to people. IPP's keywords where IPP has one (RFC 8011 §5.4.12)."""

REASONS: Mapping[str, str] = {
    "PAPER OUT": "media-empty-error",
    "RIBBON OUT": "marker-supply-empty-error",
    "HEAD OPEN": "cover-open-error",
    "HEAD TOO HOT": "head-too-hot-error",
    "HEAD COLD": "head-cold-warning",
    "SUPPLY TOO HOT": "supply-too-hot-error",
    "CUTTER JAM": "cutter-jam-error",
    "REWIND": "output-area-full-error",
    "HEAD ELEMENT BAD": "head-element-bad-warning",
    "REPLACE HEAD": "head-worn-warning",
    "CLEAN PRINTHEAD": "clean-head-warning",
    "RIBBON IN": "ribbon-in-warning",
    "MEDIA LOW": "media-low-warning",
    "RIBBON LOW": "marker-supply-low-warning",
    "BATTERY LOW": "battery-low-warning",
    "PRINTER PAUSED": Reason.PAUSED,
    "LABEL READY": LABEL_WAITING,
    "BASIC RUNTIME": "program-failed-warning",
    "RFID ERROR": "rfid-failed-warning",
    "INVALID HEAD": "invalid-head-error",
    "COUNTRY CODE ERROR": "country-code-warning",
    "MOTOR OVERTEMP": "motor-too-hot-error",
    "PRINTHEAD SHUTDOWN": "head-shutdown-error",
    "THERMISTOR FAULT": "thermistor-fault-error",
}
"""Conditions that last until they are cleared (names: SGD `alerts.conditions`; the last five: Link-OS SDK)."""

NOTES: Mapping[str, str] = {
    "BASIC FORCED": "program-stopped-report",
    "MCR RESULT READY": "card-read-report",
    "NO READER PRESENT": "no-card-reader-report",
    "PMCU DOWNLOAD": "power-controller-update-report",
    "SGD SET": "settings-changed-report",
    "ALL MESSAGES": UNNAMED,
    "MED": UNNAMED,
}
"""Conditions that tell of a moment, with nothing to clear. `MED` stands in the guide's list, likely a misprint."""

_JOB_DONE = "PQ JOB COMPLETED"
_LABEL_TAKEN = "LABEL TAKEN"
_SCANNED = "SGD SET"
_STARTS: Mapping[str, bool] = {"POWER ON": True, "COLD START": True, "RESTARTING": False, "SHUTTING DOWN": False}
_CLEARED_TYPES = ("ERROR CLEARED", "ALERT CLEARED")


class NotAlert(ValueError):
    """An object on main that is no alert."""


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert as it came. Texts are empty where it had none; `condition` and `type_id` in capitals."""

    serial: str
    condition: str
    is_set: bool
    """Whether the condition begins or happens; False: it is over."""
    type_id: str = ""
    setting_name: str = ""
    setting_value: str = ""
    printer_time: str = ""
    """By the printer's own clock, which may be wrong and names no zone: `YYYY-MM-DD HH:MM:SS`."""


@dataclass(frozen=True, slots=True)
class Sets:
    """The reason holds from now on."""

    reason: str


@dataclass(frozen=True, slots=True)
class Clears:
    """The reason holds no longer."""

    reason: str


@dataclass(frozen=True, slots=True)
class JobDone:
    """One format is printed, whoever sent it: the alert names no job."""


@dataclass(frozen=True, slots=True)
class Scanned:
    """A setting changed to this: with capturing on, what came in at the printer's own port (a scanner)."""

    setting: str
    data: str


@dataclass(frozen=True, slots=True)
class Restarting:
    """The printer begins anew: no reason from before holds. `is_up`: it already has; else it is about to go."""

    is_up: bool


@dataclass(frozen=True, slots=True)
class Noted:
    """Something to tell people once; nothing holds because of it. `words` say it."""

    reason: str
    words: str


Effect = Sets | Clears | JobDone | Scanned | Restarting | Noted


def alert(message: object) -> Alert:
    """Read an alert. Raises NotAlert when the message is none, or does not say of which printer or what.

    `…_id` keys are believed before the plain ones, which may be in the language of the printer's display.
    """
    inner = message.get("alert") if isinstance(message, dict) else None
    if not isinstance(inner, dict):
        raise NotAlert("no alert: there is no object under the key alert")
    condition, serial = _words(inner, "condition_id", "condition"), _text(inner, "unique_id")
    if not condition or not serial:
        raise NotAlert("no alert: it needs a unique_id and a condition_id (or condition)")
    type_id = _words(inner, "type_id", "type")
    state = _words(inner, "condition_state")
    return Alert(
        serial,
        condition,
        is_set=not state.startswith("CLEAR") and type_id not in _CLEARED_TYPES,
        type_id=type_id,
        setting_name=_text(inner, "setting_name"),
        setting_value=_text(inner, "setting_value", strip=False),
        printer_time=_text(inner, "time_stamp"),
    )


def effect_of(alert: Alert) -> Effect:
    """Tell what an alert means for its printer. Total: what nobody has described is Noted."""
    condition = alert.condition
    if condition == _LABEL_TAKEN and alert.is_set:
        return Clears(LABEL_WAITING)
    if reason := REASONS.get(condition):
        return Sets(reason) if alert.is_set else Clears(reason)
    if not alert.is_set:  # the end of a moment: counting it would count the moment twice
        return _noted(condition, "is over")
    if condition == _JOB_DONE:
        return JobDone()
    if condition == _SCANNED and alert.setting_name:
        return Scanned(alert.setting_name, alert.setting_value)
    if condition in _STARTS:
        return Restarting(is_up=_STARTS[condition])
    return _noted(condition, "")


def _noted(condition: str, then: str) -> Noted:
    reason = NOTES.get(condition, UNNAMED)
    shown = "".join(sign if sign.isprintable() else " " for sign in condition[:80])
    words = WORDS[reason] if reason != UNNAMED and not then else f'the printer says "{shown}"'
    return Noted(reason, f"{words} {then}".rstrip())


def _words(inner: Mapping[str, object], *keys: str) -> str:
    """The first of these keys that says something, in capitals, blanks as one space."""
    found = (" ".join(_text(inner, key).upper().split()) for key in keys)
    return next(filter(None, found), "")


def _text(inner: Mapping[str, object], key: str, *, strip: bool = True) -> str:
    value = inner.get(key)
    if not isinstance(value, str):
        return ""
    value = value.encode("utf-8", "replace").decode()  # half of a surrogate pair is legal JSON and no text
    return value.strip(" \0") if strip else value
