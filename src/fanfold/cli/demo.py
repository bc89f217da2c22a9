"""`fanfold demo`: a label from a web page to a printer that is not there."""

from __future__ import annotations

import json
from pathlib import Path

import click

from fanfold.cli.exits import Exit, Failed
from fanfold.errors import FanfoldError


@click.command()
@click.option("--once", is_flag=True, help="End after the print; the exit code tells whether all went well.")
@click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Where its jobs and its paper are kept; by default a folder that is removed at the end.",
)
@click.option("--json", "as_json", is_flag=True, help="Print what came of it as JSON: url, job, sheet, label.")
def demo(once: bool, data: Path | None, as_json: bool) -> None:
    """Start a gateway with a virtual printer and print a sample label as a web page would."""
    from fanfold import demo as show

    try:
        if as_json:
            show.run(data, once=once, say=lambda _: None, sum_up=lambda shown: click.echo(json.dumps(shown, indent=2)))
        else:
            show.run(data, once=once, say=click.echo)
    except show.DemoFailed as error:
        raise Failed(error.says) from error
    except FanfoldError as error:
        raise Failed(error.says, Exit.CANNOT_START) from error
