"""Setting a connection up: secrets go in and stay closed; tokens are renewed once; the pages, the API, the jobs."""

import logging
import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core import management
from django.db import connection as database
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from data_collection.connectors import tasks
from data_collection.connectors.calc.source import SourceBroken, SourceBusy, SourceRefused, token_renewed
from data_collection.connectors.models import Connection, SyncRun
from data_collection.connectors.services.connections import connection_save
from data_collection.connectors.services.syncing import LOCK, sync_enqueue
from data_collection.connectors.services.tokens import StoredTokens
from data_collection.models import Account, Opportunity
from salesops.jobs.models import JobRun
from salesops.jobs.nightly import nightly_start
from salesops.jobs.services import job_run, job_work
from salesops.models import User
from tests.standins.pipedrive import API_TOKEN, StandIn, company, stand_in

CANARY = "canary-6b1f7c-secret"


@pytest.fixture
def stand(settings: Any) -> Iterator[StandIn]:
    with stand_in(company(deals=3)) as found:
        settings.CONNECTOR_ADDRESSES = {"pipedrive": found.address}
        yield found


@pytest.fixture
def connection(db: None) -> Connection:
    row = Connection(kind="pipedrive", name="Pipedrive", system="pipedrive")
    return connection_save(connection=row, given={"company": "acme", "api_token": API_TOKEN, "history": "yes"})


@pytest.fixture
def ops(client: Client, analyst: User) -> Client:
    client.force_login(analyst)
    return client


def form(**values: str) -> dict[str, str]:
    return {"name": "Our Pipedrive", "v_company": "acme", "v_history": "yes", "nightly": "on", **values}


# --- the pages ---------------------------------------------------------------------------
def test_add_test_sync_and_look(ops: Client, stand: StandIn) -> None:
    page = ops.get(reverse("connections")).content.decode()
    assert "No system is connected yet" in page
    answer = ops.post(reverse("connection_new", args=["pipedrive"]), form(v_api_token=API_TOKEN), follow=True)
    page = answer.content.decode()
    assert "Connected to Acme Ltd as Rui Rocha." in page and API_TOKEN not in page
    row = Connection.objects.get()
    assert (row.system, row.settings["company"], row.nightly) == ("pipedrive", "acme", True)

    ops.post(reverse("connection_sync", args=[row.pk]), {"what": "changes"})
    job = JobRun.objects.get(kind="connector_sync")
    assert "Queued" in ops.get(reverse("connection", args=[row.pk])).content.decode()
    job_work(job)
    job.refresh_from_db()
    assert job.state == "succeeded" and job.rows_out and job.result["new"] > 20
    assert Opportunity.objects.count() == 3 and Account.objects.count() == 11
    page = ops.get(reverse("connection", args=[row.pk])).content.decode()
    assert "In order" in page and "Accounts" in page and "Sync now" in page
    run = SyncRun.objects.get()
    page = ops.get(reverse("connection_run", args=[row.pk, run.pk])).content.decode()
    assert "Its import" in page and "Records with problems" in page
    assert "Our Pipedrive" in ops.get(reverse("connections")).content.decode()


def test_an_empty_secret_stays_and_is_never_shown(ops: Client, stand: StandIn, connection: Connection) -> None:
    page = ops.get(reverse("connection_edit", args=[connection.pk])).content.decode()
    assert "A value is stored; leave this empty to keep it." in page and API_TOKEN not in page
    ops.post(reverse("connection_edit", args=[connection.pk]), form(name="Renamed", every_minutes="30"))
    connection.refresh_from_db()
    assert connection.secret_values() == {"api_token": API_TOKEN} and connection.name == "Renamed"
    assert connection.every_minutes == 30 and connection.next_at > timezone.now() + timedelta(minutes=29)
    ops.post(reverse("connection_edit", args=[connection.pk]), form(forget_api_token="on", v_refresh_token="r"))
    connection.refresh_from_db()
    assert connection.secret_values() == {"refresh_token": "r"}


def test_wrong_entries_are_told_in_words(ops: Client, stand: StandIn, connection: Connection) -> None:
    stand.token = "another"
    answer = ops.post(reverse("connection_test", args=[connection.pk]), headers={"HX-Request": "true"})
    assert "Pipedrive does not accept the token. Enter a new one." in answer.content.decode()
    answer = ops.post(reverse("connection_edit", args=[connection.pk]), form(every_minutes="1", name=""))
    assert answer.status_code == 400


def test_pause_and_go_on(ops: Client, connection: Connection) -> None:
    job = sync_enqueue(connection=connection)
    ops.post(reverse("connection_pause", args=[connection.pk]), {"do": "pause"})
    job_run(job.pk)
    job.refresh_from_db()
    assert job.state == "succeeded" and "paused" in job.result["words"] and not SyncRun.objects.exists()
    ops.post(reverse("connection_pause", args=[connection.pk]), {"do": "resume"})
    connection.refresh_from_db()
    assert connection.active


