"""Who is let in among printers that dial in: nobody by itself, one by one, or a warehouse at once."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from fanfold.config import PrinterSetting
from fanfold.errors import StoreFailed
from fanfold.messages import (
    AddPrinter,
    Adopted,
    Adoption,
    AdoptPrinters,
    ChangePrinter,
    Done,
    ListPrinters,
    ListUnadopted,
    PausePrinter,
    Printers,
    RejectPrinter,
    Reload,
    RemovePrinter,
    Unadopted,
)
from fanfold.model import Printer, Reachable, Reason, Source
from fanfold.reception import Known
from fanfold.store.memory import MemoryStore
from tests.unit.engine.gate import Warehouse, warehouse


async def unadopted(h: Warehouse) -> Unadopted:
    reply = await h.do(ListUnadopted())
    assert isinstance(reply, Unadopted)
    return reply


async def adopted(h: Warehouse, *adoptions: Adoption) -> Adopted:
    reply = await h.do(AdoptPrinters(adoptions))
    assert isinstance(reply, Adopted), reply
    return reply


async def test_nobody_is_let_in_who_merely_dials(tmp_path: Path) -> None:
    async with warehouse(tmp_path) as h:
        newcomer = h.gate.wait("50J1")
        assert h.gate.desk.known("dial:50J1") is None
        assert (await unadopted(h)).newcomers == (newcomer,)
        assert (await h.do(ListPrinters())) == Printers(())


async def test_who_prints_on_one_that_waits_is_told_to_let_it_in(tmp_path: Path) -> None:
    async with warehouse(tmp_path) as h:
        h.gate.wait("50J1")
        for said in ("50J1", "dial:50J1"):
            refused = await h.refused(PausePrinter(said))
            assert refused.code == "unknown-printer"
            assert "fanfold printers adopt" in refused.says


async def test_who_is_adopted_is_a_printer_bound_to_what_it_proved(tmp_path: Path) -> None:
    async with warehouse(tmp_path) as h:
        h.gate.wait("50J1", "Dock 4", "certificate:50J1")
        reply = await h.adopt("50J1")
        (view,), fresh = reply.views, reply.fresh
        assert fresh == (True,)
        printer = view.printer
        assert (printer.name, printer.aliases, printer.uri) == ("Dock 4", ("50J1",), "dial:50J1")
        assert (printer.identity, printer.info, printer.source) == ("certificate:50J1", "ZD420", Source.ADDED)
        assert h.gate.let_in == ["dial:50J1"]
        assert h.gate.desk.known("DIAL:50J1") == Known(printer.id, "certificate:50J1")
        assert (await unadopted(h)).newcomers == ()


async def test_one_that_is_not_there_yet_is_let_in_under_its_serial_and_bound_when_it_comes(tmp_path: Path) -> None:
    store = MemoryStore(tmp_path)
    async with warehouse(tmp_path, store=store) as h:
        printer = (await h.adopt("50J1")).views[0].printer
        assert (printer.name, printer.aliases, printer.identity) == ("50J1", (), "")
        assert await h.gate.desk.bind("dial:50J1", "user:till")
        assert await h.gate.desk.bind("dial:50J1", "user:till"), "again is no other"
        assert not await h.gate.desk.bind("dial:50J1", "user:thief")
        assert not await h.gate.desk.bind("dial:unknown", "user:till")
    async with warehouse(tmp_path, store=store) as h:
        assert h.gate.desk.known("dial:50J1") == Known(printer.id, "user:till"), "over a restart too"
        assert h.gate.let_in == ["dial:50J1"]


class Slow(MemoryStore):
    """A disk that takes its time."""

    async def save_printer(self, printer: Printer) -> None:
        await asyncio.sleep(0)
        await super().save_printer(printer)


async def test_of_two_who_come_at_once_under_one_serial_the_first_alone_is_bound(tmp_path: Path) -> None:
    store = Slow(tmp_path)
    async with warehouse(tmp_path, store=store) as h:
        await h.adopt("50J1")
        bound = await asyncio.gather(*(h.gate.desk.bind("dial:50J1", who) for who in ("user:till", "user:thief")))
        assert bound == [True, False]
        assert [kept.printer.identity for kept in await store.printers()] == ["user:till"]


async def test_serials_differ_by_their_case_and_schemes_do_not(tmp_path: Path) -> None:
    async with warehouse(tmp_path) as h:
        await adopted(h, Adoption("DIAL:ab1", name="one"))
        assert h.gate.desk.known("dial:ab1")
        assert h.gate.desk.known("dial:AB1") is None
        assert (await h.refused(AdoptPrinters((Adoption("dial:AB1", name="two"),)))).code == "name-taken", "to people"
        await h.do(AddPrinter("two", "dial:AB1"))
        assert (await h.view("two")).printer.uri == "dial:AB1"


async def test_of_several_claimants_one_must_be_named(tmp_path: Path) -> None:
    async with warehouse(tmp_path) as h:
        h.gate.wait("50J1", identity="user:a")
        h.gate.wait("50J1", identity="user:b", name="Thief")
        refusal = await h.refused(AdoptPrinters((Adoption("other"), Adoption("50J1"))))
        assert (refusal.code, refusal.status) == ("identity-needed", 409)
        assert {"user:a", "user:b"} <= set(refusal.says.replace(";", "").split())
        assert (await h.do(ListPrinters())) == Printers(()), "all or none"
        reply = await adopted(h, Adoption("50J1", identity="user:a"))
        assert (reply.views[0].printer.identity, reply.views[0].printer.name) == ("user:a", "50J1")


async def test_a_serial_that_two_have_is_not_guessed_at(tmp_path: Path) -> None:
    async with warehouse(tmp_path) as h:
        h.gate.waiting = [replace(h.gate.wait(one), serial="50J1") for one in ("a", "b")]
        refusal = await h.refused(AdoptPrinters((Adoption("50J1"),)))
        assert (refusal.code, refusal.status) == ("ambiguous-device", 409)
        assert "dial:a, dial:b" in refusal.says
        assert (await h.adopt("dial:b")).views[0].printer.uri == "dial:b"


async def test_adopting_again_changes_nothing_but_an_identity_that_is_named(tmp_path: Path) -> None:
    async with warehouse(tmp_path) as h:
        h.gate.wait("50J1", "Dock 4", "user:a")
        first = await h.adopt("50J1")
        h.gate.wait("50J1", "Other", "user:b")
        again = await adopted(h, Adoption("50J1", name="New"), Adoption("dial:50J1"))
        assert (again.fresh, again.views[0].printer) == ((False, False), first.views[0].printer)
        bound = await adopted(h, Adoption("50J1", identity="user:b"))
        assert (bound.fresh, bound.views[0].printer.identity) == ((False,), "user:b")
        (kept,) = [kept.printer for kept in await h.store.printers()]
        assert kept.identity == "user:b"


async def test_one_that_was_let_in_unbound_is_bound_to_who_claims_it_when_adopted_again(tmp_path: Path) -> None:
    async with warehouse(tmp_path) as h:
        await h.do(AddPrinter("door", "dial:50J1"))
        h.gate.wait("50J1", identity="user:a")
        reply = await h.adopt("50J1")
        assert (reply.fresh, reply.views[0].printer.name, reply.views[0].printer.identity) == (
            (False,),
            "door",
            "user:a",
        )


async def test_a_name_that_another_answers_to_is_not_taken_from_a_newcomer(tmp_path: Path) -> None:
    async with warehouse(tmp_path, PrinterSetting("till", "toy:1", ("receipt",))) as h:
        for serial, name in (("1", "Receipt"), ("2", "twin"), ("3", "TWIN"), ("4", "bad\x07name"), ("5", " ")):
            h.gate.wait(serial, name)
        reply = await h.adopt("1", "2", "3", "4", "5")
        assert [view.printer.name for view in reply.views] == ["1", "twin", "3", "4", "5"]


@pytest.mark.parametrize(
    "own",
    ["VICTIM-1", "victim-1", "Victim 1", "dial:VICTIM-1", "50J000000001", "50J000000001.", "d2j204500123", "Known-1"],
)
async def test_no_newcomer_is_called_as_another_printer_may_be_by_its_serial(tmp_path: Path, own: str) -> None:
    async with warehouse(tmp_path) as h:
        await h.do(AddPrinter("gate", "dial:known-1"))
        h.gate.wait("VICTIM-1", "Dock 4")
        h.gate.wait("EVIL", own)
        assert (await h.adopt("EVIL")).views[0].printer.name == "EVIL"
        assert (await h.adopt("VICTIM-1", "50J000000001")).views[0].printer.aliases == ("VICTIM-1",)
        for serial in ("VICTIM-1", "victim-1", "dial:VICTIM-1", "50J000000001"):
            assert (await h.view(serial)).printer.uri in ("dial:VICTIM-1", "dial:50J000000001")


async def test_a_newcomer_may_call_itself_by_its_own_serial_and_by_plain_words(tmp_path: Path) -> None:
    async with warehouse(tmp_path) as h:
        h.gate.wait("50J000000001", "50j000000001")
        h.gate.wait("50J000000002", "Warehouse")
        reply = await h.adopt("50J000000001", "50J000000002")
        assert [view.printer.name for view in reply.views] == ["50j000000001", "Warehouse"]
        assert (await h.view("50J000000001")).printer.uri == "dial:50J000000001"


async def test_a_printer_always_answers_to_its_serial_or_is_not_let_in(tmp_path: Path) -> None:
    async with warehouse(tmp_path, PrinterSetting("till", "toy:1", ("50J1",))) as h:
        for adoptions in (
            (Adoption("50J1", name="Dock 4"),),
            (Adoption("50J1"),),
            (Adoption("7", name="50J2"), Adoption("50J2", name="x")),
        ):
            refusal = await h.refused(AdoptPrinters(adoptions))
            assert (refusal.code, refusal.status) == ("name-taken", 409)
        assert "till answers to '50J1'" in (await h.refused(AdoptPrinters((Adoption("50J1"),)))).says
        assert h.gate.let_in == []


async def test_no_printer_gets_an_id_that_is_another_ones_name(tmp_path: Path) -> None:
    async with warehouse(tmp_path, PrinterSetting("till", "toy:1", ("receipt",))) as h:
        h.gate.wait("1", "Receipt.")
        assert (await h.adopt("1")).views[0].printer.id == "receipt-2"
        assert (await h.view("receipt")).printer.name == "till"


async def test_a_uri_is_the_printer_that_dials_in_with_it_and_no_other(tmp_path: Path) -> None:
    async with warehouse(tmp_path) as h:
        await h.do(AddPrinter("dial:1", "dial:2"))
        assert (await h.view("dial:1")).printer.uri == "dial:2", "a name as good as any, while nobody dials in so"
        await h.do(AddPrinter("two", "dial:1"))
        assert (await h.view("DIAL:1")).printer.uri == "dial:1"


async def test_a_name_that_is_asked_for_and_taken_lets_nobody_in(tmp_path: Path) -> None:
    async with warehouse(tmp_path, PrinterSetting("till", "toy:1")) as h:
        for adoptions in (
            (Adoption("1"), Adoption("2", name="Till")),
            (Adoption("1", name="same"), Adoption("2", name="Same")),
        ):
            assert (await h.refused(AdoptPrinters(adoptions))).code == "name-taken"
        assert h.gate.let_in == []
        assert len(await h.store.printers()) == 1


@pytest.mark.parametrize("device", ["", "has space:x", "toy:1", "dial:"])
async def test_what_is_no_serial_and_no_such_uri_is_refused(tmp_path: Path, device: str) -> None:
    async with warehouse(tmp_path) as h:
        refusal = await h.refused(AdoptPrinters((Adoption("1"), Adoption(device))))
        assert (refusal.code, refusal.status) == ("bad-uri", 422)


@pytest.mark.parametrize("count", [0, 10_001])
async def test_no_printer_and_too_many_at_once_are_refused(tmp_path: Path, count: int) -> None:
    async with warehouse(tmp_path) as h:
        assert (await h.refused(AdoptPrinters((Adoption("1"),) * count))).code == "bad-request"


class FullAfter(MemoryStore):
    """A disk that takes so many printers."""

    room = 2

    async def save_printer(self, printer: Printer) -> None:
        if not self.room:
            raise StoreFailed("the disk is full")
        self.room -= 1
        await super().save_printer(printer)


async def test_a_disk_that_does_not_take_all_of_them_lets_nobody_in(tmp_path: Path) -> None:
    store = FullAfter(tmp_path)
    async with warehouse(tmp_path, store=store) as h:
        assert (await h.refused(AdoptPrinters(tuple(Adoption(str(n)) for n in range(4))))).code == "store-failed"
        assert list(await store.printers()) == []
        assert h.gate.let_in == []
        store.room = 9
        assert len((await h.adopt("0", "1", "2", "3")).views) == 4


async def test_ten_thousand_printers_are_let_in_by_one_command(tmp_path: Path) -> None:
    async with warehouse(tmp_path) as h:
        reply = await h.adopt(*(f"50J{n:06}" for n in range(10_000)))
        assert all(reply.fresh)
        assert len({view.printer.id for view in reply.views}) == 10_000
        assert len(h.gate.let_in) == 10_000


async def test_who_is_rejected_is_not_let_in_and_not_forgotten(tmp_path: Path) -> None:
    store = MemoryStore(tmp_path)
    async with warehouse(tmp_path, store=store) as h:
        h.gate.wait("50J1")
        assert isinstance(await h.do(RejectPrinter("50J1")), Done)
        assert isinstance(await h.do(RejectPrinter("dial:never-seen")), Done)
        assert [uri for uri, _ in h.gate.sent_off] == ["dial:50J1", "dial:never-seen"]
    async with warehouse(tmp_path, store=store) as h:
        assert h.gate.desk.known("dial:50J1") == Known(None)
        assert (await unadopted(h)).rejected == ("dial:50J1", "dial:never-seen")
        await h.adopt("50J1")
        known = h.gate.desk.known("dial:50J1")
        assert known is not None
        assert known.printer == "50j1"
        assert (await unadopted(h)).rejected == ("dial:never-seen",)
        assert list(await store.rejected()) == ["dial:never-seen"]


async def test_a_printer_is_removed_before_it_is_rejected(tmp_path: Path) -> None:
    async with warehouse(tmp_path) as h:
        await h.adopt("50J1")
        refusal = await h.refused(RejectPrinter("50J1"))
        assert (refusal.code, refusal.status) == ("printer-known", 409)
        await h.do(RemovePrinter("50J1"))
        assert h.gate.sent_off[0][0] == "dial:50J1"
        assert h.gate.desk.known("dial:50J1") is None, "it may ask again"
        assert isinstance(await h.do(RejectPrinter("50J1")), Done)


async def test_a_printer_with_another_uri_is_another_printer_and_unbound(tmp_path: Path) -> None:
    async with warehouse(tmp_path) as h:
        h.gate.wait("1", identity="user:a")
        await h.adopt("1")
        h.gate.dial("1", reasons={"cover-open-error": "open"})
        await h.do(ChangePrinter("1", uri="Dial:1"))
        assert (await h.view("1")).printer.identity == "user:a", "the same, written otherwise"
        await h.do(ChangePrinter("1", uri="dial:2"))
        view = await h.view("1")
        assert (view.printer.identity, view.status.reasons) == ("", ())
        assert [uri for uri, _ in h.gate.sent_off] == ["dial:1"]
        assert h.gate.let_in[-1] == "dial:2"


async def test_two_printers_do_not_share_one_that_dials_in(tmp_path: Path) -> None:
    async with warehouse(tmp_path) as h:
        await h.adopt("1", "2")
        for ask in (AddPrinter("x", "DIAL:1"), ChangePrinter("2", uri="dial:1")):
            refusal = await h.refused(ask)
            assert (refusal.code, refusal.status) == ("uri-taken", 409)
        h.shelf.append(replace(h.shelf[0], printers=(PrinterSetting("a", "dial:9"), PrinterSetting("b", "DIAL:9"))))
        assert (await h.refused(Reload())).code == "bad-config"


async def test_a_configured_printer_is_let_in_and_keeps_what_it_proved_over_reloads(tmp_path: Path) -> None:
    store = MemoryStore(tmp_path)
    own = PrinterSetting("dock", "dial:1", ("label",))
    async with warehouse(tmp_path, own, store=store) as h:
        assert h.gate.let_in == ["dial:1"]
        await h.gate.desk.bind("dial:1", "user:a")
        h.shelf.append(replace(h.shelf[0], printers=(replace(own, aliases=("labels",)),)))
        await h.do(Reload())
        assert (await h.view("labels")).printer.identity == "user:a"
        h.shelf.append(replace(h.shelf[0], printers=()))
        await h.do(Reload())
        assert [uri for uri, _ in h.gate.sent_off] == ["dial:1"]
        assert h.gate.desk.known("dial:1") is None


async def test_one_that_was_adopted_and_is_then_configured_stays_the_same_printer(tmp_path: Path) -> None:
    async with warehouse(tmp_path) as h:
        h.gate.wait("1", identity="user:a")
        before = (await h.adopt("1")).views[0].printer
        h.shelf.append(replace(h.shelf[0], printers=(PrinterSetting("dock", "dial:1"),)))
        await h.do(Reload())
        after = (await h.view("dock")).printer
        assert (after.id, after.identity, after.source) == (before.id, "user:a", Source.CONFIGURED)
        assert h.gate.sent_off == []


async def test_who_is_bound_while_its_printer_is_changed_stays_bound(tmp_path: Path) -> None:
    async with warehouse(tmp_path) as h:
        await h.adopt("1")
        await asyncio.gather(
            h.do(PausePrinter("1")), h.gate.desk.bind("dial:1", "user:a"), h.do(ChangePrinter("1", aliases=("one",)))
        )
        printer = (await h.view("one")).printer
        assert (printer.paused, printer.identity) == (True, "user:a")
        assert [kept.printer for kept in await h.store.printers()] == [printer]


async def test_who_proved_something_else_is_sent_off_when_a_printer_is_bound_anew(tmp_path: Path) -> None:
    async with warehouse(tmp_path) as h:
        h.gate.wait("50J1", identity="user:thief")
        await h.adopt("50J1")
        h.gate.dial("50J1")
        await adopted(h, Adoption("50J1", identity="user:thief"))
        assert h.gate.sent_off == [], "it is bound to that already"
        reply = await adopted(h, Adoption("50J1", identity="user:till"))
        assert reply.notes == ("Nobody has come as dial:50J1 yet who proved user:till. Whoever proves it is let in.",)
        assert h.gate.sent_off == [("dial:50J1", "this serial is bound to another proof now")]
        assert h.gate.let_in == ["dial:50J1"] * 2, "whoever proves that may come at once"
        status = (await h.view("50J1")).status
        assert (status.reachable, status.reasons) == (Reachable.DOWN, (Reason.OFFLINE,))
        h.gate.dial("50J1")
        assert (await h.view("50J1")).status.reachable is Reachable.UP


async def test_nobody_is_sent_off_who_is_bound_for_the_first_time(tmp_path: Path) -> None:
    async with warehouse(tmp_path) as h:
        await h.adopt("50J1")
        await adopted(h, Adoption("50J1", identity="user:till"))
        assert h.gate.sent_off == []
        assert (await h.view("50J1")).status.reasons == ()
        await adopted(h, Adoption("50J1", identity="user:other"))
        assert (await h.view("50J1")).status.reasons == (), "who was not there did not go"


@pytest.mark.parametrize("identity", ["till", "user", "user:", "user: x", "None", "password:x", "user:a\nb", "secret"])
async def test_an_identity_that_nobody_can_prove_is_refused(tmp_path: Path, identity: str) -> None:
    async with warehouse(tmp_path) as h:
        refusal = await h.refused(AdoptPrinters((Adoption("1"), Adoption("2", identity=identity))))
        assert (refusal.code, refusal.status) == ("bad-identity", 422)
        assert "user:NAME" in refusal.says
        assert h.gate.let_in == []


async def test_an_identity_with_which_nobody_came_yet_is_taken_and_told(tmp_path: Path) -> None:
    async with warehouse(tmp_path) as h:
        for identity in ("user:a", "user:b"):
            h.gate.wait("50J1", identity=identity)
        reply = await adopted(h, Adoption("50J1", identity="certificate:c"), Adoption("50J2", identity="none"))
        assert [view.printer.identity for view in reply.views] == ["certificate:c", "none"]
        (note,) = reply.notes
        assert "dial:50J1" in note
        assert "who waits proved user:a, user:b" in note
        h.gate.wait("50J3", identity="user:a")
        assert (await adopted(h, Adoption("50J3", identity=" user:a "))).notes == ()


@pytest.mark.parametrize("serial", ["toy", "TOY", "dial", "socket"])
async def test_a_serial_may_be_a_word_that_begins_uris(tmp_path: Path, serial: str) -> None:
    async with warehouse(tmp_path) as h:
        assert (await h.adopt(serial)).views[0].printer.uri == f"dial:{serial}"
        await h.do(RemovePrinter(serial))
        h.gate.wait(serial)
        await h.do(RejectPrinter(serial))
        assert h.gate.desk.known(f"dial:{serial}") == Known(None)
