"""What this user may use: the data directory, the secrets' files, the printers' devices. Changes no mode."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

from fanfold.config import Settings
from fanfold.doctor.finding import Area, Finder, Finding
from fanfold.doctor.surroundings import Surroundings

PRINTER_CLASS = "07"
SERIAL = ("ttyUSB*", "ttyACM*")
_REACH = "Put the user into that group ({group}): `sudo usermod -aG {group} {user}`, effective at its next log-in."

_UNTOLD = "who else may read it is not looked at on this system."
_find = Finder(Area.PERMISSIONS)


def permissions(around: Surroundings) -> Iterator[Finding]:
    """Look at files and devices."""
    yield from _data(around)
    for what, file in secrets(around.assumed):
        yield from _secret(what, file, around)
    if sys.platform == "linux":
        yield from _devices(around)
        yield from _usb(around)


def _data(around: Surroundings) -> Iterator[Finding]:
    folder = around.assumed.data
    try:
        found = folder.stat()
    except FileNotFoundError:
        yield from _to_be_made(folder, around)
        return
    except OSError as error:
        yield _find.warning("data-closed", f"{folder} cannot be looked at: {error.strerror}.", _as_owner())
        return
    facts = {"data": str(folder), "mode": oct(stat.S_IMODE(found.st_mode)), "owner": _name(found.st_uid)}
    if not around.may_use(folder):
        says = f"{folder} belongs to {facts['owner']}, and this user ({_me()}) may not write there."
        mend = f"{_as_owner()} To run the gateway as this one, change the owner, or give it another --data."
        yield _find.warning("data-not-mine", says, mend, **facts)
    elif os.name == "posix" and found.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        says = f"Other users may look into {folder} (mode {facts['mode']}), where documents are kept."
        yield _find.warning("data-open", says, f"Run: chmod 700 {folder}", **facts)
    elif os.name == "posix":
        yield _find.ok("data", f"{folder} is {facts['owner']}'s, and closed to others.", **facts)
    else:
        yield _find.ok("data", f"This user may write to {folder}; {_UNTOLD}", **facts)


def _to_be_made(folder: Path, around: Surroundings) -> Iterator[Finding]:
    above = next((one for one in folder.parents if one.exists()), None)
    if above is not None and not around.may_use(above):
        mend = "Choose another directory with --data, or make it and give it to this user."
        yield _find.problem("data-unmakable", f"This user ({_me()}) may not make {folder}.", mend, data=str(folder))


def secrets(settings: Settings) -> Iterator[tuple[str, Path]]:
    """Yield each file that holds something secret, with what that is."""
    named: list[tuple[str, Path | None]] = [("token file", settings.access.token_file)]
    for listener in settings.listeners:
        named += [("secret file", listener.secret_file), ("users file", listener.users_file)]
        named += [("private key", listener.tls_key or listener.tls_cert)]
    named += [("webhook's secret file", one.secret_file) for one in settings.webhooks]
    yield from dict.fromkeys((what, file) for what, file in named if file is not None)


def _secret(what: str, file: Path, around: Surroundings) -> Iterator[Finding]:
    try:
        mode = file.stat().st_mode
    except OSError as error:
        yield _find.problem("secret-unreadable", f"The {what} {file} cannot be read: {error.strerror}.", _as_owner())
        return
    facts = {"file": str(file), "mode": oct(stat.S_IMODE(mode))}
    if os.name == "posix" and mode & stat.S_IRWXO:
        says = f"All users of this machine may read the {what} {file} (mode {facts['mode']})."
        yield _find.warning("secret-open", says, f"Run: chmod 600 {file} (or 640, for a group).", **facts)
    elif os.name == "posix":
        yield _find.ok("secret", f"The {what} {file} is closed to others.", **facts)
    else:
        yield _find.ok("secret", f"The {what} {file} is there; {_UNTOLD}", **facts)


def _devices(around: Surroundings) -> Iterator[Finding]:
    folder = around.under("/dev")
    nodes = sorted([*folder.glob("usb/lp*"), *(one for name in SERIAL for one in folder.glob(name))])
    for node in nodes:
        try:
            found = node.stat()
        except OSError:  # pulled out just now
            continue
        group, facts = _group(found.st_gid), {"device": str(node), "mode": oct(stat.S_IMODE(found.st_mode))}
        if around.may_use(node):
            yield _find.ok("device", f"This user ({_me()}) may use {node}.", **facts)
            continue
        is_usb = node.parent.name == "usb"
        mend = _REACH.format(group=group, user=_me()) if group != "root" else "It belongs to no group that users join."
        rule = (
            'SUBSYSTEM=="usbmisc", KERNEL=="lp*", GROUP="lp"' if is_usb else f'KERNEL=="{node.name}", GROUP="dialout"'
        )
        mend += f' Or a rule of udev in /etc/udev/rules.d/70-fanfold.rules: {rule}, MODE="0660".'
        yield _find.warning("device-denied", f"This user ({_me()}) may not use {node}.", mend, **facts, group=group)


def _usb(around: Surroundings) -> Iterator[Finding]:
    """Look at who has the USB printers: the kernel's driver, another one, or nobody."""
    for interface in sorted(around.under("/sys/bus/usb/devices").glob("*:*")):
        if _text(interface / "bInterfaceClass") != PRINTER_CLASS:
            continue
        device = interface.parent / interface.name.partition(":")[0]
        numbers = f"{_text(device / 'idVendor')}:{_text(device / 'idProduct')}"
        facts = {"port": device.name, "usb": numbers, "driver": _driver(interface)}
        if facts["driver"] == "usblp":
            yield _find.ok("usb-printer", f"The kernel's driver usblp has the USB printer {numbers}.", **facts)
        elif facts["driver"]:
            says = f"The USB printer {numbers} is held by {facts['driver']}, perhaps for CUPS."
            mend = "Print through that queue (cups:///NAME), or end who holds it to print on it directly."
            yield _find.note("usb-held", says, mend, **facts)
        else:
            says = f"No driver has the USB printer {numbers}: CUPS or ipp-usb took it, or the module usblp is missing."
            mend = 'Run `modprobe usblp`, or: pip install "fanfold[usb]", by which Fanfold reaches it without.'
            yield _find.note("usb-free", says, mend, **facts)


def _driver(interface: Path) -> str:
    try:
        return (interface / "driver").readlink().name
    except OSError:
        return ""


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8", "replace").strip()
    except OSError:
        return ""


def _as_owner() -> str:
    return "Run the doctor as the user who runs the gateway, or as an administrator, for a full look."


def _me() -> str:
    return _name(os.geteuid()) if sys.platform != "win32" else os.environ.get("USERNAME", "")


def _name(uid: int) -> str:
    if sys.platform == "win32":
        return "its owner"
    import pwd

    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _group(gid: int) -> str:
    if sys.platform == "win32":
        return ""
    import grp

    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return str(gid)
