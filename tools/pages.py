"""Writes docs/settings.md and docs/cli.md from the table of settings and the commands. Knows their form only."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator
from dataclasses import MISSING
from itertools import groupby
from pathlib import Path
from typing import Any

import click

from fanfold import config
from fanfold.cli import main
from fanfold.cli.exits import MEANS
from fanfold.cli.gateway import DEFAULT_URL
from fanfold.config import Setting

DOCS = Path(__file__).parent.parent / "docs"
WIDTH = 100
SHARED = {"as_json", "url", "token_file", "token"}
"""Told once, not with each command."""
MADE = "<!-- Made by `make docs`; edit what it is made from. -->"

SETTINGS_HEAD = f"""\
{MADE}
# Settings

Fanfold runs without any. What you want otherwise stands in `fanfold.toml`, in the environment, or behind
`fanfold serve`: a flag beats the environment, that beats the file, and that the default.

The file is looked for where this system keeps a user's settings (`~/.config/fanfold/` on Linux,
`~/Library/Application Support/fanfold/` on macOS, `%LOCALAPPDATA%\\fanfold\\` on Windows); `--config FILE` or
`FANFOLD_CONFIG` names another. Relative paths in it start from its own folder; a printer's `file:out` is no path but a
URI, and starts from where the gateway was started. A key that is not known, or a value that is not allowed, keeps the
gateway from starting, and the message says which and why. `fanfold reload` reads it again: printers, webhooks, origins
and status codes change without dropping a job, or a client that may still come in: a WebSocket whose origin, token or
user would not be let in any more, or not be trusted as before, ends. What else changed waits for the next start, and
the answer names it. It also reads the files again that the listeners name (certificates, client authorities, secrets,
users): printers that come from then on are met with what they hold, and those that are connected stay.

In the environment the key `cups` of `[discovery]` is called `FANFOLD_DISCOVERY_CUPS`, and so on (`fanfold serve --help`
lists all); a list's parts stand between commas. Durations end in `_s` and are seconds, sizes end in `_bytes`.

```toml
drain_s = 5

[[listeners]]
address = "127.0.0.1"

[[printers]]
name = "Zebra at the till"
uri = "socket://192.0.2.7"
aliases = ["receipt"]
on_doubt = "hold"

[access]
origins = ["https://shop.example"]

[dialects.printerwebsocket.status_codes]
PRINTING = 4
```
"""

LISTENERS = """\
## `[[listeners]]`

One for each address and port; where none is named, `127.0.0.1:8765` and `[::1]:8765`. `--listen HOST:PORT` (repeatable)
or `FANFOLD_LISTEN` replaces them all. One that other machines can reach needs `access.token_file`, or `allow`, unless
it has no door but `weblink`: there printers prove who they are by `proof`, and nothing else comes in.

The secret in `secret_file` has at least 16 characters, of those that a URL takes as they are (`openssl rand -hex 24`
makes a good one); the printer's location then ends in it. A line of `users_file` is `user:password`, both without
spaces, the password of 8 characters or more; lines that begin with `#` are passed over. A certificate's common name is
who the printer is. Listeners whose files would call two printers the same are refused (two secret files with one
name, a user in two users files, two files of authorities).

```toml
[[listeners]]
address = "0.0.0.0"
port = 8443
doors = ["weblink"]
tls_cert = "printers.pem"
proof = ["path"]
secret_file = "weblink.secret"

[[listeners]]
address = "0.0.0.0"
port = 4100
doors = ["zebra_ws_print"]
allow = ["192.0.2.0/24"]
```
"""

WEBHOOKS = """\
## `[[webhooks]]`

One for each app that is told of events by HTTP, in the order in which they happened.
"""

PRINTERS = """\
## `[[printers]]`

One for each printer, beside those that are discovered or added by `fanfold printers add`. They may also be written
`[printers.NAME]`. `--printer NAME=URI` (repeatable) or `FANFOLD_PRINTER` adds more.
"""

CLI_HEAD = f"""\
{MADE}
# The command `fanfold`

`fanfold serve` is the gateway, `fanfold demo` one to look at, and `fanfold simulate` has printers for it. The commands
after them ask one that runs, and take these options beside their own:

| option | environment | what it is for |
| --- | --- | --- |
| `--url URL` | `FANFOLD_URL` | where the gateway is; by default `{DEFAULT_URL}` |
| `--token-file FILE` | `FANFOLD_TOKEN` | the gateway's secret, where it wants one: in a file, or itself |
| `--json` | | print the answer of the API as it came; its shapes are in `GET /v1/openapi.json` |

## Exit codes

| code | means |
| --- | --- |
"""


def settings_page() -> str:
    """Return docs/settings.md."""
    parts = [SETTINGS_HEAD, "## At the top\n", _rows(row for row in config.TABLE if not row.section)]
    parts += [LISTENERS, _rows(config.LISTENER_ROWS), PRINTERS, _rows(config.PRINTER_ROWS)]
    parts += [WEBHOOKS, _rows(config.WEBHOOK_ROWS)]
    for section, rows in groupby((row for row in config.TABLE if row.section), key=lambda row: row.section):
        parts += [f"## `[{section}]`\n", _rows(rows)]
    return "\n".join(parts)


def cli_page() -> str:
    """Return docs/cli.md."""
    context = click.Context(main, info_name="fanfold", terminal_width=WIDTH, **main.context_settings)
    codes = "".join(f"| {int(code)} | {means} |\n" for code, means in MEANS.items())
    return "\n".join([CLI_HEAD + codes, *_commands(main, context)])


PAGES = {"settings.md": settings_page, "cli.md": cli_page}


def _rows(rows: Iterable[Setting]) -> str:
    lines = ["| key | default | what it is for | it may be |", "| --- | --- | --- | --- |"]
    for row in rows:
        flag = f" Flag: `{row.flag}`." if row.flag else ""
        lines.append(f"| `{row.key}` | {_default(row.default)} | {row.help}{flag} | {row.kind.allowed} |")
    return "\n".join(lines) + "\n"


def _default(value: Any) -> str:
    match value:
        case _ if value is MISSING:
            return "must be given"
        case _ if callable(value):
            return "the user's own data folder"
        case None | ():
            return "none"
        case bool():
            return f"`{str(value).lower()}`"
        case tuple():
            return ", ".join(f"`{one}`" for one in value)
        case float() | int():
            return f"`{value:.12g}`"
        case _:
            return f"`{value}`"


def _commands(command: click.Command, context: click.Context) -> Iterator[str]:
    own = copy.copy(command)
    own.params = [one for one in command.params if one.name not in SHARED]
    yield f"## `{context.command_path}`\n\n```\n{own.get_help(context)}\n```\n"
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            one = command.get_command(context, name)
            assert one is not None
            if one.hidden:  # for programs, not for people
                continue
            yield from _commands(one, click.Context(one, context, name))


if __name__ == "__main__":
    for name, page in PAGES.items():
        (DOCS / name).write_text(page(), "utf-8")
