"""What IPP's words mean to us: operations, states, reasons, and how a job is known again. Pure; sends nothing."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace

from fanfold.errors import Declined, DeliveryError, NotReached
from fanfold.model import JobId, Reason
from fanfold.transports.ipp.client import Away, Refusal
from fanfold.transports.ipp.codec import INTEGER, KEYWORD, MIME, NAME, Attributes, Group, Value
from fanfold.transports.ipp.server import Server
from fanfold.wire import Work

# operations (RFC 8011 §5.4.15; CUPS's own from 0x4000)
PRINT_JOB, CANCEL_JOB, GET_JOB, GET_JOBS, GET_PRINTER, CUPS_GET_PRINTERS = 0x02, 0x08, 0x09, 0x0A, 0x0B, 0x4002

# job and printer states (RFC 8011 §5.3.7, §5.4.11)
HELD, PROCESSING, JOB_STOPPED, CANCELED, ABORTED, COMPLETED = 4, 5, 6, 7, 8, 9
PRINTER_STOPPED = 5

# statuses
NOT_FOUND, GONE, TOO_LATE, NOT_ACCEPTING, BUSY = 0x0406, 0x0407, 0x0404, 0x0506, 0x0507
TRY_AGAIN = frozenset({0x0502, 0x0505, BUSY, Refusal.HTTP + 503})
"""service-unavailable, temporary-error, busy: worth another try at once."""
_NOT_NOW = frozenset({NOT_FOUND, GONE, 0x0500, 0x0504, NOT_ACCEPTING, Refusal.HTTP + 404}) | TRY_AGAIN
"""What says something about the server's state, not about the document."""

PAGE_LANGUAGES = {
    "pdf": "application/pdf",
    "postscript": "application/postscript",
    "png": "image/png",
    "jpeg": "image/jpeg",
}
_NO_JOBS = "not-accepting-jobs"
NAME_BYTES = 255
"""The longest IPP name (RFC 8011 §5.1.3)."""
JOB_KEYWORDS = (
    "job-id",
    "job-uuid",
    "job-name",
    "job-state",
    "job-state-reasons",
    "job-state-message",
    "time-at-creation",
    "job-printer-state-message",
    "job-printer-state-reasons",
)

_BLOCKS = {
    "paused": Reason.PAUSED,
    "printer-stopped": Reason.PAUSED,
    "moving-to-paused": Reason.PAUSED,
    "offline": Reason.OFFLINE,
    "shutdown": Reason.OFFLINE,
    "timed-out": Reason.OFFLINE,
    "media-needed": "media-empty-error",
    "media-empty": "media-empty-error",
    "media-jam": "media-jam-error",
    "cover-open": "cover-open-error",
    "door-open": "cover-open-error",
    "interlock-open": "cover-open-error",
    "marker-supply-empty": "marker-supply-empty-error",
    "toner-empty": "marker-supply-empty-error",
    "job-hold-until-specified": "job-held-in-device",
}
_SAYS = {
    Reason.PAUSED: "its queue is paused",
    Reason.OFFLINE: "the printer does not answer",
    "media-empty-error": "out of paper",
    "media-jam-error": "the paper is jammed",
    "cover-open-error": "a cover is open",
    "marker-supply-empty-error": "out of ink or toner",
    "job-held-in-device": "somebody holds the job",
}
_UNREACHABLE_WORDS = ("may not exist", "not responding", "unable to locate", "unreachable", "not connected")
"""CUPS says so in words only: a dead AppSocket printer has no reason (seen with CUPS 2.4.2)."""


# --- how a job is known again ------------------------------------------------------------------------------------


def token(job: JobId, attempt: int) -> str:
    """Return what stands in a job's name there and nowhere else: by it a lost job is found again."""
    return f"[fanfold {job}.{attempt}]"


def job_name(title: str, mark: str) -> str:
    """Return the title with the mark behind it, fit for an IPP name."""
    printable = "".join(character if character.isprintable() else " " for character in title).strip()
    room = NAME_BYTES - len(mark) - 1
    short = printable.encode("utf-8", "replace")[:room].decode("utf-8", "ignore").rstrip()
    return f"{short} {mark}" if short else mark


