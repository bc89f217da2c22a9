"""HTTP digest authentication (RFC 7616) as printers know it: MD5, with `qop=auth` or without. No socket, no disk.

Nonces carry their time and a seal, so none is kept that was only given out; those that were used are, until too old.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
import secrets
import struct
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice

REALM = "fanfold"
NONCE_LASTS_S = 120.0
"""A printer answers a challenge at once; the rest is for slow lines."""
MOST_USED = 50_000
"""How many used nonces are kept; over that the oldest are forgotten, so that no flood fills the memory."""

_PAIR = re.compile(r'\s*([A-Za-z*-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))\s*(?:,|$)')
_FRESH_BYTES, _SEAL_BYTES = 16, 16


@dataclass(frozen=True, slots=True)
class Stale:
    """The nonce is too old, was used before or is none of ours; the same answer to a new one may be right."""


class Digest:
    """Gives out nonces and judges answers to them."""

    def __init__(self, key: bytes | None = None) -> None:
        self._key = key or secrets.token_bytes(32)
        self._used: OrderedDict[tuple[str, str], float] = OrderedDict()  # a dict is slow to find its first again

    @property
    def used(self) -> int:
        """How many used nonces it remembers."""
        return len(self._used)

    def challenge(self, now_s: float, *, is_stale: bool = False) -> str:
        """Return what stands behind `WWW-Authenticate`, with a nonce that is good for NONCE_LASTS_S."""
        fresh = struct.pack(">d", now_s) + secrets.token_bytes(8)
        nonce = base64.urlsafe_b64encode(fresh + self._seal(fresh)).decode()
        tail = ", stale=true" if is_stale else ""
        return f'Digest realm="{REALM}", qop="auth", algorithm=MD5, nonce="{nonce}"{tail}'

    def judge(
        self, answer: str, method: str, target: str, users: Mapping[str, str], now_s: float
    ) -> str | Stale | None:
        """Return the user whose password made the answer; None: it is wrong. `target` is as in the request's line."""
        told = parts_of(answer)
        if told is None or told.get("realm") != REALM or told.get("uri") != target:
            return None
        if told.get("algorithm", "MD5").upper() != "MD5":
            return None
        name = told.get("username", "")
        right = response(told, method, name, users.get(name, ""))
        said = told.get("response", "").lower().encode("utf-8", "surrogateescape")
        if not hmac.compare_digest(right.encode(), said) or name not in users:
            return None
        # one that an earlier run of the gateway gave out is no sign of a wrong password
        made_s = self._made_s(told.get("nonce", ""))
        is_new = made_s is not None and self._is_new(_use(told), made_s, now_s)
        return name if is_new else Stale()

    def _seal(self, fresh: bytes) -> bytes:
        return hmac.digest(self._key, fresh, "sha256")[:_SEAL_BYTES]

    def _made_s(self, nonce: str) -> float | None:
        """Return when we made a nonce; None: it is none of ours."""
        try:
            whole = base64.b64decode(nonce, altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            return None
        fresh, seal = whole[:_FRESH_BYTES], whole[_FRESH_BYTES:]
        if len(fresh) < _FRESH_BYTES or not hmac.compare_digest(self._seal(fresh), seal):
            return None
        made_s: float = struct.unpack(">d", fresh[:8])[0]
        return made_s

    def _is_new(self, use: tuple[str, str], made_s: float, now_s: float) -> bool:
        if not 0 <= now_s - made_s <= NONCE_LASTS_S or use in self._used:
            return False
        self._used[use] = made_s
        self._forget(now_s)
        return True

    def _forget(self, now_s: float) -> None:
        """Drop what is too old to be taken anyway, from the first used on."""
        for use, made_s in list(islice(self._used.items(), 2)):
            if now_s - made_s > NONCE_LASTS_S or len(self._used) > MOST_USED:
                del self._used[use]


def _use(told: Mapping[str, str]) -> tuple[str, str]:
    """Return what an answer uses up; only of what its sum vouches for, or else it could be sent again."""
    # a colon in `nc` may have been moved there from `cnonce`, under the same sum
    return told["nonce"], told.get("nc", "").partition(":")[0] if told.get("qop") else ""


def response(told: Mapping[str, str], method: str, user: str, password: str) -> str:
    """Return the right `response` to what was told (RFC 7616 §3.4.1; without `qop` RFC 2069 §2.1.2)."""
    secret = _md5(f"{user}:{told.get('realm', '')}:{password}")
    asked = _md5(f"{method}:{told.get('uri', '')}")
    if not told.get("qop"):
        return _md5(f"{secret}:{told.get('nonce', '')}:{asked}")
    middle = ":".join(told.get(key, "") for key in ("nonce", "nc", "cnonce", "qop"))
    return _md5(f"{secret}:{middle}:{asked}")


def parts_of(answer: str) -> dict[str, str] | None:
    """Return the parts of an answer by their names in lower case; None where it is malformed."""
    found: dict[str, str] = {}
    at = 0
    while at < len(answer):
        pair = _PAIR.match(answer, at)
        if pair is None or pair[1].lower() in found:
            return None
        quoted = pair[2]
        found[pair[1].lower()] = pair[3] if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
        at = pair.end()
    return None if found.get("qop", "auth") != "auth" else found


def password_of(credentials: str) -> tuple[str, str]:
    """Return user and password of HTTP basic authentication (RFC 7617); both empty where it is malformed."""
    try:
        text = base64.b64decode(credentials.strip(), validate=True).decode()
    except (binascii.Error, ValueError):
        return "", ""
    name, _, password = text.partition(":")
    return name, password


def _md5(text: str) -> str:
    # no secret rests on MD5's strength alone: TLS is around it, and it is the only one that printers know
    return hashlib.md5(text.encode("utf-8", "surrogateescape"), usedforsecurity=False).hexdigest()
