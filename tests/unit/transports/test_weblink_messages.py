"""The JSON on Weblink's channels."""

from __future__ import annotations

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fanfold.transports.weblink.messages import (
    BadSetting,
    ChannelHello,
    Gather,
    MainHello,
    NotHello,
    NotJson,
    TooLong,
    configure_alerts,
    first_message,
    open_channel,
)

DISCOVERY = b'{\r\n  "discovery_b64" : "OiwuBAUBAAFaQlIA:c0cb"\r\n}'
letters = st.characters(exclude_categories=["Cs"])
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(letters, max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(letters, max_size=5), inner, max_size=3),
    max_leaves=10,
)
objects = st.dictionaries(st.text(letters, max_size=8), values, max_size=4)


def gathered(*messages: bytes, limit_bytes: int = 1000) -> list[object]:
    gather = Gather(limit_bytes)
    return [found for message in messages for found in gather.feed(message)]


@given(st.lists(objects, max_size=4), st.booleans(), st.sampled_from([b"", b" ", b"\r\n", b"\xef\xbb\xbf"]), st.data())
def test_objects_come_out_as_they_went_in_however_they_are_cut(
    told: list[dict[str, object]], ascii_only: bool, between: bytes, data: st.DataObject
) -> None:
    left = between + b"".join(json.dumps(one, ensure_ascii=ascii_only).encode() + between for one in told)
    gather = Gather(100_000)
    found: list[object] = []
    while left:
        size = data.draw(st.integers(1, len(left)))
        found += gather.feed(left[:size])
        left = left[size:]
    assert found == told
    assert gather.is_empty


@given(
    st.lists(st.binary(max_size=30) | st.sampled_from([b"{", b"}", b'"', b"\\", b"[", b"]", b":", b"1", b"null", b","]))
)
def test_any_bytes_are_objects_or_a_clear_error(messages: list[bytes]) -> None:
    with suppress(NotJson, TooLong):
        gathered(*messages, limit_bytes=40)


@given(st.binary(max_size=60), st.data())
def test_how_bytes_are_cut_changes_no_answer(told: bytes, data: st.DataObject) -> None:
    def outcome(messages: list[bytes]) -> tuple[list[object], str]:
        gather = Gather(30)
        found: list[object] = []
        try:
            for message in messages:
                found += gather.feed(message)
        except (NotJson, TooLong) as error:
            return found, type(error).__name__
        return found, ""

    told = b'{"a":[{"b":"' + told
    at = data.draw(st.integers(0, len(told)))
    assert outcome([told[:at], told[at:]]) == outcome([told])


def test_a_letter_an_escape_and_a_mark_may_be_cut_in_two() -> None:
    assert gathered(b"\xef\xbb", b'\xbf{"a":"\xc3', b"\xbc\\", b'"}{"}', b"\n{") == [{"a": 'ü"}{'}]


def test_several_objects_in_one_message_are_several() -> None:
    assert gathered(b'{"a":1}\r\n{"b":2} {}') == [{"a": 1}, {"b": 2}, {}]


def test_what_was_not_asked_for_comes_with_the_next_message() -> None:
    gather = Gather()
    assert next(gather.feed(b'{"a":1}{"b":2}{"c"')) == {"a": 1}
    assert list(gather.feed(b":3}")) == [{"b": 2}, {"c": 3}]


def test_line_ends_within_a_text_and_bytes_that_are_no_utf_8_are_taken() -> None:
    assert gathered(b'{"log":"one\r\ntwo \xff"}') == [{"log": "one\r\ntwo \ufffd"}]


@pytest.mark.parametrize(
    ("told", "says"),
    [
        (b"hello", "begins with 'hello'"),
        (b" [1]", "begins with '\\[1\\]'"),
        (b"\xff\xfe{", r"begins with '\\\\xff"),
        (b'{"a":}', "is none"),
        (b"{]", "is none"),
        (b'{"a":' + b"[" * 70, "nests deeper"),
        (b'{"a":' + b"1" * 5000 + b"}", "is none"),
    ],
)
def test_what_is_no_json_is_refused_in_words(told: bytes, says: str) -> None:
    with pytest.raises(NotJson, match=says):
        gathered(told, limit_bytes=10_000)


