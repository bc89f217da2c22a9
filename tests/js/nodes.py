"""Running Node for tests. Knows no script."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess

import pytest

OLDEST = (18, 15)
"""The first whose test runner has reporters."""


def find() -> str:
    """Return the path of a Node that is new enough; else skip, or fail under CI=true."""
    node = shutil.which("node")
    if node is not None and _version(node) >= OLDEST:
        return node
    needs = f"Node.js {'.'.join(map(str, OLDEST))} or newer is missing; install it to test the browser's scripts"
    if os.environ.get("CI") == "true":
        pytest.fail(needs)
    pytest.skip(needs)


def _version(node: str) -> tuple[int, ...]:
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout
    return tuple(map(int, said.strip().lstrip("v").split(".")[:2]))


async def run(*command: str) -> str:
    """Return what a script prints; fail with all that it says when it fails."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(find(), *command, stdout=pipe, stderr=pipe)
    try:
        said, complaints = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0, said.decode() + complaints.decode()
    return said.decode()
