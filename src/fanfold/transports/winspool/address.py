"""The URIs of Windows queues, read and written. Pure: asks no Windows whether there is such a queue."""

from __future__ import annotations

import re
from urllib.parse import quote, unquote

from fanfold.errors import Refused

SCHEME = "winspool"
EXAMPLE = r"winspool:Zebra%20ZD420 or winspool:\\server\share"
NAME_LENGTH = 260
"""Windows takes 220 signs for a queue of its own, and a server's name before it."""

_SHARE = re.compile(r"\\\\[^\\/]+\\[^\\/]+")


def queue_of(uri: str) -> str:
    """Return the name of the queue that the URI names. Raises Refused `bad-uri` 422."""
    scheme, colon, rest = uri.partition(":")
    if scheme.lower() != SCHEME or not colon:
        raise _bad(uri, f"it does not begin with {SCHEME}:")
    name = unquote(rest).strip()
    if not name:
        raise _bad(uri, "it names no queue")
    if len(name) > NAME_LENGTH:
        raise _bad(uri, f"no queue has a name of {len(name)} signs")
    if not name.isprintable() or "\ufffd" in name:
        raise _bad(uri, "the name has signs that no queue has")
    if ("\\" in name and not _SHARE.fullmatch(name)) or name.startswith("/"):
        raise _bad(uri, r"write a share as \\server\share, and other names as Windows shows them")
    return name


def uri_of(queue: str) -> str:
    """Return the URI of that queue."""
    return f"{SCHEME}:{quote(queue, safe='')}"


def has_uri(queue: str) -> bool:
    """Whether a queue that shows itself has a name that a URI can say; print servers are strangers."""
    try:
        return queue_of(uri_of(queue)) == queue
    except (Refused, UnicodeError):
        return False


def _bad(uri: str, why: str) -> Refused:
    shown = uri if len(uri) <= 120 else f"{uri[:100]}…"
    return Refused(f"{shown!r} is no Windows queue: {why}. Write, for example, {EXAMPLE}", code="bad-uri", status=422)
