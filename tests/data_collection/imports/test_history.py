"""The list of imports with its filters, one import's page with changed values and names, and its undo."""

import html
import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from data_collection.imports.models import ImportBatch, ReferenceAlias
from data_collection.models import Account, Opportunity, Product, Rep
from salesops.access.models import User
from salesops.jobs.models import JobRun
from salesops.jobs.services import job_work
from tests.builders import make_account, make_job, make_product, make_rep, make_stage
from tests.data_collection.imports.conftest import csv_file, upload

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _own_media(tmp_path, settings) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"


@pytest.fixture
def ops(client: Client, analyst: User) -> Client:
    client.force_login(analyst)
    return client


def make_batch(**fields: object) -> ImportBatch:
    fields = {"mapping": "native", "system": "crm", "state": "applied", "counts": []} | fields
    return ImportBatch.objects.create(**fields)


def listed(client: Client, query: str = "") -> set[int]:
    text = client.get(reverse("sources") + query).content.decode()
    return {pk for pk in ImportBatch.objects.values_list("pk", flat=True) if f"#{pk}</a>" in text}


def test_an_empty_company_is_shown_the_way(ops: Client) -> None:
    text = ops.get(reverse("sources")).content.decode()
    assert "Nothing was imported yet" in text and "samples/deals.csv" in text and reverse("import_new") in text
    assert 'aria-label="Filters"' not in text


def test_filters_of_the_history(ops: Client, analyst: User, executive: User) -> None:
    mine = make_batch(user=analyst)
    other = make_batch(user=executive, system="hubspot", state="failed")
    command = make_batch(started_at=timezone.now() - timedelta(days=40))
    tried = make_batch(dry_run=True, state="tried", user=analyst)
    done = make_batch(retry_of=tried, user=analyst)
    shown = {mine.pk, other.pk, command.pk, done.pk}
    assert listed(ops) == shown
    assert listed(ops, "?show=all") == shown | {tried.pk}
    assert listed(ops, "?show=failed") == {other.pk}
    assert listed(ops, "?system=hubspot") == {other.pk}
    assert listed(ops, f"?by={executive.pk}") == {other.pk}
    assert listed(ops, "?by=command") == {command.pk}
    assert listed(ops, "?days=30") == shown - {command.pk}
    assert listed(ops, "?by=²&system=%00") == set()


def test_who_started_an_import_nobody_started(ops: Client) -> None:
    """A connection that was due is named; only the command line is called a command."""
    make_batch(source="connection “Pipedrive EU”")
    text = html.unescape(ops.get(reverse("sources")).content.decode())
    assert "connection “Pipedrive EU”" in text and ">command<" not in re.sub(r">\s+|\s+<", lambda m: m[0].strip(), text)


def test_the_list_has_a_known_number_of_queries(ops: Client, analyst: User) -> None:
    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as found:
            ops.get(reverse("sources"))
        return len(found)

    make_batch(user=analyst, job=make_job("import"))
    ops.get(reverse("sources"))
    few = min(queries(), queries())  # now and then one is asked by the clock, not by the page
    for number in range(20):
        make_batch(user=analyst, job=make_job("import"), system=f"s{number}")
    assert min(queries(), queries()) == few <= 15


def test_systems_say_what_came_in_last(ops: Client) -> None:
    make_batch(system="crm", rows_read=10)
    make_batch(system="crm", rows_read=5, rows_rejected=2)
    make_batch(system="crm", state="failed")
    text = html.unescape(ops.get(reverse("sources")).content.decode())
    assert "2 imports, 15 rows read" in text and "2 rejected rows wait" in text


# --- one import ------------------------------------------------------------------------------
def test_changed_values_are_paged_and_name_what_references_mean(ops: Client) -> None:
    ann, bob = make_rep("Ann", code="ann"), make_rep("Bob", code="bob")
    for n in range(60):
        make_account(f"Old {n}", system="native", external_id=str(n), owner=ann)
    rows = "".join(f"{n},New {n},bob\n" for n in range(60))
    tried = upload(ops, csv_file("account.csv", "external_id,name,owner\n" + rows))
    assert len(tried.changes) == 120
    first = ops.get(reverse("import_batch", args=[tried.pk])).content.decode()
    last = ops.get(reverse("import_batch", args=[tried.pk]) + "?changes=3").content.decode()
    assert re.search(r"Old 0\s*<", first) and re.search(r"New 0\s*<", first) and "Old 59" not in first
    assert "101–120 of 120" in last and re.search(r"New 59\s*<", last)
    assert str(ann) in first and str(bob) in first
    assert Account.objects.filter(owner=ann).count() == 60


