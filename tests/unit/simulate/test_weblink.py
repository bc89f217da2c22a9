"""The simulated Weblink printer, as a server that shares no code with it hears it."""

from __future__ import annotations

import base64

from fanfold.simulate.weblink import Switches, WeblinkPrinter
from tests.unit.simulate.weblink_stage import desk

LABEL = b"^XA^FO20,20^FDHello^FS^XZ"
QUICK = Switches(label_s=0, retry_s=0.01, boot_s=0.01)


async def test_it_introduces_itself_on_main() -> None:
    async with desk() as server, WeblinkPrinter(server.url, "XXZKJ181100170") as printer:
        await printer.connected()
        main = await server.call()
        assert main.first.startswith(b'{\r\n  "discovery_b64" : "')
        packet = base64.b64decode(main.introduction["discovery_b64"].partition(":")[0])
        assert len(packet) == 422
        assert packet[188:220].rstrip(b"\0") == b"XXZKJ181100170"


async def test_it_dials_a_raw_channel_when_asked_and_prints_what_comes() -> None:
    async with desk() as server, WeblinkPrinter(server.url, switches=QUICK) as printer:
        main = await server.call()
        raw = await server.open(main)
        assert raw.introduction["channel_name"] == "v1.raw.zebra.com"
        assert raw.introduction["unique_id"] == printer.serial
        await raw.send(LABEL[:10])
        await raw.send(LABEL[10:] + LABEL.replace(b"^XZ", b"^PQ3^XZ"))
        assert await printer.labels_out(4) == [LABEL, LABEL.replace(b"^XZ", b"^PQ3^XZ")]
        assert bytes(printer.received) == LABEL + LABEL.replace(b"^XZ", b"^PQ3^XZ")
        assert printer.odometer == 4


async def test_a_completed_format_is_told_on_main_once_if_that_was_asked_for() -> None:
    async with desk() as server, WeblinkPrinter(server.url, switches=QUICK) as printer:
        main = await server.call()
        await main.say({"configure_alert": "ALL MESSAGES,SDK,Y,Y,,,N"})
        raw = await server.open(main)
        await raw.send(LABEL.replace(b"^XZ", b"^PQ3^XZ"))
        await printer.labels_out(3)
        await server.until(lambda: bool(main.messages))
        assert len(printer.alerts) == 1
        assert b'"condition_id" : "PQ JOB COMPLETED"' in main.all
