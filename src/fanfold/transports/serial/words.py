"""Why a port cannot be had or lost its printer, in words with the mend. Knows no open port."""

from __future__ import annotations

import errno
import getpass
import os
import sys
from contextlib import suppress
from pathlib import Path

from fanfold.errors import NotReached
from fanfold.model import Reason
from fanfold.transports.serial.line import Flow, Line, Parity

INSTALL = 'pip install "fanfold[serial]"'
_NOT_THERE = {errno.ENOENT, errno.ENODEV, errno.ENXIO, errno.EIO}
_TAKEN = {errno.EBUSY, errno.EAGAIN}

_WINDOWS = (
    ("PermissionError", errno.EBUSY),  # there it means that another program has the port
    ("FileNotFoundError", errno.ENOENT),
    ("Cannot configure port", errno.EINVAL),
)
"""What went wrong there, by what stands in pyserial's words, which are all that it hands on."""


class Unsuited(Exception):
    """The port is there, but cannot be set so; the text says what it cannot do."""


def missing_extra() -> NotReached:
    """Return the error for a machine without pyserial."""
    says = f"serial ports need pyserial, which is not installed: {INSTALL}, then start Fanfold anew"
    return NotReached(says, reasons=(Reason.OFFLINE,))


def not_opened(line: Line, error: Exception) -> NotReached:
    """Return the error for a port that could not be opened or set."""
    if isinstance(error, Unsuited):
        return NotReached(f"{line.port} cannot be used so: {error}", reasons=(Reason.OFFLINE,))
    number = number_of(error)
    if number in _TAKEN:
        says = f"{line.port} is in use by another program (or another printer of this gateway); it is tried again"
        return NotReached(says, reasons=(Reason.BUSY_ELSEWHERE,))
    return NotReached(_why(line, number, error), reasons=(Reason.OFFLINE,))


def _why(line: Line, number: int, error: Exception) -> str:
    port = line.port
    if number in (errno.EACCES, errno.EPERM):
        return f"this user may not open {port}; {_permission(port)}"
    if number in _NOT_THERE:
        return f"{port} is not there: see that the printer or its adapter is plugged in and on, {_look()}"
    if number in (errno.ENOTTY, errno.EISDIR):
        return f"{port} is no serial port; {_look()}"
    if number == errno.EINVAL or isinstance(error, ValueError):
        return f"{port} cannot be set to {settings(line)}; set the printer and `?baud=…&parity=…` to what it can"
    return f"{port} cannot be opened: {os.strerror(number) if number else error}; {_look()}"


def number_of(error: BaseException) -> int:
    """Return the system's number for what went wrong, which pyserial does not always hand on; 0 when nobody said."""
    if isinstance(error, OSError) and error.errno:
        return error.errno
    if sys.platform == "win32":
        return next((number for text, number in _WINDOWS if text in str(error)), 0)
    for said in (error, error.__context__):  # termios has errors of its own, with the number as the first argument
        if type(said).__module__ == "termios" and said is not None and isinstance(said.args[0], int):
            return said.args[0]
    return 0


def settings(line: Line) -> str:
    """Return how a line is set, in words."""
    parity = "no parity" if line.parity is Parity.NONE else f"parity {line.parity}"
    return f"{line.baud} baud, {line.bits} bits, {parity}, {line.stop:g} stop bits, flow {line.flow}"


def held_by(line: Line) -> str:
    """Return what may hold us up on such a line besides the printer itself."""
    match line.flow:
        case Flow.RTSCTS:
            return " (it holds our line CTS; a cable without that line does so for ever: then say another `flow=`)"
        case Flow.DSRDTR:
            return " (it holds our line DSR; a cable without that line does so for ever: then say another `flow=`)"
        case _:
            return ""


def _look() -> str:
    match sys.platform:
        case "win32":
            return "and look for its COM number in the Device Manager"
        case "darwin":
            return "and look for its name by `ls /dev/cu.*`"
        case _:
            return "and look for its name by `ls /dev/serial/by-id /dev/ttyS* /dev/ttyUSB* /dev/ttyACM*`"


def _permission(port: str) -> str:
    if sys.platform == "win32":
        return "let the user that Fanfold runs as use it"
    user, group = "USER", _group(port)
    with suppress(OSError, KeyError, ImportError):  # a user without a name has none to say
        user = getpass.getuser()
    if group == "root":
        return 'it belongs to no group that a user may join: give it one by a udev rule (`GROUP="dialout"`)'
    return f"say `sudo usermod -aG {group} {user}`, then log in anew (a service: restart it)"


def _group(port: str) -> str:
    with suppress(OSError, KeyError, NotImplementedError):
        return Path(port).group()
    return "dialout"
