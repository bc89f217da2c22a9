"""The simulated Weblink printer, as a server that shares no code with it hears it."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable

import pytest

from fanfold.simulate.weblink import Switches, WeblinkPrinter
from tests.unit.simulate.weblink_stage import Call, Desk, desk

LABEL = b"^XA^FO20,20^FDHello^FS^XZ"
THREE = LABEL.replace(b"^XZ", b"^PQ3^XZ")
QUICK = Switches(label_s=0, retry_s=0.001, boot_s=0.001)
ALL = {"configure_alert": "ALL MESSAGES,SDK,Y,Y,,,N"}


def quick(server: Desk, **changes: object) -> WeblinkPrinter:
    printer = WeblinkPrinter(server.url, switches=QUICK)
    printer.switch(**changes)
    return printer


def alerts(call: Call) -> list[tuple[str, str]]:
    """What the server heard on main, as conditions and states."""
    text, found = b" ".join(call.messages).decode(), []
    while text.strip():
        said, end = json.JSONDecoder().raw_decode(text.strip())
        text = text.strip()[end:]
        found.append((said["alert"]["condition_id"], said["alert"]["condition_state"]))
    return found


def ends(*marks: bytes) -> Callable[[bytes], bool]:
    return lambda said: said.endswith(marks)


# who it is


async def test_it_introduces_itself_on_main() -> None:
    async with desk() as server, WeblinkPrinter(server.url, "XXZKJ181100170") as printer:
        await printer.connected()
        main = await server.call()
        assert main.first.startswith(b'{\r\n  "discovery_b64" : "')
        packet = base64.b64decode(main.introduction["discovery_b64"].partition(":")[0])
        assert len(packet) == 422
        assert packet[188:220].rstrip(b"\0") == b"XXZKJ181100170"
        assert main.texts == []


async def test_its_faults_and_its_odometer_are_in_the_introduction() -> None:
    async with desk() as server:
        printer = quick(server)
        printer.fault("PAPER OUT")
        printer.press.odometer = 77
        async with printer:
            main = await server.call()
            packet = base64.b64decode(main.introduction["discovery_b64"].partition(":")[0])
            assert int.from_bytes(packet[168:172]) == 1
            assert int.from_bytes(packet[376:380]) == 77


@pytest.mark.parametrize(("first", "starts"), [("garbage", b"\x00\xff"), ("discovery", b"{\r\n")])
async def test_its_first_message_may_be_garbage(first: str, starts: bytes) -> None:
    async with desk() as server, quick(server, first_message=first):
        assert (await server.call()).first.startswith(starts)


async def test_its_first_message_may_never_come() -> None:
    async with desk() as server, quick(server, first_message="none", ping_s=0.001):
        await server.until(lambda: any(call.pings for call in server.calls))
        assert server.calls[0].first == b""


async def test_it_may_send_text_where_binary_belongs_and_fragments() -> None:
    async with desk() as server, quick(server, sends_text=True, fragment_bytes=7):
        main = await server.call()
        assert len(main.texts) == 1
        assert "discovery_b64" in main.introduction


# raw


async def test_it_dials_a_raw_channel_when_asked_and_prints_what_comes() -> None:
    async with desk() as server, quick(server) as printer:
        raw = await server.open(await server.call())
        assert raw.introduction["channel_name"] == "v1.raw.zebra.com"
        assert raw.introduction["unique_id"] == printer.serial
        assert raw.introduction["channel_id"].isdecimal()
        await raw.send(LABEL[:10])
        await raw.send(LABEL[10:] + THREE)
        assert await printer.labels_out(4) == [LABEL, THREE]
        assert bytes(printer.received) == LABEL + THREE
        assert printer.odometer == 4


async def test_a_stored_format_prints_when_it_is_recalled() -> None:
    async with desk() as server, quick(server) as printer:
        raw = await server.open(await server.call())
        await raw.send(b"^XA^DFR:A.ZPL^FDx^FS^PQ2^XZ")
        await raw.send(b"^XA^XFR:A.ZPL^FS^XZ^XA^XFR:NONE.ZPL^XZ")
        assert await printer.labels_out(2) == [b"^XA^XFR:A.ZPL^FS^XZ"]


async def test_it_answers_queries_on_raw_with_the_bytes_of_any_other_port() -> None:
    async with desk() as server, quick(server) as printer:
        raw = await server.open(await server.call())
        assert await server.answer(raw, b"~HS", lambda said: said.count(b"\x03") == 3)
        assert len(await server.answer(raw, b"~HQES", ends(b"\x03"))) == 144
        assert b"ZD420-200dpi" in await server.answer(raw, b"~HI", ends(b"\r\n"))
        assert b"FIRMWARE" in await server.answer(raw, b"^XA^HH^XZ", ends(b"\x03"))
        name = await server.answer(raw, b'! U1 getvar "device.unique_id"\r\n', ends(b'"'))
        assert name == f'"{printer.serial}"'.encode()
        told = await server.answer(raw, b'{}{"device.friendly_name":"Dock"}', ends(b"}"))
        assert json.loads(told) == {"device.friendly_name": "Dock"}
        await raw.send(b"~DYE:LOGO,B,GRF,4,,^XA~")
        assert b"E:LOGO.GRF" in await server.answer(raw, b'! U1 do "file.dir" "E:"\r\n', ends(b"FLASH\r\n"))
        assert printer.labels == 0


async def test_a_long_answer_comes_in_messages_of_the_size_that_is_set() -> None:
    async with desk() as server, quick(server) as printer:
        raw = await server.open(await server.call())
        said = await server.answer(raw, b'{}{"allconfig":null}', ends(b"}}}"))
        assert len(said) > 200_000
        assert {len(part) for part in raw.messages[:-1]} == {1024}
        printer.switch(split_bytes=100_000)
        await server.answer(raw, b'{}{"allconfig":null}', ends(b"}}}"))
        assert len(raw.messages) == 3


async def test_a_fault_silences_the_host_status_but_not_the_query_for_it() -> None:
    async with desk() as server, quick(server) as printer:
        raw = await server.open(await server.call())
        printer.fault("HEAD OPEN")
        said = await server.answer(raw, b'~HS! U1 getvar "device.host_status"\r\n~HQES', ends(b"\x03"))
        assert said.count(b"\x02") == 1
        assert b"00010004" in said
        printer.switch(silent_in_fault=False)
        assert b",0,1,0,0," in await server.answer(raw, b"~HS", lambda said: said.count(b"\x03") == 3)


async def test_it_may_give_another_serial_on_raw() -> None:
    async with desk() as server, quick(server, raw_serial="OTHER"):
        raw = await server.open(await server.call())
        assert raw.introduction["unique_id"] == "OTHER"


async def test_held_by_usb_it_takes_bytes_and_does_nothing_until_it_is_let_go() -> None:
    async with desk() as server, quick(server, deaf=True) as printer:
        raw = await server.open(await server.call())
        await raw.send(LABEL + b"~HQES")
        await printer.bytes_in(len(LABEL) + 5)
        await server.pong(raw)
        assert printer.labels == 0
        assert raw.messages == []
        printer.switch(deaf=False)
        assert await printer.labels_out() == [LABEL]
        await server.until(lambda: bool(raw.messages))


async def test_reading_slowly_it_answers_a_ping_only_when_it_has_read_what_came_before() -> None:
    data = b"^FX" + bytes(20_000)
    async with desk() as server, quick(server, bytes_per_s=500_000) as printer:
        raw = await server.open(await server.call())
        await raw.send(data)
        await server.pong(raw)
        assert printer.received_bytes == len(data)


async def test_with_its_buffer_full_it_reads_no_further_until_there_is_room() -> None:
    async with desk() as server, quick(server, buffer_bytes=10 * len(LABEL)) as printer:
        printer.fault("PAPER OUT")
        main = await server.call()
        raw = await server.open(main)
        await raw.send(LABEL * 10)
        await printer.until(lambda: printer.full)
        await raw.send(LABEL * 10)
        await raw.ws.ping(b"behind")
        await server.pong(main)
        assert raw.pongs == []
        assert len(printer.press.waiting) == 10
        printer.mend("PAPER OUT")
        await printer.labels_out(20)
        await server.until(lambda: raw.pongs == [b"behind"])


# config


async def test_config_answers_json_only_and_stays() -> None:
    async with desk() as server, quick(server):
        config = await server.open(await server.call(), "config")
        assert config.introduction["channel_name"] == "v1.config.zebra.com"
        for _ in range(2):
            said = await server.answer(config, LABEL + b'{}{"ip.port":null}', ends(b"}"))
            assert json.loads(said) == {"ip.port": "6101"}


async def test_config_may_close_after_each_command() -> None:
    async with desk() as server, quick(server, config_stays=False) as printer:
        main = await server.call()
        for _ in range(2):
            config = await server.open(main, "config")
            await server.answer(config, b'{}{"ip.port":null}', ends(b"}"))
            await server.until(lambda config=config: config.closed == 1000)  # type: ignore[misc]
        assert printer.channels("main")


# alerts and faults


async def test_a_completed_format_is_told_on_main_once_if_that_was_asked_for() -> None:
    async with desk() as server, quick(server) as printer:
        main = await server.call()
        raw = await server.open(main)
        await raw.send(LABEL)
        await printer.labels_out()
        assert printer.alerts == []
        await main.say(ALL)
        await raw.send(THREE)
        await server.until(lambda: bool(main.messages))
        await server.pong(main)
        assert alerts(main) == [("PQ JOB COMPLETED", "SET")]


async def test_without_paper_labels_wait_and_come_out_when_it_is_mended() -> None:
    async with desk() as server, quick(server) as printer:
        main = await server.call()
        await main.say(ALL)
        raw = await server.open(main)
        printer.fault("PAPER OUT")
        await raw.send(THREE)
        await printer.bytes_in(len(THREE))
        assert (printer.labels, printer.odometer) == (0, 0)
        printer.mend("PAPER OUT")
        await printer.labels_out(3)
        await server.until(lambda: len(main.messages) == 3)
        assert alerts(main) == [("PAPER OUT", "SET"), ("PAPER OUT", "CLEAR"), ("PQ JOB COMPLETED", "SET")]


async def test_an_open_head_pauses_and_closing_it_goes_on() -> None:
    async with desk() as server, quick(server) as printer:
        main = await server.call()
        await main.say(ALL)
        await server.pong(main)
        printer.fault("HEAD OPEN")
        printer.mend("HEAD OPEN")
        await server.until(lambda: len(main.messages) == 4)
        assert alerts(main)[:2] == [("HEAD OPEN", "SET"), ("PRINTER PAUSED", "SET")]
        assert printer.press.conditions == set()


async def test_a_label_printed_through_usb_moves_the_odometer_and_is_told() -> None:
    async with desk() as server, quick(server, localised=True) as printer:
        main = await server.call()
        await main.say(ALL)
        await server.pong(main)
        printer.print_elsewhere(2)
        await server.until(lambda: bool(main.messages))
        assert (printer.odometer, printer.labels) == (2, 0)
        said = json.loads(main.all)["alert"]
        assert (said["condition_id"], said["condition"]) == ("PQ JOB COMPLETED", "PQ-AUFTRAG FERTIG")


async def test_a_scan_is_told_with_its_data() -> None:
    async with desk() as server, quick(server) as printer:
        main = await server.call()
        await main.say({"configure_alert": "SGD SET,SDK,Y,Y,,,N,capture.channel1.data.raw"})
        await server.pong(main)
        printer.scan("4006381333931\0")
        await server.until(lambda: bool(main.messages))
        assert json.loads(main.all)["alert"]["setting_value"] == "4006381333931\\000"


async def test_alerts_may_be_forgotten_when_main_is_lost() -> None:
    async with desk() as server, quick(server, keeps_alerts=False) as printer:
        main = await server.call()
        await main.say(ALL)
        await server.pong(main)
        assert "ALL MESSAGES" in printer.alert_entries
        await main.ws.close()
        await server.call(2)
        assert printer.alert_entries.startswith("COLD START,SNMP")


async def test_present_faults_are_told_again_on_demand() -> None:
    async with desk() as server, quick(server) as printer:
        printer.fault("RIBBON OUT")
        main = await server.call()
        raw = await server.open(main)
        await raw.send(b'! U1 setvar "alerts.add" "ALL MESSAGES,SDK,Y,Y,WEBLINK.IP.CONN1,0,N,"\r\n')
        await raw.send(b'! U1 setvar "alerts.send_current_status_alerts" "SDK,WEBLINK.IP.CONN1,0"\r\n')
        await server.until(lambda: bool(main.messages))
        assert alerts(main) == [("RIBBON OUT", "SET")]


async def test_a_condition_that_there_is_not_is_told() -> None:
    with pytest.raises(ValueError, match="there are PAPER OUT"):
        WeblinkPrinter("ws://127.0.0.1:1").alert("COFFEE OUT")
