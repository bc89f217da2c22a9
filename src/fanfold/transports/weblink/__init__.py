"""Zebra printers that dial in (Weblink). `transport` is what prints on them, `door` where they come in."""

from __future__ import annotations
