"""WebSocket frames: the samples of the RFC, all that must be refused, and any bytes in any pieces."""

from __future__ import annotations

import itertools
import struct
from collections.abc import Iterable, Sequence
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fanfold.server import frames
from fanfold.server.frames import Malformed, Message, Parser, farewell, frame, goodbye

LIMIT_BYTES = 1000
MASK = b"\x37\xfa\x21\x3d"


def client(first: int, payload: bytes, mask: bytes = MASK) -> bytes:
    """Make a client's frame, byte by byte as the RFC tells it."""
    size = len(payload)
    length = bytes((0x80 | size,)) if size < 126 else b"\xfe" + struct.pack("!H", size)
    if size > 65535:
        length = b"\xff" + struct.pack("!Q", size)
    return bytes((first,)) + length + mask + bytes(one ^ mask[at % 4] for at, one in enumerate(payload))


def fed(pieces: Iterable[bytes], limit_bytes: int = LIMIT_BYTES) -> list[tuple[int, bytes]]:
    parser = Parser(limit_bytes)
    return [(one.kind, one.payload) for piece in pieces for one in parser.feed(piece)]


def test_the_masked_sample_of_the_rfc_is_read() -> None:
    assert fed([bytes.fromhex("818537fa213d7f9f4d5158")]) == [(frames.TEXT, b"Hello")]


@pytest.mark.parametrize(
    ("kind", "payload", "head"),
    [
        (frames.BINARY, b"", "8200"),
        (frames.PING, b"Hello", "8905"),
        (frames.BINARY, b"x" * 125, "827d"),
        (frames.BINARY, b"x" * 126, "827e007e"),
        (frames.BINARY, b"x" * 256, "827e0100"),
        (frames.BINARY, b"x" * 65535, "827effff"),
        (frames.BINARY, b"x" * 65536, "827f0000000000010000"),
    ],
)
def test_frames_are_written_whole_and_unmasked(kind: int, payload: bytes, head: str) -> None:
    assert frame(kind, payload) == bytes.fromhex(head) + payload


def test_a_control_frame_may_come_between_the_parts_of_a_message() -> None:
    sent = client(0x02, b"one ") + client(0x89, b"?") + client(0x00, b"") + client(0x80, b"two")
    assert fed([sent]) == [(frames.PING, b"?"), (frames.BINARY, b"one two")]


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (b"\x82\x05Hello", 1002),
        (client(0xC2, b""), 1002),
        (client(0xA2, b""), 1002),
        (client(0x83, b""), 1002),
        (client(0x8B, b""), 1002),
        (client(0x09, b""), 1002),
        (client(0x89, b"x" * 126), 1002),
        (client(0x80, b"goes on"), 1002),
        (client(0x00, b"goes on"), 1002),
        (client(0x02, b"a") + client(0x82, b"b"), 1002),
        (client(0x82, b"x" * (LIMIT_BYTES + 1)), 1009),
        (b"\x82\xff" + b"\xff" * 8, 1009),
        (client(0x02, b"x" * LIMIT_BYTES) + client(0x00, b"x"), 1009),
    ],
)
def test_what_must_not_be_is_refused_as_soon_as_it_shows(sent: bytes, code: int) -> None:
    with pytest.raises(Malformed) as caught:
        fed([sent])
    assert caught.value.code == code
    assert caught.value.says


def test_a_message_of_the_very_limit_is_taken_in_one_and_in_parts_and_a_ping_beside_it() -> None:
    half = b"x" * (LIMIT_BYTES // 2)
    sent = client(0x82, half * 2) + client(0x02, half * 2) + client(0x89, b"ping") + client(0x80, b"")
    assert [kind for kind, _ in fed([sent])] == [frames.BINARY, frames.PING, frames.BINARY]


def test_a_frame_that_is_only_announced_takes_no_memory() -> None:
    parser = Parser(2**40)
    assert list(parser.feed(b"\x82\xff" + struct.pack("!Q", 2**39) + MASK)) == []


@pytest.mark.parametrize(
    ("payload", "told"),
    [(b"", (1005, "")), (b"\x03\xe8", (1000, "")), (b"\x0f\xa0bye \xc3\xa9", (4000, "bye é"))],
)
def test_a_goodbye_is_read(payload: bytes, told: tuple[int, str]) -> None:
    assert farewell(payload) == told


@pytest.mark.parametrize(
    ("payload", "code"),
    [(b"\x03", 1002), (b"\x00\x00", 1002), (b"\x03\xed", 1002), (b"\xff\xff", 1002), (b"\x03\xe8\xff", 1007)],
)
def test_an_improper_goodbye_is_refused(payload: bytes, code: int) -> None:
    with pytest.raises(Malformed) as caught:
        farewell(payload)
    assert caught.value.code == code


@given(st.integers(1000, 4999), st.text(max_size=200))
def test_every_goodbye_of_ours_fits_its_frame_and_can_be_read(code: int, words: str) -> None:
    said = goodbye(code, words)
    assert said[0] == 0x88
    assert len(said) - 2 == said[1] <= 125
    if code not in (1004, 1005, 1006, 1015):
        assert words.startswith(farewell(said[2:])[1])


MESSAGES = st.lists(
    st.tuples(st.sampled_from([frames.BINARY, frames.TEXT, frames.PING, frames.PONG]), st.binary(max_size=125)),
    max_size=8,
)


@given(MESSAGES, st.binary(min_size=4, max_size=4), st.lists(st.integers(0, 600), max_size=12))
def test_however_the_bytes_are_cut_the_same_messages_come_out(
    messages: Sequence[tuple[int, bytes]], mask: bytes, cuts: Sequence[int]
) -> None:
    sent = b"".join(client(0x80 | kind, payload, mask) for kind, payload in messages)
    edges = [0, *sorted(min(cut, len(sent)) for cut in cuts), len(sent)]
    assert fed(sent[start:end] for start, end in itertools.pairwise(edges)) == list(messages)


@given(st.binary(min_size=1, max_size=LIMIT_BYTES), st.lists(st.integers(1, LIMIT_BYTES), max_size=5))
def test_however_a_message_is_parted_it_comes_out_whole(payload: bytes, cuts: Sequence[int]) -> None:
    edges = [0, *sorted(min(cut, len(payload)) for cut in cuts), len(payload)]
    parts = [payload[start:end] for start, end in itertools.pairwise(edges)]
    firsts = [0x02, *[0x00] * (len(parts) - 1)]
    firsts[-1] |= 0x80
    assert fed(client(first, part) for first, part in zip(firsts, parts, strict=True)) == [(frames.BINARY, payload)]


@given(st.lists(st.binary(max_size=40), max_size=20))
def test_whatever_comes_gives_messages_or_is_refused(pieces: Sequence[bytes]) -> None:
    parser = Parser(LIMIT_BYTES)
    with suppress(Malformed):
        for piece in pieces:
            for message in parser.feed(piece):
                assert isinstance(message, Message)
                assert len(message.payload) <= LIMIT_BYTES
