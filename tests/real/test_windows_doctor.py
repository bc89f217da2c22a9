"""`fanfold doctor` on Windows, as far as Wine shows it: ports, files, spooler and registry are asked as they are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.peers.processes import free_port
from tests.peers.wine import windows

pytestmark = pytest.mark.timeout(180)

POLICIES = r"""
import winreg
chrome = r"Software\Policies\Google\Chrome"
for hive, name, page in (
    (winreg.HKEY_LOCAL_MACHINE, "LoopbackNetworkBlockedForUrls", "https://bad.example"),
    (winreg.HKEY_CURRENT_USER, "LoopbackNetworkAllowedForUrls", "https://shop.example"),
):
    with winreg.CreateKey(hive, chrome + "\\" + name) as key:
        winreg.SetValueEx(key, "1", 0, winreg.REG_SZ, page)
with winreg.CreateKey(winreg.HKEY_LOCAL_MACHINE, r"Software\Policies\Mozilla\Firefox\LocalNetworkAccess") as key:
    winreg.SetValueEx(key, "Enabled", 0, winreg.REG_DWORD, 1)
    with winreg.CreateKey(key, "SkipDomains") as domains:
        winreg.SetValueEx(domains, "1", 0, winreg.REG_SZ, "shop.example")
"""


async def test_windows_is_looked_at_with_its_own_means(tmp_path: Path) -> None:
    settings = tmp_path / "fanfold.toml"
    (tmp_path / "data").mkdir()
    (tmp_path / "token").write_text("token-4wzPq8vT0nJx")
    settings.write_text(f"""\
data = "data"
[access]
token_file = "token"
origins = ["https://shop.example", "https://bad.example"]
[[listeners]]
address = "127.0.0.1"
port = {free_port()}
""")
    async with windows() as wine:
        await wine.does("-c", POLICIES)
        words = ("-m", "fanfold", "doctor", "--json", "--config", wine.path(settings))
        code, said, complained = await wine.run(*words)
        assert code == 6, complained.decode()
        found: list[dict[str, Any]] = json.loads(said)["findings"]
    codes = {one["code"] for one in found}
    assert not {"check-failed", "check-hangs"} & codes, found
    assert {"port-free", "data", "sync", "spooler", "no-service", "no-package"} <= codes, found
    (blocked,) = (one for one in found if one["code"] == "origin-blocked")
    assert blocked["facts"]["places"] == [
        r"HKCU\Software\Policies\Google\Chrome",
        r"HKLM\Software\Policies\Google\Chrome",
    ]
    allowed = {(one["facts"]["browser"], one["facts"]["origin"]) for one in found if one["code"] == "origin-allowed"}
    assert allowed == {("Chrome", "https://shop.example"), ("Firefox", "https://shop.example")}
    assert "token-4wzPq8vT0nJx" not in said.decode()
