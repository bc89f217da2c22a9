"""What every dialect over a WebSocket promises, whatever its peer says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fanfold import registry
from fanfold.config import Settings
from fanfold.dialects.base import Close, Dialect, Do, Effect, Frame, Listen, Opens, Send
from fanfold.messages import (
    Event,
    JobChanged,
    PrinterChanged,
    PrinterConnected,
    PrinterDisconnected,
    PrinterScanned,
    Refusal,
)
from fanfold.model import Evidence, JobId, JobState, PrinterId

NOW = datetime(2026, 5, 4, tzinfo=UTC)
REFUSAL = Refusal("store-failed", "The disk is full; make room.", 503)
TILL = PrinterId("till")
EVENTS: tuple[Event, ...] = (
    JobChanged(1, NOW, JobId("j-1"), TILL, JobState.PENDING, (), "", Evidence.NONE, 0, 0, external_id="17"),
    PrinterChanged(2, NOW, TILL, "idle", (), ""),
    PrinterConnected(3, NOW, TILL, "raw"),
    PrinterScanned(4, NOW, TILL, "4006381333931", "capture.channel1.data.raw"),
    PrinterDisconnected(5, NOW, TILL, "raw", "it hung up"),
)
EVENT = PrinterChanged(7, NOW, PrinterId("till"), "stopped", ("offline-error",), "unplugged")

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=10,
)
fields = st.sampled_from(["call", "id", "uid", "params", "PrinterName", "printer", "data", "name"])
calls = st.sampled_from(
    ["print", "printers.find", "printerStatus", "events.subscribe", "jobs.submit", "jobs.list", "x"]
)
requests = st.fixed_dictionaries({"call": calls | values}, optional={"params": values, "uid": values, "id": values})
frames = (
    st.text(max_size=50)
    | st.binary(max_size=50)
    | (values | st.dictionaries(fields, values) | requests).map(json.dumps)
)


@pytest.fixture(params=sorted(registry.DIALECTS))
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def made(name: str, path: str = "/") -> Dialect:
    return registry.DIALECTS[name](Settings, path)


def test_it_says_nothing_before_it_is_asked(name: str) -> None:
    dialect = made(name)
    assert not isinstance(dialect, Opens) or list(dialect.opened()) == []


@given(asked=st.lists(frames, max_size=5))
def test_no_frame_makes_it_raise_or_end_the_connection(asked: list[Frame]) -> None:
    for name in registry.DIALECTS:
        dialect = made(name)
        for frame in asked:
            for effect in list(dialect.receive(frame, NOW)):
                assert isinstance(effect, Send | Do | Listen), (name, effect)
                if isinstance(effect, Send):
                    assert isinstance(json.loads(effect.frame), dict)


@given(asked=requests)
def test_a_refusal_of_anything_that_it_asked_is_told_or_ends_the_connection_with_words(asked: Any) -> None:
    for name in registry.DIALECTS:
        dialect = made(name)
        for effect in list(dialect.receive(json.dumps(asked), NOW)):
            if isinstance(effect, Do):
                told = list(dialect.answer(effect.tag, REFUSAL))
                assert told, (name, effect)
                assert any(_words(one) for one in told), (name, told)


def _words(effect: Effect) -> bool:
    match effect:
        case Send(frame):
            return REFUSAL.says in str(frame)
        case Close(reason=reason):
            return bool(reason)
        case _:
            return False


def test_two_conversations_share_nothing(name: str) -> None:
    one, other = made(name), made(name)
    list(one.receive(json.dumps({"call": "events.subscribe"}), NOW))
    heard = list(other.receive(json.dumps({"call": "events.subscribe"}), NOW))
    assert any(isinstance(effect, Listen) for effect in heard)


def test_no_event_of_any_kind_ends_the_connection_or_keeps_back_those_after_it(name: str) -> None:
    dialect = made(name)
    list(dialect.receive(json.dumps({"call": "events.subscribe"}), NOW))
    told = list(drained(dialect, *EVENTS, EVENT))
    assert not any(isinstance(effect, Close) for effect in told)
    assert "unplugged" in str(told[-1])


def drained(dialect: Dialect, *events: Event) -> Iterator[Effect]:
    """Tell events, and answer all that is asked for them."""
    for event in events:
        effects = list(dialect.notify(event))
        while effects:
            effect = effects.pop(0)
            if isinstance(effect, Do):
                effects += dialect.answer(effect.tag, REFUSAL)
            else:
                yield effect


def test_an_event_is_told_to_who_listens(name: str) -> None:
    dialect = made(name)
    list(dialect.receive(json.dumps({"call": "events.subscribe"}), NOW))
    told = list(dialect.notify(EVENT))
    assert told
    if isinstance(told[0], Do):  # it asks for the printer's name first
        told = list(dialect.answer(told[0].tag, REFUSAL))
    assert any(isinstance(effect, Send) and "unplugged" in str(effect.frame) for effect in told)