@pytest.mark.parametrize("cut", [1, 7, 200])
def test_an_object_that_is_too_long_is_refused_whole_or_not(cut: int) -> None:
    long = b'{"a":"' + b"x" * 100 + b'"}'
    messages = [long[at : at + cut] for at in range(0, len(long), cut)]
    with pytest.raises(TooLong, match="50 bytes"):
        gathered(*messages, limit_bytes=50)
    with pytest.raises(TooLong):
        gathered(long[:-1], limit_bytes=50)
    assert len(gathered(*messages, limit_bytes=len(long))) == 1


def test_what_came_before_an_error_is_not_lost() -> None:
    coming = Gather().feed(b'{"a":1}nonsense')
    assert next(coming) == {"a": 1}
    with pytest.raises(NotJson):
        next(coming)


def test_the_first_message_tells_the_channel() -> None:
    (main,) = gathered(DISCOVERY)
    assert first_message(main) == MainHello("OiwuBAUBAAFaQlIA:c0cb")
    for kind in ("raw", "config"):
        hello = {"channel_name": f"v1.{kind}.zebra.com", "channel_id": "7", "unique_id": "XXZKJ181100170\0"}
        assert first_message(hello) == ChannelHello(kind, "7", "XXZKJ181100170")


def test_a_channels_number_may_be_missing_or_a_number() -> None:
    hello = {"channel_name": "v1.raw.zebra.com", "unique_id": "A"}
    assert first_message(hello) == ChannelHello("raw", "", "A")
    assert first_message(hello | {"channel_id": 3}) == ChannelHello("raw", "3", "A")


@pytest.mark.parametrize(
    ("message", "says"),
    [
        ([], "an object"),
        (None, "an object"),
        ({}, "this one has none"),
        ({"alert": {}, "b": 1}, "this one has 'alert', 'b'"),
        ({"discovery_b64": None}, "discovery_b64 must be a text"),
        ({"discovery_b64": " "}, "discovery_b64 must be a text"),
        ({"channel_name": "v1.main.zebra.com", "unique_id": "A"}, "v1.main.zebra.com"),
        ({"channel_name": "v1.raw.zebra.com", "channel_id": "1"}, "unique_id must be a text"),
        ({"channel_name": "v1.raw.zebra.com", "channel_id": [], "unique_id": "A"}, "channel_id must be a text"),
    ],
)
def test_another_first_message_is_refused_in_words(message: object, says: str) -> None:
    with pytest.raises(NotHello, match=says):
        first_message(message)


@given(values | objects | st.builds(lambda rest: {"channel_name": "v1.raw.zebra.com"} | rest, objects))
def test_any_first_message_is_a_hello_or_a_clear_error(message: object) -> None:
    with suppress(NotHello):
        first_message(message)


def test_a_serial_that_is_half_a_letter_can_be_shown() -> None:
    (message,) = gathered(b'{"channel_name":"v1.raw.zebra.com","unique_id":"A\\ud800"}')
    hello = first_message(message)
    assert isinstance(hello, ChannelHello)
    assert hello.serial.encode()


def test_what_we_say_on_main_is_worded_as_printers_know_it() -> None:
    assert json.loads(open_channel("raw")) == {"open": "v1.raw.zebra.com"}
    assert json.loads(open_channel("config")) == {"open": "v1.config.zebra.com"}
    assert json.loads(configure_alerts()) == {"configure_alert": "ALL MESSAGES,SDK,Y,Y,,,N"}
    told = json.loads(configure_alerts(["capture.channel1.data.raw", "a.b"]))["configure_alert"].split("|")
    assert told == [
        "ALL MESSAGES,SDK,Y,Y,,,N",
        "SGD SET,SDK,Y,Y,,,N,capture.channel1.data.raw",
        "SGD SET,SDK,Y,Y,,,N,a.b",
    ]


@pytest.mark.parametrize("name", ["", "a,b", "a|b", "a b", 'a"', "a\n", "ä"])
def test_a_setting_that_would_break_out_of_the_alerts_is_refused(name: str) -> None:
    with pytest.raises(BadSetting, match="no setting's name"):
        configure_alerts([name])
