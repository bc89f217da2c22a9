"""What a printer cannot take is refused in words before it is accepted, not printed as garbage."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fanfold.languages.base import Language
from fanfold.languages.escpos import EscPos
from fanfold.languages.pages import Pdf
from fanfold.languages.tspl import Tspl
from fanfold.languages.zpl import Zpl
from fanfold.messages import Accepted, Submit
from fanfold.wire import OCTETS, Document
from tests.unit.engine.toy import house

LANGUAGES: tuple[Language, ...] = (Pdf(), Zpl(), Tspl(), EscPos())
ZPL, TSPL, PDF, TEXT = b"^XA^FDx^FS^XZ", b"SIZE 60 mm,40 mm\r\nCLS\r\nPRINT 1\r\n", b"%PDF-1.7\n", b"hello"
RAW = ("raw",)


async def outcome(folder: Path, ask: Submit, **options: Any) -> str:
    """The language that the job is taken for, or the code of its refusal."""
    async with house(folder, languages=LANGUAGES, **options) as h:
        reply = await h.do(ask)
        if isinstance(reply, Accepted):
            return reply.job.language or "unknown"
        assert "would print as garbage" in reply.says  # type: ignore[union-attr]
        return reply.code  # type: ignore[union-attr]


def asks(data: bytes, media_type: str = "") -> Submit:
    return Submit("till", Document.of(data, media_type or OCTETS), is_typed=bool(media_type))


@pytest.mark.parametrize(
    ("data", "options", "expected"),
    [
        (ZPL, {}, "zpl"),
        (PDF, {"accepts": RAW}, "kind-not-accepted"),
        (PDF, {"accepts": ("raw", "application/pdf")}, "pdf"),
        (PDF, {"accepts": ("*",)}, "pdf"),
        (ZPL, {"accepts": ("application/pdf",)}, "kind-not-accepted"),
        (ZPL, {"accepts": ("application/vnd.zebra-zpl",)}, "zpl"),
        (ZPL, {"accepts": RAW, "language": "zpl"}, "zpl"),
        (ZPL, {"accepts": RAW, "language": "tspl"}, "kind-not-accepted"),
        (ZPL, {"accepts": ("*",), "language": "tspl"}, "zpl"),
        (TEXT, {"accepts": RAW, "language": "tspl"}, "tspl"),
        (TEXT, {"accepts": RAW}, "unknown"),
    ],
)
async def test_a_document_is_taken_for_what_it_looks_like_and_the_printer_speaks(
    tmp_path: Path, data: bytes, options: dict[str, Any], expected: str
) -> None:
    assert await outcome(tmp_path, asks(data), **options) == expected


@pytest.mark.parametrize(
    ("data", "said", "options", "expected"),
    [
        (TEXT, "application/vnd.zebra-zpl", {"accepts": RAW}, "zpl"),
        (TEXT, "application/pdf", {"accepts": RAW}, "kind-not-accepted"),
        (TSPL, "application/vnd.zebra-zpl", {"accepts": RAW, "language": "tspl"}, "kind-not-accepted"),
    ],
)
async def test_what_the_caller_says_counts_more_than_looks(
    tmp_path: Path, data: bytes, said: str, options: dict[str, Any], expected: str
) -> None:
    assert await outcome(tmp_path, asks(data, said), **options) == expected
