"""A `systemctl` where there is no systemd to ask: it keeps units' states in a folder, and starts nothing.

From systemctl(1): `enable` and `start` of a unit that is not there fail with words on stderr; `show` of any unit prints
properties; `start` waits for a unit of `Type=notify`, and fails where that does not start. Stands in PATH as a program.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

SELF = f"""#!{sys.executable} -I
import runpy
runpy.run_path({__file__!r}, run_name="__main__")
"""


def put_in(folder: Path) -> Path:
    """Make it a program in this folder; what it was told is in `told` beside."""
    program = folder / "systemctl"
    program.write_text(SELF)
    program.chmod(0o755)
    return folder / "told"


def main(words: list[str]) -> int:
    """Do as it is told."""
    units, book = Path(os.environ["UNITS"]), Path(os.environ["TOLD"])
    told: dict[str, Any] = {"words": [], "enabled": False, "active": False}
    if book.exists():
        told = json.loads(book.read_text())
    told["words"].append(words)
    verb, *rest = [word for word in words if word not in ("--user", "--no-pager", "--quiet")]
    unit = rest[-1] if rest else ""
    code = 0
    match verb:
        case "daemon-reload":
            told["known"] = (units / "fanfold.service").exists()
        case "enable" | "start" | "restart" if not told.get("known"):
            code = 5
            sys.stderr.write(f"Failed to {verb} unit: Unit {unit} not found.\n")
        case "enable":
            told["enabled"] = True
        case "start" | "restart":
            told["active"] = not os.environ.get("BROKEN")
            if not told["active"]:
                code = 1
                sys.stderr.write(f"Job for {unit} failed because the control process exited with error code.\n")
        case "disable":
            told["enabled"] = told["active"] = False
        case "show":
            state = ("active", "running", 4711) if told["active"] else ("inactive", "dead", 0)
            sys.stdout.write("ActiveState={}\nSubState={}\nMainPID={}\nResult=success\n".format(*state))
    book.write_text(json.dumps(told))
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
