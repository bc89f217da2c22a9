"""HTTP and WebSocket: sockets in, dialects in the middle, the engine behind."""

from __future__ import annotations
