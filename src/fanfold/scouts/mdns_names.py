"""Which hosts of the network this machine's own resolver finds by name: names outlast addresses. Knows no mDNS."""

from __future__ import annotations

import asyncio
import re
import socket
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

MOST_HOSTS = 256
NSSWITCH = Path("/etc/nsswitch.conf")
"""Where glibc is told whom to ask for names. Where nobody there knows mDNS, it would ask the DNS server for ours."""
_ASKS_THE_LINK = re.compile(r"^hosts:.*\b(?:mdns\w*|resolve)\b", re.MULTILINE)
_NAME = re.compile(r"[a-z0-9_][a-z0-9._-]{0,62}\.local")
"""Only such names are looked up: what else a stranger names is none of the link's business (RFC 6762 §3)."""


class Names:
    """Names looked up, one at a time, in a thread that nothing waits for: a resolver may take its time, or hang."""

    def __init__(self, resolved: Callable[[str], None]) -> None:
        self._resolved = resolved
        self._asked: dict[tuple[str, frozenset[str]], bool] = {}
        self._waiting: list[tuple[str, frozenset[str]]] = []
        self._busy = False

    def resolves(self, host: str, addresses: Sequence[str]) -> bool:
        """Tell whether the resolver gives one of these addresses for that name (in lower case), as far as it was asked.

        `resolved` is called with the name when it turns out that it does.
        """
        key = host, frozenset(addresses)
        if key not in self._asked and len(self._asked) < MOST_HOSTS and _NAME.fullmatch(host):
            self._asked[key] = False
            self._waiting.append(key)
            self._next()
        return self._asked.get(key, False)

    def close(self) -> None:
        """Look nothing up any more."""
        self._waiting.clear()

    def _next(self) -> None:
        if not self._busy and self._waiting:
            self._busy = True
            host, addresses = self._waiting.pop(0)
            loop = asyncio.get_running_loop()
            threading.Thread(target=self._look_up, args=(loop, host, addresses), daemon=True, name="names").start()

    def _look_up(self, loop: asyncio.AbstractEventLoop, host: str, addresses: frozenset[str]) -> None:
        found = addresses_of(host)
        with suppress(RuntimeError):  # the loop is closed: nobody wants to know any more
            loop.call_soon_threadsafe(self._learn, host, addresses, bool(found & addresses))

    def _learn(self, host: str, addresses: frozenset[str], is_so: bool) -> None:
        self._busy = False
        self._asked[host, addresses] = is_so
        if is_so:
            self._resolved(host)
        self._next()


def addresses_of(host: str) -> frozenset[str]:
    """Return what this machine's resolver says of a name of the link; nothing where it knows none. Blocks."""
    if not knows_local(NSSWITCH):
        return frozenset()
    try:
        return frozenset(str(found[4][0]) for found in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM))
    except (OSError, UnicodeError):
        return frozenset()


def knows_local(nsswitch: Path) -> bool:
    """Tell whether the resolver asks the link for names of the link; true where no such file is: macOS, Windows."""
    try:
        return bool(_ASKS_THE_LINK.search(nsswitch.read_text("utf-8", "replace")))
    except OSError:
        return True
