"""Questions about a Zebra's settings, and where their answers end."""

from __future__ import annotations

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fanfold.transports.weblink.messages import BadSetting, TooLong
from fanfold.transports.weblink.sgd import (
    Expecting,
    do,
    getvar,
    json_command,
    settings_of,
    setvar,
    value_of,
    values_of,
)

HS = b"\x02030,0,0,0308,000,0,0,0,000,0,0,0\x03\r\n\x02001,0,0,0,1,2,6,0,00000000,1,000\x03\r\n\x020000,0\x03\r\n"
HQES = b"\x02\r\n\r\n  PRINTER STATUS\r\n   ERRORS:         1 00000000 00010000\r\n\x03"
QUESTIONS = st.sampled_from(
    [
        *(getvar("a"), getvar("a") * 3, setvar("a", "b"), do("file.dir", "E:"), json_command({"a": None}), b"{}{", b""),
        *(b"~HS", b"~HQES", b"^XA^HH^XZ", b"~HS" + getvar("a"), b'! U getvar "a" getvar "b" END '),
    ]
)
MARKS = st.sampled_from([b'"', b"\x02", b"\x03", b"{", b"}", b"\\"])


def reply(question: bytes, *pieces: bytes) -> bytes | None:
    """The reply when the last piece made it whole, and none before did."""
    expecting = Expecting.of(question)
    for piece in pieces[:-1]:
        assert expecting.feed(piece) is None
    return expecting.feed(pieces[-1])


def test_commands_are_worded_as_the_guide_has_them() -> None:
    assert getvar("device.friendly_name") == b'! U1 getvar "device.friendly_name"\r\n'
    assert setvar("a.b", "Büro\\015") == '! U1 setvar "a.b" "Büro\\015"\r\n'.encode()
    assert do("device.reset") == b'! U1 do "device.reset" ""\r\n'
    assert json_command({"a.b": None, "c": 'say "ü"'}) == '{}{"a.b": null, "c": "say \\"ü\\""}'.encode()


@pytest.mark.parametrize("name", ["", 'a"', "a b", "a\r\nb", "a\0", "é", "x" * 300])
def test_a_name_that_would_break_out_is_refused(name: str) -> None:
    for command in (getvar, do, lambda one: setvar(one, "v"), lambda one: json_command({one: None})):
        with pytest.raises(BadSetting, match="no setting's name"):
            command(name)


@pytest.mark.parametrize("value", ['a"b', "a\r\n! U1 do", "\x00", "\x7f", "\ud800"])
def test_a_value_that_would_break_out_is_refused(value: str) -> None:
    for command in (setvar, do):
        with pytest.raises(BadSetting, match="cannot carry"):
            command("a", value)


def test_json_carries_what_the_text_form_cannot_but_half_a_letter() -> None:
    value = 'a"b\r\n'
    assert json.loads(json_command({"a": value})[2:]) == {"a": value}
    with pytest.raises(BadSetting, match="half of a letter"):
        json_command({"a": "\ud800"})


@given(st.text(), st.text())
def test_a_command_is_one_line_with_its_value_or_is_refused(name: str, value: str) -> None:
    with suppress(BadSetting):
        command = setvar(name, value).decode()
        assert command.count('"') == 4
        assert command.count("\n") == 1


@pytest.mark.parametrize(
    ("question", "told"),
    [
        (getvar("a"), b'"value"'),
        (getvar("a"), b'"value"\r\n'),
        (getvar("a"), b'"?"'),
        (getvar("a"), b'""'),
        (getvar("weblink.logging.entries"), b'"[12-04-2012] one\r\n[12-04-2012] two"'),
        (getvar("a") + getvar("b"), b'"1""2"'),
        (b'! U getvar "a" getvar "b" END ', b'"1"\r\n"2"'),
        (setvar("a", "b") + getvar("a"), b'"b"'),
        (b"~HS", HS),
        (b"~hs\r\n", HS),
        (b"~HI", b"\x02ZT411-200dpi,V92.21.39Z,8,8176KB\x03\r\n"),
        (b"~HM", b"\x021024,0780,0780\x03\r\n"),
        (b"~HQES", HQES),
        (b"~HQSN", b"\x02\r\n  SERIAL NUMBER\r\n\x03"),
        (b"~HS" + getvar("a"), HS + b'"1"'),
        (json_command({"a": None}), b'{"a":"}{"}'),
        (b'{}{"a":null}{}{"b":null}', b'{"a":"1"}\r\n{"b":"2"}'),
    ],
)
def test_an_answer_is_whole_at_its_end_and_not_before(question: bytes, told: bytes) -> None:
    expecting = Expecting.of(question)
    assert not expecting.is_quiet_end
    last = max(told.rfind(mark) for mark in (b'"', b"\x03", b"}"))
    for at in range(last):
        assert expecting.feed(told[at : at + 1]) is None, told[: at + 1]
    assert expecting.feed(told[last:]) == told
    assert reply(question, told) == told


