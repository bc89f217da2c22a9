"""The page's files and the browser's script: found once, served by name. Knows no request but the path."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

TYPES: Mapping[str, str] = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".mjs": "text/javascript; charset=utf-8",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".ts": "text/plain; charset=utf-8",
    ".woff2": "font/woff2",
}
"""What else lies in those folders is not served."""

_NOT_SERVED = frozenset({"node_modules", "test", "tests"})


@dataclass(frozen=True, slots=True)
class Asset:
    """A file as it is now."""

    body: bytes
    media_type: str
    etag: str


class Assets:
    """Files by URL path. Only what was there at the start has a name, so no path can lead anywhere else."""

    def __init__(self, js: Path, web: Path) -> None:
        self._files = {"/js/" + name: path for name, path in _files(js)}
        for name, path in _files(web):
            self._files["/web/" + name] = path
            self._files.setdefault("/" + name, path)  # the page names its files relative to itself
        if "/index.html" in self._files:
            self._files["/"] = self._files["/index.html"]

    @classmethod
    def installed(cls) -> Assets:
        """Return the files that came with the package, or lie beside it in a checkout."""
        package = Path(__file__).resolve().parent.parent
        packed = package / "static"
        root = packed if packed.is_dir() else package.parent.parent
        return cls(root / "js", root / "web")

    def paths(self) -> tuple[str, ...]:
        """Return all URL paths that are served."""
        return tuple(self._files)

    def read(self, path: str) -> Asset | None:
        """Return the file of that URL path; None when there is none. Blocks: call it in a thread."""
        file = self._files.get(path)
        if file is None:
            return None
        try:
            body = file.read_bytes()
        except OSError:  # removed since the start
            return None
        return Asset(body, TYPES[file.suffix], f'"{hashlib.sha256(body).hexdigest()[:32]}"')


def _files(root: Path) -> Iterator[tuple[str, Path]]:
    for path in sorted(root.rglob("*")):
        parts = path.relative_to(root).parts
        hidden = any(part.startswith(".") or part in _NOT_SERVED for part in parts)
        if path.suffix in TYPES and not hidden and path.is_file():
            yield "/".join(parts), path
