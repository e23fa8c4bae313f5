"""Undo of a batch: exactly what it did, later changes kept and told, facts told of it."""

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest
from django.db import connection

from data_collection.imports.models import ImportBatch, NewRows, ReferenceAlias, RowBefore
from data_collection.imports.services.undoing import UndoRefused, batch_undo, undo_preview, undo_queue
from data_collection.imports.targets import tables
from data_collection.models import (
    Account,
    Activity,
    FactDirty,
    Lead,
    Opportunity,
    Product,
    Rep,
    Stage,
    Team,
    TeamMembership,
)
from salesops.access.models import User
from salesops.jobs.models import JobState
from salesops.jobs.services import job_enqueue, job_work
from tests.builders import make_activity, make_membership, make_opportunity, make_rep
from tests.data_collection.imports.conftest import counts, run_import

pytestmark = pytest.mark.django_db

STAGES = "name,rank,kind\nOpen,1,open\nWon,90,won\n"
DEALS = "external_id,name,account,owner,stage,status,amount,close_date,created_on,Region\n"


def dump() -> dict[str, list[str]]:
    """Every row of every table an import may fill, with ids and batch numbers."""
    found = {}
    with connection.cursor() as cursor:
        for name, table in tables().items():
            cursor.execute(f"SELECT t::text FROM {table.db_table} t ORDER BY id")
            found[name] = [row for (row,) in cursor.fetchall()]
    return found


@pytest.fixture
def company(folder: Callable[..., Path]) -> ImportBatch:
    """A first import: trees, dated rows, deals."""
    return run_import(
        folder(
            team="code,name,parent\nall,All,\nnorth,North,all\n",
            rep="code,name\nana,Ana\nboy,Boy\n",
            team_membership="rep,team,valid_from,valid_to\nana,north,2025-01-01,\n",
            product="code,name,list_price\np,P,10.50\n",
            stage=STAGES,
            account="external_id,name,parent\nA1,Acme,\nA2,Acme East,A1\n",
            opportunity=DEALS + "1,One,A1,ana,Open,open,10,,2026-01-05,EU\n2,Two,A2,boy,Won,won,20,2026-02-01,,EU\n",
        )
    )


def second(folder: Callable[..., Path]) -> ImportBatch:
    """A later import that adds to and changes every kind of table."""
    return run_import(
        folder(
            team="code,name,parent\nnorth,The North,\nsouth,South,north\n",
            rep="code,name\nana,Ana Lima\ncid,Cid\n",
            team_membership="rep,team,valid_from,valid_to\nana,north,2025-01-01,2026-01-01\nana,south,2026-01-01,\n",
            product="code,name,list_price\np,P,12.75\nq,Q,\n",
            stage=STAGES + "Late,5,open\n",
            account="external_id,name,parent\nA1,Acme,A3\nA3,Holding,\n",
            opportunity=DEALS
            + "1,One,A3,cid,Late,open,10.0000,,2026-01-05,Asia\n3,Three,A3,cid,Won,won,5,2026-03-01,2026-02-02,\n",
        )
    )


def test_two_batches_undone_in_reverse_leave_the_tables_as_they_were(
    folder: Callable[..., Path], company: ImportBatch
) -> None:
    empty, before = {name: [] for name in tables()}, dump()
    later = second(folder)
    assert dump() != before
    assert batch_undo(batch=later, user=None).kept == []
    assert dump() == before
    done = batch_undo(batch=company, user=None)
    assert (done.remove["opportunity"], done.remove["account"], done.remove["team"], done.restore) == (2, 2, 2, {})
    assert dump() == empty


def test_the_preview_tells_what_the_undo_does_and_changes_nothing(
    folder: Callable[..., Path], company: ImportBatch
) -> None:
    later = second(folder)
    before = dump()
    told = undo_preview(later)
    assert told.remove == {
        "team": 1, "rep": 1, "team_membership": 1, "product": 1, "stage": 1, "account": 1, "opportunity": 1
    }  # fmt: skip
    assert told.restore == {
        "team": 1, "rep": 1, "team_membership": 1, "product": 1, "account": 1, "opportunity": 1
    }  # fmt: skip
    assert dump() == before
    assert batch_undo(batch=later, user=None) == told


