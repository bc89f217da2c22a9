"""The lock that makes one gateway the owner of a data directory; the system lets go of it when its process ends."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from fanfold.errors import CannotStart

LOCK = "gateway.lock"

_LOCKED_AT = 4096
"""Windows lets nobody read a locked byte: the lock lies behind what is written for people."""


def own(directory: Path) -> BinaryIO:
    """Take the directory's lock; it is held until the file that is returned is closed.

    Raises:
        CannotStart: another process holds it, or the file cannot be opened.
    """
    path = directory / LOCK
    try:
        file = path.open("a+b")
    except OSError as error:
        says = (
            f"The data directory {directory} cannot be written ({path.name}: {error.strerror}). "
            "Check its owner and its permissions, or choose another with --data."
        )
        raise CannotStart(says) from error
    try:
        _lock(file)
    except OSError as error:
        says = (
            f"Another gateway{_holder(file)} runs on the data directory {directory}. Stop it, or give this one --data."
        )
        file.close()
        raise CannotStart(says) from error
    _sign(file)
    return file


def _sign(file: BinaryIO) -> None:
    """Write who holds it: for people and messages only, the lock alone decides, so a full disk is no hindrance."""
    with suppress(OSError):
        file.truncate(0)
        os.write(file.fileno(), f"{os.getpid()}\n".encode())  # what a buffer kept would be tried again at the end


def _holder(file: BinaryIO) -> str:
    file.seek(0)
    said = file.read(32).strip()
    return f" (process {said.decode()})" if said.isdigit() else ""


if sys.platform == "win32":
    import msvcrt

    def _lock(file: BinaryIO) -> None:
        file.seek(_LOCKED_AT)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _lock(file: BinaryIO) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
