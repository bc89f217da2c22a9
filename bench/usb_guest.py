"""Runs in the guest: the printer, and in a process of its own what sends to it. Leaves the figures for the host."""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

from fanfold.model import Printer, PrinterId
from fanfold.transports.usb.transport import UsbTransport
from tests.peers.deliveries import work_of
from tests.peers.ledger import Ledger
from tests.peers.usbguest import gadget

FIGURES = Path("/run/share/figures")
PIECE_BYTES = 8192
"""What the kernel's driver makes one transfer of."""


def bare(node: str, document: bytes) -> float:
    file = os.open(node, os.O_WRONLY)
    began_s = time.perf_counter()
    for start in range(0, len(document), PIECE_BYTES):
        os.write(file, document[start : start + PIECE_BYTES])
    took_s = time.perf_counter() - began_s
    os.close(file)
    return took_s


async def ours(uri: str, document: bytes) -> float:
    async with UsbTransport().open(Printer(PrinterId("label"), "Label", uri)) as link:
        began_s = time.perf_counter()
        await link.deliver(work_of(document), Ledger())
        return time.perf_counter() - began_s


def send(node: str, uri: str, size_bytes: int, rounds: int) -> None:
    """Print the median of each way, in turns."""
    document = bytes(range(256)) * (size_bytes // 256)
    took_s: dict[str, list[float]] = {"bare": [], "usblp": [], "libusb": []}
    for _ in range(rounds):
        took_s["bare"].append(bare(node, document))
        for way in ("usblp", "libusb"):
            took_s[way].append(asyncio.run(ours(f"{uri}?via={way}", document)))
    print(json.dumps({way: statistics.median(took) for way, took in took_s.items()}))


def main(size_bytes: str, rounds: str) -> None:
    printer = gadget.printer(0)
    again = (sys.executable, "-m", "bench.usb_guest", str(printer.node), printer.plate.uri, size_bytes, rounds)
    sent = subprocess.run(again, stdout=subprocess.PIPE, text=True, check=True)
    FIGURES.write_text(sent.stdout)


if __name__ == "__main__":
    if len(sys.argv) > 3:
        send(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
    else:
        main(*sys.argv[1:])
