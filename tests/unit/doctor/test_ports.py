"""Listeners before real sockets and real certificates; each finding in a healthy and a sick surrounding."""

from __future__ import annotations

import http.server
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from fanfold.config import Access, Door, Listener, Proof, Settings
from fanfold.doctor import certificate
from fanfold.doctor.finding import Finding, Severity
from fanfold.doctor.neighbours import program_at
from fanfold.doctor.ports import certified, localhost, ports
from fanfold.doctor.surroundings import Surroundings
from tests.peers.processes import free_port, need
from tests.unit.doctor.findings import codes


def look(*listeners: Listener, token: Path | None = None) -> dict[str, Finding]:
    settings = Settings(listeners=listeners, access=Access(token_file=token))
    return codes(one for one in ports(Surroundings(settings)) if not one.code.startswith("localhost"))


@contextmanager
def answering(status: int, body: str) -> Iterator[int]:
    """A server that says the same to everyone."""

    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            assert "Authorization" not in self.headers, "nobody knows who listens here"
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


def accept_and_close(server: socket.socket) -> None:
    server.accept()[0].close()


def test_a_free_port_is_in_order() -> None:
    assert set(look(Listener("127.0.0.1", free_port()))) == {"port-free"}


def test_a_port_that_a_gateway_has_is_in_order_with_its_version() -> None:
    with answering(200, '{"ok": true, "version": "9.9", "uptime_s": 1}') as port:
        found = look(Listener("127.0.0.1", port))
    assert found["port-ours"].facts["version"] == "9.9"
    with answering(401, '{"code": "token-needed", "detail": "Send it."}') as port:
        assert look(Listener("127.0.0.1", port))["port-ours"].facts["version"] == ""


def test_a_port_that_another_program_has_is_a_problem_that_names_it() -> None:
    for body in ("<h1>Hello</h1>", "{}", "[]", '{"version": 1}'):
        with answering(200, body) as port:
            found = look(Listener("127.0.0.1", port))["port-taken"]
            assert found.severity is Severity.PROBLEM
            if sys.platform == "linux":
                assert found.facts["pid"] == os.getpid()


def test_a_port_at_which_nothing_is_ever_said_is_taken_by_another_program() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=accept_and_close, args=(server,), daemon=True).start()
        assert "port-taken" in look(Listener("127.0.0.1", server.getsockname()[1]))


def test_an_address_that_is_not_ours_is_a_problem_unless_it_is_optional() -> None:
    assert look(Listener("192.0.2.7", 8765))["no-address"].severity is Severity.PROBLEM
    assert look(Listener("192.0.2.7", 8765, optional=True))["no-address"].severity is Severity.NOTE


def test_who_listens_is_told_by_the_system_and_else_nobody_is(tmp_path: Path) -> None:
    if sys.platform != "linux":
        pytest.skip("only Linux tells")
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        found = program_at(port)
        assert found is not None
        assert found[0] == os.getpid()
        assert program_at(port, tmp_path) is None
    assert program_at(port) is None


def test_a_wide_listener_without_token_or_tls_is_told(tmp_path: Path) -> None:
    wide = Listener("0.0.0.0", free_port())
    assert look(wide)["wide-without-token"].severity is Severity.PROBLEM
    assert "wide-without-token" not in look(wide, token=tmp_path / "token")
    assert look(wide, token=tmp_path / "token")["wide-without-tls"].severity is Severity.WARNING
    allowed = Listener("0.0.0.0", free_port(), allow=("192.0.2.7",))
    assert look(allowed)["wide-without-token"].severity is Severity.NOTE


def test_printers_that_prove_nothing_are_told() -> None:
    assert "anyone" in look(Listener("0.0.0.0", free_port(), doors=(Door.WEBLINK,), proof=(Proof.NONE,)))
    assert "anyone" not in look(Listener("0.0.0.0", free_port(), doors=(Door.WEBLINK,), proof=(Proof.PATH,)))


