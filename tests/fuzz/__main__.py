"""Runs one target under atheris: `python -m tests.fuzz NAME FOLDER [libFuzzer's options]`; `make fuzz` runs all."""

from __future__ import annotations

import sys
from pathlib import Path

import atheris  # type: ignore[import-not-found,import-untyped,unused-ignore]

with atheris.instrument_imports(include=["fanfold"]):
    from tests.fuzz.targets import TARGETS


def main(name: str, folder: Path, *options: str) -> None:
    """Begin from the target's seeds and what earlier runs found, all kept in the folder. Does not return."""
    target = TARGETS[name]
    folder.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(target.seeds):
        (folder / f"seed-{number}").write_bytes(seed)
    atheris.Setup([sys.argv[0], str(folder), f"-artifact_prefix={folder.parent}/{name}-", *options], target.check)
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), *sys.argv[3:])
