"""The native API over a WebSocket: calls, answers in any order, events; no frame ends the connection."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fanfold.dialects.base import Do, Effect, Listen, Send
from fanfold.dialects.native_calls import CALLS
from fanfold.dialects.native_routes import ROUTES
from fanfold.dialects.native_ws import SUBPROTOCOL, NativeWebSocket
from fanfold.messages import (
    AddDiscovered,
    AddPrinter,
    Adoption,
    AdoptPrinters,
    AllowOrigin,
    AskHealth,
    AskPrinter,
    AssumePrinted,
    CancelJob,
    ChangePrinter,
    Command,
    DisconnectClient,
    DocumentFetched,
    Event,
    FetchDocument,
    Follow,
    IdentifyPrinter,
    JobShown,
    ListClients,
    ListDeadLetters,
    ListDiscovered,
    ListJobs,
    ListOrigins,
    ListPrinters,
    ListUnadopted,
    ListWebhooks,
    PausePrinter,
    PrinterConnected,
    PrinterDisconnected,
    PrinterScanned,
    PrintTestPage,
    ReadLog,
    RejectPrinter,
    ReleaseJob,
    Reload,
    RemovePrinter,
    ReopenChannel,
    ReprintJob,
    ResumePrinter,
    RetryDeadLetters,
    RevokeOrigin,
    ShowJob,
    ShowPrinter,
    Submit,
    TracePrinter,
)
from fanfold.model import Evidence, JobId, JobState, PrinterId
from fanfold.wire import Document
from tests.unit.dialects.native_samples import ACCEPTED, DOCUMENT, JOB, JOB_ID, MOVE, NOW, REFUSAL, REPLIES, STEP

J1 = JobId("j1")
CALLED: list[tuple[str, dict[str, Any], Command]] = [
    ("printers.list", {}, ListPrinters()),
    ("printers.show", {"printer": "p"}, ShowPrinter("p")),
    ("printers.add", {"name": "P", "uri": "file:out"}, AddPrinter("P", "file:out")),
    ("printers.change", {"printer": "p", "name": "Q"}, ChangePrinter("p", name="Q")),
    ("printers.remove", {"printer": "p"}, RemovePrinter("p")),
    ("printers.pause", {"printer": "p"}, PausePrinter("p")),
    ("printers.resume", {"printer": "p"}, ResumePrinter("p")),
    ("printers.test", {"printer": "p"}, PrintTestPage("p")),
    ("printers.unadopted", {}, ListUnadopted()),
    ("printers.adopt", {"adoptions": [{"device": "s1"}]}, AdoptPrinters((Adoption("s1"),))),
    ("printers.reject", {"device": "s1"}, RejectPrinter("s1")),
    ("printers.ask", {"printer": "p", "text": "~HS", "channel": "raw"}, AskPrinter("p", b"~HS", "raw", 10)),
    ("printers.identify", {"printer": "p", "language": "zpl"}, IdentifyPrinter("p", "zpl", 5)),
    ("discovered.list", {"wait_s": 2.5}, ListDiscovered(2.5)),
    ("discovered.add", {"device": "d1", "name": "D"}, AddDiscovered("d1", "D")),
    ("printers.reopen", {"printer": "p", "channel": "raw"}, ReopenChannel("p", "raw")),
    ("traces.start", {"device": "s1", "frames": 5}, TracePrinter("s1", 5)),
    ("traces.show", {"device": "s1"}, TracePrinter("s1", None)),
    ("traces.end", {"device": "s1"}, TracePrinter("s1", 0)),
    ("webhooks.list", {}, ListWebhooks()),
    ("webhooks.dead", {"webhook": "erp", "limit": 5}, ListDeadLetters("erp", 5)),
    ("webhooks.retry", {"webhook": "erp"}, RetryDeadLetters("erp")),
    ("jobs.submit", {"printer": "p", "data": "QQ=="}, Submit("p", Document.of(b"A"))),
    ("jobs.list", {"state": ["held"], "limit": 3}, ListJobs((JobState.HELD,), limit=3)),
    ("jobs.show", {"job": "j1"}, ShowJob(J1)),
    ("jobs.follow", {"job": "j1"}, Follow(J1, Evidence.DELIVERED, 30)),
    ("jobs.document", {"job": "j1"}, FetchDocument(J1)),
    ("jobs.cancel", {"job": "j1"}, CancelJob(J1)),
    ("jobs.release", {"job": "j1"}, ReleaseJob(J1)),
    ("jobs.assume-printed", {"job": "j1"}, AssumePrinted(J1)),
    ("jobs.reprint", {"job": "j1"}, ReprintJob(J1)),
    ("clients.list", {}, ListClients()),
    ("clients.disconnect", {"client": "c1"}, DisconnectClient("c1")),
    ("access.list", {}, ListOrigins()),
    ("access.allow", {"origin": "https://shop.example"}, AllowOrigin("https://shop.example")),
    ("access.revoke", {"origin": "https://shop.example"}, RevokeOrigin("https://shop.example")),
    ("log.read", {"after": 5}, ReadLog(5)),
    ("health", {}, AskHealth()),
    ("reload", {}, Reload()),
]


def said(effects: Any) -> dict[str, Any]:
    (effect,) = effects
    assert isinstance(effect, Send)
    assert isinstance(effect.frame, str)
    frame: dict[str, Any] = json.loads(effect.frame)
    return frame


def receive(frame: object, dialect: NativeWebSocket | None = None) -> list[Effect]:
    text = frame if isinstance(frame, str | bytes) else json.dumps(frame)
    return list((dialect or NativeWebSocket()).receive(text, NOW))


def done(name: str, params: dict[str, Any], id_: object = 1) -> Do:
    (effect,) = receive({"id": id_, "call": name, "params": params})
    assert isinstance(effect, Do)
    return effect


@pytest.mark.parametrize(("name", "params", "wanted"), CALLED, ids=[name for name, _, _ in CALLED])
def test_each_call_asks_its_command(name: str, params: dict[str, Any], wanted: Command) -> None:
    assert done(name, params).command == wanted


def test_the_calls_are_the_routes_and_following() -> None:
    assert sorted(name for name, _, _ in CALLED) == sorted(call.name for call in CALLS)
    assert {call.name for call in CALLS} == {route.call.name for route in ROUTES if route.call} | {"jobs.follow"}


def test_the_subprotocol_has_its_name() -> None:
    assert SUBPROTOCOL == "fanfold.v1"


@pytest.mark.parametrize("id_", [1, "a", None, 2.5, [1, {"x": []}], 10**40, {"k": "ü😀\u0000"}])
def test_an_answer_carries_its_calls_id_whatever_that_is(id_: object) -> None:
    asked = done("printers.list", {}, id_)
    assert said(NativeWebSocket().answer(asked.tag, REFUSAL))["id"] == id_
    assert said(receive({"id": id_, "call": "nonsense"}))["id"] == id_


def test_a_call_without_id_is_answered_without_one() -> None:
    (asked,) = receive({"call": "health"})
    assert isinstance(asked, Do)
    assert said(NativeWebSocket().answer(asked.tag, REFUSAL))["id"] is None


@pytest.mark.parametrize("reply", REPLIES, ids=lambda reply: type(reply).__name__)
def test_every_kind_of_reply_has_an_answer(reply: Any) -> None:
    frame = said(NativeWebSocket().answer(done("printers.list", {}, "x").tag, reply))
    assert set(frame) == ({"id", "error"} if reply is REFUSAL else {"id", "result"})


def test_a_job_is_answered_as_over_http() -> None:
    frame = said(NativeWebSocket().answer(done("jobs.submit", {"printer": "p", "text": "A"}).tag, ACCEPTED))
    assert frame["result"]["id"] == JOB_ID
    assert "replayed" not in frame


def test_a_replayed_key_says_so() -> None:
    asked = done("jobs.submit", {"printer": "p", "text": "A", "key": "k"})
    assert said(NativeWebSocket().answer(asked.tag, replace(ACCEPTED, fresh=False)))["replayed"] is True


def test_a_submit_that_waits_follows_the_job_and_answers_once() -> None:
    asked = done("jobs.submit", {"printer": "p", "text": "A", "wait": "sent", "wait_s": 9}, 7)
    (follow,) = NativeWebSocket().answer(asked.tag, replace(ACCEPTED, fresh=False))
    assert isinstance(follow, Do)
    assert follow.command == Follow(JOB_ID, Evidence.SENT, 9)
    frame = said(NativeWebSocket().answer(follow.tag, JobShown(replace(JOB, evidence=Evidence.SENT), "Kitchen")))
    assert (frame["id"], frame["result"]["evidence"], frame["replayed"]) == (7, "sent", True)


def test_a_small_document_comes_in_the_frame() -> None:
    asked = done("jobs.document", {"job": "j1"})
    result = said(NativeWebSocket().answer(asked.tag, DocumentFetched(JOB, DOCUMENT)))["result"]
    assert base64.b64decode(result["data"]) == DOCUMENT.data
    assert result["sha256"] == DOCUMENT.sha256


def test_a_document_that_lies_in_a_file_is_to_be_fetched_over_http() -> None:
    asked = done("jobs.document", {"job": "j1"})
    large = Document(10**6, "abc", path=Path("document"))
    error = said(NativeWebSocket().answer(asked.tag, DocumentFetched(JOB, large)))["error"]
    assert error["code"] == "document-too-large"
    assert f"/v1/jobs/{JOB_ID}/document" in error["detail"]


# --- events


def test_events_come_after_subscribing_first_the_answer() -> None:
    assert receive({"id": 1, "call": "events.subscribe"}) == [Send('{"id":1,"result":{}}'), Listen(None)]


def test_events_resume_after_an_id() -> None:
    effects = receive({"id": 1, "call": "events.subscribe", "params": {"after": 41}})
    assert effects[1] == Listen(41)


def test_a_connection_subscribes_once() -> None:
    dialect = NativeWebSocket()
    receive({"id": 1, "call": "events.subscribe"}, dialect)
    assert "already" in said(receive({"id": 2, "call": "events.subscribe"}, dialect))["error"]["detail"]


def test_a_subscription_that_was_refused_may_be_tried_again() -> None:
    dialect = NativeWebSocket()
    for params in ({"after": -1}, {"after": "x"}, {"since": 3}):
        error = said(receive({"id": 1, "call": "events.subscribe", "params": params}, dialect))["error"]
        assert error["code"] == "bad-request"
    assert len(receive({"id": 2, "call": "events.subscribe"}, dialect)) == 2


def test_a_jobs_event_is_told_whole() -> None:
    assert said(NativeWebSocket().notify(STEP)) == {
        "event": {
            "kind": "job-changed",
            "id": 41,
            "at": "2026-03-01T12:30:15Z",
            "job": JOB_ID,
            "printer": "kitchen",
            "state": "processing",
            "reasons": ["queued-in-device"],
            "message": "Every byte left us.",
            "evidence": "sent",
            "attempt": 1,
            "sent_bytes": 9,
            "title": "Order 17",
            "owner": "local",
            "external_id": "o17",
        }
    }


def test_a_printers_event_is_told_whole() -> None:
    assert said(NativeWebSocket().notify(MOVE)) == {
        "event": {
            "kind": "printer-changed",
            "id": 42,
            "at": "2026-03-01T12:30:15Z",
            "printer": "kitchen",
            "state": "stopped",
            "reasons": ["paused"],
            "message": "Paused.",
        }
    }


PRINTER = PrinterId("kitchen")
CAME_AND_WENT: list[tuple[Event, dict[str, Any]]] = [
    (
        PrinterConnected(7, NOW, PRINTER, "raw"),
        {"kind": "printer-connected", "channel": "raw", "message": ""},
    ),
    (
        PrinterDisconnected(7, NOW, PRINTER, "main", "It hung up."),
        {"kind": "printer-disconnected", "channel": "main", "message": "It hung up."},
    ),
    (
        PrinterScanned(7, NOW, PRINTER, "4006381333931\ud800", "capture.channel1.data.raw"),
        {"kind": "printer-scanned", "data": "4006381333931?", "source": "capture.channel1.data.raw"},
    ),
]


@pytest.mark.parametrize(("event", "told"), CAME_AND_WENT, ids=[told["kind"] for _, told in CAME_AND_WENT])
def test_what_a_printer_that_dials_in_does_is_told_whole(event: Event, told: dict[str, Any]) -> None:
    head = {"id": 7, "at": "2026-03-01T12:30:15Z", "printer": "kitchen"}
    assert said(NativeWebSocket().notify(event)) == {"event": {**head, **told}}


# --- bad input


@pytest.mark.parametrize(
    "frame",
    [
        b"{}",
        b"",
        "",
        "{",
        "nonsense",
        "[]",
        "[1]",
        "1",
        "null",
        '"text"',
        "[" * 100_000,
        '{"id":' + "[" * 100_000,
        "\ud800",
    ],
    ids=range(13),
)
def test_what_is_no_object_is_answered_without_id(frame: str | bytes) -> None:
    answer = said(receive(frame))
    assert answer["id"] is None
    assert answer["error"]["code"] == "bad-request"


@pytest.mark.parametrize(
    ("frame", "code", "words"),
    [
        ({}, "bad-request", "`call`"),
        ({"call": 5}, "bad-request", "`$.call`"),
        ({"call": "health", "params": []}, "bad-request", "`$.params`"),
        ({"call": "health", "params": None}, "bad-request", "`$.params`"),
        ({"call": "health", "colour": 1}, "bad-request", "`colour`"),
        ({"call": "health", "params": {"colour": 1}}, "bad-request", "`colour`"),
        ({"call": "jobs.fly"}, "not-found", "jobs.list"),
        ({"call": "openapi"}, "not-found", "`openapi`"),
        ({"call": "jobs.show"}, "bad-request", "`job`"),
        ({"call": "jobs.show", "params": {"job": ["j1"]}}, "bad-request", "`$.job`"),
        ({"call": "jobs.list", "params": {"limit": "3"}}, "bad-request", "`$.limit`"),
        ({"call": "jobs.list", "params": {"state": "held"}}, "bad-request", "`$.state`"),
        ({"call": "jobs.submit", "params": {"printer": "p"}}, "bad-request", "exactly one"),
        ({"call": "jobs.submit", "params": {"printer": "p", "data": "!"}}, "bad-request", "base64"),
        ({"call": "printers.adopt", "params": {"adoptions": []}}, "bad-request", "`$.adoptions`"),
        ({"call": "printers.ask", "params": {"printer": "p"}}, "bad-request", "exactly one"),
        ({"call": "traces.start", "params": {"device": "s1", "frames": 0}}, "bad-request", "`$.frames`"),
        ({"call": "jobs.follow", "params": {"job": "j1", "within_s": 0}}, "bad-request", "`$.within_s`"),
        ({"call": "jobs.follow", "params": {"job": "j1", "until": "now"}}, "bad-request", "`$.until`"),
    ],
)
def test_a_bad_call_is_refused_by_its_id_naming_what_is_wrong(frame: dict[str, Any], code: str, words: str) -> None:
    answer = said(receive({"id": "x", **frame}))
    assert answer["id"] == "x"
    assert answer["error"]["code"] == code
    assert words in answer["error"]["detail"]
