"""A question over an open connection, and the answer until it is quiet. Knows no printer and no document."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable
from contextlib import suppress

from fanfold.errors import Refused

QUIET_S = 0.3
"""An answer that has begun and goes no further for so long is whole: printers write theirs at once."""

ANSWER_BYTES = 64 * 1024
"""Statuses and settings are short; one that talks without end must not fill memory."""

READ_BYTES = 4096
LINGER_S = 0.25
"""How long it gets to close after us: printers that take one connection refuse the next one until they have."""


async def conversed(wire: socket.socket, where: str, question: bytes, until_s: float) -> bytes:
    """Send the question, return what came until it was quiet, or closed, or the loop's time is `until_s`.

    Raises:
        Refused: `answer-too-large` 502.
        TimeoutError: nothing came.
    """
    answer = bytearray()
    try:
        async with asyncio.timeout_at(until_s):
            await asyncio.get_running_loop().sock_sendall(wire, question)
            await _collect(wire, where, answer)
    except TimeoutError:
        if not answer:
            raise
    except OSError as error:
        if not answer:
            raise TimeoutError(f"{where} broke the connection instead ({error.strerror or error})") from error
    if not answer:
        raise TimeoutError(f"{where} closed the connection instead")
    return bytes(answer)


async def _collect(wire: socket.socket, where: str, answer: bytearray) -> None:
    """Read until it closes, or is quiet after something came."""
    loop = asyncio.get_running_loop()
    while said := await _next(loop.sock_recv(wire, READ_BYTES), QUIET_S if answer else None):
        answer += said
        if len(answer) > ANSWER_BYTES:
            says = f"{where} said more than {ANSWER_BYTES} bytes, and what else it had to say was not heard."
            raise Refused(says, code="answer-too-large", status=502)


async def _next(reading: Awaitable[bytes], for_s: float | None) -> bytes:
    try:
        async with asyncio.timeout(for_s):
            return await reading
    except TimeoutError:
        return b""


async def part(wire: socket.socket) -> None:
    """Say that nothing more comes, and give the printer a moment to close too."""
    with suppress(OSError):  # it closed or broke off already
        wire.shutdown(socket.SHUT_WR)
        async with asyncio.timeout(LINGER_S):
            while await asyncio.get_running_loop().sock_recv(wire, READ_BYTES):
                pass
