"""How many labels a ZPL document asks for, and where that cannot be told."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fanfold.languages.zpl_tally import LabelTally
from fanfold.wire import Prints
from tests.unit.languages.documents import (
    DOCUMENTS,
    ZPL_AFTER_SETTING,
    ZPL_BARTENDER,
    ZPL_DRIVER,
    ZPL_GRAPHIC,
    ZPL_LABEL,
)

ONE = Prints(1, 1)
NOTHING = Prints(0, 0)
BINARY = bytes(range(256))

QUIET = [
    *b"^FO1,1 ^A0N,20 ^BCN,9 ^BY3 ^FS ^FD ^FDx ^fdy ^FX ^GB9,9 ^GFA,2,2,1,FF ^PQ ^PQ2 ^PQ3,0,1,Y ^JUS ^HH".split(),
    *b"^IDR:A ^XFR:A ^ISR:A ^ISR:A,N ^MCY ^CC^ ~HS ~SD15 ~CT~ ~CD, ~DGR:A,1,1,F0".split(),
    *(
        b"^GFB,3,3,1,^XA",
        b"^gfc,2,2,1,~J",
        b"~DYR:A,B,G,4,1,^XZ^",
        b"~DYR:A,P,P,4,1,:Z64:",
        b"^PQ7\n",
        b"\n",
        b" ",
        b",",
    ),
]
PARTS = [
    *b"^XA ^XZ ^GF ^PQ0 ^PQ1,x ^DFR:A ^MCN ^CC/ ^rfw ~JA ~ ^ text {".split(),
    *(b"~DYR:A,P,P,4,,\x89", b'! U1 setvar "a.b" "c"\r\n', b'! U1 do "device.reset" ""\r\n'),
    *(b"<xpml></xpml>", b"\x10CT~~CD,~CC^~CT~", b"\x02", b"\x03", b"\xff"),
]
formats = st.lists(st.sampled_from(QUIET), max_size=8).map(lambda parts: b"^XA" + b"".join(parts) + b"^XZ")
stored = st.sampled_from([ZPL_LABEL, ZPL_DRIVER, ZPL_GRAPHIC, b"^XA^DFR:A^FDx^FS^XZ", b"\r\n", b"~HS\n"])
labels = st.lists(formats | stored, max_size=4).map(b"".join)
documents = st.lists(st.sampled_from(PARTS + QUIET), max_size=30).map(b"".join) | st.binary(max_size=60)


def total(document: bytes) -> Prints | None:
    tally = LabelTally()
    tally.feed(document)
    return tally.total()


@given(documents | labels, st.data())
def test_how_a_document_is_cut_changes_nothing(document: bytes, data: st.DataObject) -> None:
    whole = total(document)
    tally, left = LabelTally(), document
    while left:
        size = data.draw(st.integers(1, len(left)))
        tally.feed(left[:size])
        left = left[size:]
    assert tally.total() == whole


@given(documents | labels)
def test_byte_by_byte_gives_the_same_too(document: bytes) -> None:
    tally = LabelTally()
    for byte in document:
        tally.feed(bytes([byte]))
    assert tally.total() == total(document)


@pytest.mark.parametrize(
    ("document", "prints"),
    [
        (b"", NOTHING),
        (ZPL_LABEL, ONE),
        (ZPL_LABEL * 3, Prints(3, 3)),
        (ZPL_DRIVER, ONE),
        (ZPL_GRAPHIC, ONE),
        (ZPL_AFTER_SETTING, ONE),
        (ZPL_BARTENDER, ONE),
        (b"\xef\xbb\xbf" + ZPL_LABEL + b"\x04\0", ONE),
        (b"^xa^fdx^fs^pq2^xz", Prints(1, 2)),
        (b"^XA^FDx^FS^PQ5,0,1,Y^XZ", Prints(1, 5)),
        (b"^XA^PQ5^FDx^FS^PQ3\r\n^XZ", Prints(1, 3)),
        (b"^XA^PQ^FDx^FS^XZ", ONE),
        (b"^XA^PQ,10^FDx^FS^XZ", ONE),
        (b"^XA^FDx^FS^PQ7^XZ^XA^FDx^FS^XZ", Prints(2, 8)),
        (b"^XA^SN001,1,Y^FS^PQ10,5,0,N^XZ", Prints(1, 10)),
        (b"^XA^GB10,10,1^FS^XZ", ONE),
        (b"^XA^FO1,1^GFA,4,4,1,FFFFFFFF^FS^PQ2^XZ", Prints(1, 2)),
        (b"^XA^FO1,1^GFA,4,4,1,:Z64:eJz7DwABAQEA:1d0f^FS^XZ", ONE),
        (b"^XA^FX ^FS^FO1,1^FDx^FS^XZ", ONE),
    ],
)
def test_what_prints_is_counted(document: bytes, prints: Prints) -> None:
    assert total(document) == prints


@pytest.mark.parametrize(
    "document",
    [
        b"^XA^DFR:FORM.ZPL^FO10,10^FN1^FS^FO1,1^FDx^FS^XZ",
        b"^XA^JUS^XZ",
        b"^XA^HH^XZ",
        b"^XA~TA000~JSN^LT0^MNW^MTD^PON^PMN^LH0,0^JMA^PR4,4~SD15^LRN^CI28^XZ",
        b"^XA^IDR:LOGO.GRF^FS^XZ",
        b"^XA^EF^FS^XZ",
        b"^XA^MCY^XZ",
        b"^XA^FX nothing but a remark^FS^XZ",
        b"^XA^FDx^FS^ISR:LOGO.GRF,N^XZ",
        b"~HS",
        b"~HQES\r\n~HI\n",
        b"~DGR:LOGO.GRF,4,1,FF8181FF\n,:!J",
        b"~DYE:WEBLINK1_CA,B,NRD,256,," + BINARY,
        b'! U1 setvar "weblink.ip.conn1.location" "https://prints.example/a"\r\n! U1 getvar "weblink"\r\n',
        b"CT~~CD,~CC^~CT~",
    ],
)
def test_what_prints_nothing_is_not_counted(document: bytes) -> None:
    assert total(document) == NOTHING


def test_a_stored_format_prints_when_it_is_recalled() -> None:
    stored = b"^XA^DFR:A.ZPL^FO10,10^FN1^FS^XZ"
    assert total(stored + b"^XA^XFR:A.ZPL^FN1^FDx^FS^PQ3^XZ^XA^XFR:A.ZPL^FN1^FDy^FS^XZ") == Prints(2, 4)


@pytest.mark.parametrize("command", [b"^GFB,256,256,16,", b"^GFC,256,999,16,", b"~DYR:A,B,G,256,16,"])
def test_marks_within_a_binary_body_do_not_count(command: bytes) -> None:
    body = b"^XZ^XA^PQ9~JA" + BINARY[:243]
    assert total(b"^XA^FO1,1^FDx^FS" + command + body + b"^FS^XZ") == ONE
    assert total(b"^XA^FO1,1^FDx^FS" + command + body[:-1]) is None


@pytest.mark.parametrize(
    "document",
    [
        b"^XA^FDx^FS",
        b"^XA^FDx^FS^",
        b"^XA^FDx^FS^X",
        b"^XA",
        b"^X",
        b"^XA^XZ",
        b"^XA^FO10,10^FS^XZ",
        b"^XA^PQ2^XZ",
        b"^XA^FDx^FS^PQ0^XZ",
        b"^XA^FDx^FS^PQmany^XZ",
        b"^XA^FDx^FS^PQ123456789^XZ",
        b"^XA^FDx^FS^XZ~JA",
        b"^XA^FDx^FS~JX^XZ",
        b"^XA^FDx^FS^XZ~PH",
        b"^XA^FDx^FS^XZ~RO1",
        b"^XA^CC+\n+FDx+FS+XZ",
        b"~CT+^XA^FDx^FS^XZ",
        b"^XA^CD;^FO1;1^FDx^FS^XZ",
        b"^XA^RFW,H^FD1234^FS^XZ",
        b"^XA^MCN^FDx^FS^XZ",
        b"^XA^DFR:A^PQ4^FDx^FS^XZ",
        b"^XA^ISR:A,maybe^FDx^FS^XZ",
        b"^XA^FDx^FS^XA^FDy^FS^XZ",
        b"^FDx^FS^XZ",
        b"^XZ",
        b"^XA^WD^XZ",
        b"^XA^PH^XZ",
        b"\x02^FDx^FS\x03",
        b"^XA^FDx\x03^XZ",
        b"^XA^GF^XZ^XA^FDx^FS^XZ",
        b"^XA^GFB,many,1,1,^FS^XZ",
        b"~DYR:A,C,G,100,10,x",
        b"~DYR:A,P,P,100,10,\x89PNG",
        b'! U1 do "device.reset" ""\r\n',
        b'! U1 setvar "device.languages" "line_print"\r\n',
        b'! U1 setvar "media.type" "label"',
        b"! 0 200 200 210 1\r\nPRINT\r\n",
        b'{}{"device.reset":""}',
        b"Dear customer,\n^XA^FDx^FS^XZ",
        b"^XA^FDx^FS^XZ and more",
        b"^XA^FDone ~two^FS^XZ",
    ],
)
def test_what_is_not_certain_is_not_told(document: bytes) -> None:
    assert total(document) is None


def test_documents_in_other_languages_are_not_told() -> None:
    told = {language for language, document in DOCUMENTS if total(document) is not None}
    assert told <= {"zpl", "cpcl"}  # a setting of Zebra's may open a document in either


def test_a_total_may_be_asked_for_at_any_time() -> None:
    tally = LabelTally()
    seen = []
    for piece in (b"^XA^FDx", b"^FS^XZ", b"^XA^FD", b"y^FS^PQ2^XZ"):
        tally.feed(piece)
        seen.append(tally.total())
    assert seen == [None, ONE, None, Prints(2, 3)]
