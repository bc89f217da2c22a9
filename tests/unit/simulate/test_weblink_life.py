"""How the simulated Weblink printer comes, goes and returns: limits, losses, power, resets, credentials, TLS."""

from __future__ import annotations

import asyncio
import base64
import json
import shutil
import ssl
import subprocess
from pathlib import Path

import pytest
from aiohttp import web

from fanfold.simulate.weblink import Account, Switches, WeblinkPrinter, trusting
from tests.unit.simulate.weblink_stage import desk

LABEL = b"^XA^FO20,20^FDHello^FS^XZ"
QUICK = Switches(label_s=0, retry_s=0.001, boot_s=0.001)


def logged(printer: WeblinkPrinter, words: str) -> bool:
    return any(words in line for line in printer.log)


# connections


async def test_asked_for_more_connections_than_its_limit_it_is_silent() -> None:
    async with desk() as server, WeblinkPrinter(server.url, switches=QUICK, max_connections=2) as printer:
        main = await server.call()
        await server.open(main)
        await main.say({"open": "v1.config.zebra.com"})
        await printer.until(lambda: len(printer.opens) == 2)
        await server.pong(main)
        assert len(server.calls) == 2
        printer.limit(3)
        assert (await server.open(main, "config")).kind == "config"


async def test_an_open_in_a_text_frame_is_not_understood() -> None:
    async with desk() as server, WeblinkPrinter(server.url, switches=QUICK) as printer:
        main = await server.call()
        await main.ws.send_str('{"open": "v1.raw.zebra.com"}')
        await server.pong(main)
        assert printer.opens == []
        await main.send(b'{ "open" : ')
        await main.send(b'"v1.raw.zebra.com" }{"open":"v1.config.zebra.com"}')
        await server.call(3)
        assert printer.opens == ["v1.raw.zebra.com", "v1.config.zebra.com"]


async def test_it_may_dial_main_after_main_up_to_its_limit() -> None:
    async with desk() as server, WeblinkPrinter(server.url, switches=QUICK, max_connections=4) as printer:
        printer.switch(duplicates_mains=True)
        await server.call(4)
        assert {call.kind for call in server.calls} == {"main"}
        await printer.connected(4)
        assert printer.connections(1) == 4


@pytest.mark.parametrize("outlives", [True, False])
async def test_losing_main_it_dials_again_and_raw_stays_or_goes(outlives: bool) -> None:
    async with desk() as server, WeblinkPrinter(server.url, switches=QUICK) as printer:
        printer.switch(raw_outlives_main=outlives)
        main = await server.call()
        raw = await server.open(main)
        await main.ws.close()
        assert (await server.call(3)).kind == "main"
        if outlives:
            await raw.send(LABEL)
            await printer.labels_out()
        else:
            await server.until(lambda: raw.closed is not None)


async def test_losing_raw_it_waits_to_be_asked() -> None:
    async with desk() as server, WeblinkPrinter(server.url, switches=QUICK) as printer:
        main = await server.call()
        await server.open(main)
        printer.drop("raw")
        await server.pong(main)
        assert printer.channels("raw") == []
        assert len(server.calls) == 2
        await server.open(main)


async def test_where_nobody_listens_it_tries_again() -> None:
    async with desk() as server:
        url = server.url
    async with WeblinkPrinter(url, switches=QUICK) as printer:
        await printer.until(lambda: printer.dials == 3)
        assert logged(printer, "[conn1.1]")


async def test_it_pings_and_answers_pings() -> None:
    async with desk() as server, WeblinkPrinter(server.url, switches=Switches(ping_s=0.001)) as printer:
        main = await server.call()
        await server.until(lambda: len(main.pings) >= 5)
        await server.pong(main, b"payload")
        assert main.closed is None
        printer.switch(answers_pings=False)
        await main.ws.ping(b"again")
        count = len(main.pings)
        await server.until(lambda: len(main.pings) >= count + 3)
        assert main.pongs == [b"payload"]


@pytest.mark.parametrize("side", ["server", "way"])
async def test_after_three_lost_pongs_it_drops_and_dials_again(side: str) -> None:
    async with desk() as server, WeblinkPrinter(server.url, switches=QUICK) as printer:
        main = await server.call()
        server.pongs = side != "server"
        printer.switch(ping_s=0.001, loses_pongs=side == "way")
        printer.drop()
        second = await server.call(2)
        await server.call(3)
        assert len(second.pings) == 3
        assert main.pings == []
        assert logged(printer, "3 pings without a pong")


# power


