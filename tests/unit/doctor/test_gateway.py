"""What a gateway says of itself, by the shapes of its API."""

from __future__ import annotations

from typing import Any

import pytest

from fanfold import __version__
from fanfold.doctor.finding import Finding, Severity
from fanfold.doctor.gateway import gateway
from fanfold.doctor.surroundings import ServiceSeen, Surroundings, Unanswered
from tests.unit.doctor.findings import bad, codes

JOBS = "/v1/jobs?limit=200"
WELL: dict[str, Any] = {
    "/v1/health": {"ok": True, "version": __version__, "uptime_s": 5.5, "problems": []},
    "/v1/printers": {"printers": [{"id": "till", "name": "till", "uri": "socket://192.0.2.7", "state": "idle",
                                   "reachable": "up", "reasons": [], "waiting_jobs": 2, "held_jobs": 0}]},
    "/v1/webhooks": {"webhooks": [{"name": "erp", "behind": 0, "dead": 0, "trouble": "", "last_success_at": None}]},
    "/v1/unadopted": {"newcomers": [], "rejected": []},
}  # fmt: skip


def look(answers: dict[str, Any], *, runs: bool = False) -> dict[str, Finding]:
    def ask(where: str) -> Any:
        answer = answers.get(where)
        if answer is None:
            raise Unanswered("nobody answers")
        if isinstance(answer, Exception):
            raise answer
        return answer

    around = Surroundings(url="http://127.0.0.1:8765", ask=ask, service=lambda: ServiceSeen(runs, runs))
    return codes(gateway(around))


def printer(**more: Any) -> dict[str, Any]:
    return {**WELL, "/v1/printers": {"printers": [{**WELL["/v1/printers"]["printers"][0], **more}]}}


def test_a_gateway_that_is_well_is_in_order() -> None:
    found = look(WELL)
    assert not bad(found.values())
    assert found["healthy"].facts["uptime_s"] == 6
    assert found["printers"].facts["waiting_jobs"] == 2


def test_no_gateway_is_a_warning_and_a_problem_where_its_service_runs() -> None:
    assert look({})["no-gateway"].severity is Severity.WARNING
    assert look({}, runs=True)["silent"].severity is Severity.PROBLEM


def test_one_that_wants_its_token_is_told_of_with_the_way_to_give_it() -> None:
    found = look({"/v1/health": Unanswered("send it", code="token-needed")})
    assert set(found) == {"token-needed"}
    assert "--token-file" in found["token-needed"].mend


def test_a_wrong_token_is_a_warning_and_its_mend_says_more_than_its_words() -> None:
    says = "The token is not this gateway's. It is in the file that `token_file` names."
    found = look({"/v1/health": Unanswered(says, code="wrong-token")})
    assert bad(found.values()) == {"wrong-token"}
    assert "not its own" in found["wrong-token"].says
    assert "token_file" not in found["wrong-token"].says
    assert "`token_file`" in found["wrong-token"].mend


def test_any_other_refusal_is_told_in_the_gateways_words() -> None:
    found = look({"/v1/health": Unanswered("This gateway is not called x.", code="misdirected")})
    assert "not called x" in found["refused"].says


def test_what_only_the_owner_is_told_is_passed_over_and_the_rest_goes_on() -> None:
    refused = Unanswered("that is for the owner", code="not-trusted")
    found = look({**WELL, "/v1/unadopted": refused, "/v1/webhooks": refused})
    assert found["not-told"].severity is Severity.NOTE
    assert "printers" in found


def test_another_version_and_its_own_problems_are_told() -> None:
    found = look({**WELL, "/v1/health": {"ok": False, "version": "9.9", "uptime_s": 1, "problems": ["no space left"]}})
    assert bad(found.values()) == {"version-skew", "unhealthy"}
    assert "no space left" in found["unhealthy"].says


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"state": "stopped"}, "printer-stopped"),
        ({"paused": True, "paused_because": "Mrs Miller"}, "printer-paused"),
        ({"state": "stopped", "reachable": "down"}, "printer-away"),
    ],
)
def test_printers_that_do_not_print_are_told_with_their_words_but_no_title(more: dict[str, Any], code: str) -> None:
    words = {
        "message": "Paper is out.\x1b[2J Load some for invoice of Mrs Miller.",
        "reasons": ["media-empty-error"],
        "status_at": "2026-11-20T09:00:00.123456Z",
    }
    answers = printer(**words, **more)
    found = look({**answers, JOBS: {"jobs": [{"title": "Mrs Miller"}, {"title": "Invoice of Mrs Miller"}]}})
    assert bad(found.values()) == {code}
    assert "Miller" not in repr(found)
    assert "\x1b" not in found[code].says
    assert "media-empty-error" in found[code].says
    assert "Paper is out" in found[code].says
    assert "at 2026-11-20 09:00:00 UTC" in found[code].says
    assert found[code].facts["since"] == words["status_at"]
    silent = look(answers)
    assert "Paper" not in repr(silent), "nobody knows which titles are in it"
    assert "media-empty-error" in silent[code].says


def test_jobs_that_wait_for_a_person_are_a_warning() -> None:
    found = look(printer(held_jobs=3))
    assert found["jobs-held"].facts["held_jobs"] == 3


def test_a_gateway_without_printers_is_a_note() -> None:
    assert look({**WELL, "/v1/printers": {"printers": []}})["no-printers"].severity is Severity.NOTE


def test_webhooks_in_trouble_and_newcomers_are_told() -> None:
    hook = {"name": "erp", "url": "https://x", "behind": 4, "dead": 1, "trouble": "it answered 500"}
    found = look({**WELL, "/v1/webhooks": {"webhooks": [hook]}, "/v1/unadopted": {"newcomers": [{}, {}]}})
    assert bad(found.values()) == {"webhook"}
    assert found["webhook"].facts["behind"] == 4
    assert found["unadopted"].facts["count"] == 2
