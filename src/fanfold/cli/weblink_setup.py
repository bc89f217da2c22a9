"""Builds the commands that put a Zebra printer on this server. Pure: knows no terminal, no gateway and no disk.

The settings, their limits and the wrapper for files are those of Zebra's programming guide ("Using Weblink", the pages
of the SGD commands, `CISDFCRC16`).
"""

from __future__ import annotations

import binascii
import ipaddress
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import SplitResult, urlsplit, urlunsplit

LINE_END = b"\r\n"
CA_BYTES = 64 * 1024
"""One authority takes about 2 kB; a whole system's list of them would fill the printer."""
URL_LENGTH = 2048
DER_SEQUENCE = b"\x30"
"""What every certificate begins with (X.690 §8.9)."""
LOG_ENTRIES = 100
CAPTURED = "capture.channel1.data.raw"
"""The setting in which scanned data shows up; `ALL MESSAGES` leaves changes of settings out."""

_LIKE = "write it like `https://labels.example:8443/weblink`"
_PLAIN = re.compile(r"[ -!#-\[\]-~]*")
"""Printable ASCII without quote and backslash: nothing that ends a quoted value or means something else in it."""
_WORD = re.compile(r"[!#-\[\]-~]+")
_SERIAL = re.compile(r"[A-Za-z0-9._-]{1,64}")
_SERVERS = re.compile(r"[A-Za-z0-9.:,-]+")
_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::[0-9]{1,5})?")
_PROXY = re.compile(r"(?:https?://)?(?:[^\s@/]+@)?(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::[0-9]{1,5})?/?")
_SECRET = re.compile(r"[A-Za-z0-9._~-]+")
"""What needs no escape in a URL (RFC 3986 §2.3), as the gateway asks of the secret in its `secret_file`."""
_BEGIN = "-----BEGIN CERTIFICATE-----"
_CERTIFICATE = re.compile(rf"{_BEGIN}([^-]+)-----END CERTIFICATE-----")
_IS_AUTHORITY = re.compile(rb"\x06\x03\x55\x1d\x13(?:\x01\x01\xff)?\x04.\x30.\x01\x01\xff", re.DOTALL)
"""The extension basicConstraints with `cA` true, critical or not (RFC 5280 §4.2.1.9), in DER."""


class BadSetup(ValueError):
    """It cannot be sent to a printer; the text says which part, and what to do."""


@dataclass(frozen=True, slots=True)
class Setup:
    """What a printer is to be told. `conn` is which of its two Weblink connections; the other stays as it is."""

    serial: str
    url: str
    secret: str = field(default="", repr=False)
    """The last part of the URL's path, given apart so that nobody has to write it into a command."""
    ca: bytes | None = None
    """The certificate (PEM) of the authority that the printer is to believe."""
    user: str = ""
    password: str = field(default="", repr=False)
    connections: int = 2
    retry_s: int = 10
    retry_random_s: int = 0
    ntp: str = ""
    ntp_dhcp: bool = False
    conn: Literal[1, 2] = 1
    proxy: str = ""
    alerts: bool = True


@dataclass(frozen=True, slots=True)
class Step:
    """One command as the printer gets it, and what it is for; the words hold no secret."""

    says: str
    data: bytes = field(repr=False)


def steps(setup: Setup) -> tuple[Step, ...]:
    """Return the commands in their order; the last restarts the printer. Raises BadSetup."""
    _check(setup)
    return tuple(_steps(setup))


def dialled(url: str, secret: str) -> str:
    """Return the URL with the secret as the last part of its path; without one, as it is. Raises BadSetup."""
    if not secret:
        return url
    if _SECRET.fullmatch(secret) is None:
        raise BadSetup("the secret must be one line of ASCII letters, digits and - . _ ~, as the gateway wants it")
    parts = _parts(url)
    return urlunsplit(parts._replace(path=f"{parts.path.rstrip('/')}/{secret}"))


def warnings(setup: Setup) -> tuple[str, ...]:
    """Return what may keep the printer from coming, or others from being kept out, in words."""
    return tuple(_warnings(setup, urlsplit(setup.url)))


def host_of(url: str) -> str:
    """Return the host as it is written in a well formed URL, without its port."""
    found = _HOST.fullmatch(urlsplit(url).netloc)
    return found[1].strip("[]") if found else ""


# --- what is sent


