"""The shapes of what is asked of the native API: one struct per call. Knows no logic."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType, field

from fanfold.model import MAX_COPIES, JobState, OnLate

Word = Annotated[str, Meta(min_length=1, max_length=255)]
Short = Annotated[str, Meta(max_length=255)]
Channel = Annotated[str, Meta(max_length=32)]
Number = Annotated[int, Meta(ge=0, le=2**63 - 1)]
Within = Annotated[float, Meta(gt=0, le=600)]
Until = Literal["none", "kept", "sent", "delivered", "printed"]

YEAR_S = 366 * 24 * 3600
QUESTION_LENGTH = 65_536
"""What is longer is no question but a document."""


class Request(Struct, frozen=True, forbid_unknown_fields=True):
    """What all requests share: a field that is not known is refused, not ignored."""


class Nothing(Request, frozen=True):
    """The call takes nothing."""


class AboutPrinter(Request, frozen=True):
    """The printer's id, name or an alias."""

    printer: Word


class AboutJob(Request, frozen=True):
    """The job's id."""

    job: Word


class AboutClient(Request, frozen=True):
    """The connection's id."""

    client: Word


class AboutOrigin(Request, frozen=True):
    """A web origin: scheme, host and port, as browsers send it (`https://shop.example`)."""

    origin: Word


class SubmitRaw(Request, frozen=True):
    """What goes with a document whose bytes travel by themselves.

    `wait` says what to wait for before the answer: `kept` (on disk; `none` means the same), `sent`, `delivered` or
    `printed`, for at most `wait_s` seconds. `start_within_s` counts only while the printer is blocked or away.
    """

    printer: Word
    title: Annotated[str, Meta(max_length=255)] = ""
    copies: Annotated[int, Meta(ge=1, le=MAX_COPIES)] = 1
    key: Word | None = None
    start_within_s: Annotated[float, Meta(gt=0, le=YEAR_S)] | None = None
    on_late: OnLate | None = None
    external_id: Word | None = None
    wait: Until = "kept"
    wait_s: Within = 30


class Submit(SubmitRaw, frozen=True):
    """A document to print: exactly one of `data` (base64, RFC 4648 §4) and `text`.

    `media_type` goes with `data`, `encoding` with `text` (else the printer's own encoding is taken).
    """

    data: Annotated[str, Meta(extra_json_schema={"contentEncoding": "base64"})] | None = None
    text: str | None = None
    encoding: Word | None = None
    media_type: Word | None = None


class ListJobs(Request, frozen=True):
    """Filters, all of which must fit; `cursor` is the `next` of the page before."""

    state: list[JobState] = field(default_factory=list)
    printer: Word | None = None
    owner: Word | None = None
    reason: Word | None = None
    limit: Annotated[int, Meta(ge=1, le=1000)] = 100
    cursor: Word | None = None


class FollowJob(Request, frozen=True):
    """Wait until a job has this evidence, or is finished or held, or the time is over."""

    job: Word
    until: Until = "delivered"
    within_s: Within = 30


class AddPrinter(Request, frozen=True):
    """A printer to keep; `options` go by the names of a printer's `options`."""

    name: Word
    uri: Annotated[str, Meta(min_length=1, max_length=2048)]
    aliases: list[Word] = field(default_factory=list)
    options: dict[str, Any] = field(default_factory=dict)


class ChangePrinter(Request, frozen=True):
    """What is given changes, all else stays; `options` likewise, one by one."""

    printer: Word
    name: Word | UnsetType = UNSET
    uri: Annotated[str, Meta(min_length=1, max_length=2048)] | UnsetType = UNSET
    aliases: list[Word] | UnsetType = UNSET
    options: dict[str, Any] | UnsetType = UNSET


class Adoption(Request, frozen=True):
    """One printer to let in: its serial or its URI (`weblink:SERIAL`); it need not be there yet.

    Without `name` it is called as it calls itself where that is free, else by its serial. `identity` says which is
    meant where several claim one serial.
    """

    device: Word
    name: Short = ""
    identity: Short = ""


class AdoptPrinters(Request, frozen=True):
    """Printers that dial in, to be let in: all of them, or none."""

    adoptions: Annotated[list[Adoption], Meta(min_length=1, max_length=10_000)]


class AboutDevice(Request, frozen=True):
    """The serial or the URI of a printer that dials in."""

    device: Word


class AskPrinter(Request, frozen=True):
    """A question that a printer answers: exactly one of `text` (sent as UTF-8) and `data` (base64, RFC 4648 §4).

    `channel` says by which way (`raw`, `config`) where there are several; empty means the usual one.
    """

    printer: Word
    text: Annotated[str, Meta(min_length=1, max_length=QUESTION_LENGTH)] | None = None
    data: (
        Annotated[str, Meta(min_length=1, max_length=QUESTION_LENGTH, extra_json_schema={"contentEncoding": "base64"})]
        | None
    ) = None
    channel: Channel = ""
    within_s: Annotated[float, Meta(gt=0, le=300)] = 10


class ListDiscovered(Request, frozen=True):
    """`wait_s` says how long to wait for first answers where nobody asked before: networks answer within some seconds.

    Who asks first has the gateway look in the network from then on.
    """

    wait_s: Annotated[float, Meta(ge=0, le=30)] = 0


class AddDiscovered(Request, frozen=True):
    """A device by its `id`; without `name` called as it calls itself, without `uri` by the best of its ways."""

    device: Word
    name: Short = ""
    uri: Annotated[str, Meta(max_length=2048)] = ""


class IdentifyPrinter(Request, frozen=True):
    """A printer that is to say what it is; what it says becomes its `traits`.

    `language` says in which language to ask, where that is not known: in a wrong one the question comes out on paper.
    """

    printer: Word
    language: Short = ""
    within_s: Annotated[float, Meta(gt=0, le=300)] = 5


class ReopenChannel(Request, frozen=True):
    """A channel (`raw`, `config`) that a printer which dials in is to open anew."""

    printer: Word
    channel: Annotated[Channel, Meta(min_length=1)]


class StartTrace(Request, frozen=True):
    """Write down headers and the first `frames` frames of each line that the printer opens from now on."""

    device: Word
    frames: Annotated[int, Meta(ge=1, le=1000)] = 20


class AboutWebhook(Request, frozen=True):
    """The webhook's name in the configuration."""

    webhook: Word


class ListDeadLetters(AboutWebhook, frozen=True):
    """The webhook's name in the configuration; `limit` says how many, newest first."""

    limit: Annotated[int, Meta(ge=1, le=1000)] = 100


class ReadLog(Request, frozen=True):
    """The number of the last line that is known already."""

    after: Number = 0


class Subscribe(Request, frozen=True):
    """The id of the last event that is known already; without it only new events come."""

    after: Number | None = None
