"""Where settings come from, and why a gateway would not start with them."""

from __future__ import annotations

from pathlib import Path

from fanfold import config
from fanfold.doctor.settings import settings
from fanfold.doctor.surroundings import Surroundings
from fanfold.errors import CannotStart
from tests.unit.doctor.findings import bad, codes

SECRET = "correct-horse-battery"


def read(text: str, folder: Path, environment: dict[str, str] | None = None) -> Surroundings:
    file = folder / "fanfold.toml"
    file.write_text(text)
    env = environment or {}
    try:
        return Surroundings(config.load(file, env, {}), environment=env, flags=("--config",))
    except CannotStart as error:
        return Surroundings(None, error.says, environment=env)


def test_good_settings_are_in_order_and_their_sources_are_named(tmp_path: Path) -> None:
    text = '[[printers]]\nname = "till"\nuri = "socket://192.0.2.7"\n'
    around = read(text, tmp_path, {"FANFOLD_DRAIN_S": "3", "FANFOLD_TOKEN": SECRET, "PATH": "/bin"})
    found = list(settings(around))
    assert not bad(found)
    facts = codes(found)["sources"].facts
    assert facts["environment"] == ["FANFOLD_DRAIN_S", "FANFOLD_TOKEN"]
    assert facts["flags"] == ["--config"]
    assert facts["file"] == str(tmp_path / "fanfold.toml")
    assert SECRET not in repr(found)


def test_settings_that_serve_refuses_are_a_problem_without_the_value(tmp_path: Path) -> None:
    for text in (f'drain_s = "{SECRET}"', f'log_level = "{SECRET}"', f'[access]\norigins = ["{SECRET}"]'):
        found = list(settings(read(text, tmp_path)))
        assert bad(found) == {"settings-refused"}
        says = codes(found)["settings-refused"].says
        assert SECRET not in says
        assert "it must be" in says
        assert str(tmp_path) in says


def test_a_value_with_our_own_words_in_it_does_not_come_through(tmp_path: Path) -> None:
    found = codes(settings(read(f'drain_s = " is x; it must be {SECRET}"', tmp_path)))
    assert SECRET not in found["settings-refused"].says


def test_a_setting_that_is_not_known_is_told_with_its_neighbour(tmp_path: Path) -> None:
    found = codes(settings(read("drain = 3", tmp_path)))
    assert "Did you mean drain_s?" in found["settings-refused"].says


def test_a_variable_that_names_no_setting_is_told(tmp_path: Path) -> None:
    found = codes(settings(read("", tmp_path, {"FANFOLD_DRIAN_S": "3"})))
    assert found["variables-unknown"].facts["unknown"] == ["FANFOLD_DRIAN_S"]


def test_a_printer_that_no_transport_takes_is_a_problem(tmp_path: Path) -> None:
    for uri in ("sockt://192.0.2.7", "socket://", "usb://nonsense"):
        found = list(settings(read(f'[[printers]]\nname = "till"\nuri = "{uri}"\n', tmp_path)))
        assert bad(found) == {"printer-uri"}, uri


def test_a_webhook_whose_secret_cannot_be_used_is_a_problem(tmp_path: Path) -> None:
    hook = '[[webhooks]]\nname = "erp"\nurl = "https://shop.example/hook"\n'
    (tmp_path / "short").write_text("whsec_c2hvcnQ=")
    for text in (f'{hook}secret_file = "short"\n', f'{hook}secret_file = "missing"\n'):
        assert bad(settings(read(text, tmp_path))) == {"webhook-secret"}


def test_a_webhook_with_a_good_secret_is_in_order(tmp_path: Path) -> None:
    (tmp_path / "good").write_text("whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=")
    hook = '[[webhooks]]\nname = "erp"\nurl = "https://shop.example/hook"\nsecret_file = "good"\n'
    assert not bad(settings(read(hook, tmp_path)))
