"""The bearer token's file. Knows no request: it reads and complains."""

from __future__ import annotations

import re
from pathlib import Path

from fanfold.errors import CannotStart

MIN_CHARACTERS = 16
"""Shorter ones can be tried out over a network."""


def read_token(path: Path) -> str:
    """Return the token that a file holds, alone on its first line.

    Raises:
        CannotStart: it cannot be read, is too short, or holds what cannot travel in a header.
    """
    try:
        token = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise CannotStart(f"The token file {path} (`token_file` under `[access]`) cannot be read: {error}.") from error
    if len(token) < MIN_CHARACTERS or not re.fullmatch(r"[A-Za-z0-9._~+/=-]+", token):
        raise CannotStart(
            f"The token file {path} (`token_file` under `[access]`) must hold one token of {MIN_CHARACTERS} characters "
            "or more, of letters, digits and ._~+/=- only."
        )
    return token
