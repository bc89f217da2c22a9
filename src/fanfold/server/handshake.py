"""The handshake of a WebSocket (RFC 6455 §4.2), answered to the letter. Pure; no socket."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Mapping

from fanfold.errors import Refused

_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_KEY_BYTES = 16


def answer(method: str, headers: Mapping[str, str], subprotocol: str, also: Mapping[str, str]) -> bytes:
    """Return the answer that opens the WebSocket, with headers that its door wants beside.

    Written here and not by the framework, which writes `upgrade` small and leaves `Content-Length` out of an answer
    101: some printers' firmware gives up on that.

    Raises:
        Refused: `bad-handshake` 400.
    """
    if method != "GET" or "upgrade" not in _tokens(headers.get("Connection", "")):
        raise _bad("it must be a GET with `Connection: Upgrade`")
    if headers.get("Sec-WebSocket-Version", "").strip() != "13":
        raise _bad("its `Sec-WebSocket-Version` must be 13")
    lines = {
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Accept": _accept(headers.get("Sec-WebSocket-Key", "").strip()),
        "Sec-WebSocket-Protocol": subprotocol,
        **also,
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"HTTP/1.1 101 Switching Protocols\r\n{head}\r\n".encode("latin-1")


def _accept(key: str) -> str:
    try:
        size_bytes = len(base64.b64decode(key, validate=True))
    except (binascii.Error, ValueError):
        size_bytes = 0
    if size_bytes != _KEY_BYTES:
        raise _bad("its `Sec-WebSocket-Key` must be 16 bytes in base64")
    return base64.b64encode(hashlib.sha1((key + _GUID).encode(), usedforsecurity=False).digest()).decode()


def _tokens(value: str) -> set[str]:
    return {token.strip().lower() for token in value.split(",")}


def _bad(why: str) -> Refused:
    return Refused(f"This is no proper request for a WebSocket: {why} (RFC 6455).", code="bad-handshake", status=400)
