"""The commands that put a Zebra printer on this server, byte for byte; and what is never sent to one."""

from __future__ import annotations

import base64
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fanfold.cli.weblink_setup import BadSetup, Setup, host_of, steps, warnings
from tests.peers.nginx import certificate

MAY_SIGN = bytes.fromhex("0603551d13 0101ff 0405 3003 0101ff")
"""The extension basicConstraints, critical, with CA:TRUE."""


def pem(der: bytes) -> bytes:
    return b"-----BEGIN CERTIFICATE-----\n" + base64.encodebytes(der) + b"-----END CERTIFICATE-----\n"


CERTIFICATE = pem(b"\x30\x82" + bytes(range(185)) + MAY_SIGN)
PLAIN = Setup("50J172400001", "https://labels.example:8443/weblink")
FULL = replace(
    PLAIN,
    ca=CERTIFICATE,
    user="dock",
    password="s3cret!",
    connections=3,
    retry_s=15,
    retry_random_s=60,
    ntp="pool.ntp.org",
    proxy="http://me:pw@proxy.example:3128/",
)


def sent(setup: Setup) -> bytes:
    return b"".join(step.data for step in steps(setup))


def test_the_plain_setup_is_these_lines() -> None:
    assert sent(PLAIN) == (
        b'! U1 setvar "weblink.ip.conn1.maximum_simultaneous_connections" "2"\r\n'
        b'! U1 setvar "weblink.ip.conn1.retry_interval" "10"\r\n'
        b'! U1 setvar "weblink.ip.conn1.retry_interval_random_max" "0"\r\n'
        b'! U1 setvar "weblink.ip.conn1.location" "https://labels.example:8443/weblink"\r\n'
        b'! U1 setvar "alerts.add" "ALL MESSAGES,SDK,Y,Y,WEBLINK.IP.CONN1,0,N,"\r\n'
        b'! U1 setvar "alerts.add" "SGD SET,SDK,Y,Y,WEBLINK.IP.CONN1,0,N,capture.channel1.data.raw"\r\n'
        b'! U1 setvar "weblink.logging.max_entries" "100"\r\n'
        b'! U1 do "device.reset" ""\r\n'
    )


def test_the_full_setup_is_these_bytes() -> None:
    assert len(CERTIFICATE) == 0x14A
    assert sent(FULL) == (
        b"! CISDFCRC16\r\n0000\r\nWEBLINK1_CA.NRD\r\n0000014A\r\n0000\r\n" + CERTIFICATE + b"\r\n"
        b'! U1 setvar "ip.ntp.servers" "pool.ntp.org"\r\n'
        b'! U1 setvar "ip.ntp.enable" "on"\r\n'
        b'! U1 setvar "weblink.ip.conn1.proxy" "http://me:pw@proxy.example:3128/"\r\n'
        b'! U1 setvar "weblink.ip.conn1.authentication.add" "labels.example dock s3cret!"\r\n'
        b'! U1 setvar "weblink.ip.conn1.maximum_simultaneous_connections" "3"\r\n'
        b'! U1 setvar "weblink.ip.conn1.retry_interval" "15"\r\n'
        b'! U1 setvar "weblink.ip.conn1.retry_interval_random_max" "60"\r\n'
        b'! U1 setvar "weblink.ip.conn1.location" "https://labels.example:8443/weblink"\r\n'
        b'! U1 setvar "alerts.add" "ALL MESSAGES,SDK,Y,Y,WEBLINK.IP.CONN1,0,N,"\r\n'
        b'! U1 setvar "alerts.add" "SGD SET,SDK,Y,Y,WEBLINK.IP.CONN1,0,N,capture.channel1.data.raw"\r\n'
        b'! U1 setvar "weblink.logging.max_entries" "100"\r\n'
        b'! U1 do "device.reset" ""\r\n'
    )


def test_the_second_connection_leaves_the_first_as_it_is() -> None:
    data = sent(replace(FULL, conn=2))
    assert b"conn1" not in data.lower()
    assert b"WEBLINK1_" not in data
    assert data.startswith(b"! CISDFCRC16\r\n0000\r\nWEBLINK2_CA.NRD\r\n")
    assert b'"weblink.ip.conn2.location" "https://labels.example:8443/weblink"' in data
    assert b"ALL MESSAGES,SDK,Y,Y,WEBLINK.IP.CONN2,0,N," in data


def test_the_networks_time_server_can_be_taken() -> None:
    data = sent(replace(PLAIN, ntp_dhcp=True))
    assert b'! U1 setvar "ip.dhcp.ntp.enable" "on"\r\n' in data
    assert b'"ip.ntp.' not in data


