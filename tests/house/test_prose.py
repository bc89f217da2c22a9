"""Every room says what it is; the documents name only what exists."""

from __future__ import annotations

import ast
import re

import pytest

from tests.house.house import ROOT, Room, rooms

DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
_FILE = re.compile(
    r"`((?:src|tests|docs|js|web|bench|tools)/[\w./-]+|(?:engine|server|store|dialects|transports|languages|simulate|cli|config)/[\w./]+\.(?:py|sql))`"
)
_SYMBOL = re.compile(r"`([\w/]+\.py):(\w+(?:\.\w+)?)`")


@pytest.mark.parametrize("room", rooms().values(), ids=lambda room: room.shown)
def test_every_module_opens_with_a_sentence(room: Room) -> None:
    says = ast.get_docstring(room.tree)
    assert says, room.shown
    assert says.splitlines()[0].rstrip().endswith((".", ":", "?")), room.shown


def test_the_tour_names_only_what_exists() -> None:
    tour = (ROOT / "docs/tour.md").read_text("utf-8")
    named = _SYMBOL.findall(tour)
    assert len(named) > 10
    for file, symbol in named:
        path = ROOT / "src/fanfold" / file
        assert path.is_file(), f"docs/tour.md names {file}, which is not there"
        assert symbol in _symbols(ast.parse(path.read_text("utf-8"))), f"docs/tour.md: no {symbol} in {file}"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_documents_name_files_that_exist(document: object) -> None:
    text = document.read_text("utf-8")  # type: ignore[attr-defined]
    for name in _FILE.findall(text):
        there = (ROOT / name).exists() or (ROOT / "src/fanfold" / name).exists()
        assert there, f"{document} names {name}, which is not there"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_between_documents_lead_somewhere(document: object) -> None:
    text = document.read_text("utf-8")  # type: ignore[attr-defined]
    for target in re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", text):
        assert (document.parent / target).exists(), f"{document} links to {target}, which is not there"  # type: ignore[attr-defined]


def _symbols(tree: ast.Module) -> set[str]:
    found: set[str] = set()
    for node in tree.body:
        for name in _names(node):
            found.add(name)
            if isinstance(node, ast.ClassDef):
                found |= {f"{name}.{inner}" for child in node.body for inner in _names(child)}
    return found


def _names(node: ast.stmt) -> list[str]:
    if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
        return [node.name]
    if isinstance(node, ast.Assign):
        return [target.id for target in node.targets if isinstance(target, ast.Name)]
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        return [node.target.id]
    return []
