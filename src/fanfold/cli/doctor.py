"""`fanfold doctor`: what is so here, what is wrong, and how to mend it. Knows no single check."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from fanfold import config
from fanfold.cli.doctor_page import show
from fanfold.cli.exits import Exit, Failed
from fanfold.cli.gateway import DEFAULT_URL, Gateway
from fanfold.cli.options import secret_of
from fanfold.cli.service import here
from fanfold.cli.service.answer import who_answers
from fanfold.doctor.bounded import bounded
from fanfold.doctor.surroundings import ServiceSeen, Surroundings, Unanswered
from fanfold.errors import FanfoldError

WITHIN_S = 4
"""A gateway that runs answers at once."""


@click.command()
@click.option(
    "--config",
    "file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The settings that count; by default those of the installed service, else as `serve` finds them.",
)
@click.option("--data", metavar="DIR", help="The data directory that counts, where the settings do not name it.")
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON; docs/doctor.md tells its shape.")
@click.option("--all", "is_whole", is_flag=True, help="Show what is in order too.")
@click.option("--url", envvar="FANFOLD_URL", show_envvar=True, help="The gateway; by default where the settings say.")
@click.option(
    "--token-file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File with the gateway's secret. FANFOLD_TOKEN may hold the secret itself.",
)
@click.option("--token", envvar="FANFOLD_TOKEN", hidden=True)
def doctor(
    file: Path | None,
    data: str | None,
    url: str | None,
    token_file: Path | None,
    token: str | None,
    *,
    as_json: bool,
    is_whole: bool,
) -> None:
    """Look at Fanfold and its surroundings, and say what is wrong and how to mend it.

    Changes nothing, and needs no running gateway. What it prints has no document, no title and no secret in it: it is
    for whoever supports you.
    """
    from fanfold.doctor.checks import CHECKS
    from fanfold.doctor.examine import examine
    from fanfold.doctor.privacy import Privacy

    secret = secret_of(token_file, token)
    service = _service()
    found = _settings(file, data, service)
    gateway = Gateway(url or _usual(found.settings), secret, WITHIN_S)
    around = Surroundings(
        settings=found.settings,
        trouble=found.trouble,
        service_s=found.is_services,
        environment=os.environ,
        flags=tuple(flag for flag, value in (("--config", file), ("--data", data), ("--url", url)) if value),
        url=gateway.url,
        ask=lambda where: _asked(gateway, where),
        service=lambda: service.seen,
    )
    privacy = Privacy.of(found.settings, {**os.environ, "FANFOLD_URL": url or ""}, secret or "")
    report = examine(around, CHECKS, privacy)
    if as_json:
        click.echo(json.dumps(report.shape(), indent=2))
    else:
        show(report, is_whole=is_whole)
    code = Exit.DONE if report.is_well else Exit.UNHEALTHY
    if report.is_cut_short:
        _leave(code)
    click.get_current_context().exit(code)


@dataclass(frozen=True, slots=True)
class _Found:
    """The settings that count, or why there are none."""

    settings: config.Settings | None
    trouble: str = ""
    is_services: bool = False


@dataclass(frozen=True, slots=True)
class _Service:
    """The service, if it is installed, and what was seen of it."""

    there: here.Service | None
    seen: ServiceSeen


def _settings(file: Path | None, data: str | None, service: _Service) -> _Found:
    """Read the settings: those that are named, else the service's, else this user's."""
    environment: Mapping[str, str] = os.environ
    flags: dict[str, Any] = {"data": data}
    is_services = service.there is not None and not (file or data or os.environ.get("FANFOLD_CONFIG"))
    if service.there is not None and is_services:  # its command names file and data; its environment is not this one
        plan = service.there.plan
        file, flags, environment = Path(plan.config), {"data": str(plan.data)}, {}
    try:
        read = bounded(lambda: config.load(file, environment, flags), WITHIN_S)
    except TimeoutError:
        return _Found(None, f"its files could not be read within {WITHIN_S} s.", is_services)
    except FanfoldError as error:
        return _Found(None, error.says, is_services)
    return _Found(read, is_services=is_services)


def _service() -> _Service:
    """Look at the service, once and before all else: pywin32 is not fit to be imported by two threads at a time."""
    try:
        return bounded(_asked_service, WITHIN_S)
    except TimeoutError:
        return _Service(None, ServiceSeen(says="What keeps services here does not answer."))
    except Failed as error:
        return _Service(None, ServiceSeen(says=error.message))
    except OSError as error:
        return _Service(None, ServiceSeen(says=f"{error.filename or 'It'}: {error.strerror or error}."))


def _asked_service() -> _Service:
    service = here.installed()
    if service is None:
        return _Service(None, ServiceSeen())
    state, keeper = service.keeper.state(), str(service.keeper.where)
    return _Service(
        service, ServiceSeen(state.is_installed, state.is_running, state.says, service.plan.account, keeper)
    )


def _leave(code: Exit) -> None:
    """End at once: Python would wait for threads that hang in the system."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _usual(settings: config.Settings | None) -> str:
    """Return where a gateway with these settings answers; where one would by default, if none does."""
    found = who_answers((settings or config.Settings()).listeners)
    return found.url if found else DEFAULT_URL


def _asked(gateway: Gateway, where: str) -> Any:
    try:
        return gateway.ask("GET", where)
    except Failed as error:
        raise Unanswered(error.message, code=error.problem) from error
