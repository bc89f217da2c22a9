"""`fanfold service …`: the gateway as a service of this machine. Knows no system's ways, only who keeps services."""

from __future__ import annotations

import getpass
import json
import logging
import os
import sys
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any

import click

from fanfold import config
from fanfold.cli import layout
from fanfold.cli.exits import Exit, Failed, plain
from fanfold.cli.service import answer, files, here
from fanfold.cli.service.readable import changeable, unreadable, what_runs
from fanfold.errors import FanfoldError

LOG_BYTES, LOG_FILES = 5 * 1024**2, 4
"""How much log is kept at most: so much in each of the old files, and in the one that is written."""


@click.group()
def service() -> None:
    """Keep the gateway running as a service: systemd, launchd or Windows.

    An administrator (root) installs the machine's one gateway, others one of their own.
    """


@service.command()
@click.option("--print", "is_dry", is_flag=True, help="Only print what the system would be told.")
def install(is_dry: bool) -> None:
    """Have the gateway run from now on, and whenever the machine starts. What is there already stays or is renewed."""
    one = here.mine()
    if is_dry:
        click.echo(f"# {one.keeper.where}", err=True)
        if reason := unreadable(one.plan):
            click.echo(plain(f"# Warning: {reason}"), err=True)
        click.echo(one.keeper.text, nl=False)
        return
    _refuse_second(one)
    if reason := unreadable(one.plan):
        raise Failed(reason)
    if sys.platform == "win32" and (warning := changeable(what_runs(one.plan), Path.home().parent)):
        click.echo(plain(warning), err=True)
    _say([*files.prepare(one.plan, _who_installs(one)), *one.keeper.install()])
    found = answer.who_answers(answer.listeners_of(Path(one.plan.config)))
    _say([f"It answers at {found.shown}." if found else f"It does not answer yet. Its log: {one.keeper.log}"])


@service.command()
def remove() -> None:
    """Stop the service and undo `install`. Jobs and settings stay."""
    one = here.mine()
    _refuse_others(one)
    _say(one.keeper.remove())
    left = [where for where in (one.plan.data, one.plan.config, one.plan.token, one.plan.log) if where]
    there = [str(where) for where in left if Path(where).exists()]
    if there:
        _say([f"Still there, for you to keep or delete: {', '.join(there)}."])


@service.command()
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
def status(as_json: bool) -> None:
    """Say whether the service is installed and runs, where its things are, and whether a gateway answers."""
    one = here.installed() or here.mine()
    state = one.keeper.state()
    found = answer.who_answers(answer.listeners_of(Path(one.plan.config)))
    told: dict[str, Any] = {
        "installed": state.is_installed,
        "running": state.is_running,
        "says": state.says,
        "pid": state.pid or None,
        "for": "all users of this machine" if one.plan.is_machines else getpass.getuser(),
        "runs_as": one.plan.account or getpass.getuser(),
        "answers": found.url if found else None,
        "version": found.version if found else None,
        "uptime_s": found.uptime_s if found else None,
        "problems": list(found.problems) if found else [],
        "settings": str(one.plan.config),
        "data": str(one.plan.data),
        "log": one.keeper.log,
        "token_file": str(one.plan.token) if one.plan.token else None,
        "kept_by": str(one.keeper.where),
    }
    if as_json:
        click.echo(json.dumps(told, indent=2))
    else:
        _show(told, found)
    if not found:
        click.get_current_context().exit(Exit.UNREACHABLE)


@service.command("run", hidden=True)
@click.option("--config", "file", type=click.Path(path_type=Path), required=True)
@click.option("--data", type=click.Path(path_type=Path), required=True)
@click.option("--log", type=click.Path(path_type=Path), required=True)
def run_(file: Path, data: Path, log: Path) -> None:
    """Run the gateway for a system that keeps no log: launchd or Windows start it so."""

    def load() -> config.Settings:
        return config.load(file, {}, {"data": data})

    def serve(on_ready: Any = lambda stop: None) -> int:
        """Import what takes long only here: Windows wants to hear from a service within some seconds."""
        from fanfold.app import LOG_FORMAT, run

        _log_to(log, LOG_FORMAT)
        try:
            settings = load()
            logging.getLogger().setLevel(settings.log_level.upper())
            return run(settings, load, on_ready)
        except FanfoldError as error:
            logging.getLogger("fanfold").critical("%s", error.says)
            raise Failed(error.says, Exit.CANNOT_START) from error

    if sys.platform == "win32":
        from fanfold.cli.service.host import host

        host(serve)
    else:
        serve()


def _log_to(log: Path, form: str) -> None:
    kept = RotatingFileHandler(log, maxBytes=LOG_BYTES, backupCount=LOG_FILES, encoding="utf-8")
    logging.basicConfig(handlers=[kept], level=logging.INFO, format=form)


def _refuse_second(one: here.Service) -> None:
    """One gateway a machine: two would fight for its USB and serial printers, and pages would find only one."""
    other = here.installed()
    if other and other.plan.is_machines != one.plan.is_machines:
        raise Failed(
            f"this machine has a Fanfold already, for all its users ({other.keeper.where}): one is enough. "
            "An administrator can take it away by `fanfold service remove`."
        )
    if not one.keeper.state().is_running:
        found = answer.who_answers(answer.listeners_of(Path(one.plan.config)))
        if found:
            raise Failed(f"a gateway answers at {found.shown} already, and it is not the service: stop it first.")


def _refuse_others(one: here.Service) -> None:
    other = here.installed()
    if other and other.plan.is_machines and not one.plan.is_machines:
        raise Failed(f"the service is the machine's ({other.keeper.where}): only an administrator can remove it.")


def _who_installs(one: here.Service) -> list[str]:
    """Return the person behind an administrator's command: who administers the machine may see and change all."""
    if not one.plan.is_machines:
        return []
    if sys.platform == "win32":
        import win32api
        import win32con

        return [str(win32api.GetUserNameEx(win32con.NameSamCompatible))]
    person = os.environ.get("SUDO_USER", "")
    return [person] if person not in ("", "root") else []


def _show(told: dict[str, Any], found: answer.Answer | None) -> None:
    shown = {
        "installed": "yes" if told["installed"] else "no",
        "running": "yes" if told["running"] else "no",
        "system says": told["says"],
        "process": told["pid"],
        "for": told["for"],
        "runs as": told["runs_as"],
        "answers": found.shown if found else "no gateway answers",
        "problems": told["problems"],
        "settings": told["settings"],
        "data": told["data"],
        "log": told["log"],
        "token": told["token_file"],
        "kept by": told["kept_by"],
    }
    layout.facts(shown)


def _say(notes: list[str]) -> None:
    for note in notes:
        click.echo(plain(note))