@pytest.mark.parametrize(
    "question",
    [
        b"",
        setvar("a", "b"),
        do("file.dir", "E:"),
        getvar("a") + do("file.dir", "E:"),
        b"^XA^HH^XZ",
        b"^XA^FDx^XZ",
        b"~HD",
        b"{}nonsense",
        b"{}{}",
    ],
)
def test_where_nothing_marks_the_end_silence_does(question: bytes) -> None:
    expecting = Expecting.of(question)
    assert expecting.is_quiet_end
    assert expecting.feed(b'"a"') is None
    assert expecting.feed(b" b\r\n") is None
    assert expecting.so_far == b'"a" b\r\n'


def test_an_answer_in_another_form_ends_by_silence_too() -> None:
    branch = Expecting.of(getvar("weblink"))
    pieces = (b"\r\n", b"weblink.enable : on , Choices: on,off\r\n")
    assert [(branch.feed(piece), branch.is_quiet_end) for piece in pieces] == [(None, False), (None, True)]
    broken = Expecting.of(json_command({"a": None}))
    assert broken.feed(b'{"a":}') is None
    assert broken.is_quiet_end
    assert broken.so_far == b'{"a":}'


def test_what_is_left_of_an_earlier_answer_is_passed_over() -> None:
    assert reply(b"~HI", b"\r\n", b"\x02ZT411\x03") == b"\r\n\x02ZT411\x03"
    assert reply(json_command({"a": None}), b"\r\n", b'{"a":"1"}') == b'\r\n{"a":"1"}'
    assert reply(getvar("a"), b"\r\n", b'"1"') == b'\r\n"1"'


@pytest.mark.parametrize(
    ("question", "begins"), [(getvar("a"), b'"'), (b"~HS", b"\x02"), (json_command({"a": None}), b'{"'), (b"~HD", b"")]
)
def test_a_reply_that_never_ends_is_given_up(question: bytes, begins: bytes) -> None:
    expecting = Expecting.of(question, limit_bytes=100)
    expecting.feed(begins + b"x" * 90)
    with pytest.raises(TooLong, match="100 bytes"):
        expecting.feed(b"x" * 11)


def test_a_reply_of_megabytes_in_small_pieces_is_read_once() -> None:
    settings = {f"setting.{number}": {"value": "[" * 20, "range": "0-9"} for number in range(20_000)}
    told = json.dumps({"allconfig": settings}).encode()
    pieces = [told[at : at + 1024] for at in range(0, len(told), 1024)]
    assert len(told) > 1_000_000
    assert reply(json_command({"allconfig": None}), *pieces) == told


def test_values_are_told_without_their_quotes_and_the_unknown_as_none() -> None:
    assert value_of(b'"ZD420"\r\n') == "ZD420"
    assert value_of(b'"one\r\ntwo"') == "one\r\ntwo"
    assert value_of(b'"say "hi""') == 'say "hi"'
    assert value_of(b'""') == ""
    for none in (b'"?"', b"", b'"', b"?", b"x", b'{"a":"b"}'):
        assert value_of(none) is None
    assert values_of(b'"1"\r\n"?""3"') == ("1", None, "3")


def test_settings_are_told_by_name() -> None:
    assert settings_of(b'\r\n{"a":"1","b":{"c":"2"}}\r\n') == {"a": "1", "b": {"c": "2"}}
    for none in (b"", b"x", b"{", b'{"a":}', b'"a"'):
        assert settings_of(none) is None


@given(
    QUESTIONS | st.binary(max_size=40),
    st.lists(st.binary(max_size=20) | st.sampled_from([b'"', b"\x02", b"\x03", b"{", b"}", b"\\"])),
)
def test_any_bytes_are_taken_and_kept(question: bytes, pieces: list[bytes]) -> None:
    expecting, fed = Expecting.of(question, 150), b""
    with suppress(TooLong):
        for piece in pieces:
            fed += piece
            found = expecting.feed(piece)
            assert found in (None, fed)
            if found is not None:
                break
        assert expecting.so_far == fed
    value_of(fed)
    values_of(fed)
    settings_of(fed)
