"""Signs what webhooks post, so that a receiver can tell our posts from others' (Standard Webhooks 1.0). Knows no HTTP.

The signature is HMAC-SHA256 over `id.timestamp.body`; id and timestamp travel in headers beside it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

from fanfold.errors import CannotStart

PREFIX = "whsec_"
SHORTEST, LONGEST = 24, 64
"""Bytes of a secret, as Standard Webhooks has it."""
HOW = 'printf "whsec_%s\\n" "$(openssl rand -base64 32)"'


def read_secrets(file: Path) -> tuple[bytes, ...]:
    """Return the secrets in a file, one a line: posts are signed by each, so that one can be changed for another.

    Raises:
        CannotStart: it cannot be read, is empty, or holds what is no secret; says what to write.
    """
    lines = [line.strip() for line in _text(file).splitlines() if line.strip()]
    if not lines:
        raise CannotStart(f"{file}: the webhook's secret file is empty. Write one into it: {HOW}")
    return tuple(_secret(file, number, line) for number, line in enumerate(lines, 1))


def headers(secrets: Sequence[bytes], message: str, at: datetime, body: bytes) -> Mapping[str, str]:
    """Return the three headers of one try. `message` is the id, the same at every try."""
    timestamp = str(int(at.timestamp()))
    signatures = " ".join(_signature(secret, message, timestamp, body) for secret in secrets)
    return {"webhook-id": message, "webhook-timestamp": timestamp, "webhook-signature": signatures}


def message_id(webhook: str, event: int, subject: str, at: datetime) -> str:
    """Return what names an event for one webhook's receiver.

    Events are numbered per store, and several gateways may tell one receiver: so what it is about and when it happened
    are part of the name. A dot would end it (`id.timestamp.body`).
    """
    told = "\0".join((webhook, str(event), subject, at.isoformat()))
    return f"evt_{event}_{hashlib.sha256(told.encode()).hexdigest()[:32]}"


def _signature(secret: bytes, message: str, timestamp: str, body: bytes) -> str:
    signed = hmac.digest(secret, f"{message}.{timestamp}.".encode() + body, "sha256")
    return f"v1,{base64.b64encode(signed).decode()}"


def _secret(file: Path, number: int, line: str) -> bytes:
    if not line.startswith(PREFIX):
        raise CannotStart(f"{file}: line {number} does not begin with `{PREFIX}`. Write a secret so: {HOW}")
    try:
        secret = base64.b64decode(line.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError) as error:
        raise CannotStart(f"{file}: line {number} is no base64 after `{PREFIX}`. Write a secret so: {HOW}") from error
    if not SHORTEST <= len(secret) <= LONGEST:
        raise CannotStart(
            f"{file}: line {number} holds a secret of {len(secret)} bytes; it must have {SHORTEST} to {LONGEST}. "
            f"Write one so: {HOW}"
        )
    return secret


def _text(file: Path) -> str:
    try:
        return file.read_text("ascii")
    except UnicodeDecodeError as error:
        raise CannotStart(f"{file}: the webhook's secret file is not plain ASCII. Write a secret so: {HOW}") from error
    except (OSError, ValueError) as error:
        says = error.strerror if isinstance(error, OSError) else error
        raise CannotStart(f"{file}: the webhook's secret file cannot be read: {says}.") from error
