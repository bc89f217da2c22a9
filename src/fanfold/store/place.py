"""Whether the store's file is still where it was opened: a removed one takes writes that nobody will ever read.

Knows no SQL.
"""

from __future__ import annotations

from pathlib import Path


class Place:
    """One file's place. Cheap to ask: by the writer before each transaction, by the loop for the health answer."""

    def __init__(self, path: Path) -> None:
        """Remember which file lies there now. Raises OSError."""
        self._path = path
        self._found = _identity(path)

    @property
    def says(self) -> str:
        """Why nothing can be kept, in words; empty while the file is in its place."""
        try:
            if _identity(self._path) == self._found:
                return ""
        except OSError as error:
            return f"its file {self._path} is not there any more ({error.strerror}). Put it back, or start Fanfold anew"
        return f"another file lies at {self._path} now. Put the first one back, or start Fanfold anew"


def _identity(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_dev, found.st_ino