def test_alerts_can_be_left_as_they_are() -> None:
    assert b"alerts" not in sent(replace(PLAIN, alerts=False))


@pytest.mark.parametrize("setup", [PLAIN, FULL, replace(FULL, conn=2, alerts=False)])
def test_the_restart_comes_last_and_once(setup: Setup) -> None:
    built = steps(setup)
    assert [b"device.reset" in step.data for step in built] == [False] * (len(built) - 1) + [True]


def test_the_size_in_the_wrapper_is_the_files() -> None:
    for file in (CERTIFICATE, CERTIFICATE * 3, CERTIFICATE.rstrip(), b"# ours\r\n" + CERTIFICATE):
        head, rest = sent(replace(PLAIN, ca=file)).split(b"\r\n0000\r\n" + file + b"\r\n! U1 ")
        assert int(head.rpartition(b"\r\n")[2], 16) == len(file)
        assert rest


@pytest.mark.parametrize(
    ("url", "dialled"),
    [
        ("https://labels.example:8443/weblink", "https://labels.example:8443/weblink/5ecret-._~"),
        ("https://labels.example:8443/weblink/", "https://labels.example:8443/weblink/5ecret-._~"),
        ("https://labels.example", "https://labels.example/5ecret-._~"),
        ("https://labels.example/weblink?a=b/c", "https://labels.example/weblink/5ecret-._~?a=b/c"),
    ],
)
def test_a_secret_stands_last_in_the_path(url: str, dialled: str) -> None:
    setup = replace(PLAIN, url=url, secret="5ecret-._~")
    assert f'"weblink.ip.conn1.location" "{dialled}"'.encode() in sent(setup)
    assert sent(setup) == sent(replace(PLAIN, url=dialled))
    assert "5ecret" not in repr(setup) + repr(steps(setup)) + " ".join(warnings(setup))


def test_no_words_beside_the_commands_tell_a_secret() -> None:
    told = " ".join(step.says for step in steps(FULL)) + repr(FULL) + repr(steps(FULL)) + " ".join(warnings(FULL))
    assert "s3cret" not in told


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"serial": ""}, "no serial"),
        ({"serial": "50J1\r\n! U1 do"}, "no serial"),
        ({"serial": "A B"}, "no serial"),
        ({"url": ""}, "https://labels.example"),
        ({"url": "labels.example"}, "https URLs"),
        ({"url": "wss://labels.example/x"}, "https URLs"),
        ({"url": "ftp://labels.example/x"}, "https URLs"),
        ({"url": 'https://labels.example/"'}, "quote"),
        ({"url": "https://labels.example/a b"}, "space"),
        ({"url": "https://labels.example/\r\n"}, "space"),
        ({"url": "https://labels.example/\x00"}, "ASCII"),
        ({"url": "https://labels.example/\\x"}, "backslash"),
        ({"url": "https://bücher.example/"}, "ASCII"),
        ({"url": "https://me:secret@labels.example/"}, "--user"),
        ({"url": "https:///weblink"}, "host or port"),
        ({"url": "https://labels.example:0/"}, "host or port"),
        ({"url": "https://labels.example:99999/"}, "well formed"),
        ({"url": "https://labels.example:port/"}, "well formed"),
        ({"url": "https://[::1/"}, "well formed"),
        ({"url": "https://lab*els.example/"}, "host or port"),
        ({"url": "https://labels.example/#top"}, "`#`"),
        ({"url": "https://labels.example/" + "x" * 2048}, "2048 at most"),
        ({"secret": "a/b"}, "the secret"),
        ({"secret": "two\nlines"}, "the secret"),
        ({"secret": 'quo"te'}, "the secret"),
        ({"secret": "x" * 2048}, "2048 at most"),
        ({"user": "dock"}, "go together"),
        ({"password": "x"}, "go together"),
        ({"user": "do ck", "password": "x"}, "the user"),
        ({"user": "dock", "password": "two words"}, "the password"),
        ({"user": "dock", "password": 'quo"te'}, "the password"),
        ({"user": "dock", "password": "line\n"}, "the password"),
        ({"user": "dock", "password": "tab\t"}, "the password"),
        ({"user": "dock", "password": "back\\slash"}, "the password"),
        ({"user": "dock", "password": "Schlüssel"}, "the password"),
        ({"user": "do:ck", "password": "x"}, "colon"),
        ({"connections": 1}, "2 to 100"),
        ({"connections": 101}, "2 to 100"),
        ({"retry_s": 0}, "1 to 600"),
        ({"retry_s": 601}, "1 to 600"),
        ({"retry_random_s": -1}, "0 to 600"),
        ({"ntp": "time server"}, "time server"),
        ({"ntp": 'x" "'}, "time server"),
        ({"proxy": "http://proxy .example/"}, "proxy"),
        ({"proxy": 'http://proxy.example/"'}, "proxy"),
        ({"proxy": "socks://proxy.example/"}, "proxy"),
        ({"proxy": "http://proxy.example/path"}, "proxy"),
        ({"ca": b""}, "no certificate"),
        ({"ca": b"\x30\x82\x01\xff"}, "not PEM"),
        ({"ca": b"hello"}, "no certificate"),
        ({"ca": b"-----BEGIN PRIVATE KEY-----\n" + CERTIFICATE}, "private key"),
        ({"ca": CERTIFICATE + b"-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----"}, "damaged"),
        ({"ca": CERTIFICATE + b"-----BEGIN CERTIFICATE-----\nMIIA"}, "damaged"),
        ({"ca": CERTIFICATE * 300}, "the one authority"),
        ({"ca": b"-----BEGIN CERTIFICATE-----\n" * 100_000}, "the one authority"),
        ({"ca": b"\xff" * 100_000}, "the one authority"),
    ],
)
def test_what_would_harm_is_refused_naming_it(change: dict[str, Any], words: str) -> None:
    with pytest.raises(BadSetup) as refused:
        steps(replace(PLAIN, **change))
    assert words in str(refused.value)
    assert change.get("password") is None or change["password"] not in str(refused.value) or change["password"] == "x"


