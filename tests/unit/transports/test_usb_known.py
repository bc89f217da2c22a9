"""How many bytes a USB printer has beyond doubt."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import cast

from fanfold.transports.usb.known import Known
from fanfold.transports.usb.port import Port
from tests.peers.processes import until


class Eager:
    """A printer that takes more while it is asked for its status."""

    confirms = False
    taken_bytes = 100

    async def status(self) -> int:
        self.taken_bytes += 50
        await asyncio.sleep(0)
        return 0x18


async def test_what_it_takes_while_it_is_asked_is_not_known_by_that_answer() -> None:
    port = Eager()
    known = Known(cast("Port", port), tells=True)
    following = asyncio.ensure_future(known.follow())

    async def is_known() -> bool:
        return known.bytes > 0

    await until(is_known, "the first bytes")
    assert known.bytes == port.taken_bytes - 50
    following.cancel()
    with suppress(asyncio.CancelledError):
        await following
