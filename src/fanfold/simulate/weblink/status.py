"""What a Zebra printer answers to commands behind a tilde and to `^HH`, byte by byte. Knows no channel.

Layouts: the programming guide's, and captures of a ZT411 where it leaves room.
"""

from __future__ import annotations

from dataclasses import dataclass

from fanfold.simulate.weblink.discovery import Discovery, Errors, Warnings

STX, ETX, CRLF = b"\x02", b"\x03", b"\r\n"
SILENCING = frozenset({"PAPER OUT", "RIBBON OUT", "HEAD OPEN", "REWIND", "HEAD TOO HOT"})
"""In these the manual says that `~HS` is not answered."""
_MODES = {0: 0, 1: 2, 2: 1, 4: 3, 5: 5, 6: 4, 7: 6, 8: 7, 9: 8, 10: 9}
"""The discovery packet's print modes as `~HS` numbers them."""
_ERROR_BITS = {
    "PAPER OUT": 0x1,
    "RIBBON OUT": 0x2,
    "HEAD OPEN": 0x4,
    "CUTTER JAM": 0x8,
    "HEAD TOO HOT": 0x10,
    "MOTOR OVERTEMP": 0x20,
    "HEAD ELEMENT BAD": 0x40,
    "INVALID HEAD": 0x80,
    "THERMISTOR FAULT": 0x200,
    "PRINTER PAUSED": 0x10000,
}
_WARNING_BITS = {"CLEAN PRINTHEAD": 0x2, "REPLACE HEAD": 0x4, "MEDIA LOW": 0x8}
_DISCOVERED = {
    "PAPER OUT": Errors.PAPER_OUT,
    "RIBBON OUT": Errors.RIBBON_OUT,
    "HEAD OPEN": Errors.HEAD_OPEN,
    "PRINTHEAD SHUTDOWN": Errors.HEAD_SHUTDOWN,
    "MOTOR OVERTEMP": Errors.MOTOR_HOT,
    "INVALID HEAD": Errors.INVALID_HEAD,
    "THERMISTOR FAULT": Errors.THERMISTOR,
    "PRINTER PAUSED": Errors.PAUSED,
    "BASIC RUNTIME": Errors.ZBI_RUNTIME,
    "BASIC FORCED": Errors.ZBI_FORCED,
}
_DISCOVERED_WARNINGS = {
    "HEAD COLD": Warnings.HEAD_COLD,
    "RIBBON IN": Warnings.RIBBON_IN,
    "BATTERY LOW": Warnings.BATTERY_LOW,
    "RFID ERROR": Warnings.RFID,
}


@dataclass(frozen=True, slots=True)
class Look:
    """A printer at one moment."""

    made: Discovery
    conditions: frozenset[str]
    formats: int = 0
    left: int = 0
    full: bool = False
    partial: bool = False
    odometer: int = 0

    def has(self, condition: str) -> int:
        """Return 1 if the condition stands."""
        return int(condition in self.conditions)

    @property
    def errors(self) -> int:
        """What `~HQES` calls group 1 of the errors."""
        return sum(bit for name, bit in _ERROR_BITS.items() if name in self.conditions)

    @property
    def warnings(self) -> int:
        """What `~HQES` calls group 1 of the warnings."""
        return sum(bit for name, bit in _WARNING_BITS.items() if name in self.conditions)

    @property
    def error_words(self) -> tuple[int, int, int]:
        """The error words of the discovery packet."""
        return 0, 0, sum(bit for name, bit in _DISCOVERED.items() if name in self.conditions)

    @property
    def warning_words(self) -> tuple[int, int, int]:
        """The warning words of the discovery packet."""
        return 0, 0, sum(bit for name, bit in _DISCOVERED_WARNINGS.items() if name in self.conditions)

    @property
    def inches(self) -> int:
        """How much paper ran through it."""
        return int(self.odometer * self.made.label_length / (self.made.dots_per_mm * 25.4))


def answer(name: str, look: Look) -> bytes:
    """Return what the command behind the tilde is answered with, nothing for one without an answer."""
    match name:
        case "HS":
            return b"".join(_string(line) for line in host_status(look))
        case "HI":
            return _string(host_identification(look.made))
        case "HM":
            return _string("8176,8176,7412")
        case "HQES":
            return _query("PRINTER STATUS", *error_lines(look))
        case "HQSN":
            return _query("SERIAL NUMBER", f"  {look.made.serial}".ljust(44))
        case "HQOD":
            return _query("PRINT METERS", *meter_lines(look))
        case _:
            return b""


