"""The packet in which a Zebra tells of itself when it dials in (`discovery_b64`). Pure; knows no connection.

Layout and codes: reference `zebra-weblink.md` §8, from a decoder that its authors tested on a real ZD620's packet.
"""

from __future__ import annotations

import re
from base64 import b64decode
from binascii import crc_hqx
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address

from fanfold.model import Reason
from fanfold.transports.weblink.alerts import UNNAMED

PACKET_BYTES = 64 * 1024
"""The longest text taken; a packet of today's printers is 422 bytes, 564 letters of base64."""
_BEGINS = b"\x3a\x2c\x2e\x04"
"""Zebra's mark, and version 4: the one that Weblink printers send (3 is older and laid out otherwise)."""

_ERRORS = {
    0x1: "media-empty-error",
    0x2: "marker-supply-empty-error",
    0x4: "cover-open-error",
    0x8: "cutter-jam-error",  # this one and 0x40 as in `~HQES`, whose other bits agree with these
    0x10: "head-shutdown-error",
    0x20: "motor-too-hot-error",
    0x40: "head-element-bad-warning",
    0x80: "invalid-head-error",
    0x200: "thermistor-fault-error",
    0x4000: "media-jam-error",
    0x10000: Reason.PAUSED,
    0x100000: "program-failed-warning",
    0x200000: "program-stopped-report",
}
_WARNINGS = {
    0x1: "calibration-needed-warning",  # the first four as in `~HQES`
    0x2: "clean-head-warning",
    0x4: "head-worn-warning",
    0x8: "media-low-warning",
    0x1000: "head-cold-warning",
    0x2000: "ribbon-in-warning",
    0x4000: "battery-low-warning",
    0x8000: "rfid-failed-warning",
}
REASONS = frozenset((*_ERRORS.values(), *_WARNINGS.values()))
"""All that a packet can tell is wrong; of other reasons it says nothing."""
_INTERFACES = {
    1: "wired",
    2: "external-wired",
    4: "wireless",
    8: "bluetooth",
    16: "parallel",
    32: "serial",
    64: "usb",
    128: "sd-card",
    256: "battery",
}
_PROTOCOLS = {
    1: "ftp",
    2: "lpd",
    4: "tcp",
    8: "udp",
    16: "http",
    32: "smtp",
    64: "pop3",
    128: "snmp",
    256: "telnet",
    512: "weblink",
    1024: "tls",
    2048: "https",
}
_LANGUAGES = {1: "zpl", 2: "cpcl", 4: "epl"}
_SECOND_LANGUAGES = {1: "sgd", 2: "snmp"}
_ACQUISITIONS = ("all", "gleaning", "rarp", "bootp", "dhcp", "dhcp-and-bootp", "static")
_MEDIA = ("continuous", "mark", "gap")
_METHODS = ("direct-thermal", "thermal-transfer")
_MODES = (
    "rewind",
    "tear-off",
    "peel-off",
    "pace",
    "cutter",
    "delayed-cut",
    "applicator",
    "linerless-peel",
    "linerless-rewind",
    "partial-cut",
    "rfid",
    "linerless-tear",
)
_PROGRAM_STATES = ("disabled", "stopped", "running")
_WIRED_SECURITY = ("none", "peap", "eap-tls", "eap-ttls")
_DPI = {6: 152, 8: 203, 12: 300, 24: 600}
"""What people call these heads; 12 dots per mm are 305 to the inch."""


