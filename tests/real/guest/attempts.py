"""Prints a label whenever it is told to, and says in a line how it went: a program that another user can run."""

from __future__ import annotations

import asyncio
import json
import sys

from fanfold.errors import NotReached
from fanfold.transports.usb.transport import UsbTransport
from tests.peers.deliveries import ZPL, deliver, work_of


async def attempt(uri: str) -> str:
    try:
        return (await deliver(UsbTransport(), uri, work_of(ZPL))).message
    except NotReached as error:
        return error.says


if __name__ == "__main__":
    for uri in sys.stdin:
        sys.stdout.write(f"{json.dumps(asyncio.run(attempt(uri.strip())))}\n")
        sys.stdout.flush()
