"""Serial ports: whether ours is ever what a line waits for. The line is a pty, its other end another process.

python -m bench.serial DESCRIPTOR BYTES BYTES_PER_S   reads as a line of that speed does (0: as fast as it can)
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from bench.loop import run
from bench.plan import MIB, Plan
from bench.table import Row
from fanfold.model import Printer, PrinterId, new_job_id
from fanfold.transports.serial.transport import SerialTransport
from fanfold.wire import Document, Work

CHAPTER = "A document over a serial port"
BAUD = 921_600
LINE_BYTES_PER_S = BAUD / 10
SHARE = 0.95
"""Of the line's speed: what is wanted at least."""
ROUNDS = 5
LOOK_S = 0.002


class Silent:
    """A report that nobody reads."""

    def progress(self, sent_bytes: int) -> None: ...

    def stalled(self, reason: str, message: str) -> None: ...

    def resumed(self) -> None: ...

    async def sent(self, foreign: str | None = None) -> None: ...

    async def proved(self, receipt: object) -> None: ...

    async def disproved(self, says: str) -> None: ...


def serial_rows(plan: Plan) -> list[Row]:
    """Measure on a line at its speed, and on one without a limit."""
    size = plan.large_bytes // 100
    paced, bare_paced = _rate(_ours, size, LINE_BYTES_PER_S), _rate(_bare, size, LINE_BYTES_PER_S)
    free, bare = _best(_ours, 8 * MIB), _best(_bare, 8 * MIB)
    what = f"share of {BAUD:,} baud"
    return [
        Row(CHAPTER, what, paced / LINE_BYTES_PER_S, "×", SHARE, at_least=True, floor=bare_paced / LINE_BYTES_PER_S),
        Row(CHAPTER, "where the line has no limit", free / 1e6, "MB/s", LINE_BYTES_PER_S / 1e6, True, floor=bare / 1e6),
    ]


def _best(send: Callable[[str, bytes], None], size: int) -> float:
    return max(_rate(send, size, 0) for _ in range(ROUNDS))


def _rate(send: Callable[[str, bytes], None], size: int, bytes_per_s: float) -> float:
    """Return bytes a second, from the first to the last that came out at the other end."""
    with _line(size, bytes_per_s) as (port, sink):
        send(port, bytes(size))
        said, _ = sink.communicate()
    return size / float(said)


@contextmanager
def _line(size: int, bytes_per_s: float) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    master, slave = os.openpty()
    tty.setraw(slave)  # held open, so that the sink never reads an end between ours
    reads = [sys.executable, "-m", "bench.serial", str(master), str(size), str(bytes_per_s)]
    with subprocess.Popen(reads, pass_fds=[master], stdout=subprocess.PIPE) as sink:
        yield os.ttyname(slave), sink
    os.close(slave)
    os.close(master)


def _bare(port: str, data: bytes) -> None:
    """The floor: the system's own calls, and nothing else."""
    fd = os.open(port, os.O_WRONLY | os.O_NOCTTY)
    left = memoryview(data)
    while left:
        left = left[os.write(fd, left) :]
    os.close(fd)


def _ours(port: str, data: bytes) -> None:
    run(_delivered(port, data))


async def _delivered(port: str, data: bytes) -> None:
    transport = SerialTransport()
    printer = Printer(PrinterId("till"), "Till", f"serial:{port}?baud={BAUD}")
    async with transport.open(printer) as link:
        await link.deliver(Work(new_job_id(), 1, "bench", Document.of(data)), Silent())
    await transport.close()


def _read(fd: int, size: int, bytes_per_s: float) -> float:
    left = size - len(os.read(fd, 1))
    began_s = time.perf_counter()
    if bytes_per_s:
        _read_in_time(fd, left, bytes_per_s)
    else:
        while left:
            left -= len(os.read(fd, 65536))
    return time.perf_counter() - began_s


def _read_in_time(fd: int, left: int, bytes_per_s: float) -> None:
    """Read as a line of that speed does, which makes up for nothing that it did not find in time."""
    os.set_blocking(fd, False)
    due, before_s = 0.0, time.perf_counter()
    while left:
        time.sleep(LOOK_S)
        now_s = time.perf_counter()
        due, before_s = due + (now_s - before_s) * bytes_per_s, now_s
        try:
            while left and due >= 1:
                read = len(os.read(fd, min(int(due), left)))
                left, due = left - read, due - read
        except BlockingIOError:
            due = 0


if __name__ == "__main__":
    print(_read(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])))