def _steps(setup: Setup) -> Iterator[Step]:
    if setup.ca is not None:
        yield Step("Whom to believe: the authority of the server's certificate.", _file(setup, setup.ca))
    yield from _clock(setup)
    yield from _connection(setup)
    if setup.alerts:
        yield from _alerts(setup)
    yield Step("Keep a log of what becomes of it.", _set("weblink.logging.max_entries", str(LOG_ENTRIES)))
    yield Step("Restart: only then the rest holds.", _command("do", "device.reset", ""))


def _file(setup: Setup, data: bytes) -> bytes:
    """Wrap a file for `E:`, where this wrapper puts all files; CRC and checksum of 0000 are not looked at.

    The line end behind it is none of the file; the command after it then begins a line, however the file ends.
    """
    head = ("! CISDFCRC16", "0000", f"WEBLINK{setup.conn}_CA.NRD", f"{len(data):08X}", "0000", "")
    return LINE_END.join(line.encode() for line in head) + data + LINE_END


def _clock(setup: Setup) -> Iterator[Step]:
    if setup.ntp:
        yield Step("Whom to ask for the time.", _set("ip.ntp.servers", setup.ntp))
        yield Step("Ask for the time: certificates are checked by it.", _set("ip.ntp.enable", "on"))
    if setup.ntp_dhcp:
        says = "Take the time server that the network offers: certificates are checked by the time."
        yield Step(says, _set("ip.dhcp.ntp.enable", "on"))


def _connection(setup: Setup) -> Iterator[Step]:
    at = f"weblink.ip.conn{setup.conn}."
    if setup.proxy:
        yield Step("The proxy by which it gets out.", _set(f"{at}proxy", setup.proxy))
    if setup.user:
        triple = f"{host_of(setup.url)} {setup.user} {setup.password}"
        yield Step("Who it is, when the server asks.", _set(f"{at}authentication.add", triple))
    says = "How many lines it may open: one to talk, one for documents, more where its settings have their own."
    yield Step(says, _set(f"{at}maximum_simultaneous_connections", str(setup.connections)))
    yield Step("How many seconds it waits before it tries again.", _set(f"{at}retry_interval", str(setup.retry_s)))
    says = "How many more at most, by chance, so that many printers do not come at once."
    yield Step(says, _set(f"{at}retry_interval_random_max", str(setup.retry_random_s)))
    yield Step("Where it dials in.", _set(f"{at}location", dialled(setup.url, setup.secret)))


def _alerts(setup: Setup) -> Iterator[Step]:
    for condition, name in (("ALL MESSAGES", ""), ("SGD SET", CAPTURED)):
        says = "Tell what a scanner on its port reads." if name else "Tell what happens to it."
        entry = f"{condition},SDK,Y,Y,WEBLINK.IP.CONN{setup.conn},0,N,{name}"
        yield Step(says, _set("alerts.add", entry))


def _set(name: str, value: str) -> bytes:
    return _command("setvar", name, value)


def _command(verb: str, name: str, value: str) -> bytes:
    if _PLAIN.fullmatch(value) is None:
        raise BadSetup(f"the value for {name} has a quote, a backslash or a sign that is no plain ASCII")
    return f'! U1 {verb} "{name}" "{value}"'.encode("ascii") + LINE_END


# --- what may be sent


def _check(setup: Setup) -> None:
    if _SERIAL.fullmatch(setup.serial) is None:
        raise BadSetup(f"{setup.serial[:60]!r} is no serial: write it as on the printer's plate")
    _check_url(setup.url)
    _check_length(dialled(setup.url, setup.secret))
    _check_user(setup)
    _check_number("connections", setup.connections, 2, 100)
    _check_number("retry", setup.retry_s, 1, 600)
    _check_number("retry-random", setup.retry_random_s, 0, 600)
    if setup.ntp and _SERVERS.fullmatch(setup.ntp) is None:
        raise BadSetup(f"{setup.ntp[:60]!r} is no time server: write a name or an address, such as `pool.ntp.org`")
    if setup.proxy and (_PLAIN.fullmatch(setup.proxy) is None or _PROXY.fullmatch(setup.proxy) is None):
        raise BadSetup("the proxy must be like `http://user:password@proxy.example:3128/`, in plain ASCII")
    if setup.ca is not None:
        _check_ca(setup.ca)


