"""What this user may use: folders, secrets' files, devices, in a /dev and a /sys of our own making."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from fanfold.config import Access, Listener, Settings, WebhookSetting
from fanfold.doctor.finding import Finding
from fanfold.doctor.permissions import permissions
from fanfold.doctor.surroundings import Surroundings
from tests.unit.doctor.findings import bad, codes

pytestmark = pytest.mark.skipif(os.name != "posix", reason="modes and devices are Unix's here")


def look(folder: Path, settings: Settings | None = None, *, may: bool = True) -> list[Finding]:
    data = folder / "data"
    given = settings or Settings(data=data)
    root = folder / "root"
    root.mkdir(exist_ok=True)
    return list(permissions(Surroundings(given, root=root, may_use=lambda path: may)))


def test_a_data_directory_of_ones_own_that_is_closed_is_in_order(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir(mode=0o700)
    assert not bad(look(tmp_path))


@pytest.mark.parametrize("mode", [0o755, 0o750, 0o701])
def test_a_data_directory_that_others_may_look_into_is_a_warning(tmp_path: Path, mode: int) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data").chmod(mode)
    found = codes(look(tmp_path))
    assert "chmod 700" in found["data-open"].mend


def test_a_data_directory_of_somebody_elses_is_a_warning(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir(mode=0o700)
    assert bad(look(tmp_path, may=False)) == {"data-not-mine"}


def test_a_data_directory_that_can_be_made_is_no_matter_and_one_that_cannot_is_a_problem(tmp_path: Path) -> None:
    assert not bad(look(tmp_path))
    assert bad(look(tmp_path, may=False)) == {"data-unmakable"}


def secrets_at(folder: Path, mode: int) -> Settings:
    (folder / "data").mkdir(mode=0o700)
    for name in ("token", "secret", "users", "key", "hook"):
        (folder / name).write_text("correct-horse")
        (folder / name).chmod(mode)
    listener = Listener(
        "127.0.0.1", tls_cert=folder / "cert", tls_key=folder / "key",
        secret_file=folder / "secret", users_file=folder / "users",
    )  # fmt: skip
    hook = WebhookSetting("erp", "https://shop.example/hook", secret_file=folder / "hook")
    access = Access(token_file=folder / "token")
    return Settings(data=folder / "data", listeners=(listener,), access=access, webhooks=(hook,))


def test_each_file_with_a_secret_must_be_closed_to_others(tmp_path: Path) -> None:
    found = look(tmp_path, secrets_at(tmp_path, 0o644))
    assert {one.facts["file"] for one in found if one.code == "secret-open"} == {
        str(tmp_path / name) for name in ("token", "secret", "users", "key", "hook")
    }
    assert "correct-horse" not in repr(found)


def test_files_with_secrets_that_are_closed_are_in_order(tmp_path: Path) -> None:
    assert not bad(look(tmp_path, secrets_at(tmp_path, 0o640)))


def test_a_file_with_a_secret_that_is_not_there_is_a_problem(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path / "data", access=Access(token_file=tmp_path / "token"))
    assert bad(look(tmp_path, settings)) == {"secret-unreadable"}


@pytest.mark.skipif(sys.platform != "linux", reason="devices are Linux's here")
def test_devices_that_this_user_may_not_use_are_told_with_their_group_and_rule(tmp_path: Path) -> None:
    dev = tmp_path / "root/dev"
    (dev / "usb").mkdir(parents=True)
    for name in ("usb/lp0", "ttyUSB0", "ttyACM1", "tty1"):
        (dev / name).touch()
    assert not bad(look(tmp_path))
    denied = [one for one in look(tmp_path, may=False) if one.code == "device-denied"]
    assert {one.facts["device"] for one in denied} == {str(dev / name) for name in ("usb/lp0", "ttyUSB0", "ttyACM1")}
    assert all("udev" in one.mend for one in denied)
    assert any('SUBSYSTEM=="usbmisc"' in one.mend for one in denied)


@pytest.mark.skipif(sys.platform != "linux", reason="USB is Linux's here")
@pytest.mark.parametrize(("driver", "code"), [("usblp", "usb-printer"), ("usbfs", "usb-held"), ("", "usb-free")])
def test_who_has_a_usb_printer_is_told(tmp_path: Path, driver: str, code: str) -> None:
    devices = tmp_path / "root/sys/bus/usb/devices"
    for name, kind in (("1-1:1.0", "07"), ("1-2:1.0", "03")):
        interface, device = devices / name, devices / name.partition(":")[0]
        interface.mkdir(parents=True)
        device.mkdir()
        (interface / "bInterfaceClass").write_text(f"{kind}\n")
        (device / "idVendor").write_text("0a5f\n")
        (device / "idProduct").write_text("0164\n")
        if driver:
            (interface / "driver").symlink_to(f"/sys/bus/usb/drivers/{driver}")
    found = [one for one in look(tmp_path) if one.code.startswith("usb")]
    assert [(one.code, one.facts["usb"]) for one in found] == [(code, "0a5f:0164")]
