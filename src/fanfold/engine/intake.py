"""What a request to print must be before it is a job: a kind that the printer takes, text it can say, sane numbers."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from fanfold import clock
from fanfold.errors import Refused
from fanfold.languages.base import FindsPulses, Language
from fanfold.languages.detect import detect
from fanfold.messages import Caller, Submit
from fanfold.model import MAX_COPIES, Job, JobState, OnLate, Printer, new_job_id
from fanfold.wire import OCTETS, Document

PULSE_BYTES = 256
"""A document that only opens a drawer is far shorter."""
PULSE_WAIT_S = 10.0
"""A drawer that opens by itself, minutes after the sale, is theft."""
TITLE_LENGTH = 255
_COMMANDS = re.compile(r"[^\t\n\f\r\x20-\x7e\xa0-\U0010ffff]")
"""Control characters that no plain text has."""
KEY_LENGTH = 255


@dataclass(frozen=True, slots=True)
class Intake:
    """Turns requests into jobs. Pure but for reading a document's head."""

    languages: tuple[Language, ...]
    document_limit_bytes: int

    async def job(
        self,
        ask: Submit,
        printer: Printer,
        caller: Caller,
        blocked_s: float,
        *,
        speaks: str = "",
        supposed: str = "utf-8",
    ) -> tuple[Job, Document]:
        """Return the job and its document, not yet kept. Raises Refused.

        `speaks` names the printer's language as far as it is known: its owner's word, or another's. `supposed` is the
        encoding that it likely has where its owner named none.
        """
        _check_numbers(ask)
        document = self._document(ask, printer, supposed)
        if document.size_bytes > self.document_limit_bytes:
            raise too_large(document.size_bytes, self.document_limit_bytes)
        head = await document.head()
        language = self._language(document, head, speaks or printer.options.language, is_typed=ask.is_typed)
        self._check_kind(document, language, printer)
        if document.media_type == OCTETS and language is not None:
            document = replace(document, media_type=language.media_types[0])
        pulse = self._is_pulse(head, document, language)
        at = clock.now()
        job = Job(
            id=new_job_id(),
            printer=printer.id,
            state=JobState.PENDING,
            created_at=at,
            changed_at=at,
            title=cut_title(ask.title),
            copies=ask.copies,
            media_type=document.media_type,
            language=language.name if language else "",
            size_bytes=document.size_bytes,
            sha256=document.sha256,
            dialect=caller.dialect,
            owner=caller.owner,
            key=ask.key,
            external_id=ask.external_id,
            start_within_s=min(PULSE_WAIT_S, ask.start_within_s or PULSE_WAIT_S) if pulse else ask.start_within_s,
            on_late=OnLate.CANCEL if pulse else ask.on_late,
            blocked_at_start_s=blocked_s,
            pulse_only=pulse,
            user=caller.user,
        )
        return job, document

    def _document(self, ask: Submit, printer: Printer, supposed: str) -> Document:
        if isinstance(ask.document, Document):
            document = ask.document
        else:
            document = Document.of(_bytes(ask.document, ask.encoding or printer.options.encoding, supposed), OCTETS)
        if document.size_bytes == 0:
            raise Refused("The document is empty: there is nothing to print.", code="empty-document", status=422)
        return document

    def _language(self, document: Document, head: bytes, speaks: str | None, *, is_typed: bool) -> Language | None:
        """What the caller says, else what the printer speaks unless the bytes belie it, else what they look like."""
        if is_typed and (named := _by_media_type(document.media_type, self.languages)):
            return named
        own = next((one for one in self.languages if one.name == speaks), None)
        looks = detect(head, self.languages)
        seen = next((one for one in self.languages if one.name == looks), None)
        if own is not None and (seen is None or own.recognises(head)):
            return own
        return seen

    def _check_kind(self, document: Document, language: Language | None, printer: Printer) -> None:
        wanted = printer.options.language
        if wanted and language and language.raw and language.name != wanted and "*" not in printer.kinds:
            raise _not_accepted(language.name, printer, f"it speaks {wanted}")
        if language is None or _takes(printer.kinds, document.media_type, language):
            return
        raise _not_accepted(language.name, printer, f"it takes {', '.join(printer.kinds)}")

    def _is_pulse(self, head: bytes, document: Document, language: object) -> bool:
        small = document.size_bytes <= PULSE_BYTES
        return small and isinstance(language, FindsPulses) and language.pulse_only(head)