def _check_url(url: str) -> None:
    if _WORD.fullmatch(url) is None:
        raise BadSetup(f"the URL has a space, a quote, a backslash or a sign that is no plain ASCII; {_LIKE}")
    parts = _parts(url)
    if parts.scheme not in {"https", "http"}:
        raise BadSetup(f"printers take https URLs, though they speak WebSocket; {_LIKE}")
    if "@" in parts.netloc:
        raise BadSetup("the URL has a user in it: give --user and --password-file instead")
    if _HOST.fullmatch(parts.netloc) is None or parts.port == 0:
        raise BadSetup(f"the URL's host or port is not well formed; {_LIKE}")
    if parts.fragment or "#" in url:
        raise BadSetup("the URL has a `#`: what stands behind it never reaches a server; leave it out")


def _parts(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port  # looked at only now
    except ValueError as fault:
        raise BadSetup(f"the URL is not well formed ({fault}); {_LIKE}") from fault
    return parts


def _check_length(url: str) -> None:
    if len(url) > URL_LENGTH:
        raise BadSetup(f"the URL has {len(url)} characters; printers take {URL_LENGTH} at most")


def _check_user(setup: Setup) -> None:
    if bool(setup.user) != bool(setup.password):
        raise BadSetup("a user and a password go together: give both or neither")
    for what, text in (("user", setup.user), ("password", setup.password)):
        if text and _WORD.fullmatch(text) is None:
            says = "a space parts the two for the printer, and a quote, a backslash or a sign beyond ASCII breaks it"
            raise BadSetup(f"the {what} has a sign that cannot be sent: {says}; take letters and digits")
    if ":" in setup.user:
        raise BadSetup("the user has a colon in it, which HTTP does not allow")


def _check_number(what: str, number: int, least: int, most: int) -> None:
    if not least <= number <= most:
        raise BadSetup(f"--{what} is {number}; it must be {least} to {most}")


def _check_ca(data: bytes) -> None:
    if len(data) > CA_BYTES:
        says = f"the CA file has more than {CA_BYTES} bytes"
        raise BadSetup(f"{says}: give the one authority, not a system's list of all")
    if not data.isascii():
        raise BadSetup("the CA file is not PEM: make it by `openssl x509 -in FILE -out ca.pem`")
    text = data.decode("ascii")
    if "PRIVATE KEY" in text:
        raise BadSetup("the CA file has a private key in it, which must never leave its place; give the certificate")
    if _BEGIN not in text:
        raise BadSetup(f"the CA file has no certificate in it: it must be PEM, with `{_BEGIN}`")
    found = _certificates(text)
    if len(found) < text.count(_BEGIN) or not all(one.startswith(DER_SEQUENCE) for one in found):
        raise BadSetup("a certificate in the CA file is damaged: fetch it anew")


def _certificates(text: str) -> list[bytes]:
    """Return the certificates (DER) of a PEM file; one that cannot be decoded is empty."""
    return [_decoded(base64) for base64 in _CERTIFICATE.findall(text)]


def _decoded(base64: str) -> bytes:
    try:
        return binascii.a2b_base64("".join(base64.split()), strict_mode=True)
    except ValueError:
        return b""


# --- what is worth a second thought


def _warnings(setup: Setup, url: SplitResult) -> Iterator[str]:
    host = host_of(setup.url)
    if url.scheme == "http":
        yield (
            "the URL is http: anyone on the way reads what is printed and can pose as the server, and Zebra tells of "
            "https only. Use it for tests."
        )
    elif setup.ca is None:
        yield "without --ca the printer refuses a server whose authority it does not have yet."
    elif not all(map(_IS_AUTHORITY.search, _certificates(setup.ca.decode("ascii")))):
        yield (
            "the CA file seems to hold a server's own certificate: it does not say that it is an authority's "
            "(basicConstraints CA:TRUE). The printer needs that of the authority which signed the server's."
        )
    if url.scheme == "https" and _is_address(host):
        yield (
            f"{host} is an address: the printer compares it with the names in the server's certificate, and none of an "
            "ordinary one will match. Use the name that stands in the certificate."
        )
    if host.lower() in {"localhost", "127.0.0.1", "::1"}:
        yield f"{host} is the printer itself, as seen from the printer: write the gateway's name in the network."
    if url.scheme == "https" and not (setup.ntp or setup.ntp_dhcp):
        yield (
            "neither --ntp nor --ntp-dhcp: certificates are checked by the printer's clock, which many models lose "
            "with their power."
        )


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
