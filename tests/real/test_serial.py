"""Serial ports by real pyserial on socat's, on both event loops; what is at the other end is bare system calls."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Coroutine
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import uvloop

from fanfold.errors import Interrupted, NotReached
from fanfold.model import Evidence, Printer, PrinterId, PrinterOptions, Reason
from fanfold.transports.base import Link
from fanfold.transports.serial.link import SerialLink
from fanfold.transports.serial.transport import SerialTransport
from tests.peers.deliveries import ESCPOS, work_of
from tests.peers.ledger import Ledger
from tests.peers.processes import until
from tests.peers.socatcable import Cable, socat_cable

LARGE = random.Random(4).randbytes(1024**2)


LOOPS: dict[str, Callable[[], asyncio.AbstractEventLoop]] = {
    "asyncio": asyncio.new_event_loop,
    "uvloop": uvloop.new_event_loop,
}
Scenario = Callable[[SerialTransport, Cable], Coroutine[Any, Any, None]]
Run = Callable[[Scenario], None]


@pytest.fixture(params=LOOPS)
def run(request: pytest.FixtureRequest, tmp_path: Path) -> Run:
    """Run a scenario on a cable, in that loop."""

    async def staged(scenario: Scenario) -> None:
        async with socat_cable(tmp_path) as cable:
            transport = SerialTransport(fifo_bytes=0)
            await scenario(transport, cable)
            await transport.close()

    def run(scenario: Scenario) -> None:
        with asyncio.Runner(loop_factory=LOOPS[request.param]) as runner:
            runner.run(staged(scenario))

    return run


def at(cable: Cable, options: str = "", stall_after_s: float = 5) -> Printer:
    uri = f"serial:{cable.near}?baud=921600{options}"
    return Printer(PrinterId("till"), "Till", uri, options=PrinterOptions(stall_after_s=stall_after_s))


@pytest.mark.parametrize("flow", ["none", "rtscts", "xonxoff"])
@pytest.mark.parametrize("document", [ESCPOS, LARGE], ids=["every byte", "1 MiB"])
def test_bytes_arrive_as_they_are(run: Run, flow: str, document: bytes) -> None:
    async def scenario(transport: SerialTransport, cable: Cable) -> None:
        reading = asyncio.create_task(cable.read(len(document)))
        ledger = Ledger()
        async with transport.open(at(cable, f"&flow={flow}")) as link:
            receipt = await link.deliver(work_of(document), ledger)
        assert await reading == document
        assert receipt.evidence is Evidence.SENT
        assert ledger.sent_bytes == len(document)

    run(scenario)


def test_an_xoff_holds_us_and_an_xon_lets_us_go_on(run: Run) -> None:
    async def scenario(transport: SerialTransport, cable: Cable) -> None:
        async with transport.open(at(cable, "&flow=xonxoff", stall_after_s=0.2)) as link:
            ledger = Ledger()
            cable.say(b"\x13!")
            await until(partial(_said, link, b"!"), "what was said behind the XOFF")
            delivery = asyncio.ensure_future(link.deliver(work_of(b"label"), ledger))
            await ledger.stall(Reason.STALLED)
            assert not delivery.done()
            cable.say(b"\x11")
            assert await cable.read(5) == b"label"
            await delivery

    run(scenario)


def test_status_replies_come_back(run: Run) -> None:
    async def scenario(transport: SerialTransport, cable: Cable) -> None:
        async def answer() -> None:
            assert await cable.read(3) == b"\x10\x04\x01"
            cable.say(b"\x16")

        answering = asyncio.create_task(answer())
        assert await transport.ask(at(cable), b"\x10\x04\x01", within_s=5) == b"\x16"
        await answering

    run(scenario)


def test_an_answer_after_the_end_is_delivered(run: Run) -> None:
    async def scenario(transport: SerialTransport, cable: Cable) -> None:
        async with transport.open(at(cable)) as link:
            delivery = asyncio.ensure_future(link.deliver(work_of(b"label"), Ledger()))
            await cable.read(5)
            cable.say(b"\x12")
            assert (await delivery).evidence is Evidence.DELIVERED

    run(scenario)


def test_pulled_in_the_midst_it_is_a_doubt_and_plugged_in_again_the_next_job_prints(run: Run) -> None:
    async def scenario(transport: SerialTransport, cable: Cable) -> None:
        ledger = Ledger()
        async with transport.open(at(cable, stall_after_s=0.2)) as link:
            delivery = asyncio.ensure_future(link.deliver(work_of(LARGE), ledger))
            await ledger.stall(Reason.STALLED)
            await cable.pull()
            with pytest.raises(Interrupted, match=rf"{link.sent_bytes} of {len(LARGE)} bytes"):
                await delivery
        with pytest.raises(NotReached, match="is not there"):
            async with transport.open(at(cable)):
                pytest.fail("it was reached")
        await cable.plug()
        async with transport.open(at(cable)) as link:
            await link.deliver(work_of(b"label"), Ledger())
        assert await cable.read(5) == b"label"

    run(scenario)


async def _said(link: Link, said: bytes) -> bool:
    assert isinstance(link, SerialLink)
    return link.said == said
