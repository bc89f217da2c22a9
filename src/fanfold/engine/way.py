"""An open link together with the context that gives it up. Knows no protocol."""

from __future__ import annotations

import logging
from contextlib import AbstractAsyncContextManager

from fanfold.model import Printer
from fanfold.transports.base import Link, Transport

log = logging.getLogger(__name__)


class Way:
    """A way to one printer, for one job."""

    def __init__(self, context: AbstractAsyncContextManager[Link], link: Link) -> None:
        self._context, self.link = context, link

    @classmethod
    async def open(cls, transport: Transport, printer: Printer) -> Way:
        """Reach the printer. Raises NotReached."""
        context = transport.open(printer)
        return cls(context, await context.__aenter__())

    async def give_up(self) -> None:
        """Leave it. The job's end is known by then, so a driver that cannot let go is logged and changes nothing."""
        try:
            await self._context.__aexit__(None, None, None)
        except Exception:
            log.exception("a link could not be given up cleanly")
