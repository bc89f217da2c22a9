"""The two files of an LPD job: their names, and what the control file says (RFC 1179 §7). Pure; knows no connection."""

from __future__ import annotations

import re
from dataclasses import dataclass

from fanfold.transports.lpd.address import USER_BYTES, Address
from fanfold.wire import Work

HOST_BYTES, TITLE_BYTES, NAME_BYTES = 31, 99, 131
"""The most that RFC 1179 lets stand in a control file's H, J and N lines."""

NUMBERS = 1000
"""Three digits number the jobs of a host."""


@dataclass(frozen=True, slots=True)
class Files:
    """A job's two files. There is no `L` line: it would ask for a banner page."""

    control_name: str
    data_name: str
    control: bytes


def files_for(work: Work, address: Address, number: int, host: str) -> Files:
    """Return what to send for the work; a print line for each copy."""
    host = host_name(host)
    data_name = f"dfA{number:03d}{host}"
    title = _title(work)
    lines = [
        f"H{host}", f"P{clean(address.user, USER_BYTES)}", f"J{title}",
        *[f"{address.format}{data_name}"] * work.copies,
        f"U{data_name}", f"N{title}",
    ]  # fmt: skip
    return Files(f"cfA{number:03d}{host}", data_name, "".join(f"{line}\n" for line in lines).encode())


def _title(work: Work) -> str:
    """The title as far as there is room before our own id, by which people find the job on the server."""
    mark = f" [fanfold {work.job}.{work.attempt}]"
    return clean(work.title, TITLE_BYTES - len(mark)) + mark


def clean(text: str, most_bytes: int) -> str:
    """Return a stranger's words fit for a control file: on one line, printable, and no longer than that."""
    shown = "".join(sign if sign.isprintable() else " " for sign in text[: 4 * most_bytes])
    return " ".join(shown.split()).encode("utf-8", "replace")[:most_bytes].decode("utf-8", "ignore")


def host_name(text: str) -> str:
    """Return this machine's name as it may stand in a file's name."""
    return re.sub(r"[^A-Za-z0-9.-]", "-", text)[:HOST_BYTES].strip(".-") or "fanfold"