def test_only_changed_rows_leave_a_copy(folder: Callable[..., Path], company: ImportBatch) -> None:
    assert not RowBefore.objects.exclude(before=None).exists()
    new_without_number = {"team", "rep", "team_membership", "product", "stage"}
    assert set(RowBefore.objects.values_list("table", flat=True)) == new_without_number
    assert set(NewRows.objects.values_list("table", flat=True)) == {"account", "opportunity"}
    later = second(folder)
    deal = RowBefore.objects.get(batch=later, table="opportunity")
    assert (deal.before["amount"], deal.before["batch_id"], deal.after) == (10, company.pk, None)


def test_a_later_import_keeps_its_rows(folder: Callable[..., Path], company: ImportBatch) -> None:
    later = second(folder)
    before = dump()
    kept = {(row.table, row.key): row.reason for row in undo_preview(company).kept}
    changed = f"was changed by import #{later.pk}"
    assert kept["opportunity", "1"] == kept["account", "A1"] == kept["rep", "ana"] == kept["product", "p"] == changed
    done = batch_undo(batch=company, user=None)
    assert not Opportunity.objects.filter(external_id="2").exists()  # nothing later touched it
    after = dump()
    assert after["team_membership"] == before["team_membership"]
    assert done.remove["opportunity"] == 1


def test_edits_by_hand_are_kept_and_told(folder: Callable[..., Path], company: ImportBatch) -> None:
    Opportunity.objects.filter(external_id="1").update(next_step="Call them")
    product = Product.objects.get(code="p")
    product.list_price = 99
    product.save()
    done = batch_undo(batch=company, user=None)
    kept = {(row.table, row.key): row.reason for row in done.kept}
    assert kept["opportunity", "1"] == kept["product", "p"] == "was changed since"
    assert kept["account", "A1"] == kept["rep", "ana"] == "is still used by opportunity"
    assert Opportunity.objects.get().next_step == "Call them"
    assert list(Account.objects.values_list("external_id", flat=True)) == ["A1"]
    assert done.kept_count == len(done.kept) == 5  # the stage of the deal, too
    assert Stage.objects.get().name == "Open"


def test_a_save_that_changes_nothing_is_no_edit(company: ImportBatch) -> None:
    for deal in Opportunity.objects.all():
        deal.save()
    Product.objects.get(code="p").save()
    assert batch_undo(batch=company, user=None).kept_count == 0
    assert not Opportunity.objects.exists() and not Product.objects.exists()


def test_a_stale_save_does_not_hide_a_later_import(folder: Callable[..., Path], company: ImportBatch) -> None:
    stale = Opportunity.objects.get(external_id="1")
    second(folder)
    stale.name = "Written over"
    stale.save()
    assert Opportunity.objects.get(external_id="1").batch_id is None
    batch_undo(batch=company, user=None)
    assert Opportunity.objects.get(external_id="1").name == "Written over"


def test_a_score_is_no_edit(folder: Callable[..., Path]) -> None:
    batch = run_import(folder(lead="external_id,name,created_on\nL1,Lea,2026-01-05\n"))
    Lead.objects.update(score=42, score_band="B1")
    assert batch_undo(batch=batch, user=None).remove == {"lead": 1}
    assert not Lead.objects.exists()


def test_children_made_later_keep_their_parents(folder: Callable[..., Path], company: ImportBatch) -> None:
    make_activity(opportunity=Opportunity.objects.get(external_id="2"))
    kept = {(row.table, row.key): row.reason for row in batch_undo(batch=company, user=None).kept}
    assert kept["opportunity", "2"] == "is still used by activity"
    # the account under it, and that account's own parent
    assert kept["account", "A2"] == "is still used by opportunity"
    assert kept["account", "A1"] == "is still used by account"
    assert Activity.objects.get().opportunity.account.parent.external_id == "A1"


