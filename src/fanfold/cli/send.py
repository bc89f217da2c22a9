"""`fanfold print`: a file or standard input to a printer, never whole in memory."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

import click

from fanfold.cli import tables
from fanfold.cli.exits import Exit, Failed
from fanfold.cli.gateway import WAIT_S, Gateway, path
from fanfold.cli.options import Show, asks
from fanfold.model import MAX_COPIES, Evidence, JobState

_OVER = {JobState.HELD, JobState.ABORTED, JobState.CANCELED}
OCTETS = "application/octet-stream"
"""Says nothing, so that the gateway looks at the document itself."""
CHUNK_BYTES = 256 * 1024
LONG_BYTES = 4 * 1024 * 1024
"""Shorter documents are gone before a progress bar could be read."""
ASK_AGAIN_S = 1.0
LOOKS_FOR_PROOF = 90
"""A printer that proves its pages does so within about a minute of taking them, unless it wants paper first."""


@click.command("print")
@click.argument("printer")
@click.argument("file", type=click.File("rb"))
@click.option("--copies", type=click.IntRange(1, MAX_COPIES), help="How many; by default one.")
@click.option(
    "--key", help="Idempotency key: with one that was used before, the job there already is shown, not another made."
)
@click.option(
    "--start-within",
    type=click.FloatRange(min=0, min_open=True),
    metavar="S",
    help="Seconds that it may wait for a printer that is blocked or away.",
)
@click.option("--title", help="What lists call it; by default the file's name.")
@click.option(
    "--type", "media_type", default=OCTETS, metavar="MEDIA", help="Media type; by default the document is looked at."
)
@click.option(
    "--wait", is_flag=True, help="Wait until the printer has it; exit code 4 when it is held, aborted or canceled."
)
@click.option(
    "--wait-for",
    type=click.Choice([Evidence.DELIVERED.keyword, Evidence.PRINTED.keyword]),
    help="Wait until it is known that the printer took all of it, or that the pages came out; exit code 4 also where "
    "less than that becomes known.",
)
@asks
def print_(
    gateway: Gateway, show: Show, printer: str, file: BinaryIO, *, wait: bool, wait_for: str | None, **about: Any
) -> None:
    """Print FILE on PRINTER; - is standard input."""
    until = wait_for or (Evidence.DELIVERED.keyword if wait else None)
    began_at_s = time.monotonic()
    job = _submit(gateway, printer, file, until=until, **about)
    if until is not None:
        is_answered_early = time.monotonic() - began_at_s < WAIT_S
        job = _followed(gateway, job, until, 0 if is_answered_early else LOOKS_FOR_PROOF)
    show(job, tables.job)
    if until is not None and job["state"] in _OVER:
        raise Failed(f"job {job['id']} is {job['state']}: {job['message']}", Exit.NOT_PRINTED)
    if wait_for is not None and not _is_known(job, wait_for):
        says = f"job {job['id']} is {job['state']}, but nothing has proved so far that it was {wait_for}"
        raise Failed(f"{says} ({job['evidence']}: {job['evidence_means']}).", Exit.NOT_PRINTED)


def _followed(gateway: Gateway, job: Any, until: str, looks_for_proof: int) -> Any:
    """Look at the job until no more is to come. What is completed may be proved later, so it is looked at for a while.

    None of those looks are needed where the gateway answered before its time: it waits for proofs itself.
    """
    while not _is_known(job, until) and job["state"] not in _OVER:
        if job["state"] == JobState.COMPLETED:
            if until != Evidence.PRINTED.keyword or looks_for_proof <= 0:
                break
            looks_for_proof -= 1
        time.sleep(ASK_AGAIN_S)
        job = gateway.ask("GET", path("jobs", job["id"]))
    return job


def _is_known(job: Any, until: str) -> bool:
    return Evidence[job["evidence"].upper()] >= Evidence[until.upper()]


def _submit(
    gateway: Gateway,
    printer: str,
    file: BinaryIO,
    *,
    until: str | None,
    copies: int | None,
    key: str | None,
    start_within: float | None,
    title: str | None,
    media_type: str,
) -> Any:
    where = path(
        "jobs",
        printer=printer,
        copies=copies,
        key=key,
        start_within_s=start_within,
        title=_name(file) if title is None else title,
        wait=until,
        wait_s=WAIT_S if until else None,
    )
    size_bytes = _size(file)
    headers = {"Content-Type": media_type}
    if size_bytes is not None:
        headers["Content-Length"] = str(size_bytes)
    with _progress(file, size_bytes) as chunks:
        return gateway.send("POST", where, chunks, headers)


def _name(file: BinaryIO) -> str | None:
    name = str(getattr(file, "name", ""))
    return None if name in {"", "-", "<stdin>"} else os.path.basename(name)[:255]  # noqa: PTH119  # a name, not a path


def _size(file: BinaryIO) -> int | None:
    """Return how much there is to read; None where only reading tells (a pipe)."""
    try:
        return os.fstat(file.fileno()).st_size - file.tell() if file.seekable() else None
    except (OSError, ValueError):
        return None


def _chunks(file: BinaryIO, size_bytes: int | None) -> Iterator[bytes]:
    """Yield the document: exactly as much as was announced, even where the file is written to meanwhile."""
    left = size_bytes
    while chunk := _read(file, CHUNK_BYTES if left is None else min(left, CHUNK_BYTES)):
        left = None if left is None else left - len(chunk)
        yield chunk
    if left:
        raise Failed(f"{file.name} became shorter while it was read; nothing was printed.")


def _read(file: BinaryIO, size_bytes: int) -> bytes:
    try:
        return file.read(size_bytes)
    except OSError as error:
        raise Failed(f"{file.name} cannot be read to its end: {error.strerror}; nothing was printed.") from error


@contextmanager
def _progress(file: BinaryIO, size_bytes: int | None) -> Iterator[Iterator[bytes]]:
    """Give the document's chunks; on a terminal, and where there are many, with a bar."""
    chunks = _chunks(file, size_bytes)
    if not sys.stderr.isatty() or (size_bytes is not None and size_bytes < LONG_BYTES):
        yield chunks
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn, TransferSpeedColumn

    columns = (BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=size_bytes)
        yield _told(chunks, lambda sent_bytes: bar.advance(task, sent_bytes))


def _told(chunks: Iterator[bytes], advance: Callable[[int], None]) -> Iterator[bytes]:
    for chunk in chunks:
        yield chunk
        advance(len(chunk))
