"""How fast documents go to a USB printer, in a guest that has one; the floor is a bare loop of writes."""

from __future__ import annotations

import json

from bench.plan import MIB, Plan
from bench.table import Row
from tests.peers.usbguest.host import booted

CHAPTER = "A USB printer, in an emulated machine (one MB is 1,000,000 bytes)"
BYTES = 16 * MIB


def usb_rows(plan: Plan) -> list[Row]:
    folder = plan.folder / "usb"
    folder.mkdir()
    with booted(folder, "-m", "bench.usb_guest", str(BYTES), str(plan.rounds), env={}) as guest:
        took_s: dict[str, float] = json.loads(guest.left("figures"))
    speed = {way: BYTES / 1e6 / seconds for way, seconds in took_s.items()}
    return [
        Row(CHAPTER, "by the kernel's driver", speed["usblp"], "MB/s", floor=speed["bare"]),
        Row(CHAPTER, "past it, by libusb", speed["libusb"], "MB/s", floor=speed["bare"]),
    ]
