"""Where jobs, documents and printers live: verbs, never queries."""

from __future__ import annotations
