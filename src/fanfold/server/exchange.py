"""One HTTP request through an HTTP-shaped dialect: body in, command, answer out. Knows no protocol."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from concurrent.futures import Executor

from aiohttp import web

from fanfold import clock
from fanfold.dialects.base import Do, HttpDialect
from fanfold.errors import Refused
from fanfold.messages import Caller, Command, Reply
from fanfold.server import upload
from fanfold.server.access import Admission
from fanfold.server.base import STALL_S, Engine
from fanfold.server.errands import Errands, where
from fanfold.wire import Document, Request, Response


class Exchange:
    """Takes requests to a dialect and brings its answers back."""

    def __init__(
        self,
        dialect: HttpDialect,
        engine: Engine,
        errands: Errands,
        threads: Executor,
        message_bytes: int,
        name: str = "native",
    ) -> None:
        self._dialect = dialect
        self._name = name
        self._engine = engine
        self._errands = errands
        self._threads = threads
        self._message_bytes = message_bytes

    async def serve(self, request: web.Request, admission: Admission, *, takes_raw_body: bool) -> web.StreamResponse:
        """Answer a request. Raises Refused where its body cannot be taken, ConnectionError where its caller is gone."""
        asked = await self._read(request, raw=takes_raw_body and _is_document(request))
        answer = await self._converse(asked, admission, request.remote or "")
        return await _deliver(request, answer)

    async def _read(self, request: web.Request, *, raw: bool) -> Request:
        body, document = b"", None
        if raw:
            limit = self._engine.document_limit_bytes
            document = await upload.receive_document(request, limit, self._engine.incoming, self._threads)
        else:
            body = await upload.read_message(request, self._message_bytes)
        headers = {name.lower(): value for name, value in request.headers.items()}
        method = "GET" if request.method == "HEAD" else request.method
        return Request(method, request.rel_url.raw_path, request.query, headers, body, document)

    async def _converse(self, request: Request, admission: Admission, peer: str) -> Response:
        caller = Caller("", admission.owner, peer, self._name, admission.user, sees_all=admission.is_trusted)
        try:
            said = self._dialect.ask(request, clock.now())
        except BaseException:
            await self._forget(request.document)
            raise
        if isinstance(said, Response):
            await self._forget(request.document)
            return said
        reply = await self._first(said.command, caller, admission, request.document)
        said = self._dialect.tell(said.tag, reply)
        while isinstance(said, Do):
            said = self._dialect.tell(said.tag, await self._errands.see_through(said.command, caller, admission))
        return said

    async def _first(self, command: Command, caller: Caller, admission: Admission, document: Document | None) -> Reply:
        if document is None or document.path is None:
            return await self._errands.see_through(command, caller, admission)
        # The file must outlive a caller that goes away: the engine may be about to move it into the store.
        reply: Reply = await asyncio.shield(
            self._errands.start(self._do_and_forget(command, caller, admission, document))
        )
        return reply

    async def _do_and_forget(self, command: Command, caller: Caller, admission: Admission, document: Document) -> Reply:
        try:
            return await self._errands.do(command, caller, admission)
        finally:
            await self._forget(document)

    async def _forget(self, document: Document | None) -> None:
        if document is not None and document.path is not None:
            await asyncio.get_running_loop().run_in_executor(self._threads, upload.remove, document.path)


def _is_document(request: web.Request) -> bool:
    typed = "Content-Type" in request.headers
    return request.content_type != "application/json" and (typed or request.body_exists)


async def _deliver(request: web.Request, answer: Response) -> web.StreamResponse:
    if answer.document is not None:
        return await _stream(request, answer, answer.document)
    response = web.Response(status=answer.status, body=answer.body or None, headers=dict(answer.headers))
    if answer.body:
        response.headers["Content-Type"] = answer.media_type
    return response


async def _stream(request: web.Request, answer: Response, document: Document) -> web.StreamResponse:
    response = web.StreamResponse(status=answer.status, headers=dict(answer.headers))
    response.headers["Content-Type"] = answer.media_type
    response.headers.setdefault("Content-Disposition", "attachment")
    response.content_length = document.size_bytes
    chunks = document.chunks()
    try:
        first = await _first_chunk(chunks)
        await response.prepare(request)
        if request.method != "HEAD":
            await _send(response, first, chunks, document.size_bytes)
    except (OSError, TimeoutError) as error:
        # The headers are gone: only a broken connection can still say that this is not the whole document.
        if request.transport is not None:
            request.transport.abort()
        raise ConnectionResetError(where(error)) from error
    finally:
        if isinstance(chunks, AsyncGenerator):
            await chunks.aclose()
    return response


async def _send(response: web.StreamResponse, first: bytes, rest: AsyncIterator[bytes], size_bytes: int) -> None:
    chunk, sent_bytes = first, 0
    while chunk:
        async with asyncio.timeout(STALL_S):
            await response.write(chunk)
        sent_bytes += len(chunk)
        chunk = await anext(rest, b"")
    if sent_bytes != size_bytes:
        raise OSError(f"the document has {sent_bytes} bytes instead of {size_bytes}")


async def _first_chunk(chunks: AsyncIterator[bytes]) -> bytes:
    try:
        return await anext(chunks, b"")
    except OSError as error:
        says = "The document can no longer be read; it may just have been dropped. Ask for the job."
        raise Refused(says, code="document-gone", status=410) from error
