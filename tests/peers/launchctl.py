"""A `launchctl` where there is no launchd to ask: it keeps jobs in a folder, and starts nothing.

From launchctl(1): `bootstrap DOMAIN PLIST` loads and fails (5) where it is loaded already; `bootout DOMAIN/LABEL` fails
(3) where there is none; `print` fails (113) with words where there is none. Stands in PATH as a program.
"""

from __future__ import annotations

import json
import os
import plistlib
import sys
from pathlib import Path
from typing import Any

SELF = f"""#!{sys.executable} -I
import runpy
runpy.run_path({__file__!r}, run_name="__main__")
"""


def put_in(folder: Path) -> Path:
    """Make it a program in this folder; what it was told is in `told` beside."""
    program = folder / "launchctl"
    program.write_text(SELF)
    program.chmod(0o755)
    return folder / "told"


def main(words: list[str]) -> int:
    """Do as it is told."""
    book = Path(os.environ["TOLD"])
    told: dict[str, Any] = json.loads(book.read_text()) if book.exists() else {"words": [], "jobs": {}}
    told["words"].append(words)
    code = 0
    match words:
        case ["bootstrap", domain, plist]:
            label = plistlib.loads(Path(plist).read_bytes())["Label"]
            code = 5 if f"{domain}/{label}" in told["jobs"] else 0
            told["jobs"][f"{domain}/{label}"] = plist
        case ["bootout", target]:
            code = 0 if told["jobs"].pop(target, None) else 3
        case ["print", target] if target in told["jobs"]:
            sys.stdout.write(
                f"{target} = {{\n\tactive count = 1\n\tstate = running\n\n\tpid = 4711\n\tjetsam = {{\n\t}}\n}}\n"
            )
        case ["print", target]:
            code = 113
            sys.stderr.write(f"Could not find service {target!r} in domain\n")
    book.write_text(json.dumps(told))
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
