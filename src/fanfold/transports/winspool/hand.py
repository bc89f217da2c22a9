"""One document on its way into a queue: the calls that write it, in their order. Blocks; knows no loop and no lane."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from fanfold.transports.winspool.spooler import CallFailed, JobControl, Spooler
from fanfold.transports.winspool.words import refuses_datatype

RAW, XPS_PASS = "RAW", "XPS_PASS"
"""The same bytes, by two ways through the spooler: queues whose driver (v4) is fed XPS may lose what comes as RAW."""


class Hand:
    """Begins a job, writes it, and ends it or throws it away. Everything of it runs in one thread."""

    def __init__(self, spooler: Spooler, queue: str) -> None:
        self._spooler, self._queue = spooler, queue
        self._handle: int | None = None
        self._in_doc = False
        self.job_id = 0
        self.written_bytes = 0

    def begin(self, title: str, datatypes: Sequence[str]) -> int:
        """Begin a job; by the next of the datatypes where Windows refuses one. Raises CallFailed: there is no job."""
        self._handle = self._spooler.open(self._queue)
        for number, datatype in enumerate(datatypes, 1):
            try:
                self.job_id = self._spooler.start_doc(self._handle, title, datatype)
                break
            except CallFailed as failed:
                if number == len(datatypes) or not refuses_datatype(failed):
                    raise
        self._in_doc = True
        return self.job_id

    def write(self, data: bytes) -> int:
        """Write, and return how many bytes were taken. Raises CallFailed."""
        try:
            taken = self._spooler.write(self._must(), data)
        except CallFailed as failed:
            self.written_bytes += failed.written
            raise
        self.written_bytes += taken
        return taken

    def end(self) -> None:
        """Give the job to the spooler, and close. Raises CallFailed."""
        handle = self._must()
        self._in_doc = False
        self._spooler.end_doc(handle)
        self.let_go()

    def let_go(self) -> None:
        """Throw away what was begun and not ended, and close. Idempotent; never raises."""
        handle, self._handle = self._handle, None
        if handle is None:
            return
        if self._in_doc:
            self._in_doc = False
            self._throw_away(handle)
        with suppress(CallFailed, OSError):  # the spooler that gave it may be gone
            self._spooler.close(handle)

    def _throw_away(self, handle: int) -> None:
        with suppress(CallFailed, OSError):  # whoever asks what became of it looks at the queue
            self._spooler.abort(handle)
        with suppress(CallFailed, OSError):  # a job that has gone with that is not there any more
            self._spooler.set_job(handle, self.job_id, JobControl.DELETE)

    def _must(self) -> int:
        if self._handle is None:
            raise CallFailed("WritePrinter", 6, "its handle was given up")
        return self._handle
