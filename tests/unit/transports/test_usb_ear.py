"""What a USB printer says by itself, heard through failures."""

from __future__ import annotations

import asyncio
import errno
from typing import cast

import pytest

from fanfold.transports.usb import ear
from fanfold.transports.usb.ear import FAILURES, Ear
from fanfold.transports.usb.port import Port


class Hoarse:
    """Fails as often as is said, then speaks, then fails for ever."""

    def __init__(self, fails: int) -> None:
        self.asked = 0
        self._fails = fails

    async def hear(self) -> bytes:
        self.asked += 1
        if self.asked == self._fails + 1:
            return b"paper low"
        raise OSError(errno.EIO, "")


@pytest.mark.parametrize(("fails", "said"), [(FAILURES - 1, b"paper low"), (FAILURES, b"")])
async def test_a_way_back_that_fails_now_and_then_is_heard_and_one_that_is_broken_is_left(
    fails: int, said: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ear, "SILENCE_S", 0)
    port = Hoarse(fails)
    listener = Ear(cast("Port", port))
    async with asyncio.timeout(5):
        await listener.listen()
    assert listener.said == said
    assert port.asked == (fails + 1 + FAILURES if said else FAILURES)