@dataclass(frozen=True, slots=True)
class Mark:
    """What we write down of a job that another now has. An id alone proves nothing: CUPS gives lost ones out again."""

    server: str
    queue: str
    job_id: int
    name: str = ""
    uuid: str = ""
    created: int | None = None
    """`time-at-creation`: Unix seconds in CUPS, seconds since power-on in printers."""

    def names(self, seen: Group) -> bool:
        """Tell whether what is seen under our id is our job: something must agree, and nothing may differ."""
        pairs = (
            (self.name, seen.text("job-name")),
            (self.uuid, seen.text("job-uuid")),
            (self.created, seen.number("time-at-creation")),
        )
        both = [(ours, theirs) for ours, theirs in pairs if ours not in ("", None) and theirs not in ("", None)]
        return all(ours == theirs for ours, theirs in both) and (bool(both) or self == self.bare())

    def learned(self, seen: Group) -> Mark:
        """Return the mark with what is seen of the job added."""
        return replace(
            self,
            name=self.name or seen.text("job-name"),
            uuid=self.uuid or seen.text("job-uuid"),
            created=self.created if self.created is not None else seen.number("time-at-creation"),
        )

    def bare(self) -> Mark:
        """Return the mark with nothing but the id."""
        return Mark(self.server, self.queue, self.job_id)

    def dump(self) -> str:
        """Return it as JSON, for `Job.foreign`."""
        return json.dumps(
            {
                "server": self.server,
                "queue": self.queue,
                "job-id": self.job_id,
                "job-name": self.name,
                "job-uuid": self.uuid,
                "time-at-creation": self.created,
            }
        )

    @classmethod
    def load(cls, text: str) -> Mark:
        """Read what `dump` wrote. Raises ValueError for anything else."""
        try:
            kept = json.loads(text)
            created = kept["time-at-creation"]
            return cls(
                str(kept["server"]),
                str(kept["queue"]),
                int(kept["job-id"]),
                str(kept["job-name"]),
                str(kept["job-uuid"]),
                None if created is None else int(created),
            )
        except (KeyError, TypeError) as error:
            raise ValueError(f"no mark of an IPP job: {text[:100]!r}") from error


# --- what states and refusals say --------------------------------------------------------------------------------


def refused(refusal: Refusal) -> DeliveryError:
    """Return what the refusal of a document means: no job was made; is it for now, or for good?"""
    if refusal.status not in _NOT_NOW:
        return Declined(str(refusal))
    reason = Reason.BUSY_ELSEWHERE if refusal.status in TRY_AGAIN else Reason.OFFLINE
    return NotReached(str(refusal), reasons=(_NO_JOBS if refusal.status == NOT_ACCEPTING else reason,))


def unreached(who: str, server: Server, error: Away | Refusal, advice: str) -> NotReached:
    """Return that `who` at the server could not be asked, in the error's words with the server called so.

    `advice` says what to do where nobody is there.
    """
    says = str(error).replace(str(server), who, 1)
    if isinstance(error, Away) and error.is_unreached:
        says += f". {advice}"
    return NotReached(says, reasons=(Reason.OFFLINE,))


def blocked(who: str, printer: Group) -> NotReached | None:
    """Return why a printer takes no job now; None when it does."""
    said = printer.text("printer-state-message")
    if printer.number("printer-state") == PRINTER_STOPPED:
        found = _worst(printer.texts("printer-state-reasons"))
        return NotReached(f"{who} is stopped{f': {said}' if said else ''}", reasons=(found or Reason.PAUSED,))
    if printer.number("printer-is-accepting-jobs") == 0:
        return NotReached(f"{who} takes no jobs now{f': {said}' if said else ''}", reasons=(_NO_JOBS,))
    return None


def stall(job: Group) -> tuple[str, str] | None:
    """Return why a job there does not go on, as keyword and words; None when nothing is known to be wrong."""
    said = job.text("job-printer-state-message") or job.text("job-state-message")
    reason = _worst(job.texts("job-printer-state-reasons"))
    if reason is None and any(words in said.lower() for words in _UNREACHABLE_WORDS):
        reason = Reason.OFFLINE
    reason = reason or _worst(job.texts("job-state-reasons"))
    if reason is None and job.number("job-state") == JOB_STOPPED:
        reason = Reason.PAUSED
    if reason is None and job.number("job-state") == HELD:
        reason = _BLOCKS["job-hold-until-specified"]
    if reason is None:
        return None
    words = _SAYS.get(reason, reason)
    return reason, f"{words}: {said}" if said else words


def _worst(reasons: tuple[str, ...]) -> str | None:
    """The first reason that keeps paper from coming out; its severity is a suffix (RFC 8011 §5.4.12)."""
    for reason in reasons:
        keyword, _, severity = reason.rpartition("-")
        if severity not in ("report", "warning", "error"):
            keyword, severity = reason, ""
        if keyword in _BLOCKS and severity != "report":
            return _BLOCKS[keyword]
        if severity == "error":
            return reason
    return None


# --- attributes --------------------------------------------------------------------------------------------------


def page_type(work: Work) -> str | None:
    """Return the media type of a document that is a page for a driver to draw; None: bytes for the printer itself."""
    if work.language in PAGE_LANGUAGES:
        return PAGE_LANGUAGES[work.language]
    typed = work.document.media_type.partition(";")[0].strip().lower()
    return typed if typed in PAGE_LANGUAGES.values() or typed.startswith("image/") else None


def keywords(*words: str) -> tuple[Value, ...]:
    """Return a set of keywords."""
    return tuple(Value(KEYWORD, word) for word in words)


def integers(*numbers: int) -> tuple[Value, ...]:
    """Return a set of integers."""
    return tuple(Value(INTEGER, number) for number in numbers)


def named(name: str, document_format: str) -> Attributes:
    """Return the operation attributes of a Print-Job."""
    return {"job-name": (Value(NAME, name),), "document-format": (Value(MIME, document_format),)}
