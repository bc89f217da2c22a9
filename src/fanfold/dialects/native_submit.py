"""From a request to print to the engine's Submit, and how far to wait after it. Pure; knows no route and no frame."""

from __future__ import annotations

import binascii
import re
from dataclasses import dataclass, replace

from fanfold.dialects import native_requests as asks
from fanfold.dialects.native_problems import refused
from fanfold.messages import Accepted, Command, Follow, Refusal, Reply, Submit
from fanfold.model import Evidence
from fanfold.wire import OCTETS, Document

UNTIL: dict[asks.Until, Evidence] = {
    "none": Evidence.NONE,
    "kept": Evidence.NONE,  # nothing is answered before it is kept
    "sent": Evidence.SENT,
    "delivered": Evidence.DELIVERED,
    "printed": Evidence.PRINTED,
}
_MEDIA_TYPE = re.compile(r"[a-z0-9!#$&^_.+-]+/[a-z0-9!#$&^_.+-]+")  # RFC 6838 §4.2
_BLANKS = str.maketrans("", "", " \t\r\n")


@dataclass(frozen=True, slots=True)
class Asked:
    """A command, and how far to wait after it was accepted. `accepted` is set while that is waited for."""

    command: Command
    until: Evidence = Evidence.NONE
    within_s: float = 0
    accepted: Accepted | None = None


def advance(asked: Asked, reply: Reply) -> Asked | Reply:
    """Return what to ask next (a submit that waits), else the reply to word."""
    if asked.accepted is not None:
        # The job is kept, whatever became of the waiting: an error here would make its sender print it again.
        return asked.accepted if isinstance(reply, Refusal) else reply
    if isinstance(reply, Accepted) and asked.until > reply.job.evidence:
        return replace(asked, command=Follow(reply.job.id, asked.until, asked.within_s), accepted=reply)
    return reply


def submit(ask: asks.Submit) -> Asked:
    """Read a document given within JSON. Raises Refused."""
    match ask.data, ask.text:
        case str(data), None:
            if ask.encoding is not None:
                raise refused("bad-request", "`encoding` goes with `text`; leave it out beside `data`")
            media_type = OCTETS if ask.media_type is None else essence(ask.media_type)
            return _submit(ask, Document.of(bytes_of(data), media_type), is_typed=ask.media_type is not None)
        case None, str(text):
            if ask.media_type is not None:
                raise refused("bad-request", "`media_type` goes with `data`; leave it out beside `text`")
            return _submit(ask, text, encoding=ask.encoding)
        case _:
            raise refused("bad-request", "give exactly one of `data` (base64) and `text`")


def submit_raw(ask: asks.SubmitRaw, document: Document, media_type: str) -> Asked:
    """Read a document whose bytes came by themselves; `media_type` is a Content-Type, or empty. Raises Refused."""
    kind = essence(media_type) if media_type else OCTETS
    return _submit(ask, replace(document, media_type=kind), is_typed=kind != OCTETS)


def essence(media_type: str) -> str:
    """Return `type/subtype` in lower case, without parameters. Raises Refused."""
    found = media_type.partition(";")[0].strip().lower()
    if _MEDIA_TYPE.fullmatch(found) is None:
        says = f"`{media_type}` is no media type; write one such as `application/pdf`, or leave it out"
        raise refused("bad-request", says)
    return found


def _submit(
    ask: asks.SubmitRaw, document: Document | str, *, is_typed: bool = False, encoding: str | None = None
) -> Asked:
    command = Submit(
        printer=ask.printer,
        document=document,
        title=ask.title,
        copies=ask.copies,
        key=ask.key,
        start_within_s=ask.start_within_s,
        on_late=ask.on_late,
        external_id=ask.external_id,
        is_typed=is_typed,
        encoding=encoding,
    )
    return Asked(command, UNTIL[ask.wait], ask.wait_s)


def bytes_of(data: str) -> bytes:
    """Decode base64 in which line breaks may stand. Raises Refused."""
    try:
        return binascii.a2b_base64(data.translate(_BLANKS) if _has_blanks(data) else data, strict_mode=True)
    except ValueError as error:
        says = f"`data` is not base64 ({error}): write RFC 4648 §4, with `+`, `/` and padding; line breaks may stand"
        raise refused("bad-request", says) from None


def _has_blanks(data: str) -> bool:
    return any(blank in data for blank in " \t\r\n")  # four fast scans; most documents have none
