"""Fifty services of seventeen printers, announced on the loopback alone: `python -m bench.announcer`. Says `there`."""

from __future__ import annotations

import asyncio
import sys

from zeroconf import ServiceInfo
from zeroconf.asyncio import AsyncZeroconf

SERVICES = 50
KINDS = (("_ipp._tcp.local.", 631), ("_pdl-datastream._tcp.local.", 9100), ("_printer._tcp.local.", 515))


def info(number: int) -> ServiceInfo:
    printer, (kind, port) = number // len(KINDS), KINDS[number % len(KINDS)]
    said = {"ty": "Zebra ZD420", "rp": f"p{printer}", "usb_MFG": "Zebra", "usb_MDL": "ZD420-203dpi", "usb_CMD": "ZPL"}
    host = f"bench-{printer}.example."
    name = f"Bench {printer}.{kind}"
    return ServiceInfo(kind, name, port, properties=said, server=host, parsed_addresses=[f"127.0.1.{printer + 1}"])


async def main() -> None:
    zeroconf = AsyncZeroconf(interfaces=["127.0.0.1"])
    try:
        announced = await asyncio.gather(*(zeroconf.async_register_service(info(one)) for one in range(SERVICES)))
        await asyncio.gather(*announced)
        print("there", flush=True)
        await asyncio.to_thread(sys.stdin.read)
    finally:
        await zeroconf.async_close()


if __name__ == "__main__":
    asyncio.run(main())
