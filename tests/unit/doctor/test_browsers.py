"""Browsers' policies against the origins that may print; files as administrators write them."""

from __future__ import annotations

import json
import plistlib
from pathlib import Path
from typing import Any

import pytest

from fanfold.config import Access, Settings
from fanfold.doctor.browsers import allowed_origins, asks, browsers, insecure, judged, matches
from fanfold.doctor.finding import Finding, Severity
from fanfold.doctor.policies import FIREFOX, Policies, linux, macos
from fanfold.doctor.surroundings import Surroundings, Unanswered
from tests.unit.doctor.findings import bad, codes

SHOP = "https://shop.example"


def chrome(**given: Any) -> dict[str, Finding]:
    return codes(judged(Policies("Chrome", given, ("/etc/x.json",)), [SHOP]))


def firefox(given: Any, origins: tuple[str, ...] = (SHOP,)) -> dict[str, Finding]:
    return codes(judged(Policies(FIREFOX, {"LocalNetworkAccess": given}, ("/etc/x.json",)), origins))


def test_a_policy_that_lets_the_page_in_is_in_order() -> None:
    for name in ("LoopbackNetworkAllowedForUrls", "LocalNetworkAccessAllowedForUrls"):
        assert set(chrome(**{name: [SHOP]})) == {"origin-allowed"}


def test_a_policy_that_keeps_the_page_out_is_a_problem_that_names_it() -> None:
    for name in ("LoopbackNetworkBlockedForUrls", "LocalNetworkAccessBlockedForUrls"):
        found = chrome(**{name: ["*"]})
        assert found["origin-blocked"].severity is Severity.PROBLEM
        assert name in found["origin-blocked"].mend
        assert "/etc/x.json" in found["origin-blocked"].mend


def test_the_policy_for_loopback_wins_over_the_one_for_all_local_networks() -> None:
    found = chrome(LoopbackNetworkAllowedForUrls=[SHOP], LocalNetworkAccessBlockedForUrls=["*"])
    assert set(found) == {"origin-allowed"}


def test_a_page_that_no_policy_names_has_its_users_asked() -> None:
    found = chrome(LoopbackNetworkAllowedForUrls=["https://other.example"])
    assert found["origin-asks"].severity is Severity.NOTE
    assert SHOP in found["origin-asks"].mend


def test_policies_of_yesterday_are_told() -> None:
    assert "opt-out" in chrome(LocalNetworkAccessRestrictionsTemporaryOptOut=True)
    assert "outdated-policy" in chrome(InsecurePrivateNetworkRequestsAllowedForUrls=[SHOP])


@pytest.mark.parametrize("given", [["https://x", 7, None], "https://shop.example", {"1": "x"}, 5, None])
def test_policies_that_are_no_lists_of_texts_allow_nothing(given: Any) -> None:
    assert set(chrome(LoopbackNetworkAllowedForUrls=given)) == {"origin-asks"}


@pytest.mark.parametrize(
    ("pattern", "origin", "means"),
    [
        ("*", SHOP, True),
        ("https://shop.example", SHOP, True),
        ("https://shop.example/", SHOP, True),
        ("shop.example", SHOP, True),
        ("HTTPS://Shop.Example", SHOP, True),
        ("https://shop.example:443", SHOP, True),
        ("https://shop.example:*", SHOP, True),
        ("https://*", SHOP, True),
        ("[*.]example", SHOP, True),
        ("https://[*.]shop.example", SHOP, True),
        ("https://[*.]shop.example", "https://till.shop.example", True),
        ("http://shop.example", SHOP, False),
        ("https://shop.example:8443", SHOP, False),
        ("https://shop.example", "https://shop.example:8443", True),
        ("https://[*.]shop.example", "https://badshop.example", False),
        ("https://shop.example.evil.example", SHOP, False),
        ("", SHOP, False),
    ],
)
def test_patterns_mean_what_chromium_says(pattern: str, origin: str, means: bool) -> None:
    assert matches(pattern, origin) is means


def test_firefox_asks_unless_the_page_is_skipped() -> None:
    assert set(firefox({"Enabled": True, "SkipDomains": ["shop.example"]})) == {"origin-allowed"}
    assert set(firefox({"Enabled": True, "SkipDomains": ["*.example"]})) == {"origin-allowed"}
    assert set(firefox({"Enabled": True, "SkipDomains": ["*.shop.example"]})) == {"origin-asks"}
    assert set(firefox({"Enabled": False})) == {"origin-allowed"}
    assert set(firefox(None)) == {"origin-asks"}