class BadPacket(ValueError):
    """No packet, or one that does not tell whose it is; says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Discovery:
    """What a printer says of itself. None: its packet ends before, or its version has no such field.

    Words are in lower case with hyphens; codes that nobody has described are `unknown-…`. Lengths in dots.
    """

    serial: str
    """Up to its first NUL: 12 letters and 14 are both seen."""
    version: int
    """Of the packet's layout, 0 to 5 so far."""
    company: str
    name: str
    """What its owner calls it."""
    product: str
    """Maker's code, model, resolution and language: `ZTC ZD620-203dpi ZPL`."""
    firmware: str
    location: str
    reasons: tuple[str, ...]
    """What is wrong with it now, in the words of `alerts`."""
    interfaces: tuple[str, ...]
    dns_domain: str | None = None
    active_interface: str | None = None
    mac: str | None = None
    """As `00:07:4d:00:00:01`."""
    ip_acquisition: str | None = None
    address: str | None = None
    netmask: str | None = None
    gateway: str | None = None
    raw_port: int | None = None
    protocols: tuple[str, ...] | None = None
    primary_language: str | None = None
    languages: tuple[str, ...] | None = None
    secondary_languages: tuple[str, ...] | None = None
    dots_per_mm: int | None = None
    row_dots: int | None = None
    """As it says; a real ZD620 says 4592, which is not its head's width."""
    label_length_dots: int | None = None
    label_width_dots: int | None = None
    darkness: int | None = None
    media: str | None = None
    print_method: str | None = None
    print_mode: str | None = None
    odometer_labels: int | None = None
    """Labels ever printed."""
    odometer_marker_1: int | None = None
    """Two counters that its owner may set back; in the printer's own unit."""
    odometer_marker_2: int | None = None
    labels_left_in_batch: int | None = None
    labels_queued: int | None = None
    zbi_enabled: bool | None = None
    zbi_state: str | None = None
    zbi_version: str | None = None
    head_width_dots: int | None = None
    """Since version 1, like all below since theirs: JSON port and Link-OS 2, AVS 3, the rest 4."""
    json_port: int | None = None
    link_os: str | None = None
    avs_version: str | None = None
    processor_id: str | None = None
    tls_raw_port: int | None = None
    tls_json_port: int | None = None
    wired_security: str | None = None
    """How it signs in at a guarded wired network (802.1X)."""
    crc_ok: bool | None = None
    """Whether the checksum behind the packet fits; None: there is none."""

    @property
    def model(self) -> str:
        """The product without the maker's code and the language: `ZD620-203dpi`."""
        return re.sub(r"^ZTC | (?:ZPL|CPCL|EPL)$", "", self.product)

    @property
    def dpi(self) -> int | None:
        """Dots per inch, as people name the head."""
        return _DPI.get(self.dots_per_mm or 0)


def discovery(text: str) -> Discovery:
    """Decode a packet: base64, perhaps `:` and four hexadecimal digits of CRC-16/XMODEM over the base64.

    A wrong checksum is told, not refused: some printers send none, and the packet is only what a printer claims.

    Raises:
        BadPacket: not base64, another layout, or no whole serial in it.
    """
    if len(text) > PACKET_BYTES:
        raise BadPacket(f"the discovery packet has {len(text)} letters; none is longer than {PACKET_BYTES}")
    coded, colon, crc = "".join(text.split()).partition(":")
    data = _bytes(coded)
    if not data.startswith(_BEGINS):
        raise BadPacket(f"the discovery packet begins with {data[:4].hex(' ') or 'nothing'}, not {_BEGINS.hex(' ')}")
    return _decoded(data, f"{crc_hqx(coded.encode(), 0):04x}" == crc.lower() if colon else None)


def _bytes(coded: str) -> bytes:
    try:
        return b64decode(coded + "=" * (-len(coded) % 4), validate=True)
    except ValueError as error:
        raise BadPacket(f"the discovery packet is no base64: {error}") from error


def _decoded(data: bytes, crc_ok: bool | None) -> Discovery:
    fields = _Fields(data)
    serial = fields.serial()
    major, minor = fields.number(394, 1), fields.number(395, 1)
    zbi_enabled = fields.number(392, 1)
    os_major, os_minor = fields.number(400, 1, since=2), fields.number(401, 1, since=2)
    return Discovery(
        serial=serial,
        version=fields.version,
        company=fields.text(8, 5) or "",
        name=fields.text(13, 63) or "",
        product=fields.text(76, 32) or "",
        firmware=fields.text(108, 16) or "",
        location=fields.text(124, 36) or "",
        reasons=fields.reasons(),
        interfaces=fields.words(184, 4, _INTERFACES) or (),
        dns_domain=fields.text(220, 100),
        active_interface=next(iter(fields.words(320, 4, _INTERFACES) or ()), None),
        mac=fields.hex(324, 6, ":"),
        ip_acquisition=fields.word(330, 2, _ACQUISITIONS),
        address=fields.address(332),
        netmask=fields.address(336),
        gateway=fields.address(340),
        raw_port=fields.number(344, 2),
        protocols=fields.words(346, 2, _PROTOCOLS),
        primary_language=next(iter(fields.words(348, 4, _LANGUAGES) or ()), None),
        languages=fields.words(352, 4, _LANGUAGES),
        secondary_languages=fields.words(356, 4, _SECOND_LANGUAGES),
        dots_per_mm=fields.number(360, 2),
        row_dots=fields.number(362, 2),
        label_length_dots=fields.number(364, 2),
        label_width_dots=fields.number(366, 2),
        darkness=fields.number(368, 2),
        media=fields.word(370, 2, _MEDIA),
        print_method=fields.word(372, 2, _METHODS),
        print_mode=fields.word(374, 2, _MODES),
        odometer_labels=fields.number(376, 4),
        odometer_marker_1=fields.number(380, 4),
        odometer_marker_2=fields.number(384, 4),
        labels_left_in_batch=fields.number(388, 2),
        labels_queued=fields.number(390, 2),
        zbi_enabled=None if zbi_enabled is None else bool(zbi_enabled),
        zbi_state=fields.word(393, 1, _PROGRAM_STATES),
        zbi_version=None if minor is None else f"{major}.{minor}",
        head_width_dots=fields.number(396, 2, since=1),
        json_port=fields.number(398, 2, since=2),
        link_os=None if os_minor is None else f"{os_major}.{os_minor}",
        avs_version=fields.text(402, 6, since=3),
        processor_id=fields.hex(408, 8, since=4),
        tls_raw_port=fields.number(416, 2, since=4),
        tls_json_port=fields.number(418, 2, since=4),
        wired_security=fields.word(420, 1, _WIRED_SECURITY, since=4),
        crc_ok=crc_ok,
    )


