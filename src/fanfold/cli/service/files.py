"""What a service finds when it starts: its user, its folders, its settings and its token. Knows no service manager."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import stat
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path

from fanfold.cli.exits import Failed
from fanfold.cli.service.command import run
from fanfold.cli.service.plan import Plan

ONLY_SYSTEM_AND_ADMINISTRATORS = "D:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)"
"""Windows' words for it (SDDL): nothing inherited from above, all of it passed on to what lies below."""
SYSTEM, ADMINISTRATORS = "S-1-5-18", "S-1-5-32-544"
ALREADY_THERE = 183
"""ERROR_ALREADY_EXISTS."""

_HEAD = """\
# Settings of this gateway; `fanfold reload` has them read again. What can be set: docs/settings.md.
"""


def prepare(plan: Plan, trusted: Sequence[str]) -> list[str]:
    """Make what is not there yet, and return what was made, in words. `trusted` are users for new settings.

    What is there stays as it is. Raises Failed.
    """
    try:
        return _prepare(plan, trusted)
    except OSError as error:
        where = error.filename or plan.config
        raise Failed(
            f"{where}: {error.strerror}. Is that place yours? A machine's service is installed as root."
        ) from error


def settings_text(plan: Plan, trusted: Sequence[str]) -> str:
    """Return the settings of a new service."""
    if plan.token is None:
        return _HEAD
    users = json.dumps(list(trusted), ensure_ascii=False)  # TOML writes a list of texts as JSON does
    return (
        f"{_HEAD}\n[access]\n# Who shows it may see every document and change printers; so may root, and:\n"
        f'token_file = "{plan.token.name}"\nusers = {users}\n'
    )


def _prepare(plan: Plan, trusted: Sequence[str]) -> list[str]:
    notes = _make_account(plan.account) if plan.is_machines and sys.platform == "linux" else []
    config, data = Path(plan.config), Path(plan.data)
    if sys.platform == "win32":
        _make_private(config.parent)
    config.parent.mkdir(parents=True, exist_ok=True)
    if plan.log is not None:
        Path(plan.log).parent.mkdir(parents=True, exist_ok=True)
        _give(Path(plan.log).parent, plan)
    if sys.platform != "linux" or not plan.is_machines:  # there systemd makes it, and knows whose it is
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        _give(data, plan)
    if plan.token is not None:
        notes += _make_token(Path(plan.token), plan)
    if _write_new(config, settings_text(plan, trusted), 0o644):
        who = f" {', '.join(trusted)} may see every document and change printers." if plan.token and trusted else ""
        return [*notes, f"Its settings: {config}.{who}"]
    return [*notes, *_missing_token(config, plan)]


def _make_token(file: Path, plan: Plan) -> list[str]:
    if not _write_new(file, secrets.token_urlsafe(32) + "\n", 0o600):
        return []
    _give(file, plan)
    return [f"Its token, for users who may see all: {file}. Only it and administrators can read that."]


def _missing_token(config: Path, plan: Plan) -> list[str]:
    if plan.token is None:
        return []
    try:
        access = tomllib.loads(config.read_text("utf-8-sig")).get("access", {})
    except (OSError, ValueError):  # whatever is wrong with it, the gateway says so at its start
        return []
    if isinstance(access, dict) and "token_file" in access:
        return []
    wanted = f'token_file = "{plan.token.name}"'
    return [f"{config} names no token, so nobody can show it: add `{wanted}` under [access]."]


def _write_new(file: Path, text: str, mode: int) -> bool:
    """Write a file that is not there yet; tell whether it was not."""
    try:
        opened = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    except FileExistsError:
        return False
    with os.fdopen(opened, "w", encoding="utf-8", newline="\n") as new:
        new.write(text)
    return True


def _give(path: Path, plan: Plan) -> None:
    """Make it the property of the user that the service runs as."""
    if plan.is_machines and sys.platform != "win32":
        shutil.chown(path, plan.account)


def _make_account(name: str) -> list[str]:
    import pwd

    try:
        pwd.getpwnam(name)
    except KeyError:
        made = run(
            "useradd", "--system", "--user-group", "--home-dir", f"/var/lib/{name}", "--no-create-home",
            "--shell", "/usr/sbin/nologin", "--comment", "Fanfold print gateway", name,
        )  # fmt: skip
        if made.code:
            raise Failed(f"the user {name} cannot be made: {made.complained.strip()}.") from None
        return [f"Made the user {name}, as which it runs."]
    return []


def _make_private(folder: Path) -> None:
    """Make a folder that only Windows itself and administrators can look into: documents lie in it.

    Anybody may make folders beside it. One that somebody else made, or put something into, is refused: he could take
    its permissions back, or have said by settings of his own what LocalSystem is to do. Raises Failed and OSError.
    """
    import pywintypes
    import win32file
    import win32security

    wanted = win32security.ConvertStringSecurityDescriptorToSecurityDescriptor(
        ONLY_SYSTEM_AND_ADMINISTRATORS, win32security.SDDL_REVISION_1
    )
    private = win32security.SECURITY_ATTRIBUTES()
    private.SECURITY_DESCRIPTOR = wanted
    try:
        win32file.CreateDirectory(str(folder), private)
    except pywintypes.error as error:
        if error.winerror != ALREADY_THERE:
            raise OSError(error.winerror, error.strerror, str(folder)) from error
    else:
        return
    _refuse_link(folder)
    win32security.SetNamedSecurityInfo(
        str(folder),
        win32security.SE_FILE_OBJECT,
        win32security.DACL_SECURITY_INFORMATION | win32security.PROTECTED_DACL_SECURITY_INFORMATION,
        None,
        None,
        wanted.GetSecurityDescriptorDacl(),
        None,
    )
    _refuse_strangers([folder, *folder.iterdir()])  # from here on nobody puts anything in


def _refuse_link(folder: Path) -> None:
    if folder.lstat().st_file_attributes & stat.FILE_ATTRIBUTE_REPARSE_POINT:  # type: ignore[attr-defined,unused-ignore]
        raise Failed(
            f"{folder} leads to another folder, so it is not used: the service would write there. Take it away."
        )


def _refuse_strangers(paths: Sequence[Path]) -> None:
    for path in paths:
        if is_strange(owner := _owner(path), _own_number()):
            raise Failed(
                f"{path} was made by {owner}, who is neither Windows nor you: what it says is not done as LocalSystem. "
                f'Look at it; then take it away, or make it the administrators\' (`takeown /A /R /D Y /F "{path}"`).'
            )


def is_strange(owner: str, own: str) -> bool:
    """Tell whether a file's owner is neither Windows nor the administrators nor we, as Windows numbers users."""
    return owner not in (SYSTEM, ADMINISTRATORS, own)


def _owner(path: Path) -> str:
    import win32security

    found = win32security.GetNamedSecurityInfo(
        str(path), win32security.SE_FILE_OBJECT, win32security.OWNER_SECURITY_INFORMATION
    )
    return str(win32security.ConvertSidToStringSid(found.GetSecurityDescriptorOwner()))


def _own_number() -> str:
    import win32api
    import win32security

    token = win32security.OpenProcessToken(win32api.GetCurrentProcess(), win32security.TOKEN_QUERY)
    user, _ = win32security.GetTokenInformation(token, win32security.TokenUser)
    return str(win32security.ConvertSidToStringSid(user))
