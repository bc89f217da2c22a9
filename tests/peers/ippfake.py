"""An IPP server with moods, on a real port: drops answers, lies, babbles. What it is asked it keeps, in order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Self

from aiohttp import web

from fanfold.transports.ipp import codec as ipp
from fanfold.transports.ipp.codec import Attributes, Group, Message, Value

PRINT_JOB, CANCEL_JOB, GET_JOB, GET_JOBS, GET_PRINTER = 0x02, 0x08, 0x09, 0x0A, 0x0B
Mood = Callable[["FakeIpp", web.Request, Message], "web.StreamResponse | None"]
"""Answers in place of the server; None: let it answer as it would."""


@dataclass
class FakeJob:
    """A job it has."""

    number: int
    name: str
    data: bytes
    state: int = 9
    reasons: tuple[str, ...] = ("none",)
    uuid: str = ""
    copies: int = 1

    @property
    def attributes(self) -> Attributes:
        """As it shows it."""
        shown: dict[str, tuple[Value, ...]] = {
            "job-id": (Value(ipp.INTEGER, self.number),),
            "job-name": (Value(ipp.NAME, self.name),),
            "job-state": (Value(ipp.ENUM, self.state),),
            "job-state-reasons": tuple(Value(ipp.KEYWORD, reason) for reason in self.reasons),
        }
        return shown | ({"job-uuid": (Value(ipp.URI, self.uuid),)} if self.uuid else {})


@dataclass
class FakeIpp:
    """`async with FakeIpp() as fake:`; `moods` answers operations in its own way."""

    moods: dict[int, Mood] = field(default_factory=dict)
    facts: dict[str, tuple[Value, ...]] = field(default_factory=dict)
    first_state: int = 9
    jobs: list[FakeJob] = field(default_factory=list)
    asked: list[int] = field(default_factory=list)
    port: int = 0
    _runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=1 << 30)
        app.router.add_route("POST", "/{path:.*}", self._serve)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port)
        await site.start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    def times(self, operation: int) -> int:
        """How often it was asked this."""
        return self.asked.count(operation)

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        message, offset = ipp.decode(body)
        self.asked.append(message.code)
        if message.code == PRINT_JOB:
            name = message.first(ipp.OPERATION).text("job-name")
            number = len(self.jobs) + 1
            copies = message.first(ipp.JOB).number("copies") or 1
            uuid = f"urn:uuid:{number}"
            self.jobs.append(FakeJob(number, name, body[offset:], self.first_state, uuid=uuid, copies=copies))
        if (mood := self.moods.get(message.code)) is not None and (answer := mood(self, request, message)) is not None:
            return answer
        return self.answer(message)

    def answer(self, message: Message) -> web.Response:
        """Answer as a sound server would."""
        number = message.first(ipp.OPERATION).number("job-id")
        known = [job for job in self.jobs if job.number == number]
        match message.code:
            case 0x02:
                return reply(0, Group(ipp.JOB, self.jobs[-1].attributes))
            case 0x0B:
                return reply(0, Group(ipp.PRINTER, {"printer-state": (Value(ipp.ENUM, 3),), **self.facts}))
            case 0x0A:
                ended = message.first(ipp.OPERATION).text("which-jobs") == "completed"
                listed = [job for job in self.jobs if (job.state >= 7) is ended]
                return reply(0, *(Group(ipp.JOB, job.attributes) for job in listed))
            case 0x08 if known:
                known[0].state = 7
                return reply(0)
            case 0x09 if known:
                return reply(0, Group(ipp.JOB, known[0].attributes))
            case _:
                return reply(0x0406)


def reply(status: int, *groups: Group, says: str = "") -> web.Response:
    """Return an IPP answer."""
    head: dict[str, tuple[Value, ...]] = {
        "attributes-charset": (Value(ipp.CHARSET, "utf-8"),),
        "attributes-natural-language": (Value(ipp.LANGUAGE, "en"),),
    }
    if says:
        head["status-message"] = (Value(ipp.TEXT, says),)
    body = ipp.encode(Message(status, 1, (Group(ipp.OPERATION, head), *groups)))
    return web.Response(body=body, content_type="application/ipp")


def hang_up(_fake: FakeIpp, request: web.Request, _message: Message) -> None:
    """A mood: cut the connection instead of answering."""
    assert request.transport is not None
    request.transport.abort()
