"""Small documents of every language, written for these tests; knows nothing of the code that reads them."""

from __future__ import annotations

import zlib

TSPL_README = (  # four lines that are sent without line ends, as the first users of this protocol were told to
    b'SIZE 48 mm,25 mmCLSTEXT 10,10,"4",0,1,1,"Hello"PRINT 1'
)
TSPL_LABEL = (
    b"\r\nSIZE 100 mm,50 mm\r\nGAP 3 mm,0 mm\r\nDIRECTION 1\r\nCLS\r\n"
    b'TEXT 40,40,"3",0,1,1,"PRINT is said in a text"\r\n'
    b'BARCODE 40,120,"128",80,1,0,2,2,"4006381333931"\r\nPRINT 1,1\r\n'
)
TSPL_IMAGE = b"SIZE 20 mm,10 mm\r\nCLS\r\nBITMAP 0,0,2,3,0,\x00\xffPRIN\r\nPRINT 1\r\n"
TSPL_QUESTION = b"\x1b!?"

ZPL_LABEL = (
    b"^XA\n^CI28\n^PW812\n^FO50,50^A0N,40,40^FDParcel 7 of 9^FS\n^FO50,120^BY3^BCN,100,Y,N,N^FD0012345^FS\n^XZ\n"
)
ZPL_DRIVER = (
    b"\x10CT~~CD,~CC^~CT~\n^XA~TA000~JSN^LT0^MNW^MTD^PON^PMN^LH0,0^JMA^PR4,4~SD15^XZ\n^XA^FO0,0^GB100,100,4^FS^PQ1^XZ"
)
ZPL_GRAPHIC = b"~DGR:LOGO.GRF,4,1,FF8181FF^XA^FO10,10^XGR:LOGO.GRF,1,1^FS^XZ"
ZPL_AFTER_SETTING = b'! U1 setvar "media.type" "label"\r\n^XA^FO5,5^A0N,20,20^FDx^FS^XZ'
ZPL_BARTENDER = b"<xpml><page quantity='0' pitch='50.8 mm'></xpml>^XA^FO5,5^A0N,20,20^FDx^FS^XZ<xpml></page></xpml>"

EPL_LABEL = b'\nN\nq609\nQ203,26\nA50,50,0,3,1,1,N,"Shelf 12"\nB50,100,0,1,2,2,60,B,"12345"\nP1\n'
EPL_IMAGE = b"\nN\nGW0,0,2,2,\x00\xff\xff\x00\nP1,1\n"

CPCL_LABEL = b"! 0 200 200 210 1\r\nTEXT 4 0 30 40 Hello\r\nBARCODE 128 1 1 50 30 100 HORIZ\r\nFORM\r\nPRINT\r\n"
CPCL_SETTING = b'! U1 setvar "device.languages" "zpl"\r\n'

ESCPOS_RECEIPT = b"\x1b@\x1ba\x01Corner shop\n\x1ba\x00Coffee      2.40\nTotal       2.40\n\n\x1dVB\x00"
ESCPOS_TEXT_FIRST = "Café Lumière\n2 × thé\n".encode("cp858") + b"\x1bd\x03\x1dV\x00"
ESCPOS_IMAGE = b"\x1dv0\x00\x02\x00\x02\x00\xff\x1b\x1d\x00\n"
ESCPOS_WRAPPED_BYTES = b"\x1b3\x18\x1b*\x21\x02\x00\x01\x02\x03\x04\x05\x06\n\x1b2"

PULSES = (
    b"\x1bp\x00\x19\xfa",
    b"\x1b@\x1bp\x00\x19\xfa",
    b"\x1bp\x300\x30\x1bp\x01\x0a\x0d",
    b"\x10\x14\x01\x00\x05",
    b"\x1b@\x1c.\x1bt\x00\x1bM\x00\x1bp\x00\x19\xfa",
    b"\x07",
    b"\x1b\x07\x0b\x37\x07",
    b"\x1b=\x01\x1bp\x00@P\x00",
)

