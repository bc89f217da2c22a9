"""The native API over a WebSocket (subprotocol `fanfold.v1`): calls with ids, answers as they come, events. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, cast

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType, field

from fanfold.dialects import native_requests as asks
from fanfold.dialects import native_shapes as shapes
from fanfold.dialects.base import Do, Effect, Frame, Listen, Send, Tag
from fanfold.dialects.native_answers import event_shape, shape_of
from fanfold.dialects.native_calls import BY_NAME, misread, read
from fanfold.dialects.native_problems import problem, refused
from fanfold.dialects.native_submit import Asked, advance
from fanfold.errors import Refused
from fanfold.messages import Accepted, Event, Refusal, Reply

SUBPROTOCOL = "fanfold.v1"
SUBSCRIBE = "events.subscribe"

_NULL = Raw(b"null")


class Ask(asks.Request, frozen=True):
    """What the peer sends. `id` may be any JSON value; its answer carries the same."""

    call: str
    id: Raw = _NULL
    params: dict[str, Any] = field(default_factory=dict)


class Nothing(shapes.Shape, frozen=True):
    """An empty object."""


class Result(Struct, frozen=True):
    """It is done. `replayed` is there when an idempotency key's job was there already."""

    id: Raw
    result: shapes.Answer | Nothing
    replayed: bool | UnsetType = UNSET


class Failure(Struct, frozen=True):
    """It was not done."""

    id: Raw
    error: shapes.Problem


class News(Struct, frozen=True):
    """Something happened; only after `events.subscribe`. Its `id` is where to resume."""

    event: shapes.Event


@dataclass(frozen=True, slots=True)
class Pending:
    """What is wanted again when the reply comes."""

    id: Raw
    asked: Asked


class NativeWebSocket:
    """A Dialect: one connection's conversation. No frame of the peer's ends it."""

    def __init__(self) -> None:
        self._subscribed = False

    def receive(self, frame: Frame, now: datetime) -> Iterable[Effect]:
        """Take a frame: a call, or an error is the answer."""
        try:
            ask = _read(frame)
        except Refused as error:
            return (_failed(_id_of(frame), error),)
        try:
            return self._call(ask)
        except Refused as error:
            return (_failed(ask.id, error),)

    def answer(self, tag: Tag, reply: Reply) -> Iterable[Effect]:
        """Word the reply; a submit that waits asks on."""
        pending = cast("Pending", tag)
        step = advance(pending.asked, reply)
        if isinstance(step, Asked):
            return (Do(step.command, replace(pending, asked=step)),)
        return (_worded(pending, step),)

    def notify(self, event: Event) -> Iterable[Effect]:
        """Pass an event on."""
        return (_send(News(event=event_shape(event))),)

    def _call(self, ask: Ask) -> Iterable[Effect]:
        if ask.call == SUBSCRIBE:
            return self._subscribe(ask)
        call = BY_NAME.get(ask.call)
        if call is None:
            names = ", ".join((*BY_NAME, SUBSCRIBE))
            raise refused("not-found", f"there is no call `{ask.call}`; there are {names}")
        asked = read(call, ask.params)
        return (Do(asked.command, Pending(ask.id, asked)),)

    def _subscribe(self, ask: Ask) -> Iterable[Effect]:
        try:
            wish = msgspec.convert(ask.params, asks.Subscribe)
        except msgspec.ValidationError as error:
            raise misread(SUBSCRIBE, asks.Subscribe, error) from None
        if self._subscribed:
            raise refused("bad-request", f"{SUBSCRIBE}: this connection is subscribed already; open another to resume")
        self._subscribed = True
        return (_send(Result(id=ask.id, result=Nothing())), Listen(wish.after))


def _read(frame: Frame) -> Ask:
    if not isinstance(frame, str):
        raise refused("bad-request", "frames are text with one JSON object each; this one was binary")
    try:
        ask = msgspec.json.decode(frame, type=Ask)
    except msgspec.ValidationError as error:
        raise misread("the frame", Ask, error) from None
    except (ValueError, RecursionError) as error:
        raise refused("bad-request", f"the frame is not JSON: {error}") from None
    return msgspec.structs.replace(ask, id=ask.id.copy())  # lets go of the frame, which may carry a document


def _id_of(frame: Frame) -> Raw:
    """Return the id of a frame that is no call, so that its sender can tell which one it was."""
    try:
        return msgspec.json.decode(frame, type=dict[str, Raw]).get("id", _NULL) if isinstance(frame, str) else _NULL
    except (ValueError, RecursionError):
        return _NULL


def _worded(pending: Pending, reply: Reply) -> Send:
    if isinstance(reply, Refusal):
        return _failed(pending.id, reply)
    try:
        result = shape_of(reply)
    except Refused as error:
        return _failed(pending.id, error)
    first = pending.asked.accepted or reply
    replayed = isinstance(first, Accepted) and not first.fresh
    return _send(Result(id=pending.id, result=result, replayed=True if replayed else UNSET))


def _failed(id_: Raw, refusal: Refusal | Refused) -> Send:
    return _send(Failure(id=id_, error=problem(refusal)))


def _send(frame: Struct) -> Send:
    return Send(msgspec.json.encode(frame).decode())
