"""What several sources say of one printer, made one status: every word stays visible, none is averaged away. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from fanfold.model import PrinterState, PrinterStatus, Reachable

_NOBODY = PrinterStatus().source
_STATES = (PrinterState.STOPPED, PrinterState.PROCESSING, PrinterState.IDLE)
"""What one source says of these wins over what another says of the later ones."""
_MERE_NOTICES = ("-warning", "-report")
"""Severities with which a printer prints on (RFC 8011 §5.4.12); a reason without one is taken for an error."""


def hinders(reason: str) -> bool:
    """Tell whether a printer with this reason cannot print."""
    return not reason.endswith(_MERE_NOTICES)


def by_itself(word: PrinterStatus, faults: Mapping[str, str]) -> PrinterStatus:
    """Return the word of a printer that tells of itself, with these faults and what follows from them."""
    if any(hinders(reason) for reason in faults):
        state = PrinterState.STOPPED
    else:
        state = PrinterState.IDLE if word.reachable is Reachable.UP else PrinterState.UNKNOWN
    return replace(word, state=state, reasons=tuple(faults), message=_joined(tuple(faults.values())))


def merged(*words: PrinterStatus) -> PrinterStatus:
    """Return one status of what is said, in the order of the sources."""
    told = [word for word in words if word.source != _NOBODY]
    if len(told) < 2:
        return told[0] if told else PrinterStatus()
    states = {word.state for word in told}
    state = next((one for one in _STATES if one in states), PrinterState.UNKNOWN)
    deciding = [word for word in told if word.reasons] or [word for word in told if word.state is state] or told
    return PrinterStatus(
        state,
        tuple(dict.fromkeys(reason for word in told for reason in word.reasons)),
        _joined(tuple(word.message for word in told)),
        _reachable({word.reachable for word in told}),
        ", ".join(dict.fromkeys(word.source for word in deciding)),
        max((word.at for word in deciding if word.at is not None), default=None),
    )


def _reachable(said: set[Reachable]) -> Reachable:
    """Who found it away knows more than who saw it earlier."""
    return next((one for one in (Reachable.DOWN, Reachable.UP) if one in said), Reachable.UNKNOWN)


def _joined(words: tuple[str, ...]) -> str:
    return "; ".join(dict.fromkeys(word for word in words if word))
