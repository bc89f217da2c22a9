"""Where IPP is spoken: a server's address, its URLs, and under which name it is asked. Opens no connection."""

from __future__ import annotations

import getpass
import os
from dataclasses import dataclass
from urllib.parse import quote


@dataclass(frozen=True, slots=True)
class Server:
    """Where IPP is spoken: a host and port, or a local socket's path. `verify`: TLS certificates are checked."""

    host: str = "localhost"
    port: int = 631
    socket_path: str = ""
    tls: bool = False
    verify: bool = True

    def __str__(self) -> str:
        return self.socket_path or f"{self.authority}:{self.port}"

    @property
    def authority(self) -> str:
        """The host as it stands in a URI."""
        return f"[{self.host}]" if ":" in self.host else self.host

    def url(self, path: str) -> str:
        """Return the HTTP URL of a path."""
        if self.socket_path:
            return f"http://localhost{path}"
        return f"{'https' if self.tls else 'http'}://{self.authority}:{self.port}{path}"

    def uri(self, path: str) -> str:
        """Return the IPP URI of a path: what the server knows its printer by."""
        if self.socket_path:
            return f"ipp://localhost{path}"
        return f"{'ipps' if self.tls else 'ipp'}://{self.authority}:{self.port}{path}"


def path_of(*segments: str) -> str:
    """Return a URI path of these segments, percent-encoded."""
    return "".join(f"/{quote(segment, safe='')}" for segment in segments) or "/"


def user_name() -> str:
    """Return the name that we ask under: this process's user, as a local CUPS checks it."""
    try:
        return getpass.getuser() if os.name == "nt" else _account()
    except (KeyError, OSError):
        return "fanfold"  # a container's user may have no name


def _account() -> str:
    import pwd

    return pwd.getpwuid(os.geteuid()).pw_name