def fingerprint(ask: Submit, job: Job) -> str:
    """Return what tells one request from another under the same key: printer, options and document.

    As they were asked for: what is made of them (language, bytes of a text) may change with the printer's options.
    """
    if isinstance(ask.document, str):
        document = (ask.encoding, hashlib.sha256(ask.document.encode("utf-8", "surrogatepass")).hexdigest())
    else:
        document = (ask.document.media_type, ask.document.sha256)
    facts = (job.printer, ask.copies, ask.title, ask.start_within_s, ask.on_late, ask.external_id, *document)
    return hashlib.sha256(repr(facts).encode()).hexdigest()


def cut_title(title: str) -> str:
    """Return as much of a title as is kept."""
    return title[:TITLE_LENGTH]


def too_large(size_bytes: int, limit_bytes: int) -> Refused:
    """Word that a document is over the limit."""
    says = (
        f"The document has {size_bytes} bytes; this gateway takes {limit_bytes}. "
        "Raise document_bytes under [limits], or send less."
    )
    return Refused(says, code="document-too-large", status=413)


def _takes(kinds: Sequence[str], media_type: str, language: Language) -> bool:
    if "*" in kinds or (language.raw and "raw" in kinds):
        return True
    return media_type in kinds or any(known in kinds for known in language.media_types)


def _by_media_type(media_type: str, languages: Sequence[Language]) -> Language | None:
    return next((one for one in languages if media_type in one.media_types), None)


def _not_accepted(language: str, printer: Printer, why: str) -> Refused:
    says = (
        f"The document looks like {language}, which {printer.name} would print as garbage: {why}. "
        "Send it to another printer; or, if it does take this, say so in its options (`accepts`, `language`)."
    )
    return Refused(says, code="kind-not-accepted", status=415)


def _check_numbers(ask: Submit) -> None:
    if not 1 <= ask.copies <= MAX_COPIES:
        raise Refused(f"copies is {ask.copies}; it must be 1 to {MAX_COPIES}.", code="bad-request", status=422)
    if ask.start_within_s is not None and not 0 < ask.start_within_s <= 366 * 86400:
        raise Refused("start_within_s must be seconds above 0, a year at most.", code="bad-request", status=422)
    if ask.key is not None and not 1 <= len(ask.key) <= KEY_LENGTH:
        raise Refused(f"The key must have 1 to {KEY_LENGTH} characters.", code="bad-request", status=422)


def _bytes(text: str, named: str | None, supposed: str) -> bytes:
    """The text in the encoding that somebody named; else as supposed where it is plain and fits, else in UTF-8.

    A text with commands in it chose its code page by itself. And what is merely supposed makes nothing refused.
    """
    if named is None and not _COMMANDS.search(text):
        with suppress(UnicodeError, LookupError):
            return text.encode(supposed)
    return _encoded(text, named or "utf-8")


def _encoded(text: str, encoding: str) -> bytes:
    try:
        return text.encode(encoding)
    except UnicodeEncodeError as error:
        says = (
            f"The encoding {encoding} cannot say {text[error.start]!r} (character {error.start + 1} of the text). "
            "Change the text, or name another encoding that the printer knows."
        )
        raise Refused(says, code="bad-encoding", status=422) from error
    except (LookupError, ValueError) as error:  # ValueError: a name that cannot be one, a codec that takes no such text
        raise Refused(
            f"There is no encoding {encoding[:40]!r} for this text. Name one such as utf-8 or cp437.",
            code="bad-encoding",
            status=422,
        ) from error