PDF = (
    b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<< /Type /Catalog >>\nendobj\nxref\n0 1\n0000000000 65535 f \n"
    b"trailer << /Root 1 0 R >>\nstartxref\n45\n%%EOF\n"
)
POSTSCRIPT = b"%!PS-Adobe-3.0\n72 720 moveto (Hello) show showpage\n%%EOF\n"
POSTSCRIPT_IN_PJL = (
    b'\x1b%-12345X@PJL JOB NAME="x"\r\n@PJL ENTER LANGUAGE=POSTSCRIPT\r\n%!PS\nshowpage\n\x1b%-12345X@PJL EOJ\r\n'
)
PDF_IN_PJL = b"\x1b%-12345X@PJL SET COPIES=2\n@PJL ENTER LANGUAGE = PDF\n" + PDF + b"\x1b%-12345X"


def _png_chunk(kind: bytes, data: bytes) -> bytes:
    return len(data).to_bytes(4) + kind + data + zlib.crc32(kind + data).to_bytes(4)


PNG = (
    b"\x89PNG\r\n\x1a\n"
    + _png_chunk(b"IHDR", (1).to_bytes(4) + (1).to_bytes(4) + b"\x01\x00\x00\x00\x00")
    + _png_chunk(b"IDAT", zlib.compress(b"\x00\x80"))
    + _png_chunk(b"IEND", b"")
)
JPEG = (
    b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"
    b"\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00\x7f\xff\xd9"
)

DOCUMENTS: tuple[tuple[str, bytes], ...] = (
    ("tspl", TSPL_README),
    ("tspl", TSPL_LABEL),
    ("tspl", TSPL_IMAGE),
    ("tspl", TSPL_QUESTION),
    ("zpl", ZPL_LABEL),
    ("zpl", ZPL_DRIVER),
    ("zpl", ZPL_GRAPHIC),
    ("zpl", ZPL_AFTER_SETTING),
    ("zpl", ZPL_BARTENDER),
    ("epl", EPL_LABEL),
    ("epl", EPL_IMAGE),
    ("cpcl", CPCL_LABEL),
    ("cpcl", CPCL_SETTING),
    ("escpos", ESCPOS_RECEIPT),
    ("escpos", ESCPOS_TEXT_FIRST),
    ("escpos", ESCPOS_IMAGE),
    ("escpos", ESCPOS_WRAPPED_BYTES),
    *(("escpos", pulse) for pulse in PULSES),
    ("pdf", PDF),
    ("pdf", PDF_IN_PJL),
    ("postscript", POSTSCRIPT),
    ("postscript", POSTSCRIPT_IN_PJL),
    ("png", PNG),
    ("jpeg", JPEG),
)
"""What each document is, by the name of its language."""

FOREIGN: tuple[bytes, ...] = (
    b"",
    b"Dear customer,\r\nthank you for your order.\r\n",
    b"Home delivery\r\n",
    b"SIZE matters\r\n",
    b"<!DOCTYPE html><html></html>",
    b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x1d(\x1b@",
    b"BM\x3a\x00\x00\x00\x00\x00\x00\x00\x36\x00\x1b@\x1dV\x00",
    b"\x1f\x8b\x08\x00\x1b@\x1dV",
    b"UNIRAST\x00\x00\x00\x00\x01\x1b@",
    b"RaS2PwgRaster\x00\x1b@",
    b"\x1bE\x1b&l1O\x1b(s0p12h0s0bHello\x0c\x1bE",  # PCL
    bytes(200) + b"\x1b@\x1bia\x01",  # Brother raster
    b"\x1bA\x1bV0100\x1bH0100\x1bX22Text\x1bQ1\x1bZ",  # SBPL
    b"\x1b@\x1b\x1da\x01Centred\n\x1bd\x03",  # Star line mode
    b"\x02L\r\nD11\r\n",  # DPL
)
"""Documents in none of our languages."""
