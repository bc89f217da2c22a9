"""Documents that can be told apart on paper, and the paper: what came out of which printer, whole or in part.

Knows printers and files only; nothing of the gateway.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from pathlib import Path

HEAD = re.compile(rb"\^XA\^FXjob-([a-z0-9-]+)\^FS")
LINE = b"0123456789abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvw\n"


@dataclass(frozen=True)
class Label:
    """A ZPL label with its name at both ends, and as many bytes between as it needs to have `size_bytes`."""

    name: str
    size_bytes: int = 200
    quantity: int = 1
    """How often it shall come out, of a printer that reads ZPL."""

    @property
    def data(self) -> bytes:
        head, tail = f"^XA^FXjob-{self.name}^FS^FO9,9^FD{self.name}^FS\n^FX".encode(), self.tail
        lines = LINE * (1 + self.size_bytes // len(LINE))
        return head + lines[: max(0, self.size_bytes - len(head) - len(tail))] + tail

    @property
    def tail(self) -> bytes:
        return f"^FS\n^FXend-{self.name}^FS^PQ{self.quantity}^XZ".encode()

    @cached_property
    def sha256(self) -> str:
        return sha256(self.data).hexdigest()


@dataclass(frozen=True, slots=True)
class Sheet:
    """What one label left on one printer's paper, once. `name` is empty where nobody can say what it is."""

    printer: str
    name: str
    whole: bool


@dataclass
class Paper:
    """All labels ever offered, by which what came out is read."""

    labels: dict[str, Label] = field(default_factory=dict)

    def offer(self, label: Label) -> Label:
        """Take note of a label before anybody is asked to print it."""
        self.labels[label.name] = label
        return label

    def read(self, printer: str, pieces: Iterable[bytes]) -> list[Sheet]:
        """Return what these connections or files have on them."""
        return [sheet for piece in pieces for sheet in self._sheets(printer, piece)]

    def read_folder(self, printer: str, folder: Path) -> list[Sheet]:
        """Return what a printer of files has printed; what is not in its place (`.….part`) is no paper."""
        files = [path for path in sorted(folder.glob("*")) if not path.name.startswith(".")]
        return self.read(printer, (path.read_bytes() for path in files))

    def read_wire(self, printer: str, streams: Iterable[bytes | bytearray]) -> list[Sheet]:
        """Return what was handed to a spooler, between words of its protocol: whole where both its ends went."""
        found = []
        for stream in streams:
            for name in HEAD.findall(stream):
                label = self.labels[name.decode()]
                found.append(Sheet(printer, label.name, label.tail in stream))
        return found

    def read_memory(self, printer: str, streams: Iterable[bytes | bytearray]) -> list[Sheet]:
        """Return what a printer that dials in has read, between questions to it, whatever then became of it."""
        found = []
        for stream in streams:
            for head in HEAD.finditer(stream):
                label = self.labels[head[1].decode()]
                found.append(Sheet(printer, label.name, stream.startswith(label.data, head.start())))
        return found

    def _sheets(self, printer: str, piece: bytes) -> Iterator[Sheet]:
        heads = list(HEAD.finditer(piece))
        if not heads or heads[0].start():
            yield Sheet(printer, "", whole=False)
        ends = [*(head.start() for head in heads[1:]), len(piece)]
        for head, end in zip(heads, ends, strict=False):
            label = self.labels.get(head[1].decode())
            yield Sheet(printer, head[1].decode(), label is not None and piece[head.start() : end] == label.data)


def by_name(sheets: Iterable[Sheet]) -> Mapping[str, list[Sheet]]:
    """Sort sheets by what is on them."""
    found: dict[str, list[Sheet]] = {}
    for sheet in sheets:
        found.setdefault(sheet.name, []).append(sheet)
    return found