TEXT = st.text(max_size=20) | st.text(st.characters(max_codepoint=127), max_size=20)


@given(TEXT, TEXT, TEXT, TEXT, TEXT)
def test_nothing_that_is_given_breaks_out_of_its_quotes(
    path: str, user: str, password: str, ntp: str, proxy: str
) -> None:
    setup = replace(PLAIN, url=f"https://a.example/{path}", user=user, password=password, ntp=ntp, proxy=proxy)
    try:
        data = sent(setup)
    except BadSetup:
        return
    lines = data.split(b"\r\n")
    assert lines.pop() == b""
    for line in lines:
        assert line.startswith(b"! U1 ")
        assert line.count(b'"') == 4
        assert all(0x20 <= byte < 0x7F for byte in line)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"url": "http://labels.example/"}, ["the URL is http"]),
        ({}, ["without --ca", "clock"]),
        ({"ca": CERTIFICATE}, ["clock"]),
        ({"ca": CERTIFICATE, "ntp_dhcp": True}, []),
        ({"ca": pem(b"\x30\x82" + MAY_SIGN.replace(b"\x01\x01\xff", b"")), "ntp_dhcp": True}, ["CA:TRUE"]),
        ({"ca": pem(b"\x30\x82server") + CERTIFICATE, "ntp_dhcp": True}, ["a server's own certificate"]),
        ({"ca": CERTIFICATE, "ntp": "pool.ntp.org", "url": "https://192.0.2.9/x"}, ["192.0.2.9 is an address"]),
        (
            {"ca": CERTIFICATE, "ntp": "pool.ntp.org", "url": "https://[2001:db8::1]:8443/"},
            ["2001:db8::1 is an address"],
        ),
        ({"ca": CERTIFICATE, "ntp": "pool.ntp.org", "url": "https://localhost/"}, ["the printer itself"]),
    ],
)
def test_what_may_go_wrong_is_warned_of(change: dict[str, Any], words: list[str]) -> None:
    told = warnings(replace(PLAIN, **change))
    assert len(told) == len(words)
    for one, wanted in zip(told, words, strict=True):
        assert wanted in one


async def test_an_authority_is_told_from_a_servers_own_certificate(tmp_path: Path) -> None:
    made = await certificate(tmp_path)
    asked = replace(PLAIN, ntp="pool.ntp.org")
    assert warnings(replace(asked, ca=made.ca.read_bytes())) == ()
    (warned,) = warnings(replace(asked, ca=made.chain.read_bytes()))
    assert "a server's own certificate" in warned


def test_the_host_is_told_from_its_port_as_it_is_written() -> None:
    assert host_of("https://Labels.example:8443/x") == "Labels.example"
    assert host_of("https://labels.example") == "labels.example"
    assert host_of("https://[2001:db8::1]:8443/") == "2001:db8::1"
