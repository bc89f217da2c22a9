"""What the documents name can be done: each command with its flags, variable, route and heading is there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from fanfold import config
from fanfold.cli import main
from fanfold.dialects.native_routes import ROUTES
from tests.house.house import ROOT

DOCUMENTS = [*ROOT.glob("*.md"), *sorted((ROOT / "docs").rglob("*.md"))]
VARIABLES = {row.env for row in config.TABLE} | {
    "FANFOLD_CONFIG", "FANFOLD_LISTEN", "FANFOLD_PRINTER", "FANFOLD_URL", "FANFOLD_TOKEN",
}  # fmt: skip
_COMMAND = re.compile(r"(?:^|[`(]|sudo |bin/)fanfold ([^`|#\n]+)", re.MULTILINE)
_WORD = re.compile(r"[a-z][a-z-]*")


@pytest.fixture(params=DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def text(request: pytest.FixtureRequest) -> str:
    return Path(request.param).read_text("utf-8")


def test_commands_and_their_flags_are_there(text: str) -> None:
    for written in _COMMAND.findall(text):
        assert list(unknown(written.replace("\\", " ").split())) == [], f"fanfold {written}"


def test_variables_are_read(text: str) -> None:
    assert set(re.findall(r"FANFOLD_[A-Z_0-9]+[A-Z0-9]", text)) <= VARIABLES


def test_routes_are_served(text: str) -> None:
    there = {(route.method, _plain(route.path)) for route in ROUTES} | {("GET", "/v1/ws"), ("GET", "/v1/openapi.json")}
    for method, path in re.findall(r"\b(GET|POST|PUT|PATCH|DELETE) (/v1/[\w/{}.-]*[\w}])", text):
        assert (method, _plain(path)) in there, f"{method} {path}"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_to_headings_lead_there(document: Path) -> None:
    for file, anchor in re.findall(r"\]\((?!https?:)([^)#\s]*)#([^)\s]+)\)", document.read_text("utf-8")):
        there = document.parent / file if file else document
        assert anchor in anchors(there.read_text("utf-8")), f"{document} links to {file}#{anchor}"


def unknown(words: list[str]) -> Iterator[str]:
    """Yield what of a command line is no command of ours, and no flag of its command."""
    command: click.Command = main
    while isinstance(command, click.Group) and words and _WORD.fullmatch(words[0]):
        found = command.get_command(click.Context(command), words[0])
        if found is None:
            yield words[0]
            return
        command, words = found, words[1:]
    known = {name for one in command.params for name in (*one.opts, *one.secondary_opts)} | {"--help", "--version"}
    yield from (word for word in words if re.fullmatch(r"--[a-z][a-z-]*", word) and word not in known)


def anchors(text: str) -> set[str]:
    """Return what a document's headings are called in links, as the usual hosts of Markdown call them."""
    heads = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).strip().replace(" ", "-") for head in heads}


def _plain(path: str) -> str:
    """Return a path with one word for whatever stands for a job, a printer or the like."""
    return re.sub(r"\{[^}]*\}|(?<=/)[A-Z]+(?=/|$)", "*", path)
