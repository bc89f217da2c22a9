"""`fanfold doctor`: what is so here, what is wrong, and how to mend it. Knows no single check."""

from __future__ import annotations

import json
import os
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
    found = _settings(file, data)
    gateway = Gateway(url or _usual(found.settings), secret, WITHIN_S)
    around = Surroundings(
        settings=found.settings,
        trouble=found.trouble,
        service_s=found.is_services,
        environment=os.environ,
        flags=tuple(flag for flag, value in (("--config", file), ("--data", data), ("--url", url)) if value),
        url=gateway.url,
        ask=lambda where: _asked(gateway, where),
        service=_service,
    )
    report = examine(around, CHECKS, Privacy.of(found.settings, os.environ, secret or "", url or ""))
    if as_json:
        click.echo(json.dumps(report.shape(), indent=2))
    else:
        show(report, is_whole=is_whole)
    click.get_current_context().exit(Exit.DONE if report.is_well else Exit.UNHEALTHY)


@dataclass(frozen=True, slots=True)
class _Found:
    """The settings that count, or why there are none."""

    settings: config.Settings | None
    trouble: str = ""
    is_services: bool = False


def _settings(file: Path | None, data: str | None) -> _Found:
    """Read the settings: those that are named, else the service's, else this user's."""
    service = None if file or data or os.environ.get("FANFOLD_CONFIG") else _installed()
    environment: Mapping[str, str] = os.environ
    flags: dict[str, Any] = {"data": data}
    if service is not None:  # its command names file and data, and it has an environment of its own
        file, flags, environment = Path(service.plan.config), {"data": str(service.plan.data)}, {}
    try:
        read = bounded(lambda: config.load(file, environment, flags), WITHIN_S)
    except TimeoutError:
        return _Found(None, f"its files could not be read within {WITHIN_S} s.", service is not None)
    except FanfoldError as error:
        return _Found(None, error.says, service is not None)
    return _Found(read, is_services=service is not None)


def _installed() -> here.Service | None:
    try:
        return bounded(here.installed, WITHIN_S)
    except (
        Failed,
        OSError,
    ):  # TimeoutError is one; what keeps services here cannot be asked: then it keeps none of ours
        return None


def _service() -> ServiceSeen:
    try:
        service = here.installed()
        if service is None:
            return ServiceSeen()
        state = service.keeper.state()
    except (Failed, OSError) as error:
        return ServiceSeen(says=str(error))
    return ServiceSeen(
        state.is_installed, state.is_running, state.says, service.plan.account, str(service.keeper.where)
    )


def _usual(settings: config.Settings | None) -> str:
    """Return where a gateway with these settings answers; where one would by default, if none does."""
    found = who_answers((settings or config.Settings()).listeners)
    return found.url if found else DEFAULT_URL


def _asked(gateway: Gateway, where: str) -> Any:
    try:
        return gateway.ask("GET", where)
    except Failed as error:
        raise Unanswered(error.message, code=error.problem) from error
