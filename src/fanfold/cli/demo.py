"""`fanfold demo`: a label from a web page to a printer that is not there."""

from __future__ import annotations

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
def demo(once: bool, data: Path | None) -> None:
    """Start a gateway with a virtual printer and print a sample label as a web page would."""
    from fanfold import demo as show

    try:
        show.run(data, once=once, say=click.echo)
    except show.DemoFailed as error:
        raise Failed(error.says) from error
    except FanfoldError as error:
        raise Failed(error.says, Exit.CANNOT_START) from error
