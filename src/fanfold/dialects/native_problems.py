"""The native API's error codes and how a refusal is worded (RFC 9457). Knows no route."""

from __future__ import annotations

from http import HTTPStatus

from msgspec import UNSET

from fanfold.dialects import native_shapes as shapes
from fanfold.errors import Refused
from fanfold.messages import Refusal

MEDIA_TYPE = "application/problem+json"

CODES: dict[str, tuple[int, str]] = {
    "bad-request": (400, "The request was not understood"),
    "bad-cursor": (400, "The cursor is not one of ours"),
    "another-users": (403, "The document is another user's"),
    "nobodys-key": (403, "Nobody can say whose key this is"),
    "not-trusted": (403, "Only the gateway's own user, administrators and its token may do this"),
    "own-page-only": (403, "Only the gateway's own page and command may do this"),
    "not-found": (404, "There is nothing at this path"),
    "unknown-device": (404, "There is no such device"),
    "unknown-printer": (404, "There is no such printer"),
    "unknown-job": (404, "There is no such job"),
    "unknown-client": (404, "There is no such client"),
    "unknown-origin": (404, "The origin was not let in"),
    "unknown-webhook": (404, "There is no such webhook"),
    "method-not-allowed": (405, "The path does not take this method"),
    "already-finished": (409, "The job is finished"),
    "ambiguous-device": (409, "Several printers have this serial"),
    "identity-needed": (409, "Several claim to be this printer"),
    "key-reused": (409, "The idempotency key belongs to another request"),
    "name-taken": (409, "The name is taken"),
    "not-finished": (409, "The job is not finished"),
    "not-held": (409, "The job is not held"),
    "origin-configured": (409, "The origin stands in the configuration"),
    "printer-configured": (409, "The printer stands in the configuration"),
    "printer-known": (409, "The printer is let in"),
    "too-late": (409, "It is too late to cancel"),
    "uri-taken": (409, "The printer is one already"),
    "document-gone": (410, "The document is no longer kept"),
    "document-too-large": (413, "The document is too large"),
    "kind-not-accepted": (415, "The document is of a kind that is not taken"),
    "bad-config": (422, "The configuration is wrong"),
    "bad-encoding": (422, "The text does not fit the encoding"),
    "bad-option": (422, "A printer's option is wrong"),
    "bad-origin": (422, "The origin is not well formed"),
    "bad-uri": (422, "The printer's URI is wrong"),
    "cannot-ask": (422, "The printer cannot answer"),
    "cannot-trace": (422, "What this printer sends cannot be written down"),
    "language-unknown": (422, "The printer's language is not known"),
    "empty-document": (422, "The document is empty"),
    "unknown-channel": (422, "There is no such channel"),
    "too-many-waiting": (429, "Too many jobs wait for the printer"),
    "answer-too-large": (502, "The printer's answer is too large"),
    "bad-answer": (502, "What the printer answered says nothing"),
    "printer-away": (503, "The printer is not there"),
    "shutting-down": (503, "The gateway is shutting down"),
    "store-failed": (503, "The disk did not take it"),
    "no-answer": (504, "The printer did not answer in time"),
    "store-full": (507, "The store is full"),
}
"""Code: its status, and its title. The words of the case at hand are the problem's `detail`."""


def refused(code: str, says: str) -> Refused:
    """Return the error to raise for a code of the table."""
    return Refused(says, code=code, status=CODES[code][0])


def problem(refusal: Refusal | Refused) -> shapes.Problem:
    """Word a refusal, of the engine's or of ours."""
    job = refusal.job if isinstance(refusal, Refusal) else None
    return shapes.Problem(
        type=f"urn:fanfold:problem:{refusal.code}",
        title=_title(refusal.code, refusal.status),
        status=refusal.status,
        detail=sendable(refusal.says),
        code=refusal.code,
        job=UNSET if job is None else job,
    )


def _title(code: str, status: int) -> str:
    if code in CODES:
        return CODES[code][1]
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "It was not done"


def sendable(text: str) -> str:
    """Return the text as UTF-8 can say it: words may repeat the undecodable bytes of a header, a path or a printer."""
    return text.encode("utf-8", "replace").decode()
