"""What kind of disk a folder is on, as /proc/mounts tells. Knows no store."""

from __future__ import annotations

import re
from pathlib import Path

NETWORK = frozenset({
    "nfs", "nfs4", "cifs", "smb3", "smbfs", "afs", "9p", "ceph", "glusterfs", "fuse.sshfs", "fuse.glusterfs",
    "fuse.davfs", "davfs", "ncpfs", "lustre", "virtiofs",
})  # fmt: skip
MEMORY = frozenset({"tmpfs", "ramfs"})
_ESCAPE = re.compile(r"\\([0-7]{3})")


def kind_of(folder: Path, root: Path = Path("/")) -> str:
    """Return the file system's kind, such as `ext4`; empty where the system does not tell."""
    try:
        lines = (root / "proc/mounts").read_text("utf-8", "surrogateescape").splitlines()
    except OSError:
        return ""
    mounts = {Path(_plain(row[1])): row[2] for line in lines if len(row := line.split()) > 2}
    here = folder.absolute()
    return next((mounts[one] for one in (here, *here.parents) if one in mounts), "")


def _plain(text: str) -> str:
    """Return a path as it is: spaces and the like are written in octal there."""
    return _ESCAPE.sub(lambda match: chr(int(match[1], 8)), text)
