from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fanfold.transports.ipp import codec as ipp
from fanfold.transports.ipp.codec import (
    BadIpp,
    Group,
    Message,
    Range,
    Resolution,
    Value,
    Worded,
    decode,
    encode,
)

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
int32 = st.integers(-(2**31), 2**31 - 1)
moments = st.builds(
    lambda moment, minutes: moment.replace(
        microsecond=moment.microsecond // 100_000 * 100_000, tzinfo=timezone(timedelta(minutes=minutes))
    ),
    st.datetimes(),
    st.integers(-23 * 60, 23 * 60),
)
plain_values = st.one_of(
    st.builds(Value, st.sampled_from([ipp.INTEGER, ipp.ENUM]), int32),
    st.builds(Value, st.just(ipp.BOOLEAN), st.booleans()),
    st.builds(Value, st.sampled_from([ipp.TEXT, ipp.NAME, ipp.KEYWORD, ipp.URI, ipp.MIME]), texts),
    st.builds(Value, st.sampled_from([ipp.TEXT_LANG, ipp.NAME_LANG]), st.builds(Worded, texts, texts)),
    st.builds(Value, st.just(ipp.OCTETS), st.binary(max_size=40)),
    st.builds(Value, st.just(ipp.RANGE), st.builds(Range, int32, int32)),
    st.builds(Value, st.just(ipp.RESOLUTION), st.builds(Resolution, int32, int32, st.sampled_from([3, 4]))),
    st.builds(Value, st.just(ipp.DATE), moments),
    st.builds(Value, st.just(ipp.NO_VALUE), st.none()),
)
values = st.recursive(
    plain_values,
    lambda inner: st.builds(
        Value,
        st.just(ipp.COLLECTION),
        st.dictionaries(names, st.lists(inner, min_size=1, max_size=3).map(tuple), max_size=3),
    ),
    max_leaves=12,
)
groups = st.builds(
    Group,
    st.sampled_from([ipp.OPERATION, ipp.JOB, ipp.PRINTER, ipp.UNSUPPORTED]),
    st.dictionaries(names, st.lists(values, min_size=1, max_size=3).map(tuple), max_size=4),
)
messages = st.builds(
    Message,
    st.integers(0, 0xFFFF),
    st.integers(0, 2**32 - 1),
    st.lists(groups, max_size=4).map(tuple),
    st.tuples(st.integers(0, 255), st.integers(0, 255)),
)


@given(messages, st.binary(max_size=20))
def test_what_is_encoded_is_decoded_to_the_same(message: Message, document: bytes) -> None:
    data = encode(message)
    assert decode(data + document) == (message, len(data))


@given(st.binary(max_size=200))
def test_any_bytes_are_a_message_or_a_clear_error(data: bytes) -> None:
    with suppress(BadIpp):
        decode(data)