def test_the_mapping_is_edited_by_field_and_as_text(ops: Client, stand: StandIn, connection: Connection) -> None:
    url = reverse("connection_mapping", args=[connection.pk])
    page = ops.get(url).content.decode()
    assert "accounts → account" in page and "employee_count" in page
    ops.post(url, {"do": "field", "target": "accounts/account", "field": "region", "column": "Colour"})
    job_work(sync_enqueue(connection=connection))
    assert Account.objects.get(external_id="1").region == "Blue"
    wrong = ops.post(
        url, {"do": "document", "document": "files:\n  - file: a.csv\n    tables:\n      - table: acount\n"}
    )
    assert wrong.status_code == 400 and "Did you mean “account”?" in wrong.content.decode()
    assert ops.post(url, {"do": "document", "document": "[unclosed"}).status_code == 400
    wrong = ops.post(url, {"do": "field", "target": "nothing/here", "field": "name", "column": "x"})
    assert wrong.status_code == 400
    connection.refresh_from_db()
    assert connection.mapping is not None
    ops.post(url, {"do": "reset"})
    connection.refresh_from_db()
    assert connection.mapping is None


def test_deleting_keeps_the_rows(ops: Client, stand: StandIn, connection: Connection) -> None:
    job_work(sync_enqueue(connection=connection))
    assert ops.get(reverse("connection_delete", args=[connection.pk])).status_code == 200
    ops.post(reverse("connection_delete", args=[connection.pk]))
    assert not Connection.objects.exists() and Account.objects.count() == 11


def test_list_page_has_a_known_number_of_queries(
    ops: Client, stand: StandIn, connection: Connection, django_assert_max_num_queries: Any
) -> None:
    job_work(sync_enqueue(connection=connection))
    with django_assert_max_num_queries(15):
        ops.get(reverse("connections"))
    with django_assert_max_num_queries(15):
        ops.get(reverse("connection", args=[connection.pk]))


@pytest.mark.parametrize("person", ["rep_user", "manager", "executive", "finance", "viewer"])
def test_others_are_kept_out(
    client: Client, request: pytest.FixtureRequest, connection: Connection, person: str
) -> None:
    client.force_login(request.getfixturevalue(person))
    for name in ("connection", "connection_edit", "connection_mapping", "connection_delete"):
        assert client.get(reverse(name, args=[connection.pk])).status_code == 403, name
    for name in ("connection_test", "connection_sync", "connection_pause", "connection_delete"):
        assert client.post(reverse(name, args=[connection.pk])).status_code == 403, name
    assert client.get(f"/api/v1/connections/{connection.pk}/").status_code == 403
    assert client.get("/api/v1/connections/").status_code == 403


# --- the API -----------------------------------------------------------------------------
def test_api(ops: Client, stand: StandIn) -> None:
    url = "/api/v1/connections/"
    sent = {"kind": "pipedrive", "name": "By API", "settings": {"company": "acme"}, "secrets": {"api_token": API_TOKEN}}
    made = ops.post(url, sent, content_type="application/json")
    assert made.status_code == 201 and API_TOKEN not in made.content.decode()
    row = made.json()
    assert row["secrets_set"] == ["api_token"] and "secrets" not in row
    assert ops.post(f"{url}{row['id']}/test/").json() == {"good": True, "words": "Connected to Acme Ltd as Rui Rocha."}
    queued = ops.post(f"{url}{row['id']}/sync/", {"what": "full"}, content_type="application/json")
    assert queued.status_code == 202
    job_work(JobRun.objects.get(pk=queued.json()["job"]))
    syncs = ops.get(f"{url}{row['id']}/syncs/").json()
    assert syncs[0]["what"] == "full" and syncs[0]["state"] == "done" and syncs[0]["counts"]
    changed = ops.patch(f"{url}{row['id']}/", {"every_minutes": 60}, content_type="application/json").json()
    assert changed["every_minutes"] == 60 and changed["settings"]["company"] == "acme"
    assert changed["last_sync"]["state"] == "done"
    for wrong in ({"kind": "fax", "name": "x"}, sent | {"name": "y", "settings": {"host": "evil"}}, sent):
        assert ops.post(url, wrong, content_type="application/json").status_code == 400
    assert (
        ops.patch(f"{url}{row['id']}/", {"secrets": {"company": "x"}}, content_type="application/json").status_code
        == 400
    )
    assert ops.post(f"{url}{row['id']}/sync/", {"what": "all"}, content_type="application/json").status_code == 400