async def test_its_power_goes_after_so_many_bytes_and_what_did_not_print_is_lost() -> None:
    async with desk() as server, WeblinkPrinter(server.url, switches=QUICK) as printer:
        raw = await server.open(await server.call())
        printer.fault("PAPER OUT")
        printer.press.odometer = 5
        printer.switch(dies_at=len(LABEL) + 4)
        await raw.send(LABEL * 3)
        await printer.alone()
        assert bytes(printer.received) == LABEL + LABEL[:4]
        assert not printer.powered
        await server.until(lambda: raw.closed is not None)
        printer.power_on()
        printer.mend("PAPER OUT")
        raw = await server.open(await server.call(3))
        await raw.send(b"^XA^FDthe next^FS^XZ")
        assert await printer.labels_out() == [b"^XA^FDthe next^FS^XZ"]
        assert (printer.labels, printer.odometer) == (1, 6)


async def test_what_printed_before_its_power_went_is_kept() -> None:
    async with desk() as server, WeblinkPrinter(server.url, switches=QUICK) as printer:
        raw = await server.open(await server.call())
        printer.switch(dies_at=2 * len(LABEL))
        await raw.send(LABEL * 3)
        await printer.alone()
        assert printer.printed == [LABEL, LABEL]


async def test_half_open_it_says_nothing_and_closes_nothing() -> None:
    async with desk() as server, WeblinkPrinter(server.url, switches=QUICK) as printer:
        main = await server.call()
        raw = await server.open(main)
        printer.freeze()
        await raw.send(LABEL)
        await raw.ws.ping(b"there?")
        await main.ws.ping(b"there?")
        printer.thaw()
        again = await server.call(3)
        await server.pong(again)
        assert (main.pongs, raw.pongs, main.closed, raw.closed) == ([], [], None, None)
        assert printer.received_bytes == 0
        await (await server.open(again)).send(LABEL)
        await printer.labels_out()


@pytest.mark.parametrize("asked", [b'! U1 do "device.reset" ""\r\n', b'{}{"device.reset":""}', b"~JR"])
async def test_a_reset_drops_connections_and_comes_back(asked: bytes) -> None:
    async with desk() as server, WeblinkPrinter(server.url, switches=QUICK) as printer:
        raw = await server.open(await server.call())
        await raw.send(LABEL + asked + LABEL)
        assert (await server.call(3)).kind == "main"
        assert printer.printed == [LABEL]
        await server.until(lambda: raw.closed is not None)
        if asked.startswith(b"{}"):
            assert json.loads(raw.all) == {"device.reset": ""}


async def test_firmware_is_taken_in_silence_and_then_it_restarts() -> None:
    async with desk() as server, WeblinkPrinter(server.url, switches=QUICK) as printer:
        raw = await server.open(await server.call())
        printer.switch(firmware_bytes=10_000)
        for _ in range(2):
            await raw.send(LABEL * 10 + b"~HS")
            await server.pong(raw)
        assert raw.messages == []
        await raw.send(bytes(10_000))
        await server.call(3)
        assert printer.labels == 0


# settings that say where to dial


async def test_its_location_holds_after_a_reset_and_an_empty_one_switches_it_off() -> None:
    async with desk() as first, desk() as second, WeblinkPrinter(first.url, switches=QUICK) as printer:
        raw = await first.open(await first.call())
        said = await first.answer(
            raw,
            json.dumps({"weblink.ip.conn2.location": second.url}).replace("{", "{}{", 1).encode()
            + b'! U1 getvar "weblink.printer_reset_required"\r\n',
            lambda said: said.endswith(b'"yes"'),
        )
        assert second.url.encode() in said
        assert second.calls == []
        await raw.send(b'! U1 setvar "weblink.ip.conn1.location" ""\r\n! U1 do "device.reset" ""\r\n')
        main = await second.call()
        assert main.introduction["discovery_b64"]
        assert printer.settings.get("weblink.printer_reset_required") == "no"
        await main.say({"configure_alert": "PAPER OUT,SDK,Y,Y,,,N"})
        await second.pong(main)
        assert "WEBLINK.IP.CONN2" in printer.alert_entries
        printer.fault("PAPER OUT")
        await second.until(lambda: bool(main.messages))
        assert len(first.calls) == 2


async def test_its_own_log_is_kept_when_that_is_switched_on() -> None:
    async with desk() as server, WeblinkPrinter(server.url, switches=QUICK) as printer:
        raw = await server.open(await server.call())
        assert await server.answer(raw, b'! U1 getvar "weblink.logging.entries"\r\n', bool) == b'""'
        printer.settings.set("weblink.logging.max_entries", "100")
        said = await server.answer(raw, b'! U1 getvar "weblink.logging.entries"\r\n', bool)
        assert b"[conn1.1] Successfully connected" in said


# coming in


