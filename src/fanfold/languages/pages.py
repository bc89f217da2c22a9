"""The page formats: PDF, PostScript, PNG and JPEG, which a driver or the printer's own interpreter draws. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from fanfold.languages.base import Problem
from fanfold.languages.detect import entered, peel

_PDF_LEAD_BYTES = 1024
"""Readers accept the header so far from the start (ISO 32000-1, annex H note 13), and senders make use of it."""

_TAIL_BYTES = 2048
"""Where the end mark is looked for: senders append line ends and PJL."""


class Pdf:
    """Portable Document Format."""

    name = "pdf"
    media_types: tuple[str, ...] = ("application/pdf", "application/x-pdf")
    raw = False

    def recognises(self, head: bytes) -> bool:
        """Tell whether its header is there."""
        core = peel(head)
        return core.startswith(b"%PDF-") or _pdf_after_some_garbage(core)

    def check(self, document: bytes) -> Iterator[Problem]:
        """Yield the want of an end."""
        if b"%%EOF" not in document[-_TAIL_BYTES:]:
            yield Problem(len(document), "the PDF is cut off: its end mark %%EOF is missing; send it whole")


class PostScript:
    """PostScript programs."""

    name = "postscript"
    media_types: tuple[str, ...] = ("application/postscript",)
    raw = False

    def recognises(self, head: bytes) -> bool:
        """Tell whether it is marked as PostScript, by itself or by PJL."""
        return peel(head).startswith(b"%!PS") or entered(head) in ("postscript", "ps")

    def check(self, document: bytes) -> Iterable[Problem]:
        """Yield nothing: whether a program prints is known by running it only."""
        return ()


class Png:
    """Portable Network Graphics."""

    name = "png"
    media_types: tuple[str, ...] = ("image/png",)
    raw = False

    def recognises(self, head: bytes) -> bool:
        """Tell whether its signature is there."""
        return peel(head).startswith(b"\x89PNG")

    def check(self, document: bytes) -> Iterator[Problem]:
        """Yield the want of an end."""
        if b"IEND" not in document[-_TAIL_BYTES:]:
            yield Problem(len(document), "the PNG image is cut off: its last chunk (IEND) is missing; send it whole")


class Jpeg:
    """JPEG images."""

    name = "jpeg"
    media_types: tuple[str, ...] = ("image/jpeg", "image/jpg")
    raw = False

    def recognises(self, head: bytes) -> bool:
        """Tell whether its signature is there."""
        return peel(head).startswith(b"\xff\xd8\xff")

    def check(self, document: bytes) -> Iterator[Problem]:
        """Yield the want of an end."""
        if b"\xff\xd9" not in document[-_TAIL_BYTES:]:
            yield Problem(len(document), "the JPEG image is cut off: its end mark (FF D9) is missing; send it whole")


def _pdf_after_some_garbage(core: bytes) -> bool:
    at = core.find(b"%PDF-", 0, _PDF_LEAD_BYTES)
    return at > 0 and core[at - 1 : at] in (b"\n", b"\r", b"\0")
