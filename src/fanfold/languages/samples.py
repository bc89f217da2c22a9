"""Small test pages, one per language, in nobody's particular label size. Pure: name and time in, bytes out."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

_TITLE = "Fanfold test page"


def test_page(language: str, name: str, now: datetime) -> tuple[bytes, str]:
    """Return a small page for a printer of that language, and its media type; plain text for languages unknown.

    No page sets the size of the label: a printer keeps such settings, and a test must not unsettle it.
    """
    lines = (_TITLE, _printable(name), now.strftime("%Y-%m-%d %H:%M:%S %Z").strip())
    page, media_type = _PAGES.get(language, _TEXT)
    return page(lines), media_type


def _printable(name: str) -> str:
    return "".join(sign if sign.isprintable() else " " for sign in name)


Lines = tuple[str, str, str]


def _text(lines: Lines) -> bytes:
    return "\r\n".join((*lines, "")).encode()


def _tspl(lines: Lines) -> bytes:
    drawn = (f'TEXT 20,{20 + 40 * row},"2",0,1,1,"{_without_quotes(line)}"' for row, line in enumerate(lines))
    return "\r\n".join(("CLS", *drawn, "PRINT 1,1", "")).encode()


def _without_quotes(line: str) -> str:
    return line.replace("\\", "/").replace('"', "'")  # how a quote is written differs between its firmwares


def _zpl(lines: Lines) -> bytes:
    drawn = (f"^FO20,{20 + 40 * row}^A0N,30,30^FH_^FD{_zpl_field(line)}^FS" for row, line in enumerate(lines))
    return "\r\n".join(("^XA^CI28", *drawn, "^XZ", "")).encode()


def _zpl_field(line: str) -> str:
    return "".join(f"_{ord(sign):02X}" if sign in "^~_\\" else sign for sign in line)


def _epl(lines: Lines) -> bytes:
    drawn = (f'A20,{20 + 40 * row},0,3,1,1,N,"{_epl_field(line)}"' for row, line in enumerate(lines))
    return "\n".join(("", "N", *drawn, "P1", "")).encode("cp437", "replace")


def _epl_field(line: str) -> str:
    return line.replace("\\", "\\\\").replace('"', '\\"')


def _cpcl(lines: Lines) -> bytes:
    drawn = (f"TEXT 7 0 20 {20 + 40 * row} {line}" for row, line in enumerate(lines))
    return "\r\n".join(("! 0 200 200 160 1", *drawn, "FORM", "PRINT", "")).encode()


def _escpos(lines: Lines) -> bytes:
    text = "\n".join((*lines, "", "")).encode("cp437", "replace")
    return b"\x1b@" + text + b"\x1dVB\x00"  # feeds to the cutter, then cuts: printers without one only feed


def _postscript(lines: Lines) -> bytes:
    drawn = (f"72 {720 - 24 * row} moveto ({_ps_string(line)}) show" for row, line in enumerate(lines))
    return "\n".join(("%!PS", "/Helvetica findfont 16 scalefont setfont", *drawn, "showpage", "")).encode("ascii")


def _ps_string(line: str) -> str:
    octets = line.encode("latin-1", "replace")
    return "".join(f"\\{octet:03o}" if octet in b"\\()" or octet > 0x7E else chr(octet) for octet in octets)


def _pdf(lines: Lines) -> bytes:
    drawn = "".join(f"1 0 0 1 72 {720 - 24 * row} Tm ({_ps_string(line)}) Tj\n" for row, line in enumerate(lines))
    content = f"BT /F 16 Tf\n{drawn}ET\n"
    objects = (
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F 5 0 R >> >> >>",
        f"<< /Length {len(content)} >>\nstream\n{content}endstream",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    )
    body, offsets = "%PDF-1.4\n", []
    for number, told in enumerate(objects, 1):
        offsets.append(f"{len(body):010d} 00000 n \n")
        body += f"{number} 0 obj\n{told}\nendobj\n"
    count = len(objects) + 1
    table = f"xref\n0 {count}\n0000000000 65535 f \n{''.join(offsets)}"
    return f"{body}{table}trailer\n<< /Size {count} /Root 1 0 R >>\nstartxref\n{len(body)}\n%%EOF\n".encode("ascii")


_TEXT: tuple[Callable[[Lines], bytes], str] = (_text, "text/plain")
_PAGES: dict[str, tuple[Callable[[Lines], bytes], str]] = {
    "tspl": (_tspl, "application/vnd.tsc-tspl"),
    "zpl": (_zpl, "application/vnd.zebra-zpl"),
    "epl": (_epl, "application/vnd.eltron-epl"),
    "cpcl": (_cpcl, "application/vnd.zebra-cpcl"),
    "escpos": (_escpos, "application/vnd.escpos"),
    "postscript": (_postscript, "application/postscript"),
    "pdf": (_pdf, "application/pdf"),
}
