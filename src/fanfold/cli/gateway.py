"""Talks to a running gateway over its native API, with the standard library only. Knows no command and no table."""

from __future__ import annotations

import http.client
import json
import ssl
from collections.abc import Iterable, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from fanfold.cli.exits import Exit, Failed

DEFAULT_URL = "http://127.0.0.1:8765"
ANSWER_WITHIN_S = 60
"""Longer than the gateway ever thinks, and than a wait that we ask for (WAIT_S)."""
WAIT_S = 30


def path(*parts: str, **query: Any) -> str:
    """Return a path of the API; query fields that are None are left out, lists are repeated."""
    given = {name: value for name, value in query.items() if value is not None}
    text = "/v1/" + "/".join(quote(part, safe="") for part in parts)
    return f"{text}?{urlencode(given, doseq=True)}" if given else text


@dataclass(frozen=True, slots=True)
class Gateway:
    """A gateway somewhere, and the secret that it may want."""

    url: str = DEFAULT_URL
    token: str | None = field(default=None, repr=False)
    answer_within_s: float = ANSWER_WITHIN_S

    def patient(self, more_s: float) -> Gateway:
        """Return the same gateway, which may take so much longer to answer."""
        return replace(self, answer_within_s=self.answer_within_s + more_s)

    def ask(self, method: str, where: str, body: Any = None) -> Any:
        """Return the answer's JSON. Raises Failed: refused, or not reached."""
        if body is None:
            return self.send(method, where, None, {})
        return self.send(method, where, json.dumps(body).encode(), {"Content-Type": "application/json"})

    def send(self, method: str, where: str, body: bytes | Iterable[bytes] | None, headers: Mapping[str, str]) -> Any:
        """Send a body as it is and return the answer's JSON. Raises Failed: refused, or not reached."""
        with closing(self._connection()) as connection:
            try:
                connection.connect()
            except (OSError, UnicodeError) as error:
                raise self._unreachable(error) from error
            try:
                status, answer = _exchanged(connection, method, where, body, {**headers, **self._authorization()})
            except (OSError, http.client.HTTPException) as error:
                raise self._broken(method, error) from error
        return self._read(status, answer)

    def _connection(self) -> http.client.HTTPConnection:
        try:
            url = urlsplit(self.url)
            host, port = url.hostname, url.port
        except ValueError as error:
            raise self._bad_url() from error
        if url.scheme not in {"http", "https"} or not host or url.path.strip("/"):
            raise self._bad_url()
        if url.scheme == "http":
            return http.client.HTTPConnection(host, port, timeout=self.answer_within_s)
        context = ssl.create_default_context()
        return http.client.HTTPSConnection(host, port, timeout=self.answer_within_s, context=context)

    def _authorization(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}

    def _read(self, status: int, answer: bytes) -> Any:
        try:
            said = json.loads(answer)
        except ValueError as error:
            raise Failed(
                f"{self.url} answered {status}, but not as Fanfold does. Is it another program's port?"
            ) from error
        if status < http.HTTPStatus.BAD_REQUEST:
            return said
        problem = said if isinstance(said, dict) else {}
        detail, code = problem.get("detail"), problem.get("code", "")
        how = " Give it by --token-file or FANFOLD_TOKEN." if status == http.HTTPStatus.UNAUTHORIZED else ""
        raise Failed((detail or f"{self.url} refused it with {status}.") + how, problem=code)

    def _bad_url(self) -> Failed:
        says = f"{self.url!r} is no gateway's address; FANFOLD_URL must be like {DEFAULT_URL}."
        return Failed(says, Exit.WRONG_USAGE)

    def _unreachable(self, error: Exception) -> Failed:
        says = f"no gateway answers at {self.url} ({_why(error)})."
        return Failed(f"{says} Start it with `fanfold serve`, or say by FANFOLD_URL where it is.", Exit.UNREACHABLE)

    def _broken(self, method: str, error: Exception) -> Failed:
        says = f"the connection to {self.url} broke before the answer came ({_why(error)})."
        if method != "GET":
            says += " It may have been done all the same: look at `fanfold jobs` before you repeat it."
        return Failed(says, Exit.UNREACHABLE)


def _exchanged(
    connection: http.client.HTTPConnection,
    method: str,
    where: str,
    body: bytes | Iterable[bytes] | None,
    headers: Mapping[str, str],
) -> tuple[int, bytes]:
    is_sized = body is None or isinstance(body, bytes) or "Content-Length" in headers
    with suppress(BrokenPipeError, ConnectionResetError):  # refused while we were sending: the answer says why
        connection.request(method, where, body, dict(headers), encode_chunked=not is_sized)
    response = connection.getresponse()
    return response.status, response.read()


def _why(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return str(error) or type(error).__name__
