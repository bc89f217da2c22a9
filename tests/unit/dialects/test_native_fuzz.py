"""The native dialect against anything at all: it never raises, and every answer fits its shape."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from fanfold.dialects import native_shapes as shapes
from fanfold.dialects.base import Do, Send
from fanfold.dialects.native_answers import masked, shape_of
from fanfold.dialects.native_calls import CALLS
from fanfold.dialects.native_http import NativeHttp
from fanfold.dialects.native_routes import ROUTES
from fanfold.dialects.native_ws import NativeWebSocket
from fanfold.messages import (
    Accepted,
    Adopted,
    DeadLetter,
    DeadLetters,
    DocumentFetched,
    Event,
    Health,
    JobChanged,
    Jobs,
    JobShown,
    PrinterChanged,
    PrinterConnected,
    PrinterDisconnected,
    Printers,
    PrinterSaid,
    PrinterScanned,
    PrinterView,
    Refusal,
    Traced,
    Unadopted,
    Webhooks,
    WebhookView,
)
from fanfold.model import Job, Printer, PrinterOptions, PrinterStatus
from fanfold.reception import Newcomer
from fanfold.wire import Request, Response
from tests.unit.dialects.native_samples import NOW, REPLIES

TIMES = st.datetimes(timezones=st.just(UTC), min_value=datetime(2000, 1, 1), max_value=datetime(2100, 1, 1))  # noqa: DTZ001
COUNTS = st.integers(0, 2**53)
SECONDS = st.floats(0, 1e9)
JOBS = st.builds(
    Job,
    created_at=TIMES,
    changed_at=TIMES,
    attempt=COUNTS,
    sent_bytes=COUNTS,
    copies=COUNTS,
    size_bytes=COUNTS,
    start_within_s=st.none() | SECONDS,
)
STEPS = st.builds(JobChanged, id=COUNTS, at=TIMES, attempt=COUNTS, sent_bytes=COUNTS)
OPTIONS = st.builds(PrinterOptions, max_wait_s=SECONDS, hold_max_s=SECONDS, close_wait_s=SECONDS, stall_after_s=SECONDS)
VIEWS = st.builds(
    PrinterView,
    st.builds(Printer, options=OPTIONS),
    st.builds(PrinterStatus, at=st.none() | TIMES),
    waiting_jobs=COUNTS,
    held_jobs=COUNTS,
)
HOOKS = st.builds(WebhookView, behind=COUNTS, dead=COUNTS, last_success_at=st.none() | TIMES)
LETTERS = st.builds(DeadLetter, event=COUNTS, tries=COUNTS, first_at=TIMES, last_at=TIMES)
MADE = st.one_of(
    st.builds(Accepted, job=JOBS),
    st.builds(JobShown, job=JOBS, timeline=st.lists(STEPS, max_size=3).map(tuple)),
    st.builds(Jobs, jobs=st.lists(JOBS, max_size=3).map(tuple)),
    st.builds(Printers, st.lists(VIEWS, max_size=2).map(tuple)),
    st.builds(Health, uptime_s=SECONDS),
    st.builds(Unadopted, st.lists(st.builds(Newcomer, since=TIMES), max_size=2).map(tuple)),
    st.builds(Adopted, st.lists(VIEWS, max_size=2).map(tuple)),
    st.builds(PrinterSaid),
    st.builds(Traced),
    st.builds(Webhooks, st.lists(HOOKS, max_size=2).map(tuple)),
    st.builds(DeadLetters, st.lists(LETTERS, max_size=2).map(tuple)),
    st.builds(Refusal, status=st.integers(400, 599)),
)
ANY_REPLY = MADE | st.sampled_from(REPLIES)

FIELDS = [*sorted({field for call in CALLS for field in call.takes.__struct_fields__}), "colour"]
WORDS = st.text(max_size=12) | st.sampled_from(
    ["held", "1", "0", "nan", "kept", "sent", "QQ==", "true", "null", "\udcff"]
)
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
PARAMS = st.dictionaries(st.sampled_from(FIELDS), VALUES, max_size=5)


@st.composite
def paths(draw: st.DrawFn) -> str:
    if draw(st.integers(0, 9)) == 0:
        return draw(st.text(max_size=30))
    path = draw(st.sampled_from(ROUTES)).path
    for field in ("{printer}", "{job}", "{client}", "{device}", "{webhook}"):
        path = path.replace(
            field, draw(st.text(max_size=8) | st.sampled_from(["kitchen", "%2F", "%ff", "%", "\udcff"]))
        )
    return path


BODIES = st.binary(max_size=30) | PARAMS.map(lambda params: json.dumps(params).encode())
HEADERS = st.fixed_dictionaries(
    {},
    optional={
        "content-type": st.sampled_from(["application/json", "application/pdf", "text/plain; a=b", ""]) | WORDS,
        "idempotency-key": WORDS,
    },
)
REQUESTS = st.builds(
    Request,
    method=st.sampled_from(["GET", "POST", "PATCH", "DELETE", "PUT", ""]),
    path=paths(),
    query=st.dictionaries(st.sampled_from(FIELDS), WORDS, max_size=3),
    headers=HEADERS,
    body=BODIES,
    document=st.none(),
)


def check_problem(body: bytes, status: int) -> None:
    problem = msgspec.json.decode(body, type=shapes.Problem)
    assert problem.status == status
    assert problem.title


@given(REQUESTS, st.lists(ANY_REPLY, min_size=2, max_size=2))
def test_any_request_gets_an_answer_that_fits_its_shape(request: Request, replies: list[Any]) -> None:
    dialect = NativeHttp()
    found = dialect.ask(request, NOW)
    for reply in replies:
        if isinstance(found, Response):
            break
        found = dialect.tell(found.tag, reply)
    if isinstance(found, Response) and found.media_type == "application/problem+json":
        check_problem(found.body, found.status)
    elif isinstance(found, Response) and found.document is None:
        json.loads(found.body)


@given(
    st.text(max_size=40)
    | st.binary(max_size=5)
    | st.builds(
        lambda id_, name, params: json.dumps({"id": id_, "call": name, "params": params}),
        VALUES,
        st.sampled_from([call.name for call in CALLS] + ["events.subscribe"]) | st.text(max_size=5),
        PARAMS,
    ),
    st.lists(ANY_REPLY, min_size=2, max_size=2),
)
def test_any_frame_gets_an_answer_and_ends_nothing(frame: str | bytes, replies: list[Any]) -> None:
    dialect = NativeWebSocket()
    effects = list(dialect.receive(frame, NOW))
    for reply in replies:
        if not isinstance(effects[0], Do):
            break
        effects = list(dialect.answer(effects[0].tag, reply))
    first = effects[0]
    if isinstance(first, Send):
        answer = json.loads(first.frame)
        assert "id" in answer
        assert ("result" in answer) != ("error" in answer)


@given(ANY_REPLY)
def test_every_answer_is_read_back_as_its_shape(reply: Any) -> None:
    shape = shape_of(reply)
    assert msgspec.json.decode(msgspec.json.encode(shape), type=type(shape)) == shape


ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=12)
EVENTS = st.one_of(
    STEPS,
    st.builds(PrinterChanged, id=COUNTS, at=TIMES),
    st.builds(PrinterConnected, id=COUNTS, at=TIMES),
    st.builds(PrinterDisconnected, id=COUNTS, at=TIMES),
    st.builds(PrinterScanned, id=COUNTS, at=TIMES, data=ANY_TEXT),
)


@given(EVENTS)
def test_every_event_is_read_back_as_its_shape(event: Event) -> None:
    (send,) = NativeWebSocket().notify(event)
    assert isinstance(send, Send)
    found = msgspec.json.decode(json.dumps(json.loads(send.frame)["event"]), type=shapes.Event)
    assert type(found).__name__ == type(event).__name__
    assert (found.id, found.printer) == (event.id, event.printer)


USERS = st.text("abc:@%!", min_size=1, max_size=10)


@given(USERS)
def test_no_password_of_a_uri_is_shown(user: str) -> None:
    assert masked(f"ipp://{user}@host/path@x") == "ipp://***@host/path@x"
    assert masked("socket://host:9100") == "socket://host:9100"
    assert masked("file:/a@b") == "file:/a@b"


def test_the_document_kind_is_covered() -> None:
    assert any(isinstance(reply, DocumentFetched) for reply in REPLIES)
