"""Windows print queues. `transport` is what prints on them, `spooler` what is asked of Windows."""

from __future__ import annotations
