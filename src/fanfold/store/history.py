"""How a transition, or news of a printer, reads as an event, the same for every store. Knows no disk."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from fanfold.messages import (
    Event,
    JobChanged,
    PrinterChanged,
    PrinterConnected,
    PrinterDisconnected,
    PrinterScanned,
)
from fanfold.model import Job, PrinterId


@dataclass(frozen=True, slots=True)
class News:
    """What `Store.record` is given, as a row keeps it."""

    printer: PrinterId
    state: str
    reasons: tuple[str, ...] = ()
    message: str = ""
    data: str = ""


def transition(number: int, job: Job) -> JobChanged:
    """Return the event of the transition that made the job what it is."""
    return JobChanged(
        number,
        job.changed_at,
        job.id,
        job.printer,
        job.state,
        job.reasons,
        job.message,
        job.evidence,
        job.attempt,
        job.sent_bytes,
        job.title,
        job.owner,
        job.external_id or "",
    )


def told(number: int, at: datetime, news: News) -> Event:
    """Return the event of a printer's news; `state` says of which kind it is."""
    match news.state:
        case "connected":
            return PrinterConnected(number, at, news.printer, news.data, news.message)
        case "disconnected":
            return PrinterDisconnected(number, at, news.printer, news.data, news.message)
        case "scanned":
            return PrinterScanned(number, at, news.printer, news.data, "\n".join(news.reasons))
        case _:
            return PrinterChanged(number, at, news.printer, news.state, news.reasons, news.message)