def test_a_restored_row_lets_go_of_what_the_batch_made(folder: Callable[..., Path], company: ImportBatch) -> None:
    later = second(folder)
    assert Opportunity.objects.get(external_id="1").account.external_id == "A3"
    batch_undo(batch=later, user=None)
    assert not Account.objects.filter(external_id="A3").exists()
    assert Opportunity.objects.get(external_id="1").account.external_id == "A1"


def test_an_earlier_value_that_is_gone_is_not_put_back(folder: Callable[..., Path], company: ImportBatch) -> None:
    later = second(folder)
    deal = Opportunity.objects.get(external_id="1")
    Account.objects.filter(external_id="A2").update(parent=None)
    Account.objects.filter(external_id="A1").delete()
    done = batch_undo(batch=later, user=None)
    kept = {(row.table, row.key): row.reason for row in done.kept}
    assert kept["opportunity", "1"] == "what it referred to is gone"
    assert kept["account", "A3"] == "is still used by opportunity"
    assert [row.reason for row in done.kept if row.table == "account" and row.key.startswith("#")] == [
        "was deleted since"
    ]
    deal.refresh_from_db()
    assert deal.account.external_id == "A3"


def test_an_earlier_value_that_clashes_stays_out(folder: Callable[..., Path], company: ImportBatch) -> None:
    later = run_import(folder(team_membership="rep,team,valid_from,valid_to\nana,north,2025-01-01,2026-01-01\n"))
    make_membership(Rep.objects.get(code="ana"), Team.objects.get(code="all"), date(2026, 2, 1))
    done = batch_undo(batch=later, user=None)
    assert [(row.table, row.reason) for row in done.kept] == [
        ("team_membership", "its earlier values clash with a later row")
    ]
    assert done.restore == {}
    assert TeamMembership.objects.order_by("valid_from").first().valid_to == date(2026, 1, 1)


def test_a_row_changed_by_two_targets_gets_its_first_value_back(folder: Callable[..., Path]) -> None:
    run_import(folder(stage=STAGES, opportunity="external_id,name,stage,status,amount\n1,A,Open,open,1\n"))
    before = dump()
    mapping = {
        "system": "native",
        "files": [
            {
                "file": "opportunity.csv",
                "tables": [
                    {"table": "opportunity", "fields": {"external_id": "external_id", "name": "name"} | REST},
                    {
                        "table": "opportunity",
                        "known_by": ["external_id"],
                        "fields": {"external_id": "external_id"} | SUM,
                    },
                ],
            }
        ],
    }
    batch = run_import(
        folder(opportunity="external_id,name,stage,status,amount\n1,B,Open,open,9\n2,New,Open,open,3\n"), mapping
    )
    assert set(Opportunity.objects.values_list("name", "amount")) == {("B", 9), ("New", 3)}
    assert undo_preview(batch).restore == {"opportunity": 1}
    batch_undo(batch=batch, user=None)
    assert dump() == before


REST = {"stage": {"column": "stage", "by": "name"}, "status": "status"}
SUM = {"amount": "amount"}


def test_facts_hear_of_removed_and_restored_rows(folder: Callable[..., Path], company: ImportBatch) -> None:
    later = second(folder)
    FactDirty.objects.all().delete()
    batch_undo(batch=later, user=None)
    marks = {(mark.area, mark.day_from) for mark in FactDirty.objects.all()}
    assert ("sale", date(2026, 3, 1)) in marks  # deal 3 was won there
    assert ("deal", date(2026, 1, 5)) in marks  # deal 1 has its owner back