# --- the jobs ----------------------------------------------------------------------------
def failing(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def work(**_: Any) -> None:
        raise error

    monkeypatch.setattr(tasks, "sync_work", work)


def run_job(connection: Connection, **more: Any) -> JobRun:
    job = sync_enqueue(connection=connection, **more)
    job_run(job.pk)
    job.refresh_from_db()
    return job


def test_a_busy_vendor_puts_the_job_off(connection: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    failing(monkeypatch, SourceBusy("Slow down.", retry_after=900))
    job = run_job(connection)
    assert job.state == "queued" and job.message == "Slow down."
    assert timedelta(seconds=890) < job.not_before - timezone.now() < timedelta(seconds=910)
    assert sync_enqueue(connection=connection) == job


def test_a_refusal_ends_the_job_with_its_words(connection: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    failing(monkeypatch, SourceRefused("Enter a new token."))
    job = run_job(connection)
    assert (job.state, job.error, job.attempts) == ("failed", "Enter a new token.", 1)


def test_a_broken_vendor_is_tried_three_times_and_then_seen(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing(monkeypatch, SourceBroken("Half an answer."))
    job = run_job(connection)
    assert job.state == "queued"
    for _try in range(2):
        JobRun.objects.update(not_before=timezone.now())
        job_run(job.pk)
    job.refresh_from_db()
    connection.refresh_from_db()
    assert job.state == "failed" and (connection.state, connection.words) == ("trouble", "Half an answer.")


@pytest.mark.parametrize(
    "error", [SourceRefused("No."), SourceBroken("Half."), SourceBusy("Wait.", retry_after=3000), RuntimeError("x")]
)
def test_no_connection_stops_the_night(
    connection: Connection, monkeypatch: pytest.MonkeyPatch, error: Exception, company: Any
) -> None:
    failing(monkeypatch, error)
    monkeypatch.setattr("salesops.jobs.services.RETRY_AFTER", (timedelta(0), timedelta(0)))
    night = nightly_start(as_of=timezone.now().date())
    assert job_work(night).state == "succeeded"
    facts = night.children.get(kind="facts")
    part = night.children.get(kind="connector_sync")
    assert facts.state == "succeeded" and part in facts.after.all()
    alone = JobRun.objects.filter(kind="connector_sync", parent=None)
    assert alone.count() == (1 if isinstance(error, SourceBusy) else 0)


def test_the_night_syncs_and_counts_what_came(connection: Connection, stand: StandIn, company: Any) -> None:
    paused = Connection(kind="pipedrive", name="Off", system="off", active=False)
    paused.save()
    assert job_work(nightly_start(as_of=timezone.now().date())).state == "succeeded"
    assert SyncRun.objects.get().cause == "night" and Opportunity.objects.count() == 3


def test_planned_syncs_start_once(connection: Connection) -> None:
    connection.every_minutes = 30
    connection.plan_next(timezone.now())
    connection.save()
    now = timezone.now()
    tasks.sync_due(now)
    assert not JobRun.objects.exists()
    for _beat in range(3):
        tasks.sync_due(now + timedelta(minutes=31))
    assert JobRun.objects.filter(kind="connector_sync").count() == 1
    connection.refresh_from_db()
    assert connection.next_at == now + timedelta(minutes=61)
    JobRun.objects.all().delete()
    Connection.objects.update(state="attention")
    tasks.sync_due(now + timedelta(minutes=90))
    assert not JobRun.objects.exists()  # a person must act first


@pytest.mark.django_db(transaction=True)
def test_one_sync_of_a_connection_at_a_time() -> None:
    row = Connection.objects.create(kind="pipedrive", name="Pipedrive", system="pipedrive")
    other = database.copy()
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s, %s)", [LOCK, row.pk])
    job = run_job(row)
    other.close()
    assert job.state == "succeeded" and "Another sync" in job.result["words"] and not SyncRun.objects.exists()


# --- tokens ------------------------------------------------------------------------------
def app_connection() -> Connection:
    given = {"company": "acme", "client_id": "id", "client_secret": "s", "refresh_token": "first"}
    return connection_save(connection=Connection(kind="pipedrive", name="App", system="app"), given=given)


@pytest.mark.django_db
def test_an_expired_token_is_renewed_in_the_middle(stand: StandIn) -> None:
    stand.oauth = {"access": "none yet", "refresh": "first"}
    stand.faults = {n: ["expired"] for n in (9, 15, 20)}
    row = app_connection()
    job_work(sync_enqueue(connection=row))
    row.refresh_from_db()
    assert row.state == "ok" and stand.refreshed == 4
    assert StoredTokens(row).load()["refresh_token"] == "refresh-4"  # each renewal spends the one before


@pytest.mark.django_db
def test_a_revoked_token_needs_attention(stand: StandIn, analyst: User) -> None:
    stand.oauth = {"access": "none yet", "refresh": "another"}
    row = app_connection()
    assert run_job(row).state == "failed"
    row.refresh_from_db()
    assert row.state == "attention" and "refresh token" in row.words


@pytest.mark.django_db(transaction=True)
def test_eight_workers_renew_a_token_once() -> None:
    row = Connection.objects.create(kind="pipedrive", name="App", system="app")
    asked: list[int] = []
    start = threading.Barrier(8)
    found: list[str] = []

    def ask(stored: dict[str, str]) -> dict[str, str]:
        asked.append(1)
        return {"access_token": f"access-{len(asked)}"}

    def worker() -> None:
        start.wait()
        found.append(token_renewed(StoredTokens(row), used="", ask=ask)["access_token"])
        database.close()

    threads = [threading.Thread(target=worker) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(asked) == 1 and found == ["access-1"] * 8


@pytest.mark.django_db
def test_new_entries_drop_the_old_token(stand: StandIn) -> None:
    row = app_connection()
    StoredTokens(row).save({"access_token": "a"})
    row.refresh_from_db()
    connection_save(connection=row, given={"company": "acme", "client_id": "id", "refresh_token": "second"})
    row.refresh_from_db()
    assert not row.token and row.secret_values() == {"client_secret": "s", "refresh_token": "second"}


# --- secrets -----------------------------------------------------------------------------
@pytest.mark.django_db(transaction=True)
def test_secrets_are_nowhere_to_be_read(
    client_of: Any, stand: StandIn, caplog: pytest.LogCaptureFixture, tmp_path: Any, settings: Any
) -> None:
    """Dump, logs at their loudest, pages, admin, API, jobs and error pages hold no canary."""
    from tests.builders import make_user

    ops = client_of(make_user("ops"))
    ops.raise_request_exception = False
    stand.token, seen = CANARY, []
    with caplog.at_level(logging.DEBUG):
        answer = ops.post(reverse("connection_new", args=["pipedrive"]), form(v_api_token=CANARY), follow=True)
        row = Connection.objects.get()
        StoredTokens(row).save({"access_token": CANARY + "-access"})
        job_work(sync_enqueue(connection=row))
        stand.token = "changed"
        job_work(sync_enqueue(connection=row))
        seen = [answer, ops.post(reverse("connection_test", args=[row.pk]), follow=True)]
        seen.append(ops.post(reverse("connection_edit", args=[row.pk]), form(name="", v_api_token=CANARY)))
        run = SyncRun.objects.first()
        names = ("connection", "connection_edit", "connection_mapping", "connection_delete")
        seen += [ops.get(reverse(name, args=[row.pk])) for name in names]
        seen += [ops.get(reverse("connection_run", args=[row.pk, run.pk])), ops.get(reverse("connections"))]
        seen += [ops.get(f"/api/v1/connections/{row.pk}/"), ops.get(f"/api/v1/connections/{row.pk}/syncs/")]
        seen += [ops.get(reverse("job", args=[job.pk])) for job in JobRun.objects.all()]
        seen += [ops.get("/api/v1/jobs/"), ops.get("/admin/")]
        Connection.objects.update(secrets="not json but a secret " + CANARY)
        seen.append(ops.get(reverse("connection", args=[row.pk])))
    assert all(CANARY not in answer.content.decode() for answer in seen)
    assert "api_token" not in caplog.text and CANARY not in caplog.text
    dump = tmp_path / "dump.json"
    management.call_command("dumpdata", output=str(dump))
    assert row.name in dump.read_text() and CANARY not in dump.read_text()
    assert CANARY not in _database_text()


def _database_text() -> str:
    """Every row of every table as text, as a dump of the server has it."""
    found = []
    with database.cursor() as cursor:
        for table in database.introspection.table_names(cursor):
            cursor.execute(f'SELECT to_jsonb(t)::text FROM "{table}" t')
            found += [text for (text,) in cursor.fetchall()]
    return "\n".join(found)


@pytest.mark.django_db
def test_secrets_under_a_lost_key_ask_to_be_entered_again(connection: Connection, settings: Any) -> None:
    settings.ENCRYPTION_KEYS = ["another key"]
    job = run_job(connection)
    assert job.state == "failed" and "enter the secret again" in job.error
    connection.refresh_from_db()
    assert connection.state == "attention" and connection.secrets_set() == []


@pytest.mark.django_db
def test_history_holds_what_was_set_but_no_secret(connection: Connection) -> None:
    from salesops.audit.selectors import changes_of

    connection.nightly = False
    connection.save()
    connection_save(connection=connection, given={"company": "acme", "api_token": CANARY})
    found = [part for change in changes_of(connection) for part in change.fields]
    assert {"every night", "settings"} <= {part.field for part in found}
    assert not {"secrets", "token"} & {part.field for part in found} and CANARY not in str(found)
