"""Ways bytes reach a printer: a file or a folder for each URI scheme."""

from __future__ import annotations