@pytest.mark.parametrize("first", ["Basic", "Digest"])
async def test_it_says_its_password_only_when_it_is_asked(first: str) -> None:
    def gate(request: web.Request) -> web.StreamResponse | None:
        if request.headers.get("Authorization", "").startswith(first):
            return None
        challenge = {"Basic": 'Basic realm="z"', "Digest": 'Digest realm="z", nonce="n", qop="auth"'}[first]
        return web.Response(status=401, headers={"WWW-Authenticate": challenge})

    async with desk() as server:
        server.gate = gate
        async with WeblinkPrinter(server.url, switches=QUICK, account=Account(None, "zebra", "secret")):
            await server.call()
        assert "Authorization" not in server.requests[0].headers
        said = server.requests[1].headers["Authorization"]
        assert base64.b64decode(said.split()[1]) == b"zebra:secret" if first == "Basic" else 'uri="/weblink"' in said


async def test_a_password_can_be_written_into_it() -> None:
    async with desk() as server:
        server.gate = lambda request: None if "Authorization" in request.headers else _challenge()
        async with WeblinkPrinter(server.url, switches=QUICK) as printer:
            await printer.until(lambda: logged(printer, "401"))
            assert server.calls == []
            assert printer.settings.set("weblink.ip.conn1.authentication.add", "127.0.0.1 zebra secret")
            printer.act("weblink.ip.conn1.authentication.add", "127.0.0.1 zebra secret")
            printer.reset()
            await server.call()
            assert printer.settings.get("weblink.ip.conn1.authentication.entries") == "127.0.0.1"


def _challenge() -> web.Response:
    return web.Response(status=401, headers={"WWW-Authenticate": 'Basic realm="z"'})


async def test_a_server_that_speaks_no_such_subprotocol_is_refused_with_the_five_points() -> None:
    async with desk() as server, WeblinkPrinter(server.url, switches=QUICK) as printer:
        printer.switch(subprotocol="v0.weblink.example")
        printer.drop()
        await printer.until(lambda: logged(printer, "Failed to connect (SP = 1, CI = 1, UW = 1, AC = 1, PC = 0)"))


async def test_some_firmware_drops_an_upgrade_without_a_length() -> None:
    async with desk() as server:
        server.says_length = False
        printer = WeblinkPrinter(server.url, switches=QUICK)
        printer.switch(wants_content_length=True)
        async with printer:
            await printer.until(lambda: logged(printer, "Content-Length"))
            server.says_length = True
            await printer.connected()


async def test_what_is_no_http_is_told() -> None:
    async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"SSH-2.0-OpenSSH_9\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(greet, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        async with WeblinkPrinter(f"ws://127.0.0.1:{port}", switches=QUICK) as printer:
            await printer.until(lambda: logged(printer, "no HTTP answer"))


# TLS


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a certificate for loopback, that vouches for itself, and its key."""
    if (openssl := shutil.which("openssl")) is None:
        pytest.skip("openssl, which makes the certificate, is not installed")
    folder = tmp_path_factory.mktemp("own")
    made = ["-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem"), "-subj", "/CN=localhost"]
    new = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1"]
    names = ["-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run([openssl, "req", "-x509", *new, *made, *names], check=True, capture_output=True)
    return folder


def served(own: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(own / "cert.pem", own / "key.pem")
    return context


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_over_tls_it_prints_much_and_answers_much(own: Path, version: ssl.TLSVersion) -> None:
    context = served(own)
    context.minimum_version = context.maximum_version = version
    account = Account(trusting((own / "cert.pem").read_text()))
    async with desk(ssl_context=context) as server, WeblinkPrinter(server.url, switches=QUICK, account=account) as it:
        raw = await server.open(await server.call())
        picture = b"^XA^GFB,300000,300000,100," + bytes(range(250)) * 1200 + b"^FS^XZ"
        await raw.send(picture)
        assert await it.labels_out() == [picture]
        said = await server.answer(raw, b'{}{"allconfig":null}', lambda said: said.endswith(b"}}}"))
        assert len(said) > 200_000


async def test_a_certificate_that_it_does_not_trust_is_told_until_its_own_ca_is_stored(own: Path) -> None:
    async with desk(ssl_context=served(own)) as server, WeblinkPrinter(server.url, switches=QUICK) as printer:
        await printer.until(lambda: logged(printer, "SSL certificate problem: "))
        printer.files["E:WEBLINK1_CA.NRD"] = (own / "cert.pem").read_bytes()
        printer.reset()
        await server.call()


async def test_it_shows_its_own_certificate(own: Path) -> None:
    context = served(own)
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(own / "cert.pem")
    ca = (own / "cert.pem").read_text()
    async with desk(ssl_context=context) as server:
        async with WeblinkPrinter(server.url, switches=QUICK, account=Account(trusting(ca))) as stranger:
            await stranger.until(lambda: stranger.dials == 3)
        assert server.calls == []
        known = Account(trusting(ca, own / "cert.pem", own / "key.pem"))
        async with WeblinkPrinter(server.url, switches=QUICK, account=known):
            main = await server.call()
            transport = main.request.transport
            assert transport is not None
            assert transport.get_extra_info("peercert")["subject"][0][0][1] == "localhost"
