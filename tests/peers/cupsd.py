"""A private CUPS: the real cupsd on a port and a tree of its own, to be killed and started again at will."""

from __future__ import annotations

import asyncio
import contextlib
import grp
import os
import pwd
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from tests.peers.processes import answers, end, free_port, need, run, until

RAW = "raw"
DRIVER = "drv:///sample.drv/generic.ppd"

_FILES = """\
ServerRoot {tree}/etc
StateDir {tree}/run
CacheDir {tree}/cache
RequestRoot {tree}/spool
TempDir {tree}/spool/tmp
DocumentRoot {tree}/etc
ServerKeychain {tree}/etc/ssl
ServerBin /usr/lib/cups
DataDir /usr/share/cups
AccessLog {tree}/log/access_log
ErrorLog {tree}/log/error_log
PageLog {tree}/log/page_log
FileDevice Yes
User {user}
Group {group}
SystemGroup root lpadmin
Sandboxing Relaxed
"""
_SERVER = """\
LogLevel info
MaxLogSize 0
Listen 127.0.0.1:{port}
Listen {tree}/run/cups.sock
Browsing Off
DefaultAuthType {auth}
WebInterface No
DirtyCleanInterval {dirty_clean_s}
JobRetryInterval 1
JobRetryLimit 3
MaxJobs 10000
PreserveJobHistory {history}
PreserveJobFiles No
<Location />
Order allow,deny
Allow from 127.0.0.1
</Location>
"""
_OPEN_POLICY = """\
<Policy default>
JobPrivateAccess all
JobPrivateValues none
SubscriptionPrivateAccess all
SubscriptionPrivateValues none
<Limit All>
Order deny,allow
</Limit>
</Policy>
"""
_STRICT_POLICY = """\
<Policy default>
JobPrivateAccess default
JobPrivateValues default
SubscriptionPrivateAccess default
SubscriptionPrivateValues default
<Limit Create-Job Print-Job Print-URI Validate-Job>
Order deny,allow
</Limit>
<Limit Send-Document Hold-Job Release-Job Cancel-Job>
Require user @OWNER @SYSTEM
Order deny,allow
</Limit>
<Limit All>
Order deny,allow
</Limit>
</Policy>
"""
"""As distributions ship it: names are shown to their owner only, and only he cancels."""


class Cupsd:
    """A running (or killed) private cupsd. `server` is what CUPS_SERVER takes; `socket` its local socket."""

    def __init__(self, tree: Path, port: int, config: Mapping[str, str]) -> None:
        self.tree, self.port = tree, port
        self.server = f"127.0.0.1:{port}"
        self.socket = tree / "run" / "cups.sock"
        self._config = dict(config)
        self._process: asyncio.subprocess.Process | None = None

    def uri(self, queue: str) -> str:
        """Return the printer URI of a queue, as Fanfold takes it."""
        return f"cups://{self.server}/{queue}"

    async def start(self) -> None:
        """Start, and wait until it answers."""
        self._write_config()
        self._process = await asyncio.create_subprocess_exec(
            "/usr/sbin/cupsd", "-f", "-c", f"{self.tree}/etc/cupsd.conf", "-s", f"{self.tree}/etc/cups-files.conf",
            start_new_session=True, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        await until(self._is_up, f"cupsd on port {self.port}")

    def freeze(self) -> None:
        """SIGSTOP: connections are still taken by the kernel, and nothing is read from them."""
        if self._process is not None:
            self._process.send_signal(signal.SIGSTOP)

    async def kill(self) -> None:
        """SIGKILL, with its backends."""
        await self._end(kindly=False)

    async def stop(self) -> None:
        """SIGTERM: it saves its jobs first."""
        await self._end(kindly=True)

    async def restart(self, *, dirty_clean_s: int | None = None) -> None:
        """Start again on the same tree and port."""
        await self.kill()
        if dirty_clean_s is not None:
            self._config["dirty_clean_s"] = str(dirty_clean_s)
        await self.start()

    async def add_queue(self, name: str, device: str, *, model: str = RAW, policy: str = "retry-job") -> None:
        """Make a queue, enabled and accepting."""
        await self.admin("lpadmin", "-p", name, "-E", "-v", device, "-m", model, "-o", f"printer-error-policy={policy}")

    async def admin(self, command: str, *arguments: str, data: bytes | None = None) -> str:
        """Run one of CUPS's commands against this server: lpadmin, cupsdisable, cupsreject, lp, cancel, lpstat, …"""
        return await run(command, *arguments, env={"CUPS_SERVER": self.server, "LC_ALL": "C"}, data=data)

    async def _is_up(self) -> bool:
        if self._process is not None and self._process.returncode is not None:
            raise RuntimeError(f"cupsd ended with {self._process.returncode}; see {self.tree}/log/error_log")
        return self.socket.exists() and await answers(self.port)

    async def _end(self, *, kindly: bool) -> None:
        process, self._process = self._process, None
        if process is not None:
            await end(process, kindly=kindly)
        self.socket.unlink(missing_ok=True)

    def _write_config(self) -> None:
        values = {**self._config, "tree": str(self.tree), "port": str(self.port)}
        policy = _STRICT_POLICY if values["auth"] == "Basic" else _OPEN_POLICY
        (self.tree / "etc/cups-files.conf").write_text(_FILES.format_map(values))
        (self.tree / "etc/cupsd.conf").write_text(_SERVER.format_map(values) + policy)


@asynccontextmanager
async def private_cupsd(
    tmp_path: Path,
    queues: Mapping[str, str] | None = None,
    *,
    dirty_clean_s: int = 0,
    strict: bool = False,
    history: bool = True,
    policy: str = "retry-job",
) -> AsyncIterator[Cupsd]:
    """Run a cupsd with these raw queues (name to device URI). Its log is left in `tmp_path`.

    `dirty_clean_s`: 0 puts each job on disk at once; 30 is CUPS's default. `strict`: the policy that distributions
    ship. `history`: finished jobs stay known.
    """
    need("cupsd", "lpadmin")
    user, group = _account()
    config = {
        "dirty_clean_s": "0",
        "auth": "Basic" if strict else "None",
        "history": "Yes" if history else "No",
        "user": user,
        "group": group,
    }
    tree = _tree(user, group)
    cups = Cupsd(tree, free_port(), config)
    try:
        await cups.start()
        for name, device in (queues or {}).items():
            await cups.add_queue(name, device, policy=policy)
        if dirty_clean_s:  # only now, so that the queues are on disk
            await cups.stop()
            await cups.restart(dirty_clean_s=dirty_clean_s)
        yield cups
    finally:
        await cups.kill()
        with contextlib.suppress(OSError):
            shutil.copy(tree / "log/error_log", tmp_path / "cups_error_log")
        shutil.rmtree(tree, ignore_errors=True)


def _account() -> tuple[str, str]:
    """Backends run as this user; cupsd lets it not be root."""
    if os.geteuid() == 0:
        return "lp", "lp"
    return pwd.getpwuid(os.geteuid()).pw_name, grp.getgrgid(os.getegid()).gr_name


def _tree(user: str, group: str) -> Path:
    """Make the folders where backends may read them: what pytest gives is closed to other users."""
    tree = Path(tempfile.mkdtemp(prefix="fanfold-cups-"))
    folders = ["etc/ssl", "etc/ppd", "spool/tmp", "cache", "run", "log"]
    for folder in folders:
        (tree / folder).mkdir(parents=True)
    tree.chmod(0o755)
    if os.geteuid() == 0:
        for path in (tree, *tree.rglob("*")):
            shutil.chown(path, user, group)
    return tree
