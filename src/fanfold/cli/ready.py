"""Tells systemd how far the gateway is, where systemd asks to be told. Knows no gateway.

One datagram to the socket that NOTIFY_SOCKET names (sd_notify(3)); a name that begins with @ is an abstract one.
"""

from __future__ import annotations

import socket
from collections.abc import Mapping

READY = "READY=1"


def tell(state: str, environment: Mapping[str, str]) -> bool:
    """Send the state; return whether somebody was told. A name that an older session left is nobody's."""
    name = environment.get("NOTIFY_SOCKET", "")
    if not name:
        return False
    address = "\0" + name[1:] if name.startswith("@") else name
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as line:
            line.sendto(state.encode(), address)
    except OSError:  # systemd itself, where it waits in vain, says so and ends us
        return False
    return True
