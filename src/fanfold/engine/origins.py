"""Web origins whose pages are let in: by the configuration, and by a person's word. Knows no HTTP."""

from __future__ import annotations

import re

from fanfold.errors import Refused
from fanfold.messages import Origins
from fanfold.store.base import Store

_ORIGIN = re.compile(r"https?://(\[[0-9a-f:.]+\]|[a-z0-9_.-]+)(:\d{1,5})?", re.IGNORECASE)
_DEFAULT_PORTS = {"http": ":80", "https": ":443"}


class OriginList:
    """Compared whole: scheme, host and port."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._configured: tuple[str, ...] = ()
        self._allowed: set[str] = set()

    async def start(self) -> None:
        """Bring back what the store keeps."""
        self._allowed = set(await self._store.origins())

    def configure(self, origins: tuple[str, ...]) -> None:
        """Take the configuration's list."""
        self._configured = tuple(normal(origin) for origin in origins)

    def allows(self, origin: str) -> bool:
        """Tell whether pages of this origin are let in."""
        return origin in self._allowed or origin in self._configured

    def list(self) -> Origins:
        """Return both lists."""
        return Origins(self._configured, tuple(sorted(self._allowed)))

    async def allow(self, origin: str) -> Origins:
        """Let an origin in from now on. Raises Refused `bad-origin` 422."""
        origin = normal(origin)
        await self._store.allow_origin(origin)
        self._allowed.add(origin)
        return self.list()

    async def revoke(self, origin: str) -> Origins:
        """Let an origin in no longer. Raises Refused `bad-origin` 422, or 404 when it was not allowed."""
        origin = normal(origin)
        if origin in self._configured:
            says = f"{origin} is allowed by the configuration. Take it out of [access] origins there, then reload."
            raise Refused(says, code="origin-configured", status=409)
        if origin not in self._allowed:
            raise Refused(f"{origin} was not allowed.", code="unknown-origin", status=404)
        await self._store.revoke_origin(origin)
        self._allowed.discard(origin)
        return self.list()


def normal(origin: str) -> str:
    """Return the origin as browsers write it: lower case, no default port. Raises Refused `bad-origin` 422."""
    text = origin.strip().rstrip("/").lower()
    if not _ORIGIN.fullmatch(text):
        says = f"{origin[:80]!r} is no web origin. It reads like https://shop.example.com or http://10.0.0.5:8080."
        raise Refused(says, code="bad-origin", status=422)
    return text.removesuffix(_DEFAULT_PORTS[text.partition(":")[0]])
