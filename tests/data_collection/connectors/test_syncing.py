"""A sync brings what the source holds, goes on where it was cut off, and survives what sources do."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from data_collection.connectors.calc.source import (
    CursorGone,
    Page,
    RecordProblem,
    SourceBroken,
    SourceBusy,
    SourceRefused,
    Whole,
)
from data_collection.connectors.models import Connection, SyncPage, SyncRun
from data_collection.connectors.services.reading import OVERLAP
from data_collection.connectors.services.syncing import runs_forget
from data_collection.models import Account, ImportBatch, Opportunity, OpportunityLine, Rep
from salesops.models import User
from salesops.notices.models import Notice
from tests.builders import make_line, make_product
from tests.data_collection.connectors.conftest import mirror
from tests.data_collection.connectors.memory import MAPPING, START, Memory

pytestmark = pytest.mark.django_db
Sync = Callable[..., SyncRun]


class Cut(BaseException):
    """The process ends here."""


def cut_at(object: str, cursor: str | None) -> Callable[[str, str | None], Page | None]:
    def before(asked: str, at: str | None) -> None:
        if (asked, at) == (object, cursor):
            raise Cut

    return before


def counts(run: SyncRun, object: str) -> tuple[int, ...]:
    row = next(row for row in run.counts if row["object"] == object)
    return tuple(row[w] for w in ("read", "new", "changed", "same", "rejected", "deleted", "merged", "problems"))


def test_the_first_sync_brings_everything(sync: Sync, memory: Memory, rep: Rep) -> None:
    run = sync()
    assert run.state == "done" and run.requests == 1 + 3 + 3
    assert counts(run, "accounts") == (5, 5, 0, 0, 0, 0, 0, 0) and counts(run, "deals")[:2] == (5, 5)
    held = mirror()
    assert set(held["accounts"]) == {f"a{n}" for n in range(1, 6)}
    assert held["deals"]["d3"] == {
        "name": "Deal 3",
        "amount": Decimal("300.50"),
        "account__external_id": "a3",
        "owner__code": "memory-8",
        "stage__name": "Open",
    }
    # The owner whose address a rep has is that rep; the other one was made.
    assert held["accounts"]["a1"]["owner__code"] == rep.code
    assert set(Rep.objects.values_list("code", flat=True)) == {"rui", "memory-8"}
    # A column no field uses is kept.
    assert held["accounts"]["a4"]["attributes"] == {"region": "North"} and held["accounts"]["a1"]["attributes"] == {}


def test_its_import_is_in_the_history(sync: Sync, connection: Connection) -> None:
    run = sync()
    batch = ImportBatch.objects.get()
    assert run.batch == batch and batch.state == "applied" and batch.total["new"] >= 10
    assert "Memory" in batch.source and batch.system == "memory"
    assert not SyncPage.objects.exists()
    connection.refresh_from_db()
    assert connection.state == "ok"


def test_then_only_changes_are_asked_for(sync: Sync, memory: Memory) -> None:
    sync()
    memory.later(hours=5)
    memory.put("deals", "d2", amount="999.00")
    memory.asked.clear()
    run = sync()
    asked = {object: since for object, since, _cursor in memory.asked}
    assert asked["accounts"] == asked["deals"] == START - OVERLAP
    # The five met again because of the overlap change nothing.
    assert counts(run, "deals")[:4] == (5, 0, 1, 4)
    assert mirror()["deals"]["d2"]["amount"] == Decimal("999.00")
    memory.asked.clear()
    sync()
    assert {o: s for o, s, _c in memory.asked}["deals"] == START + timedelta(hours=5) - OVERLAP


def test_the_mark_never_passes_the_start_of_the_sync(sync: Sync, memory: Memory, connection: Connection) -> None:
    """A record dated in the future, and one changed while others were read, must not hide what came between."""
    memory.now = datetime(2999, 1, 1, tzinfo=UTC)
    memory.put("deals", "d9", name="From the future", stage="Open", owner_id="8")
    before = datetime.now(UTC)
    run = sync()
    mark = connection.cursors.get(object="deals").mark
    assert before <= mark <= datetime.now(UTC) and mark == run.started_at


@pytest.mark.parametrize(
    ("object", "cursor"), [("owners", None), ("accounts", None), ("accounts", "2"), ("deals", "4")]
)
def test_a_sync_cut_off_goes_on_at_the_next_page(sync: Sync, memory: Memory, object: str, cursor: str | None) -> None:
    memory.before = cut_at(object, cursor)
    with pytest.raises(Cut):
        sync()
    memory.before = lambda object, cursor: None
    read = list(memory.asked)[:-1]
    memory.asked.clear()
    run = sync()
    assert run.state == "done" and SyncRun.objects.count() == 1
    assert not {(o, c) for o, _s, c in read} & {(o, c) for o, _s, c in memory.asked}
    assert len(mirror()["accounts"]) == len(mirror()["deals"]) == 5 and run.requests == 7


def test_cut_off_between_import_and_end_keeps_the_counts(sync: Sync, monkeypatch: pytest.MonkeyPatch) -> None:
    from data_collection.connectors.services import syncing

    close = syncing.run_close
    monkeypatch.setattr(syncing, "run_close", lambda **_: (_ for _ in ()).throw(Cut()))
    with pytest.raises(Cut):
        sync()
    monkeypatch.setattr(syncing, "run_close", close)
    run = sync()
    assert ImportBatch.objects.count() == 1 and counts(run, "accounts")[:4] == (5, 5, 0, 0)


def test_what_is_deleted_there_is_marked_here(sync: Sync, memory: Memory) -> None:
    sync()
    memory.later(hours=1)
    memory.remove("deals", "d3")
    run = sync()
    assert counts(run, "deals")[5] == 1
    assert set(mirror()["deals"]) == {"d1", "d2", "d4", "d5"}
    assert Opportunity.objects.filter(external_id="d3", deleted_at__isnull=False).exists()


def test_what_comes_back_is_there_again(sync: Sync, memory: Memory) -> None:
    sync()
    memory.later(hours=1)
    kept = memory.records["deals"]["d3"]
    memory.remove("deals", "d3")
    sync()
    memory.records["deals"]["d3"] = kept  # unchanged, also its time
    sync("full")
    assert "d3" in mirror()["deals"]


def test_absence_counts_only_after_everything_was_read(sync: Sync, memory: Memory) -> None:
    sync()
    del memory.records["deals"]["d3"]  # without a sign
    memory.later(hours=1)
    memory.put("deals", "d1", name="Changed")
    sync()
    assert "d3" in mirror()["deals"]
    memory.before = cut_at("deals", "2")
    with pytest.raises(Cut):
        sync("full")
    assert "d3" in mirror()["deals"]
    memory.before = lambda object, cursor: None
    run = sync("full")
    assert "d3" not in mirror()["deals"] and counts(run, "deals")[5] == 1


def test_a_full_sync_that_misses_most_rows_deletes_none(sync: Sync, memory: Memory) -> None:
    for n in range(10, 60):
        memory.put("accounts", f"a{n}", name=f"Account {n}")
    sync()
    for n in range(10, 50):
        del memory.records["accounts"][f"a{n}"]
    run = sync("full")
    assert len(mirror()["accounts"]) == 55 and counts(run, "accounts")[5] == 0
    assert "40 of 55 known rows of account" in run.notes[0]


def test_a_record_with_a_problem_is_not_taken_for_absent(sync: Sync, memory: Memory) -> None:
    sync()
    del memory.records["accounts"]["a2"]
    problem = RecordProblem("accounts", "a2", "Its name is no text.")

    def before(object: str, cursor: str | None) -> Page | None:
        rows = [dict(row) for row in memory.records["accounts"].values()]
        return Page({"accounts": rows}, None, None, problems=(problem,), records=5) if object == "accounts" else None

    memory.before = before
    run = sync("full")
    assert "a2" in mirror()["accounts"] and counts(run, "accounts")[7] == 1
    assert run.problems.get().reason == "Its name is no text."


def merged_page(memory: Memory, *merged: tuple[str, str, str]) -> Callable[[str, str | None], Page | None]:
    def before(object: str, cursor: str | None) -> Page | None:
        return Page({}, None, None, merged=merged) if object == "accounts" else None

    return before


def test_merged_records_point_at_the_end_of_the_chain(sync: Sync, memory: Memory) -> None:
    sync()
    memory.before = merged_page(memory, ("account", "a1", "a2"))
    sync()
    memory.before = merged_page(memory, ("account", "a2", "a3"), ("account", "a3", "a4"))
    run = sync()
    last = Account.objects.get(external_id="a4")
    losers = Account.objects.filter(external_id__in=["a1", "a2", "a3"])
    assert {row.merged_into for row in losers} == {last} and all(row.deleted_at for row in losers)
    assert counts(run, "accounts")[6] == 2 and last.deleted_at is None
    memory.before = lambda object, cursor: None
    memory.put("deals", "d1", account="a1")  # a reference by the old id
    sync()
    assert mirror()["deals"]["d1"]["account__external_id"] == "a4"
    assert set(mirror()["accounts"]) == {"a4", "a5"}


def test_children_their_parent_no_longer_has_are_gone(sync: Sync, memory: Memory) -> None:
    sync()
    deal, other = Opportunity.objects.get(external_id="d1"), Opportunity.objects.get(external_id="d2")
    suite = make_product()
    for parent, key in ((deal, "l1"), (deal, "l2"), (other, "l3")):
        make_line(parent, suite, system="memory", external_id=key)
    whole = Whole("opportunity_line", "opportunity", "d1", ("l2",))
    memory.before = lambda object, cursor: Page({}, None, None, whole=(whole,)) if object == "deals" else None
    sync()
    assert set(OpportunityLine.objects.present().values_list("external_id", flat=True)) == {"l2", "l3"}


def test_a_record_changed_while_paging_is_met_twice_and_the_later_counts(sync: Sync, memory: Memory) -> None:
    def before(object: str, cursor: str | None) -> Page | None:
        if (object, cursor) == ("deals", "2"):
            memory.put("deals", "d1", amount="1.00")
            moved = memory.records["deals"]["d1"]
            return Page(
                {"deals": [dict(memory.records["deals"]["d3"]), dict(moved)]}, "4", memory.now.isoformat(), records=2
            )
        return None

    memory.before = before
    run = sync()
    assert mirror()["deals"]["d1"]["amount"] == Decimal("1.00") and counts(run, "deals")[4] == 0


def test_a_page_sent_again_is_harmless(sync: Sync, memory: Memory) -> None:
    sent = []

    def before(object: str, cursor: str | None) -> Page | None:
        if (object, cursor) == ("deals", "2") and not sent:
            sent.append(1)
            rows = [dict(memory.records["deals"][key]) for key in ("d1", "d2")]
            return Page({"deals": rows}, "2", None, records=2)
        return None

    memory.before = before
    run = sync()
    assert len(mirror()["deals"]) == 5 and counts(run, "deals")[:5] == (7, 5, 0, 0, 0)


def test_a_cursor_that_leads_nowhere_ends_the_sync(sync: Sync, memory: Memory, connection: Connection) -> None:
    memory.before = lambda object, cursor: Page({}, "2", None) if object == "deals" else None
    with pytest.raises(SourceBroken, match="the same page again"):
        sync()
    connection.refresh_from_db()
    assert connection.state == "trouble" and len(memory.asked) < 20


def test_a_dead_cursor_begins_that_object_again(sync: Sync, memory: Memory) -> None:
    dead = []

    def before(object: str, cursor: str | None) -> None:
        if (object, cursor) == ("accounts", "4") and not dead:
            dead.append(1)
            raise CursorGone("The cursor has expired.")

    memory.before = before
    run = sync()
    assert len(mirror()["accounts"]) == 5 and run.restarts == {"accounts": 1}
    assert [o for o, _s, _c in memory.asked].count("owners") == 1
    memory.before = lambda object, cursor: (_ for _ in ()).throw(CursorGone("No.")) if object == "deals" else None
    with pytest.raises(SourceBroken):
        sync()


def test_odd_rows_are_named_and_the_others_go_in(sync: Sync, memory: Memory) -> None:
    memory.records["accounts"] |= {"x": {"id": "", "name": "No id", "modified": START.isoformat()}}
    memory.put("accounts", "a1", name="Zero \0 and half \ud800 a pair", note="x" * 200_000, fresh="never seen before")
    memory.put("deals", "d5", amount="lots", name="Odd amount", stage="Open", owner_id="99")
    run = sync()
    assert [p.reason for p in run.problems.all()] == [
        "A row of “accounts” has no id.",
        "“note” is longer than 100,000 characters; the rest was cut off.",
    ]
    held = mirror()
    assert held["accounts"]["a1"]["name"] == "Zero  and half ? a pair"
    assert held["accounts"]["a1"]["attributes"]["fresh"] == "never seen before"
    assert "d5" not in held["deals"] and counts(run, "deals")[4] == 1
    assert run.batch.rejected.get().reasons[0]["reason"] == "is not a number"


def test_refused_needs_a_person_and_tells_operations_once(
    sync: Sync, memory: Memory, connection: Connection, analyst: User, rep_user: User
) -> None:
    memory.before = lambda object, cursor: (_ for _ in ()).throw(SourceRefused("Enter a new token."))
    for _night in range(3):
        with pytest.raises(SourceRefused):
            sync()
    connection.refresh_from_db()
    assert connection.state == "attention" and connection.words == "Enter a new token."
    notice = Notice.objects.get()
    assert notice.user == analyst and "Memory" in notice.subject and notice.text == "Enter a new token."
    memory.before = lambda object, cursor: None
    sync()
    connection.refresh_from_db()
    assert (connection.state, connection.words) == ("ok", "")
    memory.before = lambda object, cursor: (_ for _ in ()).throw(SourceRefused("Again."))
    with pytest.raises(SourceRefused):
        sync()
    assert Notice.objects.count() == 2  # a new trouble is told anew


def test_busy_keeps_what_was_read(sync: Sync, memory: Memory, connection: Connection) -> None:
    memory.before = lambda object, cursor: (
        (_ for _ in ()).throw(SourceBusy("Slow down.", retry_after=90)) if object == "deals" else None
    )
    with pytest.raises(SourceBusy):
        sync()
    connection.refresh_from_db()
    assert connection.state == "busy" and SyncPage.objects.filter(object="accounts").count() == 3
    memory.before = lambda object, cursor: None
    assert sync().requests == 7


def test_a_mapping_that_does_not_fit_is_told_and_the_sync_goes_on_once_it_does(
    sync: Sync, memory: Memory, connection: Connection
) -> None:
    wrong = {
        **MAPPING,
        "files": [*MAPPING["files"][:2], {"file": "deals.csv", "tables": [{"table": "opportunty", "fields": {}}]}],
    }
    Connection.objects.update(mapping=wrong)
    with pytest.raises(SourceRefused, match="Did you mean “opportunity”"):
        sync()
    assert not memory.asked
    Connection.objects.update(mapping=MAPPING)
    assert sync().state == "done" and len(mirror()["deals"]) == 5


def test_everything_asked_for_replaces_open_changes(sync: Sync, memory: Memory) -> None:
    sync()
    memory.before = cut_at("deals", None)
    with pytest.raises(Cut):
        sync()
    memory.before = lambda object, cursor: None
    run = sync("full")
    states = list(SyncRun.objects.order_by("pk").values_list("what", "state"))
    assert states == [("changes", "done"), ("changes", "dropped"), ("full", "done")] and run.what == "full"


def test_an_alias_set_by_a_person_decides_who_an_owner_is(sync: Sync, rep: Rep, outsider_rep: Rep) -> None:
    from data_collection.models import ReferenceAlias

    ReferenceAlias.objects.create(system="memory", table="rep", by="code", value="8", target="odd")
    sync()
    assert {row["owner__code"] for row in mirror()["deals"].values()} == {"odd"}
    assert not Rep.objects.filter(code="memory-8").exists()


def test_a_sync_in_which_nothing_happened_leaves_no_import(sync: Sync) -> None:
    first = sync()
    second = sync()
    assert counts(second, "deals")[:4] == (5, 0, 0, 5)
    assert ImportBatch.objects.get() == first.batch and second.batch is None


def test_old_syncs_are_forgotten(sync: Sync) -> None:
    old, new = sync(), sync()
    SyncRun.objects.filter(pk=old.pk).update(ended_at=datetime.now(UTC) - timedelta(days=91))
    assert runs_forget(now=datetime.now(UTC)) == 1
    assert list(SyncRun.objects.all()) == [new]


@pytest.mark.parametrize("newest", ["last Tuesday", "2026-03-01 08:00:00", ""])
def test_a_time_of_change_of_another_form_ends_nothing(
    sync: Sync, memory: Memory, connection: Connection, newest: str
) -> None:
    rows = [dict(row) for row in memory.records["deals"].values()]
    memory.before = lambda object, cursor: Page({"deals": rows}, None, newest) if object == "deals" else None
    assert sync().state == "done" and len(mirror()["deals"]) == 5
    assert connection.cursors.get(object="deals").mark == (START if newest.startswith("2026") else None)
