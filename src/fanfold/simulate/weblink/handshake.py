"""How a Weblink printer asks to come in, and what it makes of the answer. Knows no socket."""

from __future__ import annotations

import base64
import hashlib
import os
from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit

SUBPROTOCOL = "v1.weblink.zebra.com"
_MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_PORTS = {"http": 80, "ws": 80, "https": 443, "wss": 443}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a printer is to dial: its setting `location`, taken apart."""

    secure: bool
    host: str
    port: int
    path: str

    @classmethod
    def read(cls, url: str) -> Self:
        """Take a URL apart. Raises ValueError."""
        parts = urlsplit(url)
        if parts.scheme not in _PORTS or not parts.hostname:
            raise ValueError(f"no Weblink location: {url!r}; write https://host[:port]/path, or wss:, http:, ws:")
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        port = parts.port or _PORTS[parts.scheme]
        return cls(parts.scheme in {"https", "wss"}, parts.hostname, port, path)

    @property
    def header(self) -> str:
        """What stands behind `Host:`."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.secure else 80) else f"{host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Answer:
    """The head of what a server said."""

    status: int
    first_line: str
    headers: tuple[tuple[str, str], ...]

    @classmethod
    def read(cls, head: bytes) -> Self:
        """Read a head without its empty line. Raises ValueError."""
        first, *lines = head.decode("latin-1").split("\r\n")
        word, _, rest = first.partition(" ")
        if not word.startswith("HTTP/1.") or not rest[:3].isdecimal():
            raise ValueError(f"no HTTP answer: {first[:80]!r}")
        pairs = (line.partition(":") for line in lines)
        return cls(int(rest[:3]), first, tuple((name.strip().lower(), value.strip()) for name, _, value in pairs))

    def all(self, name: str) -> list[str]:
        """Return the values of one header."""
        return [value for one, value in self.headers if one == name]

    def one(self, name: str) -> str:
        """Return a header's value, the parts of a repeated one between commas, or nothing."""
        return ", ".join(self.all(name))


def request(place: Place, key: str, subprotocol: str = SUBPROTOCOL, authorization: str = "") -> bytes:
    """Return the request to become a WebSocket."""
    lines = [
        f"GET {place.path} HTTP/1.1",
        f"Host: {place.header}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Key: {key}",
        "Sec-WebSocket-Version: 13",
        *([f"Sec-WebSocket-Protocol: {subprotocol}"] if subprotocol else []),
        *([f"Authorization: {authorization}"] if authorization else []),
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def new_key() -> str:
    """Return a key for one request."""
    return base64.b64encode(os.urandom(16)).decode()


def refusal(answer: Answer, key: str, subprotocol: str, wants_length: bool) -> str:
    """Return why a printer takes this answer for no upgrade, as its log has it, or nothing if it is one."""
    if answer.status != 101 and answer.status >= 400:
        return answer.first_line
    accept = base64.b64encode(hashlib.sha1(key.encode() + _MAGIC, usedforsecurity=False).digest()).decode()
    five = {
        "SP": answer.status == 101,
        "CI": "upgrade" in _words(answer.one("connection")),
        "UW": "websocket" in _words(answer.one("upgrade")),
        "AC": answer.one("sec-websocket-accept") == accept,
        "PC": answer.one("sec-websocket-protocol") == subprotocol,
    }
    if not all(five.values()):
        return f"Failed to connect ({', '.join(f'{name} = {int(good)}' for name, good in five.items())})"
    if wants_length and answer.one("content-length") != "0":
        return "Failed to connect: the answer has no Content-Length"
    return ""


def _words(text: str) -> set[str]:
    return {word.strip().lower() for word in text.split(",")}


def authorization(challenges: list[str], place: Place, user: str, password: str) -> str:
    """Return credentials for the strongest challenge that is understood, or nothing."""
    for challenge in sorted(challenges, key=lambda one: not one.lower().startswith("digest")):
        scheme, _, rest = challenge.partition(" ")
        if scheme.lower() == "digest" and (said := _digest(_fields(rest), place.path, user, password)):
            return said
        if scheme.lower() == "basic":
            return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
    return ""


def _digest(asked: dict[str, str], path: str, user: str, password: str) -> str:
    name = asked.get("algorithm", "MD5")
    hashes = {"MD5": hashlib.md5, "SHA-256": hashlib.sha256}
    if name.upper() not in hashes:
        return ""

    def h(text: str) -> str:
        return hashes[name.upper()](text.encode()).hexdigest()

    realm, nonce = asked.get("realm", ""), asked.get("nonce", "")
    first, second = h(f"{user}:{realm}:{password}"), h(f"GET:{path}")
    fields = {"username": user, "realm": realm, "nonce": nonce, "uri": path}
    plain = {"algorithm": name}
    if "auth" in _words(asked.get("qop", "")):
        fields["cnonce"] = os.urandom(8).hex()
        plain |= {"qop": "auth", "nc": "00000001"}
        fields["response"] = h(f"{first}:{nonce}:00000001:{fields['cnonce']}:auth:{second}")
    else:
        fields["response"] = h(f"{first}:{nonce}:{second}")
    if "opaque" in asked:
        fields["opaque"] = asked["opaque"]
    quoted = [f'{key}="{value}"' for key, value in fields.items()]
    return "Digest " + ", ".join(quoted + [f"{key}={value}" for key, value in plain.items()])


def _fields(text: str) -> dict[str, str]:
    """Read `name="value", name=value`."""
    found: dict[str, str] = {}
    while "=" in text:
        name, _, text = text.partition("=")
        text = text.lstrip()
        if text.startswith('"'):
            value, _, text = text[1:].partition('"')
            _, _, text = text.partition(",")
        else:
            value, _, text = text.partition(",")
        found[name.strip().lower()] = value.strip()
    return found
