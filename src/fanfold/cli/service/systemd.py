"""Fanfold as a unit of systemd: what stands in it, and the commands that bring it to life. Knows no gateway.

The directives are those of systemd.exec(5), systemd.service(5) and systemd.unit(5); all are known since version 247.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from fanfold.cli.exits import Exit, Failed
from fanfold.cli.service.command import Done, run
from fanfold.cli.service.plan import TITLE, Plan
from fanfold.cli.service.state import State

UNIT = "fanfold.service"
HIDDEN = ("/tmp", "/var/tmp")  # noqa: S108  # nothing is put there
"""What PrivateTmp takes from the machine's service: it has folders of its own in their place."""
PRINTERS_GROUPS = ("lp", "dialout", "uucp")
"""Who may write to USB and serial printers; which of them there are is the distribution's choice."""

_UNIT = """\
# Made by `fanfold service install`, which overwrites it. Changes of yours: `systemctl {edit} fanfold`.
[Unit]
Description={title}
After=network.target cups.service
StartLimitIntervalSec=0

[Service]
Type=notify
ExecStart={command}
ExecReload=/bin/kill -HUP $MAINPID
Restart=on-failure
RestartSec=5
TimeoutStartSec=300
TimeoutStopSec=120
LimitNOFILE=65536
UMask=0077
NoNewPrivileges=yes
LockPersonality=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
RestrictNamespaces=yes
SystemCallArchitectures=native
"""
_MACHINES = """\
User={account}
{groups}StateDirectory=fanfold
StateDirectoryMode=0700
WorkingDirectory={data}
# Devices are not hidden: printers are among them. AF_NETLINK tells which user of this machine asks.
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
ProtectSystem=strict
ProtectHome=read-only
PrivateTmp=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
# For listeners below port 1024.
AmbientCapabilities=CAP_NET_BIND_SERVICE
CapabilityBoundingSet=CAP_NET_BIND_SERVICE
"""
_INSTALL = """\

[Install]
WantedBy={target}
"""


def unit(plan: Plan, groups: Sequence[str] = ()) -> str:
    """Return the unit. `groups` are those of PRINTERS_GROUPS that there are here: a missing one keeps it from running.

    `PrivateUsers` is left out on purpose: behind it all users look alike.
    """
    text = _UNIT.format(
        title=TITLE, command=command_line(plan.command), edit="edit" if plan.is_machines else "--user edit"
    )
    if plan.is_machines:
        line = f"SupplementaryGroups={' '.join(groups)}\n" if groups else ""
        text += _MACHINES.format(account=plan.account, groups=line, data=_specified(str(plan.data)))
    return text + _INSTALL.format(target="multi-user.target" if plan.is_machines else "default.target")


def command_line(words: Sequence[str]) -> str:
    """Return a command as ExecStart takes it, to the letter."""
    program, *rest = words
    return " ".join([_quoted(_specified(program)), *(_quoted(_specified(one).replace("$", "$$")) for one in rest)])


def _specified(word: str) -> str:
    return word.replace("%", "%%")


def _quoted(word: str) -> str:
    if word and all(sign.isalnum() or sign in "-_./:=,+@%$" for sign in word):
        return word
    escaped = word.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(sign if sign.isprintable() else f"\\x{ord(sign):02x}" for sign in escaped) + '"'


class Systemd:
    """One unit of systemd's: the machine's, or a user's own."""

    def __init__(self, plan: Plan, folder: Path) -> None:
        self._plan = plan
        self._file = folder / UNIT
        self._scope = () if plan.is_machines else ("--user",)

    @property
    def text(self) -> str:
        """What stands in the unit."""
        return unit(self._plan, _groups_here() if self._plan.is_machines else ())

    @property
    def where(self) -> Path:
        """Where the unit lies, or would."""
        return self._file

    @property
    def log(self) -> str:
        """How the log is read."""
        return f"journalctl {'--user-unit' if self._scope else '-u'} {UNIT}"

    def install(self) -> list[str]:
        """Write the unit, have it start now and at boot, and wait until it answers. Idempotent. Raises Failed."""
        is_new = not self._file.is_file() or self._file.read_text("utf-8") != self.text
        if is_new:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            self._file.write_text(self.text, "utf-8")
        self._do("daemon-reload")
        self._do("enable", "--quiet", UNIT)
        self._do("restart" if is_new else "start", UNIT)
        notes = [f"{'Installed' if is_new else 'It was installed as it is'}: {self._file}."]
        if not self._plan.is_machines:
            notes.append("It runs while you are logged in. From boot on: loginctl enable-linger")
        return notes

    def remove(self) -> list[str]:
        """Stop it, and delete the unit. Idempotent. Raises Failed."""
        if not self._file.is_file():
            return ["It is not installed."]
        self._do("disable", "--now", "--quiet", UNIT)
        self._file.unlink()
        self._do("daemon-reload")
        return [f"Stopped, and removed: {self._file}."]

    def state(self) -> State:
        """Return whether it is installed, and runs."""
        if not self._file.is_file():
            return State()
        shown = self._ask("show", UNIT, "--property=ActiveState,SubState,Result,MainPID")
        facts = dict(line.split("=", 1) for line in shown.said.splitlines() if "=" in line)
        if shown.code or not facts.get("ActiveState"):
            return State(is_installed=True, says=shown.complained.strip() or "systemd says nothing of it")
        result = facts.get("Result", "success")
        says = f"{facts['ActiveState']} ({facts.get('SubState', '')})"
        return State(
            is_installed=True,
            is_running=facts["ActiveState"] in ("active", "reloading"),
            says=says if result == "success" else f"{says}: {result}",
            pid=int(facts.get("MainPID", "0") or 0),
        )

    def _do(self, *words: str) -> None:
        done = self._ask(*words)
        if done.code:
            says = done.complained.strip() or f"it ended with {done.code}"
            raise Failed(f"`systemctl {' '.join((*self._scope, *words))}`: {says}. Its log: {self.log}", Exit.FAILED)

    def _ask(self, *words: str) -> Done:
        return run("systemctl", *self._scope, "--no-pager", *words)


def _groups_here() -> list[str]:
    import grp

    known = {group.gr_name for group in grp.getgrall()}
    return [name for name in PRINTERS_GROUPS if name in known]
