"""The simulator's own WebSocket frames, against RFC 6455's examples and against every way to cut a stream."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fanfold.simulate.weblink.frames import BrokenFrame, Frames, Kind, Piece, framed, masked, message


def served(data: bytes, kind: int = Kind.BINARY, last: bool = True) -> bytes:
    """A frame as a server sends it: unmasked."""
    head = bytes([(0x80 if last else 0) | kind])
    size = len(data)
    if size < 126:
        return head + bytes([size]) + data
    if size < 1 << 16:
        return head + bytes([126]) + size.to_bytes(2) + data
    return head + bytes([127]) + size.to_bytes(8) + data


def test_a_masked_frame_is_the_one_of_the_rfc() -> None:
    assert framed(b"Hello", Kind.TEXT, key=bytes.fromhex("37fa213d")) == bytes.fromhex("818537fa213d7f9f4d5158")


@pytest.mark.parametrize(("size", "head"), [(125, 2), (126, 4), (65_535, 4), (65_536, 10)])
def test_a_frame_says_its_size_in_the_shortest_way(size: int, head: int) -> None:
    made = framed(bytes(size), key=b"\1\2\3\4")
    assert len(made) == head + 4 + size
    assert masked(made[head + 4 :], b"\1\2\3\4") == bytes(size)


@given(st.binary(max_size=300), st.binary(min_size=4, max_size=4))
def test_masking_is_the_byte_by_byte_one(data: bytes, key: bytes) -> None:
    assert masked(data, key) == bytes(byte ^ sign for byte, sign in zip(data, itertools.cycle(key), strict=False))


def test_a_message_can_be_sent_in_fragments() -> None:
    first, second, third = message(b"abcdefg", fragment_bytes=3)
    assert [one[0] for one in (first, second, third)] == [0x02, 0x00, 0x80]
    assert [masked(one[6:], one[2:6]) for one in (first, second, third)] == [b"abc", b"def", b"g"]
    assert len(list(message(b""))) == 1


@given(st.lists(st.integers(1, 40), min_size=1, max_size=8))
def test_a_stream_means_the_same_however_it_is_cut(cuts: list[int]) -> None:
    stream = (
        served(b"one", last=False) + served(b"ping", Kind.PING) + served(b"two", Kind.MORE)
        + served(bytes(200)) + served(b"", Kind.TEXT) + served(b"\x03\xe8", Kind.CLOSE)
    )  # fmt: skip
    frames, got = Frames(), list[Piece]()
    for cut in itertools.cycle(cuts):
        got += frames.feed(stream[:cut])
        stream = stream[cut:]
        if not stream:
            break
    messages, parts = [], bytearray()
    for piece in got:
        if piece.kind >= Kind.CLOSE:
            messages.append((piece.kind, piece.data))
            continue
        parts += piece.data
        if piece.last:
            messages.append((piece.kind, bytes(parts)))
            parts.clear()
    assert messages == [
        (Kind.PING, b"ping"),
        (Kind.BINARY, b"onetwo"),
        (Kind.BINARY, bytes(200)),
        (Kind.TEXT, b""),
        (Kind.CLOSE, b"\x03\xe8"),
    ]


@pytest.mark.parametrize(
    "wrong",
    [
        framed(b"masked by a server"),
        bytes([0xC2, 0]),
        bytes([0x83, 0]),
        served(b"", Kind.MORE),
        served(b"a", last=False) + served(b"b"),
        served(bytes(126), Kind.PING),
        served(b"", Kind.PING, last=False),
    ],
)
def test_what_no_server_sends_is_told(wrong: bytes) -> None:
    with pytest.raises(BrokenFrame):
        list(Frames().feed(wrong))
