"""Which printers the kernel's driver lent us, on disk: so one that was killed gives them back. Knows no USB."""

from __future__ import annotations

import threading
from contextlib import suppress
from pathlib import Path

FILE = "usb-borrowed"


class Borrowed:
    """A list of printers in a file; without one it is forgotten with the gateway. May be used from any thread."""

    def __init__(self, file: Path | None = None) -> None:
        self._file = file
        self._turn = threading.Lock()
        self._lent = set(self._kept())

    def owes(self, printer: str) -> bool:
        """Whether it was taken from the driver and not given back."""
        with self._turn:
            return printer in self._lent

    def took(self, printer: str) -> None:
        """Note that it is about to be taken from the driver."""
        with self._turn:
            self._lent.add(printer)
            self._keep()

    def gave_back(self, printer: str) -> None:
        """Note that the driver has it again, or will by itself."""
        with self._turn:
            if printer in self._lent:
                self._lent.remove(printer)
                self._keep()

    def _kept(self) -> list[str]:
        with suppress(OSError):
            return [] if self._file is None else self._file.read_text("utf-8", "replace").splitlines()
        return []

    def _keep(self) -> None:
        if self._file is None:
            return
        with suppress(OSError):  # a full disk must not keep a label from printing
            self._file.parent.mkdir(parents=True, exist_ok=True)
            new = self._file.with_suffix(".new")
            new.write_text("".join(f"{printer}\n" for printer in sorted(self._lent)))
            new.replace(self._file)
