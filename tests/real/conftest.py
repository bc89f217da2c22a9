"""What tests against the real thing share: a sink behind a private CUPS, and a transport to it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from fanfold.transports.cups import CupsTransport
from fanfold.transports.ipp.transport import IppTransport
from tests.peers.cupsd import Cupsd, private_cupsd
from tests.peers.sink import Sink

REAL_S = 60


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.real)
            if item.get_closest_marker("timeout") is None:
                item.add_marker(pytest.mark.timeout(REAL_S))


@pytest.fixture
async def sink() -> AsyncIterator[Sink]:
    async with Sink() as sink:
        yield sink


@pytest.fixture
async def cups(tmp_path: Path, sink: Sink) -> AsyncIterator[Cupsd]:
    queues = {"raw1": f"socket://127.0.0.1:{sink.port}/?contimeout=1"}
    async with private_cupsd(tmp_path, queues) as cups:
        yield cups


@pytest.fixture
async def transport(cups: Cupsd) -> AsyncIterator[CupsTransport]:
    transport = CupsTransport(cups.server)
    yield transport
    await transport.close()


@pytest.fixture
async def ipp_transport() -> AsyncIterator[IppTransport]:
    transport = IppTransport()
    yield transport
    await transport.close()