def test_traps_of_firefoxs_policy_are_told() -> None:
    assert "policy-ignored" in bad(firefox({"BlockTrackers": False}).values())
    assert "origin-unasked" in bad(firefox({"Enabled": True, "EnablePrompting": False}).values())
    assert not bad(firefox({"Enabled": True, "EnablePrompting": False, "SkipDomains": ["shop.example"]}).values())


def test_pages_without_tls_are_refused_by_browsers_unless_they_are_of_this_machine() -> None:
    origins = ["http://shop.example", "http://localhost:3000", "http://127.0.0.1", "http://[::1]:80", SHOP]
    assert [one.facts["origin"] for one in insecure(origins)] == ["http://shop.example"]


def test_origins_come_from_the_settings_and_from_the_gateway() -> None:
    settings = Settings(access=Access(origins=(SHOP,)))

    def told(where: str) -> Any:
        return {"configured": [SHOP], "allowed": ["https://b.example"]}

    def silent(where: str) -> Any:
        raise Unanswered("no")

    assert allowed_origins(Surroundings(settings, ask=told)) == [SHOP, "https://b.example"]
    assert allowed_origins(Surroundings(settings, ask=silent)) == [SHOP]


@pytest.mark.parametrize(("kind", "major", "does"), [("Chromium", 156, "It asks"), ("Firefox", 153, "From 154")])
def test_versions_say_whether_they_ask(kind: str, major: int, does: str) -> None:
    assert does in asks(kind, major, f"{kind} {major}.0").says


def put(root: Path, path: str, text: str) -> None:
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def test_linuxs_files_are_put_together_and_what_is_managed_wins(tmp_path: Path) -> None:
    folder = "etc/opt/chrome/policies"
    put(tmp_path, f"{folder}/recommended/a.json", json.dumps({"A": 1, "B": 1}))
    put(tmp_path, f"{folder}/managed/b.json", json.dumps({"B": 2, "C": 2}))
    put(tmp_path, f"{folder}/managed/c.json", json.dumps({"C": 3}))
    found = {one.browser: one for one in linux(tmp_path)}
    assert found["Chrome"].given == {"A": 1, "B": 2, "C": 3}
    assert found["Chrome"].places[-1] == "/etc/opt/chrome/policies/managed/c.json"
    assert not found["Edge"].given


@pytest.mark.parametrize("text", ["{", "[1]", '"x"', "", "7", "[" * 100_000])
def test_a_file_that_is_no_object_is_told_and_the_others_count(tmp_path: Path, text: str) -> None:
    put(tmp_path, "etc/chromium/policies/managed/a.json", text)
    put(tmp_path, "etc/chromium/policies/managed/b.json", json.dumps({"B": 2}))
    (found,) = (one for one in linux(tmp_path) if one.browser == "Chromium")
    assert found.given == {"B": 2}
    assert found.broken == ("/etc/chromium/policies/managed/a.json",)
    assert "policy-broken" in bad(judged(found, []))


def test_firefoxs_file_is_read(tmp_path: Path) -> None:
    policies = {"LocalNetworkAccess": {"Enabled": True}}
    put(tmp_path, "etc/firefox/policies/policies.json", json.dumps({"policies": policies}))
    (found,) = (one for one in linux(tmp_path) if one.browser == FIREFOX)
    assert found.given == policies


def test_macoss_lists_are_read_and_broken_ones_told(tmp_path: Path) -> None:
    folder = tmp_path / "Library/Managed Preferences"
    folder.mkdir(parents=True)
    (folder / "com.google.Chrome.plist").write_bytes(plistlib.dumps({"LoopbackNetworkAllowedForUrls": [SHOP]}))
    (folder / "com.microsoft.Edge.plist").write_bytes(b"<plist><dict>")
    found = {one.browser: one for one in macos(tmp_path)}
    assert found["Chrome"].given == {"LoopbackNetworkAllowedForUrls": [SHOP]}
    assert found["Edge"].broken


def test_a_machine_without_policies_is_told_how_to_spare_its_users_the_question(tmp_path: Path) -> None:
    around = Surroundings(Settings(access=Access(origins=(SHOP,))), root=tmp_path)
    found = codes(browsers(around))
    assert found["no-policies"].facts["origins"] == [SHOP]
    put(tmp_path, "etc/chromium/policies/managed/a.json", json.dumps({"LoopbackNetworkBlockedForUrls": ["*"]}))
    assert "origin-blocked" in codes(browsers(around))
