"""What holds for PrinterWebSocket whatever is sent; the single behaviours stand in tests/transcripts."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fanfold.dialects.base import Do, Effect, Listen, Send
from fanfold.dialects.printerwebsocket import PrinterWebSocket, PrinterWebSocketSettings
from fanfold.dialects.printerwebsocket_requests import joined
from fanfold.messages import JobShown, ListPrinters, Printers, Refusal, Reply, Submit
from fanfold.model import Evidence, JobId, JobState
from tests.transcripts.scripted import NOON, Conversation, ScriptedEngine


def dialect(path: str = "/", **settings: Any) -> PrinterWebSocket:
    return PrinterWebSocket(lambda: PrinterWebSocketSettings(**settings), path)


def sent(effects: Iterable[Effect]) -> list[Any]:
    return [json.loads(effect.frame) for effect in effects if isinstance(effect, Send)]


def ask(**fields: Any) -> str:
    return json.dumps(fields)


def print_request(data: object, name: object = "P1", **fields: Any) -> str:
    return ask(call="print", params={"printer": {"name": name}, "data": data}, **fields)


any_text = st.text(st.characters(exclude_categories=()), max_size=30)
any_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | any_text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(any_text, inner, max_size=4),
    max_leaves=12,
)
calls = st.sampled_from(["print", "printers.find", "server.version", "printerStatus", "events.subscribe"])
requests = st.fixed_dictionaries(
    {"call": calls | any_json},
    optional={
        "uid": any_json,
        "params": any_json
        | st.fixed_dictionaries({"printer": st.fixed_dictionaries({"name": any_json}), "data": any_json})
        | st.fixed_dictionaries({"after": any_json}),
        "PrinterName": any_json,
    },
)


@given(st.lists(any_text | st.binary(max_size=30) | any_json.map(json.dumps), max_size=8))
def test_whatever_is_no_request_gets_no_frame_and_harms_nothing(frames: list[str | bytes]) -> None:
    page = dialect()
    for frame in frames:
        effects = list(page.receive(frame, NOON))
        assert effects == [] or _is_request(frame)
    (find,) = page.receive(ask(call="printers.find"), NOON)
    assert isinstance(find, Do)
    assert sent(page.answer(find.tag, Printers(()))) == [{"uid": None, "result": [], "status_code": 0}]


def _is_request(frame: str | bytes) -> bool:
    asked = json.loads(frame)
    return isinstance(asked, dict) and isinstance(asked.get("call"), str)


@given(st.lists(requests, max_size=6))
def test_any_request_is_answered_or_passed_over_and_never_raises(asked: list[dict[str, Any]]) -> None:
    engine = ScriptedEngine()
    engine.add_printer("P1")
    talk = Conversation(dialect(), engine)
    for request in asked:
        talk.receive(json.dumps(request))
        for frame in map(json.loads, talk.sent):
            assert "status_code" in frame
            assert "result" not in frame or request["call"] in {"printers.find", "server.version"}
        talk.sent.clear()


@given(st.data())
def test_no_frame_comes_between_a_request_for_the_printers_and_its_answer(data: st.DataObject) -> None:
    engine = ScriptedEngine()
    engine.add_printer("P1")
    page = dialect("/?events=1")
    list(page.opened())
    owed: list[Do] = []
    effects: list[Effect]
    for step in data.draw(st.lists(st.sampled_from(["find", "print", "version", "answer", "change"]), max_size=30)):
        awaited = sum(isinstance(do.command, ListPrinters) for do in owed)
        match step:
            case "find":
                effects = list(page.receive(ask(call="printers.find", uid="u"), NOON))
            case "print":
                effects = list(page.receive(print_request(["A"], uid="u"), NOON))
            case "version":
                effects = list(page.receive(ask(call="server.version", uid="u"), NOON))
            case "answer" if owed:
                do = owed.pop(data.draw(st.integers(0, len(owed) - 1)))
                effects = list(page.answer(do.tag, _reply(engine, do)))
            case _ if engine.jobs:
                engine.change_job(JobId("job-1"), state=JobState.PROCESSING)
                effects = list(page.notify(engine.events[-1]))
            case _:
                continue
        owed += [effect for effect in effects if isinstance(effect, Do)]
        frames = sent(effects)
        if awaited:
            assert all(isinstance(frame.get("result"), list) for frame in frames[:1])
            assert len(frames) <= 1 or awaited == 1


def _reply(engine: ScriptedEngine, do: Do) -> Reply:
    reply = engine.do(do.command, do.tag)
    return reply or JobShown(engine.jobs[JobId("job-1")], "P1")


@given(st.lists(st.text(max_size=5), max_size=5))
def test_parts_are_joined_with_nothing_between_unless_they_are_lines_without_ends(parts: list[str]) -> None:
    if any(end in part for part in parts for end in "\r\n") or len(parts) < 2:
        assert joined(parts) == "".join(parts)
    else:
        assert joined(parts) == "\r\n".join(parts)


@pytest.mark.parametrize("uid", ["1e400", "123456789012345678901234567890", '"\\ud83d"', "[1, 2]", "-0.0", '""'])
def test_a_uid_comes_back_as_it_came(uid: str) -> None:
    (answer,) = dialect().receive(f'{{"call":"server.version","uid":{uid}}}', NOON)
    assert isinstance(answer, Send)
    assert f'"uid":{uid},' in str(answer.frame)


def test_a_request_in_a_binary_frame_is_read_as_utf_8() -> None:
    (answer,) = sent(dialect().receive('{"call":"server.version","uid":"é"}'.encode(), NOON))
    assert answer["uid"] == "é"


def test_deep_nesting_is_passed_over() -> None:
    assert list(dialect().receive('{"call":' + "[" * 100_000, NOON)) == []
    assert list(dialect().receive('{"call":"print","params":' + "[" * 100_000 + "]" * 100_000 + "}", NOON)) == []


@pytest.mark.parametrize("text", ["x" * 2_000_000, "é" * 10, "\x00\x1b\n", '"quoted"\\'])
def test_the_text_reaches_the_engine_unchanged(text: str) -> None:
    (do,) = dialect().receive(print_request([text]), NOON)
    assert isinstance(do, Do)
    assert isinstance(do.command, Submit)
    assert do.command.document == text
    assert do.command.key is None


def test_a_reload_of_the_settings_counts_from_the_next_job_on() -> None:
    settings = PrinterWebSocketSettings(start_within_s=5)
    page = PrinterWebSocket(lambda: settings, "/")
    assert _submitted(page).start_within_s == 5
    settings = PrinterWebSocketSettings(start_within_s=7)
    assert _submitted(page).start_within_s == 7


def _submitted(page: PrinterWebSocket) -> Submit:
    (do,) = page.receive(print_request(["A"]), NOON)
    assert isinstance(do, Do)
    assert isinstance(do.command, Submit)
    return do.command


@pytest.mark.parametrize("path", ["/", "/?events=0", "/?event=1", "/events=1", "", "?", "/?%ff&events"])
def test_a_path_that_does_not_ask_for_events_gets_none(path: str) -> None:
    assert list(dialect(path).opened()) == []


@pytest.mark.parametrize("path", ["/?events=1", "/till?x=y&events=1"])
def test_a_path_that_asks_for_events_listens_at_once_and_says_nothing(path: str) -> None:
    assert list(dialect(path).opened()) == [Listen(None)]


def test_a_refused_list_is_an_error_frame_and_lets_the_kept_frames_out() -> None:
    page = dialect()
    (find,) = page.receive(ask(call="printers.find", uid="f"), NOON)
    assert list(page.receive(ask(call="server.version", uid="v"), NOON)) == []
    assert isinstance(find, Do)
    frames = sent(page.answer(find.tag, Refusal("store-failed", "The disk failed.", 503)))
    assert [(frame["uid"], frame["status_code"]) for frame in frames] == [("f", 3), ("v", 0)]


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"message": "P1 was away"}, "P1 was away. Nothing was printed."),
        ({"message": "P1 was away", "attempt": 2, "reasons": ("too-late",)}, "P1 was away. Nothing was printed."),
        ({"message": "P1 was away", "reprints": 1}, "P1 was away. A part of it may have printed."),
        ({"message": "Canceled while sent", "attempt": 1}, "Canceled while sent. A part of it may have printed."),
        ({"message": "P1 said no", "attempt": 1, "state": JobState.ABORTED}, "P1 said no. Nothing was printed."),
        ({"message": "Nothing of it was printed"}, "Nothing of it was printed"),
        ({}, "The job is canceled. Nothing was printed."),
    ],
)
def test_an_error_frame_says_that_nothing_was_printed_only_where_that_is_known(facts: Any, said: str) -> None:
    engine = ScriptedEngine()
    engine.add_printer("P1")
    talk = Conversation(dialect(), engine)
    talk.receive(print_request(["A"]))
    talk.replies(engine.change_job(JobId("job-1"), **{"state": JobState.CANCELED, **facts}))
    frame = json.loads(talk.sent[-1])
    assert (frame["status"], frame["message"]) == ("error", said)


def test_a_job_that_is_assumed_printed_is_a_success_without_evidence() -> None:
    engine = ScriptedEngine()
    engine.add_printer("P1")
    talk = Conversation(dialect(), engine)
    talk.receive(print_request(["A"]))
    talk.replies(engine.change_job(JobId("job-1"), state=JobState.COMPLETED, reasons=("assumed-printed",)))
    frame = json.loads(talk.sent[-1])
    assert (frame["status"], frame["evidence"], frame["reasons"]) == ("success", "none", ["assumed-printed"])


def test_evidence_that_rises_before_the_job_is_completed_is_a_success() -> None:
    engine = ScriptedEngine()
    engine.add_printer("P1")
    talk = Conversation(dialect(), engine)
    talk.receive(print_request(["A"]))
    talk.replies(engine.change_job(JobId("job-1"), state=JobState.PROCESSING, evidence=Evidence.DELIVERED))
    assert json.loads(talk.sent[-1])["status"] == "success"


def test_half_a_character_in_a_name_of_ours_is_escaped() -> None:
    engine = ScriptedEngine()
    engine.add_printer("P\ud83d")
    talk = Conversation(dialect(), engine)
    talk.receive(ask(call="printers.find", uid=[1]))
    assert json.loads(talk.sent[0]) == {"uid": [1], "result": ["P\ud83d"], "status_code": 0}


def test_what_is_kept_for_a_job_does_not_keep_its_frame() -> None:
    frame = print_request(["x" * 1000], uid="u").encode()
    before = sys.getrefcount(frame)
    effects = list(dialect().receive(frame, NOON))
    assert len(effects) == 1
    assert sys.getrefcount(frame) == before
