"""What `serial:` URIs say, and what is refused in them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fanfold.errors import Refused
from fanfold.transports.serial.line import Flow, Line, Parity, line_of


@pytest.mark.parametrize(
    ("uri", "line"),
    [
        ("serial:/dev/ttyUSB0", Line("/dev/ttyUSB0", 9600, Parity.NONE, 8, 1, Flow.RTSCTS)),
        ("serial:///dev/ttyS0?baud=115200", Line("/dev/ttyS0", 115200)),
        ("SERIAL:com3?flow=dsrdtr", Line("COM3", flow=Flow.DSRDTR)),
        (r"serial:\\.\COM12", Line(r"\\.\COM12")),
        ("serial:%5C%5C.%5CCOM12", Line(r"\\.\COM12")),
        ("serial:/dev/serial/by-id/usb-FT%20232-if00-port0", Line("/dev/serial/by-id/usb-FT 232-if00-port0")),
        (
            "serial:/dev/ttyS0?parity=mark&bits=7&stop=1.5&flow=xonxoff",
            Line("/dev/ttyS0", 9600, Parity.MARK, 7, 1.5, Flow.XONXOFF),
        ),
    ],
)
def test_a_port_and_its_line_are_read(uri: str, line: Line) -> None:
    assert line_of(uri) == line


@pytest.mark.parametrize(
    ("option", "words"),
    [
        ("baud=0", "baud is 50 to 4000000"),
        ("baud=9999999", "baud is 50 to"),
        ("baud=+9600", "baud is 50 to"),
        ("baud=٩٦٠٠", "baud is 50 to"),
        ("parity=E", "none, odd, even, mark or space"),
        ("bits=8.0", "7 or 8"),
        ("stop=0", "1, 1.5 or 2"),
        ("flow=hardware", "none, rtscts, dsrdtr or xonxoff"),
        ("speed=9600", "'speed', which is none of baud, parity, bits, stop, flow"),
        ("baud=9600&baud=19200", "an option twice"),
        ("", "the option ''"),
    ],
)
def test_what_is_no_option_is_refused_with_those_that_there_are(option: str, words: str) -> None:
    with pytest.raises(Refused) as refused:
        line_of(f"serial:/dev/ttyS0?{option}")
    assert words in refused.value.says
    assert "serial:/dev/ttyUSB0?baud=9600" in refused.value.says


def test_a_port_is_named_by_signs_that_can_be_shown() -> None:
    for uri in ("serial:/dev/tty%0A", "serial:/dev/%00", r"serial:\\.\pipe%0Ax"):
        with pytest.raises(Refused, match="does not name a port"):
            line_of(uri)


@given(st.text(max_size=60))
def test_any_text_is_a_line_or_refused(text: str) -> None:
    for uri in (text, f"serial:{text}", f"serial:/dev/{text}"):
        try:
            line = line_of(uri)
        except Refused:
            continue
        assert line.port.isprintable()
