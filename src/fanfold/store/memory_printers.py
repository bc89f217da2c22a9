"""Printers, origins and who is rejected, in memory: a few short lists. Knows no job."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from fanfold.model import Printer, PrinterId
from fanfold.store.base import KeptPrinter
from fanfold.store.memory_ends import Ends


class MemoryPrinters(Ends):
    """The verbs of `Store` on printers, origins and who is rejected."""

    def __init__(self) -> None:
        super().__init__()
        self._printers: dict[PrinterId, KeptPrinter] = {}
        self._origins: dict[str, None] = {}
        self._rejected: dict[str, None] = {}

    async def printers(self) -> Sequence[KeptPrinter]:
        """List all printers ever kept and not dropped."""
        self._check_open()
        return list(self._printers.values())

    async def save_printer(self, printer: Printer) -> None:
        """Keep a printer (all but its blocked time), new or changed."""
        self._check_open()
        kept = self._printers.get(printer.id)
        self._printers[printer.id] = replace(kept, printer=printer) if kept else KeptPrinter(printer)

    async def save_blocked(self, printer: PrinterId, blocked_s: float, since_s: float | None) -> None:
        """Keep a printer's blocked time."""
        self._check_open()
        if kept := self._printers.get(printer):
            self._printers[printer] = replace(kept, blocked_s=blocked_s, blocked_since_s=since_s)

    async def drop_printer(self, printer: PrinterId) -> None:
        """Forget a printer; its jobs stay."""
        self._check_open()
        self._printers.pop(printer, None)

    async def origins(self) -> Sequence[str]:
        """List the web origins that were allowed."""
        self._check_open()
        return list(self._origins)

    async def allow_origin(self, origin: str) -> None:
        """Keep a web origin."""
        self._check_open()
        self._origins[origin] = None

    async def revoke_origin(self, origin: str) -> None:
        """Forget a web origin."""
        self._check_open()
        self._origins.pop(origin, None)

    async def rejected(self) -> Sequence[str]:
        """List the URIs of printers that were rejected, oldest first."""
        self._check_open()
        return list(self._rejected)

    async def reject(self, uri: str) -> None:
        """Keep that this printer is not let in."""
        self._check_open()
        self._rejected.setdefault(uri)

    async def unreject(self, uri: str) -> None:
        """Forget that."""
        self._check_open()
        self._rejected.pop(uri, None)
