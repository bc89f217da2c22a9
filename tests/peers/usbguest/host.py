"""A machine in the machine, with USB printers at its ports: boots Debian's kernel in QEMU, on this machine's own files.

The guest sees them read-only under a layer of its own, so that it runs the same Python and the same clone. It runs one
pytest (see `results.py`), tells of each test as it ends, and switches itself off. Knows nothing of what is tested.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.peers.processes import found, need, until

ROOT = Path(__file__).parents[3]
HERE = Path(__file__).parent
BINARIES = ("qemu-system-x86_64", "busybox", "cpio", "depmod", "modprobe", "apt-get", "dpkg")
UDEVD = "/lib/systemd/systemd-udevd"
RUNS_FOR_S = 300
"""It takes a minute; a machine that is busy elsewhere takes longer."""

_EMPTY = ("proc", "sys", "dev", "host", "layer", "root")
_KERNEL_LINE = "console=ttyS0 quiet loglevel=4 panic=-1 mitigations=off nokaslr random.trust_cpu=on"
_RUN = """\
chmod a+rx {folders}
cd {root}
export HOME=/tmp PATH={path}:/usr/sbin:/sbin LANG=C.UTF-8 CI=true PYTHONDONTWRITEBYTECODE=1
{udevd} --daemon
{command} </dev/null >/run/share/said 2>&1
/run/busybox dmesg >/run/share/dmesg
/run/busybox poweroff -f
"""


@dataclass(slots=True)
class Outcomes:
    """What the guest told so far."""

    collected: list[str] | None = None
    tests: dict[str, dict[str, Any]] = field(default_factory=dict)
    broken: list[str] = field(default_factory=list)

    @classmethod
    def read(cls, file: Path) -> Outcomes:
        told = cls()
        for line in file.read_text().splitlines(keepends=True) if file.exists() else ():
            if line.endswith("\n"):  # else it is being written
                told._add(json.loads(line))
        return told

    def _add(self, fact: dict[str, Any]) -> None:
        if "test" in fact:
            self.tests[fact["test"]] = fact
        elif "broken" in fact:
            self.broken.append(fact["broken"])
        else:
            self.collected = fact.get("collected", self.collected)

    def of(self, function: str) -> list[dict[str, Any]] | None:
        """Return how the tests that this function makes ended; None while some have not, or none is known."""
        ours = [test for test in self.collected or () if test.partition("[")[0].rpartition("::")[2] == function]
        return [self.tests[test] for test in ours] if ours and self.tests.keys() >= {*ours} else None


class Guest:
    """A guest that runs. `folder` is shared with it."""

    def __init__(self, folder: Path, process: subprocess.Popen[bytes]) -> None:
        self._folder, self._process = folder, process

    @property
    def outcomes(self) -> Outcomes:
        return Outcomes.read(self._folder / "results")

    async def results(self, function: str) -> list[dict[str, Any]]:
        """Wait until all tests of that function have ended; return how. Raises AssertionError: it ended before."""

        async def settled() -> bool:
            return self._process.poll() is not None or self.outcomes.of(function) is not None

        await until(settled, f"the guest's end of {function}", within_s=RUNS_FOR_S)
        results = self.outcomes.of(function)
        assert results is not None, f"the guest ended without {function}\n{self.last_words}"
        return results

    def left(self, name: str) -> str:
        """Wait until it has ended; return what it wrote into a file of that folder. Raises AssertionError."""
        self._process.wait()
        file = self._folder / name
        assert file.exists(), f"the guest ended without {name}\n{self.last_words}"
        return file.read_text()

    @property
    def last_words(self) -> str:
        """What it said on its way, for whom it did not go well."""
        broken = "\n".join(self.outcomes.broken)
        return f"{broken}\n{_tail(self._folder / 'said')}\n{_tail(self._folder / 'console')}"


@contextmanager
def booted(folder: Path, *arguments: str, env: dict[str, str]) -> Iterator[Guest]:
    """Boot a guest that runs Python with these arguments; end it at the latest when left."""
    need(*BINARIES, UDEVD)
    kernel, share = _kernel(), folder / "share"
    share.mkdir()
    command = ("env", *(f"{name}={value}" for name, value in env.items()), sys.executable, *arguments)
    (share / "run").write_text(_script(shlex.join(command)))
    process = subprocess.Popen(_qemu(kernel, _initramfs(folder, kernel), share), stdin=subprocess.DEVNULL)
    clock = threading.Timer(RUNS_FOR_S, process.kill)
    clock.start()
    try:
        yield Guest(share, process)
    finally:
        clock.cancel()
        process.kill()
        process.wait()


def _script(command: str) -> str:
    """Return what the guest runs; in there all users may come to where Python and this clone are."""
    inner = {folder for path in (ROOT, sys.prefix, sys.base_prefix) for folder in (Path(path), *Path(path).parents)}
    return _RUN.format(
        folders=shlex.join(map(str, sorted(inner))), udevd=UDEVD, root=shlex.quote(str(ROOT)),
        path=shlex.quote(os.environ["PATH"]), command=command,
    )  # fmt: skip


def _kernel() -> Path:
    """Return the folder of Debian's kernel, fetched where it was not yet."""
    fetched = subprocess.run([ROOT / "tools" / "test-kernel"], capture_output=True, text=True, check=False)
    if fetched.returncode == 0:
        return Path(fetched.stdout.strip())
    words = f"needs a kernel for its guest: {fetched.stderr.strip()}"
    if os.environ.get("CI") == "true":
        pytest.fail(words)
    pytest.skip(words)


def _initramfs(folder: Path, kernel: Path) -> Path:
    tree = folder / "tree"
    for name in ("bin", *_EMPTY):
        (tree / name).mkdir(parents=True)
    shutil.copytree(kernel / "modules", tree / "modules")
    shutil.copy(found("busybox") or "", tree / "bin" / "busybox")
    shutil.copy(HERE / "init", tree / "init")
    (tree / "init").chmod(0o755)
    names = "\n".join(str(path.relative_to(tree)) for path in sorted(tree.rglob("*")))
    pack = ["cpio", "--create", "--format=newc", "--quiet"]
    packed = subprocess.run(pack, input=names.encode(), cwd=tree, capture_output=True, check=True)
    file = folder / "initramfs"
    file.write_bytes(packed.stdout)
    return file


def _qemu(kernel: Path, initramfs: Path, share: Path) -> Sequence[str | Path]:
    """Plain emulation: where this machine is virtual itself, more may hang at boot."""
    return (
        found("qemu-system-x86_64") or "",
        "-machine", "pc", "-cpu", "max", "-accel", "tcg,thread=multi", "-smp", "2", "-m", "1024",
        "-nodefaults", "-nic", "none", "-display", "none", "-no-reboot", "-serial", f"file:{share}/console",
        "-kernel", kernel / "vmlinuz", "-initrd", initramfs, "-append", _KERNEL_LINE,
        "-virtfs", "local,path=/,mount_tag=host,security_model=none,readonly=on,multidevs=remap",
        "-virtfs", f"local,path={share},mount_tag=share,security_model=none",
        "-device", "virtio-rng-pci",
    )  # fmt: skip


def _tail(file: Path, lines: int = 40) -> str:
    return "\n".join(file.read_text("utf-8", "replace").splitlines()[-lines:]) if file.exists() else ""