@pytest.fixture(scope="module")
def pem(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of openssl's for thirty days."""
    need("openssl")
    folder = tmp_path_factory.mktemp("pem")
    subprocess.run(
        [
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
            "-days", "30", "-subj", "/CN=till", "-keyout", str(folder / "key"), "-out", str(folder / "cert"),
            "-addext", "subjectAltName=DNS:till-1.shop.example,DNS:localhost,IP:192.0.2.7,IP:2001:db8::7",
        ],
        check=True, capture_output=True,
    )  # fmt: skip
    return folder / "cert"


def test_a_certificate_is_read_as_openssl_wrote_it(pem: Path) -> None:
    found = certificate.read(pem)
    assert found.names == ("till-1.shop.example", "localhost", "192.0.2.7", "2001:db8::7")
    assert found.not_after - found.not_before == timedelta(days=30)
    assert abs(found.not_before - datetime.now(UTC)) < timedelta(days=1)


@pytest.mark.parametrize(
    ("days", "code"),
    [(-1, "certificate-early"), (1, "certificate"), (15, "certificate-ends"), (31, "certificate-expired")],
)
def test_a_certificate_is_judged_by_the_clock(pem: Path, days: int, code: str) -> None:
    now = certificate.read(pem).not_before + timedelta(days=days)
    assert certified(Listener("127.0.0.1", tls_cert=pem), now).code == code


def test_what_is_no_certificate_is_a_problem_in_words(pem: Path, tmp_path: Path) -> None:
    text = pem.read_text()
    for wrong in ("", "hello", text.replace("M", "!"), text[:200], text.replace(text.splitlines()[3] + "\n", "")):
        (tmp_path / "wrong").write_text(wrong)
        assert certified(Listener("127.0.0.1", tls_cert=tmp_path / "wrong"), datetime.now(UTC)).code in (
            "certificate-unreadable", "certificate", "certificate-nameless", "certificate-ends",
        )  # fmt: skip
    assert certified(Listener("127.0.0.1", tls_cert=tmp_path / "none"), datetime.now(UTC)).code == (
        "certificate-unreadable"
    )


def test_any_bytes_in_place_of_a_certificate_are_refused_with_a_value_error(pem: Path, tmp_path: Path) -> None:
    lines = pem.read_text().splitlines()
    for cut in range(1, len(lines) - 1):
        (tmp_path / "cut").write_text("\n".join([*lines[:cut], lines[-1]]))
        with pytest.raises(ValueError, match="certificate"):
            certificate.read(tmp_path / "cut")


@pytest.mark.parametrize(
    ("addresses", "code"),
    [
        (["127.0.0.1", "::1"], "localhost"),
        (["127.0.0.1"], "localhost"),
        (["192.0.2.7"], "localhost-strange"),
        ([], "localhost-strange"),
    ],
)
def test_localhost_must_mean_this_machine(addresses: list[str], code: str) -> None:
    assert localhost(addresses, Settings()).code == code


def test_localhost_that_leads_past_the_gateway_is_told() -> None:
    settings = Settings(listeners=(Listener("127.0.0.1"),))
    assert localhost(["::1", "127.0.0.1"], settings).code == "localhost-half"
    assert localhost(["127.0.0.1"], settings).code == "localhost"


@pytest.mark.parametrize(("state", "found"), [("0A", (7, "nginx")), ("01", None)])
def test_who_only_talks_from_a_port_does_not_listen_there(
    tmp_path: Path, state: str, found: tuple[int, str] | None
) -> None:
    (tmp_path / "proc/net").mkdir(parents=True)
    (tmp_path / "proc/7/fd").mkdir(parents=True)
    (tmp_path / "proc/7/fd/3").symlink_to("socket:[99]")
    (tmp_path / "proc/7/comm").write_text("nginx\n")
    row = f"   0: 0100007F:223D 00000000:0000 {state} 00000000:00000000 00:00000000 00000000  33        0 99 1\n"
    (tmp_path / "proc/net/tcp").write_text(f"  sl  local_address rem_address st\n{row}")
    assert program_at(0x223D, tmp_path) == found