def host_status(look: Look) -> tuple[str, str, str]:
    """Return the three strings of `~HS`."""
    made = look.made
    first = (
        f"030,{look.has('PAPER OUT')},{look.has('PRINTER PAUSED')},{made.label_length:04d},{look.formats:03d},"
        f"{int(look.full)},0,{int(look.partial)},000,0,{look.has('HEAD COLD')},{look.has('HEAD TOO HOT')}"
    )
    second = (
        f"001,0,{look.has('HEAD OPEN')},{look.has('RIBBON OUT')},{int(made.print_method == 1)},"
        f"{_MODES.get(made.print_mode, 2)},6,{look.has('LABEL READY')},{look.left:08d},1,000"
    )
    return first, second, "0000,0"


def host_identification(made: Discovery) -> str:
    """Return what `~HI` says: model, firmware, dots per mm, memory."""
    model = made.product.removeprefix("ZTC ").partition(" ")[0].replace("203dpi", "200dpi")
    return f"{model},{made.firmware},{made.dots_per_mm},8176KB"


def error_lines(look: Look) -> tuple[str, str]:
    """Return the two lines of `~HQES`: flag, group 2, group 1. Others count their characters."""
    return (
        "   ERRORS:" + 9 * " " + f"{int(look.errors > 0)} {0:08X} {look.errors:08X}" + 6 * " ",
        "   WARNINGS:" + 7 * " " + f"{int(look.warnings > 0)} {0:08X} {look.warnings:08X}" + 6 * " ",
    )


def system_status(look: Look) -> str:
    """Return the setting `zpl.system_status`: paused, then flag and groups of errors and of warnings."""
    return f"{system_error(look)},{int(look.warnings > 0)},{0:08X},{look.warnings:08X}"


def system_error(look: Look) -> str:
    """Return the setting `zpl.system_error`."""
    return f"{look.has('PRINTER PAUSED')},{int(look.errors > 0)},{0:08X},{look.errors:08X}"


def meter_lines(look: Look) -> tuple[str, ...]:
    """Return the lines of `~HQOD`, in inches."""
    names = ("TOTAL NONRESETTABLE:", "USER RESETTABLE CNTR1:", "USER RESETTABLE CNTR2:")
    return tuple(f"     {name:<24}{look.inches:>13} " + '"' for name in names)


def configuration(look: Look) -> bytes:
    """Return what `^XA^HH^XZ` is answered with: values in 20 columns, then their names."""
    made = look.made
    rows = {
        "DARKNESS": f"+{made.darkness:.1f}",
        "TEAR OFF": "+000",
        "PRINT MODE": "TEAR OFF",
        "MEDIA TYPE": ("CONTINUOUS", "MARK", "GAP/NOTCH")[min(made.media_type, 2)],
        "PRINT METHOD": "THERMAL-TRANS." if made.print_method else "DIRECT-THERMAL",
        "PRINT WIDTH": str(made.label_width),
        "LABEL LENGTH": str(made.label_length),
        "COMMUNICATIONS": "WEBLINK",
        "CONTROL PREFIX": "<~> 7EH",
        "FORMAT PREFIX": "<^> 5EH",
        "DELIMITER CHAR": "<,> 2CH",
        "ZPL MODE": "ZPL II",
        "RESOLUTION": f"{made.label_width} {made.dots_per_mm}/MM FULL",
        "FIRMWARE": made.firmware,
        "SERIAL NUMBER": made.serial,
        "NONRESET CNTR": f"{look.inches} IN",
    }
    lines = [f"  {value:<20}{name}" for name, value in rows.items()]
    return STX + CRLF + CRLF.join(line.encode() for line in lines) + CRLF + ETX


def _string(text: str) -> bytes:
    return STX + text.encode() + ETX + CRLF


def _query(title: str, *lines: str) -> bytes:
    text = (f"  {title}".ljust(44), *lines)
    return STX + CRLF + CRLF + b"".join(line.encode() + CRLF for line in text) + ETX