@dataclass(frozen=True, slots=True)
class _Fields:
    """Reads by offset and length; None where the packet has no such field."""

    data: bytes

    @property
    def version(self) -> int:
        return self.data[4] if len(self.data) > 4 else 0

    def serial(self) -> str:
        # a serial cut short would be another printer's, so its end must be there: a NUL, or all 32 bytes
        field = self.data[188:220]
        serial = field.partition(b"\0")[0]
        if not field or (b"\0" not in field and len(field) < 32):
            raise BadPacket(f"the discovery packet ends after {len(self.data)} bytes, before the serial does")
        shown = serial.decode("ascii", "replace").strip()
        if not shown or not shown.isascii() or not shown.isprintable():
            raise BadPacket(f"the discovery packet has no serial: its place holds {field[:20]!r}")
        return shown

    def reasons(self) -> tuple[str, ...]:
        found = [*self._segments(160, _ERRORS), *self._segments(172, _WARNINGS)]
        return tuple(dict.fromkeys(found))

    def text(self, at: int, size_bytes: int, since: int = 0) -> str | None:
        field = self._field(at, size_bytes, since)
        if field is None:
            return None
        told = field.partition(b"\0")[0].decode("utf-8", "replace")
        return "".join(sign if sign.isprintable() else " " for sign in told).strip()

    def number(self, at: int, size_bytes: int, since: int = 0) -> int | None:
        field = self._field(at, size_bytes, since)
        return None if field is None else int.from_bytes(field, "big")

    def word(self, at: int, size_bytes: int, codes: tuple[str, ...], since: int = 0) -> str | None:
        code = self.number(at, size_bytes, since)
        if code is None:
            return None
        return codes[code] if code < len(codes) else f"unknown-{code}"

    def words(self, at: int, size_bytes: int, bits: Mapping[int, str]) -> tuple[str, ...] | None:
        told = self.number(at, size_bytes)
        if told is None:
            return None
        unknown = (1 << bit for bit in range(size_bytes * 8) if told >> bit & 1 and 1 << bit not in bits)
        return (*_named(told, bits), *(f"unknown-{bit:#x}" for bit in unknown))

    def hex(self, at: int, size_bytes: int, between: str = "", since: int = 0) -> str | None:
        field = self._field(at, size_bytes, since)
        if field is None:
            return None
        return field.hex(between) if between else field.hex()

    def address(self, at: int) -> str | None:
        field = self._field(at, 4, 0)
        return None if field is None else str(IPv4Address(field))

    def _field(self, at: int, size_bytes: int, since: int) -> bytes | None:
        whole = self.version >= since and at + size_bytes <= len(self.data)
        return self.data[at : at + size_bytes] if whole else None

    def _segments(self, at: int, bits: Mapping[int, str]) -> Iterator[str]:
        """Two words without known bits, then the one with them; what has no name is told as such."""
        first, second, third = (self.number(at + step, 4) or 0 for step in (0, 4, 8))
        yield from _named(third, bits)
        if first or second or third & ~sum(bits):
            yield UNNAMED


def _named(told: int, bits: Mapping[int, str]) -> tuple[str, ...]:
    return tuple(word for bit, word in bits.items() if told & bit)
