"""Printers that dial in: the handshake byte for byte, proofs over the wire, and lines from their first frame to their
last."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from fanfold.door import Hung, Pong, Said
from tests.unit.server.stage import SHOP, WEBLINK, At, Stage, serving, until

SECRET = "s3cret-of-sixteen"
KEY = "dGhlIHNhbXBsZSBub25jZQ=="
ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
"""The sample of RFC 6455 §1.3."""
OPEN = At(doors=(WEBLINK,), proof=("none",))


def handshake(path: str = "/", *lines: str, protocol: str = "v1.weblink.zebra.com") -> bytes:
    head = [
        f"GET {path} HTTP/1.1", "Host: printers.shop.example", "Upgrade: websocket", "Connection: Upgrade",
        f"Sec-WebSocket-Key: {KEY}", "Sec-WebSocket-Version: 13", f"Sec-WebSocket-Protocol: {protocol}", *lines,
    ]  # fmt: skip
    return "\r\n".join(head).encode() + b"\r\n\r\n"


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with serving(tmp_path, OPEN) as made:
        yield made


async def head_of(stage: Stage, sent: bytes) -> tuple[bytes, asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", stage.port)
    writer.write(sent)
    return await reader.readuntil(b"\r\n\r\n"), reader, writer


async def test_the_handshake_is_answered_to_the_letter(stage: Stage) -> None:
    head, _, writer = await head_of(stage, handshake("/anything"))
    assert head == (
        b"HTTP/1.1 101 Switching Protocols\r\n"
        b"Upgrade: websocket\r\n"
        b"Connection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + ACCEPT.encode() + b"\r\n"
        b"Sec-WebSocket-Protocol: v1.weblink.zebra.com\r\n"
        b"Content-Length: 0\r\n\r\n"
    )
    writer.close()