def test_a_name_is_replaced_by_another_one(ops: Client) -> None:
    make_stage("Open")
    make_product("GTX Pro", code="gtx-pro")
    make_product("GTX Plus", code="gtx-plus")
    tried = upload(ops, csv_file("opportunity.csv", "external_id,name,stage,product\n1,A,Open,gtxpro\n"))
    suggestion = tried.suggestions.get()
    assert suggestion.shown == "gtx-pro" or suggestion.shown == "GTX Pro"
    names = ops.get(reverse("import_names", args=[tried.pk]) + "?table=product&by=code&other=plus").content.decode()
    assert "GTX Plus" in names and "GTX Pro" not in names
    confirm = reverse("import_confirm", args=[tried.pk])
    answer = ops.post(confirm, {"suggestion": suggestion.pk, "other": "GTX"}, follow=True)
    assert "is not the name of exactly one known row" in answer.content.decode()
    ops.post(confirm, {"suggestion": suggestion.pk, "other": "GTX Plus"})
    assert ReferenceAlias.objects.get().target == "gtx-plus"
    suggestion.refresh_from_db()
    assert (suggestion.state, suggestion.shown) == ("applied", "GTX Plus")
    ops.post(reverse("import_apply", args=[tried.pk]))
    job_work(ImportBatch.objects.first().job)
    assert Opportunity.objects.get().product == Product.objects.get(code="gtx-plus")


def test_names_of_other_tables_are_not_told(ops: Client) -> None:
    batch = make_batch()
    for query in ("?table=rep&by=code", "?table=user&by=password", ""):
        assert ops.get(reverse("import_names", args=[batch.pk]) + query).status_code == 404


def test_a_running_import_is_cancelled_from_its_page(ops: Client) -> None:
    job = make_job("import", state="running")
    batch = make_batch(state="running", job=job)
    text = ops.get(reverse("import_batch", args=[batch.pk])).content.decode()
    assert "every 2s" in text and reverse("import_cancel", args=[batch.pk]) in text
    ops.post(reverse("import_cancel", args=[batch.pk]))
    job.refresh_from_db()
    assert job.cancel_asked


def test_a_job_that_died_while_the_page_is_open(ops: Client) -> None:
    batch = make_batch(state="running", job=make_job("import", state="failed", error="Given up."))
    answer = ops.get(reverse("import_batch", args=[batch.pk]), headers={"HX-Request": "true"})
    text = answer.content.decode()
    assert 'id="import-live"' in text and "every 2s" not in text and "ended early" in text


def test_undo_shows_what_it_does_and_does_it(ops: Client) -> None:
    make_rep("Old", code="a")
    batch = upload(ops, csv_file("rep.csv", "code,name\na,Newer\nb,B\n"), dry_run=False)
    assert set(Rep.objects.values_list("name", flat=True)) == {"Newer", "B"}
    page = html.unescape(ops.get(reverse("import_undo", args=[batch.pk])).content.decode())
    assert "Removed" in page and "Restored" in page and "Undo this import" in page
    assert Rep.objects.count() == 2
    for _ in range(2):  # a double click is one undo
        ops.post(reverse("import_undo", args=[batch.pk]))
    job = JobRun.objects.get(kind="import_undo")
    assert "every 2s" in ops.get(reverse("import_batch", args=[batch.pk])).content.decode()
    job_work(job)
    batch.refresh_from_db()
    assert batch.state == "undone" and list(Rep.objects.values_list("name", flat=True)) == ["Old"]
    text = html.unescape(ops.get(reverse("import_batch", args=[batch.pk])).content.decode())
    assert "What undoing it did" in text and "Undo…" not in text
    assert "Undone" in ops.get(reverse("sources")).content.decode()


def test_a_dry_run_has_no_undo(ops: Client) -> None:
    tried = upload(ops, csv_file("rep.csv", "code,name\na,A\n"))
    answer = ops.get(reverse("import_undo", args=[tried.pk]), follow=True)
    assert "nothing to undo" in answer.content.decode()
