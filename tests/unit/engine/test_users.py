"""Jobs of several users of one machine: each has his own documents, and the rest stays one queue."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from fanfold.messages import (
    Accepted,
    Caller,
    CancelJob,
    Command,
    DocumentFetched,
    FetchDocument,
    JobShown,
    ReprintJob,
    ShowJob,
    Submit,
)
from fanfold.model import Evidence, Job, JobState
from fanfold.store.base import Store
from fanfold.wire import Document
from tests.contract.stores import KINDS, open_store
from tests.unit.engine.toy import LOCAL, House, house

SHOP = "https://shop.example"
ANNA = Caller("c1", "local:anna", "127.0.0.1", "test", "anna", sees_all=False)
ANNAS_PAGE = Caller("c2", SHOP, "127.0.0.1", "test", "anna", sees_all=False)
BERTA = Caller("c3", "local:berta", "127.0.0.1", "test", "berta", sees_all=False)
BERTAS_PAGE = Caller("c4", SHOP, "127.0.0.1", "test", "berta", sees_all=False)
TOKEN = Caller("c5", "token", "127.0.0.1", "test")
NOBODY = Caller("c6", "local:?", "127.0.0.1", "test", sees_all=False)
ALL = (LOCAL, TOKEN, ANNA, ANNAS_PAGE, BERTA, BERTAS_PAGE, NOBODY)


@pytest.fixture(params=KINDS)
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    store = await open_store(request.param, tmp_path)
    yield store
    await store.close()


async def printed(h: House, caller: Caller, data: bytes = b"secret") -> Job:
    reply = await h.engine.do(Submit("till", Document.of(data), key=f"key-{caller.client}"), caller)
    assert isinstance(reply, Accepted), reply
    return await h.end(reply.job, Evidence.SENT)


async def code(h: House, command: Command, caller: Caller) -> str:
    reply = await h.engine.do(command, caller)
    return str(getattr(reply, "code", "done"))


@pytest.mark.parametrize(
    ("sender", "may"),
    [
        (ANNA, (LOCAL, TOKEN, ANNA, ANNAS_PAGE)),
        (ANNAS_PAGE, (LOCAL, TOKEN, ANNA, ANNAS_PAGE)),
        (LOCAL, (LOCAL, TOKEN)),
        (TOKEN, (LOCAL, TOKEN)),
        (NOBODY, (LOCAL, TOKEN)),
    ],
    ids=lambda one: one.owner if isinstance(one, Caller) else "",
)
async def test_a_document_is_for_who_sent_it_and_for_those_who_are_trusted(
    tmp_path: Path, store: Store, sender: Caller, may: tuple[Caller, ...]
) -> None:
    async with house(tmp_path, store=store) as h:
        job = await printed(h, sender)
        assert job.user == sender.user
        for caller in ALL:
            allowed = caller in may
            for command in (FetchDocument(job.id), ReprintJob(job.id)):
                assert await code(h, command, caller) == ("done" if allowed else "another-users"), caller
        fetched = await h.engine.do(FetchDocument(job.id), may[-1])
        assert isinstance(fetched, DocumentFetched)
        assert fetched.document.data == b"secret"


async def test_a_job_that_was_printed_again_is_its_printers_own(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        job = await printed(h, ANNA)
        again = await h.engine.do(ReprintJob(job.id), LOCAL)
        assert isinstance(again, Accepted)
        assert (again.job.user, again.job.owner) == ("", "local")
        assert await code(h, FetchDocument(again.job.id), ANNA) == "another-users"


async def test_the_queue_is_everybodys(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        h.toy.away = "it is away"
        reply = await h.engine.do(Submit("till", Document.of(b"x")), ANNA)
        assert isinstance(reply, Accepted)
        shown = await h.engine.do(ShowJob(reply.job.id), BERTA)
        assert isinstance(shown, JobShown)
        assert shown.job.owner == "local:anna"
        canceled = await h.engine.do(CancelJob(reply.job.id), BERTA)
        assert isinstance(canceled, JobShown)
        assert canceled.job.state is JobState.CANCELED


async def test_one_key_of_two_users_names_two_jobs_and_of_one_page_one(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        ask = Submit("till", Document.of(b"x"), key="order-4711")
        replies = [await h.engine.do(ask, caller) for caller in (ANNA, BERTA, LOCAL, ANNA)]
        assert len({reply.job.id for reply in replies if isinstance(reply, Accepted)}) == 3
        pages = [await h.engine.do(ask, caller) for caller in (ANNAS_PAGE, BERTAS_PAGE)]
        assert len({reply.job.id for reply in pages if isinstance(reply, Accepted)}) == 1
