"""A question to a USB printer and its answer: as the wire has no frames, silence ends it. Knows no language."""

from __future__ import annotations

import asyncio

from fanfold.errors import NotReached, Refused
from fanfold.model import Reason
from fanfold.transports.usb.ear import SAID_BYTES, Ear
from fanfold.transports.usb.port import PIECE_BYTES, Port

QUIET_S = 0.3
"""How long a printer that has begun to answer may pause in it."""
BEFORE_S = 0.02
"""How long what it said before the question gets to come out, so that it is not taken for the answer."""


async def converse(port: Port, question: bytes, where: str, within_s: float) -> bytes:
    """Send the question, return what comes until it is quiet. Raises Refused, NotReached, TimeoutError."""
    ear = Ear(port)
    listening = asyncio.ensure_future(ear.listen())
    try:
        await asyncio.sleep(BEFORE_S)
        before = len(ear.said)
        async with asyncio.timeout(within_s) as limit:
            ear.heard.clear()
            await _send(port, question)
            await ear.heard.wait()
            limit.reschedule(None)
            await _until_quiet(ear, within_s)
    except OSError as error:
        if isinstance(error, TimeoutError):
            raise
        says = f"{where} went while it was asked ({error.strerror or error})"
        raise NotReached(says, reasons=(Reason.OFFLINE,)) from error
    finally:
        listening.cancel()
        await asyncio.wait({listening})
    if len(ear.said) >= SAID_BYTES:
        says = f"{where} said more than {SAID_BYTES} bytes; ask it for less."
        raise Refused(says, code="answer-too-large", status=502)
    return ear.said[before:]


async def _send(port: Port, question: bytes) -> None:
    left = memoryview(question)
    while left:
        await port.ready()
        left = left[port.write(left[:PIECE_BYTES]) :]
    await port.ready()


async def _until_quiet(ear: Ear, within_s: float) -> None:
    loop = asyncio.get_running_loop()
    until_s = loop.time() + within_s
    while len(ear.said) < SAID_BYTES:
        ear.heard.clear()
        try:
            async with asyncio.timeout(min(QUIET_S, max(0, until_s - loop.time()))):
                await ear.heard.wait()
        except TimeoutError:
            return
