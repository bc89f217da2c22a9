"""LPD servers and printers (RFC 1179)."""

from __future__ import annotations
