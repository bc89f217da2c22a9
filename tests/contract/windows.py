"""A plugin for pytest on Windows: the transports' contract there, with real queues. Knows no CUPS and no Wine.

CONTRACT_QUEUES names the queues and the ports that they print to: python -m pytest -p tests.contract.windows …
"""

from __future__ import annotations

import asyncio
import os
import socket
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from types import ModuleType
from typing import Any

ABSENT = ("fcntl", "grp", "pty", "pwd", "termios", "tty")
"""What some rigs are made with, and Windows does not have."""
NOT_HERE = ("cups", "serial", "usb")
"""The rigs that cannot be without."""
for name in ABSENT:
    sys.modules.setdefault(name, ModuleType(name))

from fanfold import registry  # noqa: E402  # Windows could not import them before
from fanfold.model import Printer, PrinterId  # noqa: E402
from tests.contract import transports  # noqa: E402
from tests.contract.transports import Rig  # noqa: E402
from tests.peers.processes import until  # noqa: E402

QUEUES = [one.split("=") for one in os.environ["CONTRACT_QUEUES"].split(",")]
"""Each is used once: Wine prints also what was thrown away, and that must not come out among another test's paper."""


class Tray:
    """What a queue prints into. Threads read it: asyncio's server there trips over who comes while it is closed."""

    def __init__(self, port: int) -> None:
        self.papers: list[bytes] = []
        self._listener = socket.create_server(("127.0.0.1", port))
        self._thread = threading.Thread(target=self._take)
        self._thread.start()

    async def ended(self, count: int) -> list[bytes]:
        """Wait until so many documents have come, return all."""

        async def came() -> bool:
            return len(self.papers) >= count

        await until(came, f"{count} documents")
        return self.papers

    def close(self) -> None:
        with suppress(OSError):  # it may not be listening to whom it hears then
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()

    def _take(self) -> None:
        with suppress(OSError):  # it is closed
            while True:
                connection, _ = self._listener.accept()
                with connection, connection.makefile("rb") as incoming:
                    self.papers.append(incoming.read())


@asynccontextmanager
async def winspool_rig(folder: Path) -> AsyncIterator[Rig]:
    queue, port = QUEUES.pop()
    facts = _facts(queue)

    async def go_away() -> None:
        _delete(queue)

    async def come_back() -> None:
        _add(facts)

    tray = Tray(int(port))
    transport = registry._winspool()
    yield Rig(
        transport,
        Printer(PrinterId("win"), "By Windows", f"winspool:{queue}"),
        tray.ended,
        go_away,
        come_back,
        good_uris=("winspool:Zebra ZD420", r"winspool:\\server\share"),
        bad_uris=("winspool:", "winspool:a%00b", "winspool://Zebra"),
    )
    await transport.close()
    await asyncio.to_thread(tray.close)


def _facts(queue: str) -> dict[str, Any]:
    import win32print

    handle = win32print.OpenPrinter(queue)
    try:
        return dict(win32print.GetPrinter(handle, 2))
    finally:
        win32print.ClosePrinter(handle)


def _delete(queue: str) -> None:
    import win32print

    handle = win32print.OpenPrinter(queue, {"DesiredAccess": win32print.PRINTER_ALL_ACCESS})
    win32print.DeletePrinter(handle)
    win32print.ClosePrinter(handle)


def _add(facts: dict[str, Any]) -> None:
    import win32print

    win32print.ClosePrinter(win32print.AddPrinter(None, 2, facts))


transports.RIGS["winspool"] = winspool_rig
for scheme in NOT_HERE:
    del transports.RIGS[scheme]
