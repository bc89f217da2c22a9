"""What commands say, as bytes. Knows no command."""

from __future__ import annotations

import io
import os
import sys


def say_utf8() -> None:
    """On Windows, have what goes into a file or a pipe be UTF-8, as JSON and other systems' programs have it.

    By default it would be a code page: a printer that is called by a letter outside of it could not be listed.
    """
    for stream in (sys.stdout, sys.stderr) if os.name == "nt" else ():
        if isinstance(stream, io.TextIOWrapper) and not stream.isatty():
            stream.reconfigure(encoding="utf-8")
