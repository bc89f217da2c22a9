"""Fanfold lets web applications print silently; this package is the whole gateway."""

from __future__ import annotations

__version__ = "0.1.0"
