"""Loading: idempotence, references, duplicates, overlaps, trees, bad rows beside good ones."""

from collections.abc import Callable
from pathlib import Path

import pytest
from django.db import connection

from data_collection.imports.models import ImportBatch, ReferenceAlias, RejectedRow, Suggestion
from data_collection.imports.selectors import batch_refused, rejected_csv
from data_collection.imports.services.suggesting import suggestion_confirm
from data_collection.imports.services.uploads import rejected_retry
from data_collection.models import Account, Opportunity, OrderLine, Product, Rep, Stage, Team, TeamMembership
from salesops.jobs.services import job_work
from tests.data_collection.imports.conftest import counts, reasons, run_import

pytestmark = pytest.mark.django_db

STAGES = "name,rank,kind\nOpen,1,open\nWon,90,won\n"
REPS = "code,name\nana,Ana Lima\nboy,Boy Som\n"
DEALS = "external_id,name,owner,stage,status,amount,close_date,created_on,Region\n"


def versions(model: type) -> list[tuple]:
    """Physical place and writer of every row: the same only when nothing was written."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT id, ctid::text, xmin::text FROM {model._meta.db_table} ORDER BY id")
        return cursor.fetchall()


def test_importing_twice_writes_nothing(folder: Callable[..., Path]) -> None:
    place = folder(
        stage=STAGES,
        rep=REPS,
        opportunity=DEALS + "1,A,ana,Won,won,10.5,2026-02-01,2026-01-01,EU\n2,B,boy,Open,open,,,,\n",
    )
    first = run_import(place)
    assert counts(first, "opportunity") == (2, 2, 0, 0, 0)
    before = [versions(model) for model in (Opportunity, Rep, Stage)]
    second = run_import(place)
    assert counts(second, "opportunity") == (2, 0, 0, 2, 0)
    assert second.total["new"] == second.total["changed"] == 0
    assert [versions(model) for model in (Opportunity, Rep, Stage)] == before
    assert set(Opportunity.objects.values_list("batch_id", flat=True)) == {first.pk}


def test_only_what_differs_is_written_and_shown(folder: Callable[..., Path]) -> None:
    run_import(folder(stage=STAGES, opportunity=DEALS + "1,A,,Open,open,10,,,EU\n2,B,,Open,open,20,,,EU\n"))
    kept = versions(Opportunity)[0]
    batch = run_import(
        folder(opportunity=DEALS + "1,A,,Open,open,10.0000,,,EU\n2,B,,Open,open,25,,,Asia\n3,C,,Open,open,,,,\n")
    )
    assert counts(batch, "opportunity") == (3, 1, 1, 1, 0)
    assert versions(Opportunity)[0] == kept
    changes = {(c["row"], c["field"]): (c["old"], c["new"]) for c in batch.changes}
    assert changes[3, "amount"] == (20, 25)
    assert changes[3, "attributes"] == ({"Region": "EU"}, {"Region": "Asia"})
    assert Opportunity.objects.get(external_id="2").batch_id == batch.pk


def test_a_column_left_out_keeps_known_values(folder: Callable[..., Path]) -> None:
    run_import(folder(stage=STAGES, opportunity=DEALS + "1,A,,Open,open,10,,,EU\n"))
    run_import(folder(opportunity="external_id,name,stage,status\n1,New name,Open,open\n"))
    deal = Opportunity.objects.get()
    assert (deal.name, deal.amount, deal.attributes) == ("New name", 10, {"Region": "EU"})


def test_a_cell_emptied_clears_value_and_attribute(folder: Callable[..., Path]) -> None:
    run_import(folder(stage=STAGES, opportunity=DEALS + "1,A,,Open,open,10,,,EU\n"))
    run_import(folder(opportunity=DEALS + "1,A,,Open,open,,,,\n"))
    deal = Opportunity.objects.get()
    assert (deal.amount, deal.attributes) == (None, {})


def test_a_dry_run_tells_and_writes_nothing(folder: Callable[..., Path]) -> None:
    place = folder(stage=STAGES, rep=REPS, opportunity=DEALS + "1,A,Anna Lima,Open,open,x,,,\n2,B,ana,Open,open,1,,,\n")
    batch = run_import(place, dry_run=True)
    assert batch.state == ImportBatch.State.TRIED
    assert counts(batch, "opportunity") == (2, 1, 0, 0, 1)
    assert [row.row for row in RejectedRow.objects.all()] == [2]
    assert not Opportunity.objects.exists() and not Rep.objects.exists() and not Stage.objects.exists()


def test_a_row_comes_back_with_every_reason(folder: Callable[..., Path]) -> None:
    place = folder(
        stage=STAGES,
        rep=REPS,
        opportunity=DEALS + "1,A,nobody,Open,open,n/a,2017-02-30,31/31/2017,\n"
        "2,B,ana,Won,won,5,,2026-01-01,\n"
        "3,C,ana,Closing,open,5,,,\n"
        ",D,ana,Open,open,5,,,\n"
        "5,E,ana,Open,maybe,5,,,\n"
        "6,F,ana,Open,open,5,,2026-01-01,EU\n",
    )
    batch = run_import(place)
    assert counts(batch, "opportunity") == (6, 1, 0, 0, 5)
    assert set(reasons(batch)) == {
        (2, "owner", "nobody", "no rep with this code is known"),
        (2, "amount", "n/a", "is not a number"),
        (2, "close_date", "2017-02-30", "is no date (YYYY-MM-DD)"),
        (2, "created_on", "31/31/2017", "is no date (YYYY-MM-DD)"),
        (3, "status", "won", "A won or lost deal needs its close date."),
        (4, "stage", "Closing", "no stage with this name is known"),
        (5, "external_id", "", "is empty but required"),
        (6, "status", "maybe", "is none of: open, won, lost"),
    }
    assert all(why["fix"] for row in RejectedRow.objects.all() for why in row.reasons)
    assert Opportunity.objects.get().external_id == "6"


def test_a_negative_quantity_is_rejected_by_the_tables_own_rule(folder: Callable[..., Path]) -> None:
    place = folder(
        order_line="external_id,order_id,ordered_on,quantity,amount\n1,o,2026-01-01,-1,5\n2,o,2026-01-01,1,-5\n"
    )
    batch = run_import(place)
    assert reasons(batch) == [(2, "quantity", "-1", "The quantity can't be negative; mark a return as returned.")]
    assert OrderLine.objects.get().amount == -5  # a credit note is one


def test_duplicate_keys_name_the_first_row(folder: Callable[..., Path]) -> None:
    place = folder(
        order_line="external_id,order_id,ordered_on,quantity,amount\n"
        "1,o,2026-01-01,1,5\n2,o,2026-01-01,1,5\n1,o,2026-01-01,1,6\n2,o,2026-01-01,1.000,5.0\n"
    )
    batch = run_import(place)
    assert counts(batch, "order_line") == (4, 2, 0, 1, 1)
    assert reasons(batch) == [(4, "external_id", "1", "row 2 has the same key; other values in amount")]
    assert OrderLine.objects.get(external_id="1").amount == 5


def test_ragged_rows_are_rejected_whole(folder: Callable[..., Path]) -> None:
    batch = run_import(folder(rep="code,name,email\na,A,a@x\nb,B\nc,C,c@x,extra\nd,D,\n"))
    assert counts(batch, "rep") == (4, 2, 0, 0, 2)
    assert [(row, reason) for row, _f, _v, reason in reasons(batch)] == [
        (3, "the row has 2 cells, the header 3"),
        (4, "the row has 4 cells, the header 3"),
    ]
    assert RejectedRow.objects.get(row=4).cells == ["c", "C", "c@x", "extra"]


def test_a_tenth_of_broken_rows(folder: Callable[..., Path]) -> None:
    lines = [
        f"{i},o,{'2026-02-30' if i % 20 == 0 else '2026-01-01'},{-1 if i % 20 == 10 else 1},{i}" for i in range(1, 2001)
    ]
    batch = run_import(folder(order_line="external_id,order_id,ordered_on,quantity,amount\n" + "\n".join(lines)))
    assert counts(batch, "order_line") == (2000, 1800, 0, 0, 200)
    found = reasons(batch)
    assert sum(field == "ordered_on" for _r, field, _v, _w in found) == 100
    assert sum(field == "quantity" for _r, field, _v, _w in found) == 100
    assert OrderLine.objects.count() == 1800


# --- files ----------------------------------------------------------------------------------
def test_a_wrong_header_refuses_the_file_and_only_it(folder: Callable[..., Path]) -> None:
    batch = run_import(folder(rep=REPS, product="Code,Nmae,family\np,P,F\n"))
    refused = batch.files.exclude(refused="").get()
    assert refused.name == "product.csv"
    assert refused.refused == "Missing columns: “name” (is it “Nmae”?). The file has: code, Nmae, family."
    assert batch_refused(batch) and Rep.objects.count() == 2 and not Product.objects.exists()


def test_windows_accents_are_read_and_told(folder: Callable[..., Path]) -> None:
    batch = run_import(folder(account="external_id,name\n1,Société Générale\n".encode("cp1252")))
    assert Account.objects.get().name == "Société Générale"
    assert batch.findings == [
        {"text": "The file is not UTF-8; it was read as Windows-1252.", "values": [], "file": "account.csv"}
    ]


def test_a_binary_file_is_refused(folder: Callable[..., Path]) -> None:
    batch = run_import(folder(account=b"PK\x03\x04" + bytes(100), rep=REPS))
    assert batch.files.get(name="account.csv").refused.startswith("This is an Excel or ZIP file, not a CSV file.")
    assert Rep.objects.count() == 2


# --- references ------------------------------------------------------------------------------
def test_a_near_name_is_proposed_then_confirmed_and_remembered(folder: Callable[..., Path]) -> None:
    place = folder(
        product="code,name\nGTX Pro,GTX Pro\nGTX Plus Pro,GTX Plus Pro\n",
        stage=STAGES,
        opportunity="external_id,name,stage,product\n"
        "1,A,Open,GTXPro\n2,B,Open,GTXPro\n3,C,Open,GTX Pro\n4,D,Open,Zebra\n",
    )
    batch = run_import(place)
    assert counts(batch, "opportunity") == (4, 1, 0, 0, 3)
    found = {s.value: (s.shown, s.percent, s.rows) for s in batch.suggestions.all()}
    assert found == {"GTXPro": ("GTX Pro", 98, 2), "Zebra": ("", 0, 1)}
    assert "Did you mean “GTX Pro”?" in RejectedRow.objects.get(batch=batch, row=2).reasons[0]["fix"]

    suggestion_confirm(suggestion=batch.suggestions.get(value="GTXPro"), user=None)
    again = rejected_retry(batch=batch, user=None)
    job_work(again.job)
    again.refresh_from_db()
    assert again.state == ImportBatch.State.APPLIED
    assert counts(again, "opportunity") == (3, 2, 0, 0, 1)
    assert set(Opportunity.objects.values_list("external_id", "product__code")) == {
        ("1", "GTX Pro"),
        ("2", "GTX Pro"),
        ("3", "GTX Pro"),
    }
    third = run_import(place)  # the alias is used without asking
    assert counts(third, "opportunity") == (4, 0, 0, 3, 1)
    assert [s.value for s in third.suggestions.all()] == ["Zebra"]


def test_sure_suggestions_are_applied_when_accepted(folder: Callable[..., Path]) -> None:
    place = folder(
        product="code,name\nGTX Pro,GTX Pro\n",
        stage=STAGES,
        opportunity="external_id,name,stage,product\n1,A,Open,GTXPro\n2,B,Open,Zebra\n",
    )
    batch = run_import(place, accept_suggestions=True)
    assert counts(batch, "opportunity") == (2, 1, 0, 0, 1)
    assert batch.suggestions.get(value="GTXPro").state == Suggestion.State.APPLIED
    assert ReferenceAlias.objects.get().target == "GTX Pro"


def test_an_accepted_suggestion_of_a_dry_run_is_not_remembered(folder: Callable[..., Path]) -> None:
    place = folder(
        product="code,name\nGTX Pro,GTX Pro\n",
        stage=STAGES,
        opportunity="external_id,name,stage,product\n1,A,Open,GTXPro\n",
    )
    batch = run_import(place, accept_suggestions=True, dry_run=True)
    assert counts(batch, "opportunity") == (1, 1, 0, 0, 0)
    assert not ReferenceAlias.objects.exists()


def deals(**owner: object) -> dict:
    fields = {"external_id": "id", "name": "id", "stage": "stage", "owner": {"column": "owner", **owner}}
    return {"system": "t", "files": [{"file": "deals.csv", "tables": [{"table": "opportunity", "fields": fields}]}]}


def test_an_unknown_owner_may_be_left_empty_or_made(folder: Callable[..., Path]) -> None:
    run_import(folder(stage=STAGES, rep=REPS))
    place = folder(deals="id,stage,owner\n1,Open,Ana Lima\n2,Open,Zoe Quist\n")
    batch = run_import(place, deals(by="name", missing="empty"))
    assert counts(batch, "opportunity") == (2, 2, 0, 0, 0)
    assert Opportunity.objects.get(external_id="2").owner is None
    assert batch.findings[-1]["text"] == "1 rows of opportunity name an unknown owner; it was left empty."
    assert batch.findings[-1]["values"] == ["Zoe Quist"]
    made = run_import(place, deals(create_missing=True))
    assert counts(made, "rep") == (2, 2, 0, 0, 0)
    assert Opportunity.objects.get(external_id="2").owner.name == "Zoe Quist"


def test_two_reps_of_one_name_are_not_guessed(folder: Callable[..., Path]) -> None:
    run_import(folder(stage=STAGES, rep="code,name\na,Kim Lee\nb,Kim Lee\n"))
    batch = run_import(folder(deals="id,stage,owner\n1,Open,Kim Lee\n"), deals(by="name"))
    assert reasons(batch) == [(2, "owner", "Kim Lee", "more than one rep with this name")]


def test_rows_of_another_system_are_other_rows(folder: Callable[..., Path]) -> None:
    run_import(folder(account="external_id,name\n1,One\n"), system="a")
    run_import(folder(account="external_id,name\n1,Two\n"), system="b")
    place = folder(stage=STAGES, opportunity="external_id,name,stage,account\n9,D,Open,1\n")
    run_import(place, system="b")
    assert Opportunity.objects.get().account.name == "Two"


# --- trees and dates -------------------------------------------------------------------------
def test_children_may_come_before_parents_and_orphans_pull_theirs_along(folder: Callable[..., Path]) -> None:
    place = folder(team="code,name,parent\nc,C,b\nb,B,a\na,A,\ny,Y,x\nx,X,nowhere\n")
    batch = run_import(place)
    assert counts(batch, "team") == (5, 3, 0, 0, 2)
    assert [(row, value) for row, _f, value, _r in reasons(batch)] == [(5, "x"), (6, "nowhere")]
    assert Team.objects.get(code="c").parent.parent.code == "a"
    assert counts(run_import(place), "team") == (5, 0, 0, 3, 2)


def test_a_circle_is_rejected_and_the_rest_goes_in(folder: Callable[..., Path]) -> None:
    batch = run_import(folder(team="code,name,parent\na,A,b\nb,B,a\nc,C,\nd,D,d\n"))
    assert counts(batch, "team") == (4, 1, 0, 0, 3)
    assert {reason for *_x, reason in reasons(batch)} == {"the row would become part of itself"}
    assert [team.code for team in Team.objects.all()] == ["c"]


def test_overlapping_memberships_are_rejected_by_row(folder: Callable[..., Path]) -> None:
    folder(rep=REPS, team="code,name\nn,N\ns,S\n")
    place = folder(
        team_membership="rep,team,valid_from,valid_to\n"
        "ana,n,2026-01-01,2026-07-01\nana,s,2026-07-01,\nboy,n,2026-01-01,\nboy,s,2026-03-01,\nana,n,2027-05-01,2027-04-01\n"
    )
    batch = run_import(place)
    assert counts(batch, "team_membership") == (5, 3, 0, 0, 2)
    assert reasons(batch) == [
        (5, "valid_from", "2026-03-01", "overlaps row 4"),
        (6, "valid_to", "2027-04-01", "“Until” must be later than “from”."),
    ]
    later = run_import(folder(team_membership="rep,team,valid_from,valid_to\nana,n,2026-09-01,\n"))
    assert reasons(later) == [
        (2, "valid_from", "2026-09-01", "overlaps the known row from 2026-07-01 to further notice")
    ]
    ended = "rep,team,valid_from,valid_to\nana,s,2026-07-01,2026-09-01\nana,n,2026-09-01,\n"
    assert counts(run_import(folder(team_membership=ended)), "team_membership") == (2, 1, 1, 0, 0)
    assert TeamMembership.objects.count() == 4


# --- rejected rows as a file -----------------------------------------------------------------
def test_the_file_of_rejected_rows_runs_in_no_spreadsheet(folder: Callable[..., Path]) -> None:
    batch = run_import(folder(account="external_id,name,employees\n=cmd|1,+SUM(A1),-5\n2,@x,3.5\n"))
    lines = "".join(rejected_csv(batch)).splitlines()
    assert lines[0] == "file,row,table,reasons,external_id,name,employees"
    assert "'=cmd|1,'+SUM(A1),-5" in lines[1] and "can't be negative" in lines[1]
    assert "2,'@x,3.5" in lines[2] and "is not a whole number" in lines[2]
