"""The engine decides, alone, and stores before it answers."""

from __future__ import annotations
