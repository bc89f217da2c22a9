"""What the bytes mean to a printer: one file per language; pure."""

from __future__ import annotations