def test_what_was_learned_stays(folder: Callable[..., Path]) -> None:
    place = folder(
        rep="code,name\nana,Ana Lima\n",
        stage=STAGES,
        opportunity=DEALS + "1,A,,AnaLima,Open,open,1,,,\n",
    )
    mapping = {
        "system": "crm",
        "files": [
            {"file": "rep.csv", "tables": [{"table": "rep", "fields": {"code": "code", "name": "name"}}]},
            {
                "file": "stage.csv",
                "tables": [{"table": "stage", "fields": {"name": "name", "rank": "rank", "kind": "kind"}}],
            },
            {
                "file": "opportunity.csv",
                "tables": [
                    {
                        "table": "opportunity",
                        "fields": {
                            "external_id": "external_id",
                            "name": "name",
                            "owner": {"column": "owner", "by": "name"},
                        }
                        | REST,
                    }
                ],
            },
        ],
    }
    batch = run_import(place, mapping, accept_suggestions=True)
    assert counts(batch, "opportunity")[1] == 1
    batch_undo(batch=batch, user=None)
    assert not Opportunity.objects.exists()
    assert ReferenceAlias.objects.get().value == "AnaLima"


def test_the_batch_says_that_it_was_undone_by_whom(
    folder: Callable[..., Path], company: ImportBatch, analyst: User
) -> None:
    make_activity(opportunity=Opportunity.objects.get(external_id="2"))
    done = batch_undo(batch=company, user=analyst)
    company.refresh_from_db()
    assert (company.state, company.undone_by) == (ImportBatch.State.UNDONE, analyst)
    assert company.undone["remove"] == done.remove
    assert {"table": "opportunity", "key": "2", "reason": "is still used by activity"} in company.undone["kept"]
    assert not RowBefore.objects.exists() and not NewRows.objects.exists()


def test_what_cannot_be_undone_says_why(folder: Callable[..., Path], company: ImportBatch) -> None:
    tried = run_import(folder(stage=STAGES + "Extra,7,open\n"), dry_run=True)
    with pytest.raises(UndoRefused, match="A dry run writes nothing"):
        undo_preview(tried)
    batch_undo(batch=company, user=None)
    with pytest.raises(UndoRefused, match="undone already"):
        batch_undo(batch=company, user=None)
    with pytest.raises(UndoRefused, match="undone already"):
        undo_queue(batch=ImportBatch.objects.get(pk=company.pk), user=None)
    running = ImportBatch.objects.create(mapping="x", system="x")
    with pytest.raises(UndoRefused, match="still runs"):
        batch_undo(batch=running, user=None)


def test_undo_as_a_job(company: ImportBatch, analyst: User) -> None:
    row = job_work(undo_queue(batch=company, user=analyst))
    assert (row.state, row.result["removed"]) == (JobState.SUCCEEDED, sum(company.total[w] for w in ("new",)))
    assert not Opportunity.objects.exists()
    again = job_work(undo_queue_again(row))
    assert (again.state, again.result["removed"]) == (JobState.SUCCEEDED, row.result["removed"])


def undo_queue_again(row: object) -> object:
    """The same job once more, as after a lost answer."""
    return job_enqueue(kind="import_undo", params=row.params)


def test_a_row_a_person_added_meanwhile_is_not_the_batchs(folder: Callable[..., Path], company: ImportBatch) -> None:
    """Its id lies between the first and the last of the batch."""
    span = NewRows.objects.get(table="opportunity")
    mine = make_opportunity("Mine", owner=make_rep())
    NewRows.objects.filter(pk=span.pk).update(last=mine.pk)
    batch_undo(batch=company, user=None)
    assert Opportunity.objects.get().name == "Mine"


def test_what_is_too_old_is_forgotten_and_can_not_be_undone(folder: Callable[..., Path], company: ImportBatch) -> None:
    recent = second(folder)
    company.started_at -= timedelta(days=91)
    company.save()
    job_work(job_enqueue(kind="imports_tidy"))
    assert set(RowBefore.objects.values_list("batch", flat=True)) == {recent.pk}
    with pytest.raises(UndoRefused, match="90 days"):
        undo_preview(company)
    batch_undo(batch=recent, user=None)