@given(messages, st.data())
def test_a_message_with_some_bytes_changed_is_a_message_or_a_clear_error(message: Message, data: st.DataObject) -> None:
    spoiled = bytearray(encode(message))
    for _ in range(data.draw(st.integers(1, 4))):
        spoiled[data.draw(st.integers(0, len(spoiled) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(spoiled)))
    for piece in (bytes(spoiled), bytes(spoiled[:cut])):
        with suppress(BadIpp):
            decode(piece)


def test_a_request_is_laid_out_as_rfc_8010_shows_it() -> None:
    message = Message(
        0x02,
        1,
        (
            Group(ipp.OPERATION, {"attributes-charset": (Value(ipp.CHARSET, "utf-8"),)}),
            Group(ipp.JOB, {"copies": (Value(ipp.INTEGER, 20),)}),
        ),
    )
    assert encode(message) == (
        b"\x01\x01\x00\x02\x00\x00\x00\x01"
        b"\x01\x47\x00\x12attributes-charset\x00\x05utf-8"
        b"\x02\x21\x00\x06copies\x00\x04\x00\x00\x00\x14"
        b"\x03"
    )


def test_a_set_and_a_collection_are_laid_out_as_rfc_8010_shows_them() -> None:
    size = {"x": (Value(ipp.INTEGER, 21000),)}
    sides = tuple(Value(ipp.KEYWORD, side) for side in ("one-sided", "two-sided"))
    message = Message(0, 1, (Group(ipp.JOB, {"sides": sides, "size": (Value(ipp.COLLECTION, size),)}),))
    assert encode(message)[9:-1] == (
        b"\x44\x00\x05sides\x00\x09one-sided\x44\x00\x00\x00\x09two-sided"
        b"\x34\x00\x04size\x00\x00\x4a\x00\x00\x00\x01x\x21\x00\x00\x00\x04\x00\x00\x52\x08\x37\x00\x00\x00\x00"
    )


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "ends"),
        (b"\x01\x01\x00\x00\x00\x00\x00\x01", "ends"),
        (b"\x01\x01\x00\x00\x00\x00\x00\x01\x21", "where a group must begin"),
        (b"\x01\x01\x00\x00\x00\x00\x00\x01\x01\x21\x00\x00\x00\x00", "belongs to no attribute"),
        (b"\x01\x01\x00\x00\x00\x00\x00\x01\x01\x21\x00\x01a\x00\x03abc\x03", "no value of tag 0x21"),
        (b"\x01\x01\x00\x00\x00\x00\x00\x01\x01\x37\x00\x01a\x00\x00\x03", "outside of one"),
        (b"\x01\x01\x00\x00\x00\x00\x00\x01\x01\x34\x00\x01a\x00\x00\x03", "ends|does not end"),
    ],
)
def test_bytes_that_are_no_message_are_refused_in_words(data: bytes, says: str) -> None:
    with pytest.raises(BadIpp, match=says):
        decode(data)


def test_very_deep_collections_end_in_an_error_and_not_in_a_crash() -> None:
    opening = b"\x4a\x00\x00\x00\x01b\x34\x00\x00\x00\x00"
    with pytest.raises(BadIpp, match="nest deeper"):
        decode(b"\x01\x01\x00\x00\x00\x00\x00\x01\x01\x34\x00\x01a\x00\x00" + opening * 100_000)


def test_a_clock_that_was_never_set_does_not_spoil_the_message() -> None:
    zeros = Group(ipp.PRINTER, {"now": (Value(ipp.DATE, bytes(11)),), "state": (Value(ipp.ENUM, 3),)})
    message, _ = decode(encode(Message(0, 1, (zeros,))))
    assert message.first(ipp.PRINTER).number("state") == 3


def test_text_that_is_not_utf_8_is_shown_as_well_as_can_be() -> None:
    group = Group(ipp.PRINTER, {"info": (Value(ipp.TEXT, b"B\xfcro"),)})
    message, _ = decode(encode(Message(0, 1, (group,))))
    assert message.first(ipp.PRINTER).text("info") == "B\ufffdro"


@pytest.mark.parametrize(
    "value",
    [
        Value(ipp.INTEGER, 2**40),
        Value(ipp.TEXT, "x" * 70_000),
        Value(ipp.DATE, datetime(2026, 1, 1)),  # noqa: DTZ001
        Value(ipp.INTEGER, {"no": (Value(ipp.INTEGER, 1),)}),
        Value(ipp.RESOLUTION, Resolution(1, 1, 999)),
        Value(ipp.TEXT, "\udc80"),
    ],
)
def test_what_ipp_cannot_say_is_refused(value: Value) -> None:
    with pytest.raises(BadIpp):
        encode(Message(0, 1, (Group(ipp.JOB, {"a": (value,)}),)))
    with pytest.raises(BadIpp):
        encode(Message(0, 1, (Group(ipp.JOB, {"a": ()}),)))


def test_attributes_are_read_by_what_they_hold() -> None:
    group = Group(
        ipp.PRINTER,
        {
            "name": (Value(ipp.NAME_LANG, Worded("de", "Büro")),),
            "formats": (Value(ipp.MIME, "a/b"), Value(ipp.MIME, "c/d"), Value(ipp.NO_VALUE, None)),
            "ready": (Value(ipp.BOOLEAN, data=True),),
            "since": (Value(ipp.DATE, datetime(2026, 1, 1, tzinfo=UTC)),),
        },
    )
    assert group.text("name") == "Büro"
    assert group.texts("formats") == ("a/b", "c/d")
    assert group.number("ready") == 1
    assert group.text("since") == group.text("nothing") == ""
    assert group.number("name") is None
