"""Protocols that web apps speak to us: one file per protocol; pure."""

from __future__ import annotations
