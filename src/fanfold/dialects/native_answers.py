"""From the engine's replies and events to the native API's shapes. Pure; knows no route and no frame."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime
from typing import assert_never

from msgspec import UNSET

from fanfold.dialects import native_shapes as shapes
from fanfold.dialects.native_problems import problem, refused, sendable
from fanfold.messages import (
    Accepted,
    Adopted,
    Client,
    Clients,
    DeadLetter,
    DeadLetters,
    Device,
    Devices,
    DocumentFetched,
    Done,
    Event,
    Health,
    JobChanged,
    Jobs,
    JobShown,
    LogLines,
    Origins,
    PrinterChanged,
    PrinterConnected,
    PrinterDisconnected,
    Printers,
    PrinterSaid,
    PrinterScanned,
    PrinterShown,
    PrinterView,
    Refusal,
    Reply,
    Traced,
    Unadopted,
    Webhooks,
    WebhookView,
)
from fanfold.model import Evidence, Job, Traits
from fanfold.reception import Newcomer

MASK = "***@"
_USERINFO = re.compile(r"^([A-Za-z][A-Za-z0-9+.-]*:)?//[^/?#]*@")

WORDS: dict[Evidence, shapes.EvidenceWord] = {
    Evidence.NONE: "none",
    Evidence.SENT: "sent",
    Evidence.DELIVERED: "delivered",
    Evidence.PRINTED: "printed",
}
MEANS: dict[Evidence, str] = {
    Evidence.NONE: "nothing proves that the printer has it",
    Evidence.SENT: "every byte left Fanfold, but something on the way may still have it: not proof of paper",
    Evidence.DELIVERED: "the printer or its spooler took every byte: not proof of paper",
    Evidence.PRINTED: "the printer itself says that the pages came out",
}


def shape_of(reply: Reply) -> shapes.Answer:
    """Return the shape of a reply. Raises Refused for a document that no frame can carry."""
    match reply:
        case Accepted(job, printer_name):
            return job_shape(job, printer_name)
        case JobShown(job, printer_name, timeline):
            return job_shape(job, printer_name, timeline)
        case Jobs(jobs, cursor, names):
            return shapes.Jobs(
                jobs=tuple(job_shape(job, names.get(job.printer, job.printer)) for job in jobs), next=cursor
            )
        case Printers(views):
            return shapes.Printers(printers=tuple(printer_shape(view) for view in views))
        case PrinterShown(view):
            return printer_shape(view)
        case DocumentFetched():
            return _document(reply)
        case Refusal():
            return problem(reply)
        case Unadopted() | Adopted() | PrinterSaid() | Traced() | Devices():
            return _arrival(reply)
        case _:
            return _upkeep(reply)


def _arrival(reply: Unadopted | Adopted | PrinterSaid | Traced | Devices) -> shapes.Answer:
    match reply:
        case Devices(found, notes):
            return shapes.Devices(devices=tuple(map(_device, found)), notes=tuple(map(sendable, notes)))
        case Unadopted(newcomers, rejected):
            return shapes.Unadopted(newcomers=tuple(map(_newcomer, newcomers)), rejected=rejected)
        case Adopted(views, fresh, notes):
            return shapes.Adopted(printers=tuple(map(printer_shape, views)), fresh=fresh, notes=notes)
        case PrinterSaid(answer):
            return shapes.PrinterSaid(text=answer.decode("utf-8", "replace"), data=answer)
        case Traced(lines):
            return shapes.Traced(lines=tuple(map(sendable, lines)))
        case _:
            assert_never(reply)


def _upkeep(reply: Clients | Origins | LogLines | Health | Webhooks | DeadLetters | Done) -> shapes.Answer:
    match reply:
        case Clients(clients):
            return shapes.Clients(clients=tuple(_client(client) for client in clients))
        case Origins(configured, allowed):
            return shapes.Origins(configured=configured, allowed=allowed)
        case LogLines(lines, last):
            return shapes.Log(lines=tuple(_line(*line) for line in lines), last=last)
        case Health(ok, version, uptime_s, problems):
            return shapes.Health(ok=ok, version=version, uptime_s=uptime_s, problems=problems)
        case Webhooks(webhooks):
            return shapes.Webhooks(webhooks=tuple(map(_webhook, webhooks)))
        case DeadLetters(letters):
            return shapes.DeadLetters(letters=tuple(map(_letter, letters)))
        case Done(notes):
            return shapes.Done(notes=notes)
        case _:
            assert_never(reply)


def job_shape(job: Job, printer_name: str, timeline: tuple[JobChanged, ...] = ()) -> shapes.Job:
    """Return a job's shape; a timeline that was not asked for is left out."""
    return shapes.Job(
        id=job.id,
        printer=job.printer,
        printer_name=printer_name,
        state=job.state,
        reasons=job.reasons,
        message=job.message,
        evidence=WORDS[job.evidence],
        evidence_means=MEANS[job.evidence],
        attempt=job.attempt,
        sent_bytes=job.sent_bytes,
        title=job.title,
        copies=job.copies,
        media_type=job.media_type,
        language=job.language,
        size_bytes=job.size_bytes,
        sha256=job.sha256,
        document_kept=job.document_kept,
        created_at=job.created_at,
        changed_at=job.changed_at,
        dialect=job.dialect,
        owner=job.owner,
        key=job.key,
        external_id=job.external_id,
        start_within_s=job.start_within_s,
        on_late=job.on_late,
        reprint_of=job.reprint_of,
        pulse_only=job.pulse_only,
        timeline=tuple(_transition(change) for change in timeline) or UNSET,
    )


