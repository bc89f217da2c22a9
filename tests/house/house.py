"""The house as it stands: its rooms and what each imports, read from the source, nothing run."""

from __future__ import annotations

import ast
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src"


@dataclass(frozen=True, slots=True)
class Room:
    """One file of the package. `imports` are dotted names as written, those inside functions too."""

    name: str
    path: Path
    imports: frozenset[str]
    tree: ast.Module

    @property
    def shown(self) -> str:
        return str(self.path.relative_to(ROOT))


@cache
def rooms() -> dict[str, Room]:
    """All files of the package by dotted name."""
    found = {}
    for path in sorted((SOURCE / "fanfold").rglob("*.py")):
        parts = path.relative_to(SOURCE).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        tree = ast.parse(path.read_text("utf-8"))
        found[name] = Room(name, path, frozenset(_imports(tree)), tree)
    return {name: _resolved(room, found) for name, room in found.items()}


def _imports(tree: ast.Module) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def _resolved(room: Room, known: dict[str, Room]) -> Room:
    """Imports of our own files by the file's name, others by the package's."""
    resolved = set()
    for name in room.imports:
        if not name.startswith("fanfold"):
            resolved.add(name.partition(".")[0])
            continue
        own = name if name in known else name.rpartition(".")[0]
        resolved.add(own)
    return Room(room.name, room.path, frozenset(resolved - {room.name}), room.tree)


def third_party(room: Room) -> frozenset[str]:
    """What it imports that is neither Python's nor ours."""
    known = sys.stdlib_module_names | {"__future__"}
    return frozenset(name for name in room.imports if name not in known and not name.startswith("fanfold"))
