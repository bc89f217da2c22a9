"""Reads a document for a link, so that a fault of our own disk is not taken for the printer's. Knows no printer."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

from fanfold.errors import DeliveryError
from fanfold.wire import Document


async def read(document: Document, unreadable: Callable[[OSError], DeliveryError]) -> AsyncGenerator[bytes, None]:
    """Yield the document's bytes. Raises what `unreadable` makes of our disk's error; close it as `Document.chunks`."""
    try:
        async with aclosing(document.chunks()) as chunks:
            async for chunk in chunks:
                yield chunk
    except OSError as error:
        raise unreadable(error) from error