def printer_shape(view: PrinterView) -> shapes.Printer:
    """Return a printer's shape, without the secrets in its URI."""
    printer, status = view.printer, view.status
    return shapes.Printer(
        id=printer.id,
        name=printer.name,
        aliases=printer.aliases,
        uri=masked(printer.uri),
        source=printer.source,
        state=status.state,
        reasons=status.reasons,
        message=status.message,
        reachable=status.reachable,
        status_source=status.source,
        status_at=status.at,
        paused=printer.paused,
        paused_because=printer.paused_because,
        info=printer.info,
        is_default=printer.is_default,
        kinds=printer.kinds,
        options=printer.options,
        waiting_jobs=view.waiting_jobs,
        held_jobs=view.held_jobs,
        channels=view.channels,
        identity=printer.identity,
        traits=traits_shape(printer.traits),
        language=view.language,
        encoding=view.encoding,
        dpi=printer.dpi,
        width_mm=printer.width_mm,
    )


def traits_shape(traits: Traits) -> Traits:
    """Return what a printer was found to be, as it can be sent: the words are strangers'."""
    make, model, serial = map(sendable, (traits.make, traits.model, traits.serial))
    languages, tellers = tuple(map(sendable, traits.languages)), tuple(map(sendable, traits.told_by))
    return replace(traits, make=make, model=model, serial=serial, languages=languages, told_by=tellers)


def event_shape(event: Event) -> shapes.Event:
    """Return an event's shape."""
    match event:
        case JobChanged():
            return shapes.JobChanged(
                id=event.id,
                at=event.at,
                job=event.job,
                printer=event.printer,
                state=event.state,
                reasons=event.reasons,
                message=event.message,
                evidence=WORDS[event.evidence],
                attempt=event.attempt,
                sent_bytes=event.sent_bytes,
                title=event.title,
                owner=event.owner,
                external_id=event.external_id,
            )
        case PrinterChanged():
            return shapes.PrinterChanged(
                id=event.id,
                at=event.at,
                printer=event.printer,
                state=event.state,
                reasons=event.reasons,
                message=event.message,
            )
        case PrinterConnected(id_, at, printer, channel, message):
            return shapes.PrinterConnected(id=id_, at=at, printer=printer, channel=channel, message=message)
        case PrinterDisconnected(id_, at, printer, channel, message):
            return shapes.PrinterDisconnected(id=id_, at=at, printer=printer, channel=channel, message=message)
        case PrinterScanned(id_, at, printer, data, source):
            return shapes.PrinterScanned(id=id_, at=at, printer=printer, data=sendable(data), source=source)
        case _:
            assert_never(event)


def masked(uri: str) -> str:
    """Return the URI with its user and password masked."""
    return _USERINFO.sub(rf"\1//{MASK}", uri)


def _transition(change: JobChanged) -> shapes.Transition:
    return shapes.Transition(
        id=change.id,
        at=change.at,
        state=change.state,
        reasons=change.reasons,
        message=change.message,
        evidence=WORDS[change.evidence],
        attempt=change.attempt,
        sent_bytes=change.sent_bytes,
    )


def _newcomer(one: Newcomer) -> shapes.Newcomer:
    return shapes.Newcomer(
        uri=sendable(one.uri),
        serial=sendable(one.serial),
        name=sendable(one.name),
        info=sendable(one.info),
        peer=one.peer,
        identity=one.identity,
        since=one.since,
    )


def _device(one: Device) -> shapes.Device:
    return shapes.Device(
        id=one.id,
        name=sendable(one.name),
        info=sendable(one.info),
        traits=traits_shape(one.traits),
        ways=tuple(shapes.DeviceWay(uri=masked(way.uri), seen_by=way.seen_by) for way in one.ways),
        printers=tuple(one.printers),
    )


def _webhook(view: WebhookView) -> shapes.Webhook:
    return shapes.Webhook(
        name=view.name,
        url=masked(view.url),
        behind=view.behind,
        dead=view.dead,
        last_success_at=view.last_success_at,
        trouble=view.trouble,
    )


def _letter(letter: DeadLetter) -> shapes.DeadLetter:
    return shapes.DeadLetter(
        event=letter.event,
        kind=letter.kind,
        subject=letter.subject,
        tries=letter.tries,
        first_at=letter.first_at,
        last_at=letter.last_at,
        error=sendable(letter.error),
    )


def _client(client: Client) -> shapes.Client:
    return shapes.Client(
        id=client.id,
        address=client.address,
        origin=client.origin,
        dialect=client.dialect,
        since=client.since,
        jobs=client.jobs,
    )


def _line(number: int, at: datetime, level: str, text: str) -> shapes.LogLine:
    return shapes.LogLine(number=number, at=at, level=level, text=text)


def _document(reply: DocumentFetched) -> shapes.Document:
    job, document = reply.job, reply.document
    if document.data is None:
        says = f"the document of job {job.id} is too large for a frame: fetch it by GET /v1/jobs/{job.id}/document"
        raise refused("document-too-large", says)
    return shapes.Document(
        media_type=job.media_type, size_bytes=document.size_bytes, sha256=document.sha256, data=document.data
    )
