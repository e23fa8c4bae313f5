"""A person with words planted everywhere is erased: nothing of them is left, and every figure is what it was."""

import io
import json
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core.files.base import ContentFile
from django.core.management import call_command
from django.db import connection, models
from django.utils import timezone

from data_collection.duplicates.services import merge_undo, rows_merge
from data_collection.duplicates.services.search import search_all
from data_collection.facts.services import facts_rebuild
from data_collection.models import (
    ActivityFact,
    Connection,
    Contact,
    DealFact,
    ErasedReturn,
    Erasure,
    FindingEvent,
    ImportBatch,
    ImportFile,
    InboxMessage,
    Lead,
    LeadFact,
    MarketingEvent,
    PersonExport,
    QualityFinding,
    ReferenceAlias,
    RejectedRow,
    RowBefore,
    SaleFact,
    Suggestion,
    SyncPage,
    SyncProblem,
    SyncRun,
    WebhookSource,
)
from data_collection.privacy.selectors import held, people_find, person_of
from data_collection.privacy.services import (
    exports_forget,
    person_erase,
    person_export,
    returns_check,
)
from data_collection.webhooks.selectors import recipe_document, shipped_recipes
from data_collection.webhooks.services.processing import inbox_run
from salesops.models import JobRun, Notice, Outbox, User
from tests.builders import (
    make_account,
    make_activity,
    make_contact,
    make_job,
    make_lead,
    make_marketing_event,
    make_opportunity,
    make_order_line,
    make_rep,
)

pytestmark = pytest.mark.django_db
FIRST, LAST, EMAIL, PHONE = "Zqxanna", "Zqxleeova", "zqx.anna+news@canary.test", "+66 2 999 8877"
WHOLE = f"{FIRST} {LAST}"
CANARIES = ("zqx", "canary", "9998877", "999 8877")


def dump() -> dict[str, str]:
    """Every row of every table, as COPY writes it."""
    found = {}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT quote_ident(relname) FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
        )
        for (table,) in cursor.fetchall():
            out = io.StringIO()
            cursor.copy_expert(f"COPY {table} TO STDOUT", out)
            found[table] = out.getvalue()
    return found


def hits(word: str) -> list[str]:
    """Tables that hold a word, in text or in bytes."""
    spelled = (word, word.encode().hex(), word.title().encode().hex())
    return [table for table, text in dump().items() if any(one in text.lower() for one in spelled)]


@pytest.fixture
def planted(company: object, analyst: User) -> dict:
    """The person as a contact, a lead and a merged duplicate, and their words in every table that can hold them."""
    rep = make_rep("Rui")
    account = make_account("Borealis", owner=rep)
    contact = make_contact(
        account, first_name=FIRST, last_name=LAST, email=EMAIL, phone=PHONE, title="Zqx boss", external_id=EMAIL,
        attributes={"Nickname": "Zqxie"},
    )  # fmt: skip
    lead = make_lead(
        WHOLE, owner=rep, contact=contact, account=account, company="Zqx & Co", email=EMAIL.upper(), phone="02 9998877",
        status="disqualified", disqualified_reason=f"{WHOLE} left", disqualified_on=date(2026, 2, 1),
        attributes={"a": {"b": [WHOLE]}}, lead_source="Web",
    )  # fmt: skip
    double = make_contact(account, first_name=LAST, last_name=FIRST, email=EMAIL, attributes={"x": "Zqxtwo"})
    deal = make_opportunity(
        f"Deal with {WHOLE}", owner=rep, contact=contact, lead=lead, account=account, next_step="Ring Zqxanna"
    )
    make_opportunity(
        f"Renewal for {WHOLE}", owner=rep, account=account, attributes={"asked for by": EMAIL, "tier": "gold"}
    )
    make_activity(rep, lead=lead, subject="Zqxanna is on holiday", attributes={"to": EMAIL})
    make_activity(rep, account=account, opportunity=deal, subject=f"Mail to {EMAIL}")
    make_marketing_event(lead, contact=contact, attributes={"mail": EMAIL})
    make_order_line(rep, account=account)
    search_all()
    merge = rows_merge(winner=contact, losers=[double], user=analyst, choices={"first_name": double.pk})

    job = make_job(title=f"For {WHOLE}", params={"email": EMAIL}, result={"who": [WHOLE]}, error=EMAIL, trace=EMAIL)
    batch = ImportBatch.objects.create(
        mapping="m", system="crm", job=job,
        changes=[{"table": "contact", "file": "c.csv", "row": 4, "field": "first_name", "old": FIRST, "new": "Anna"},
                 {"table": "contact", "file": "c.csv", "row": 4, "field": "title", "old": "Zqx boss", "new": "x"}],
        findings=[{"text": "…", "values": [EMAIL]}],
    )  # fmt: skip
    file = ImportFile.objects.create(batch=batch, name="c.csv", detection={"sample": [["1", EMAIL, "Zqx boss"]]})
    file.stored.save("c.csv", ContentFile(f"id,email\n1,{EMAIL}\n".encode()))
    RejectedRow.objects.create(
        batch=batch, file=file, table="contact", row=2, cells=["1", EMAIL, "Zqx boss", "single zqx"],
        reasons=[{"field": "email", "value": EMAIL, "reason": "r"}],
    )  # fmt: skip
    RowBefore.objects.create(batch=batch, table="contact", row=contact.pk, before={"first_name": "Zqxold"}, after=None)
    Suggestion.objects.create(
        batch=batch, file_name="c.csv", field="contact", table="contact", by="email", value=EMAIL, rows=1
    )
    ReferenceAlias.objects.create(system="crm", table="contact", by="email", value=EMAIL, target=WHOLE)
    connected = Connection.objects.create(kind="pipedrive", name="P", system="p")
    run = SyncRun.objects.create(connection=connected)
    SyncPage.objects.create(
        run=run, object="persons", number=1,
        rows={
            "persons": [
                {"id": "1", "email": EMAIL, "job": "Zqx boss"},
                {"id": "2", "email": "b@b.test", "job": "Clerk"},
            ]
        },
    )  # fmt: skip
    for record, text in ((EMAIL, f'{{"job": "Zqx boss", "mail": "{EMAIL}"'), ("l-1", '{"street": "Zqx Road 1"')):
        SyncProblem.objects.create(run=run, object="persons", record=record, reason=f"{WHOLE}: no date", text=text)
    Lead.objects.filter(pk=lead.pk).update(system="p", external_id="l-1")
    finding = QualityFinding.objects.create(
        rule="r", table="lead", row_id=lead.pk, severity="high",
        first_seen=date(2026, 2, 1), last_seen=date(2026, 2, 1),
        state_since=date(2026, 2, 1), accepted_reason=f"{WHOLE} said so", system="crm",
    )  # fmt: skip
    FindingEvent.objects.create(finding=finding, day=date(2026, 2, 1), state="open", step=0, note=f"asked {EMAIL}")
    source = WebhookSource.objects.create(slug="form", name="Form", system="form")
    for number, text in enumerate((json.dumps({"mail": EMAIL, "job": "Zqx boss"}), f"name={WHOLE}")):
        InboxMessage.objects.create(source=source, key=str(number), seal=str(number), body=text.encode(), query="")
    Notice.objects.create(user=analyst, kind="k", key=f"k {EMAIL}", subject=f"{WHOLE} rang", text=f"ask {EMAIL}")
    Outbox.objects.create(
        kind="lead.x", key="1", payload={"lead": {"name": WHOLE, "email": EMAIL, "title": "Zqx boss"}}
    )
    LogEntry.objects.create(
        user=analyst, content_type=ContentType.objects.get_for_model(Contact), object_id=str(contact.pk),
        object_repr=WHOLE, action_flag=2, change_message=f"was {EMAIL}",
    )  # fmt: skip
    return {"contact": contact, "lead": lead, "double": double, "merge": merge, "file": file}


def _erase(row: Contact | Lead, user: User) -> Erasure:
    person = person_of("contact" if isinstance(row, Contact) else "lead", row.pk)
    assert person is not None
    return person_erase(person=person, reason="Asked for it", user=user)


def test_nothing_of_the_person_is_left_in_any_table(planted: dict, analyst: User) -> None:
    assert len(hits("zqx")) >= 20, "the canary sits in many tables before"
    erasure = _erase(planted["lead"], analyst)
    left = {word: tables for word in CANARIES if (tables := hits(word))}
    assert not left
    assert {t: len(ids) for t, ids in erasure.rows.items()} == {"contact": 2, "lead": 1}
    contact = Contact.objects.get(pk=planted["contact"].pk)
    assert str(contact) == erasure.pseudonym
    assert contact.erased_at and contact.attributes == {} and contact.external_id.startswith("erased-")
    assert erasure.user == analyst


def test_files_that_still_hold_it_are_named_and_other_people_are_left_alone(planted: dict, analyst: User) -> None:
    erasure = _erase(planted["contact"], analyst)
    assert erasure.files == [planted["file"].stored.name]
    page = SyncPage.objects.get()
    assert page.rows["persons"][1] == {"id": "2", "email": "b@b.test", "job": "Clerk"}
    assert MarketingEvent.objects.get().attributes == {}


SENT = {"email": EMAIL, "name": WHOLE, "phone": PHONE}


@pytest.mark.parametrize(
    ("body", "query"),
    [
        (urlencode({"email": EMAIL}), ""),
        (urlencode({"name": WHOLE}), ""),
        (urlencode({"phone": PHONE}), ""),
        (urlencode({"email": EMAIL}, safe="@"), ""),
        (urlencode({"name": WHOLE}, quote_via=quote), ""),
        ("{}", urlencode(SENT)),
        ("{}", urlencode(SENT, quote_via=quote)),
        (json.dumps({"n": "Zqxérie Zqxleé"}), ""),
        (urlencode({"n": "Zqxérie Zqxleé"}), ""),
    ],
)
def test_messages_are_emptied_however_a_form_wrote_them(company: object, analyst: User, body: str, query: str) -> None:
    lead = make_lead("Zqxérie Zqxleé" if "rie" in body else WHOLE, email=EMAIL, phone=PHONE)
    source = WebhookSource.objects.create(slug="form", name="Form", system="form")
    theirs = InboxMessage.objects.create(source=source, key="1", body=body.encode(), query=query)
    other = InboxMessage.objects.create(source=source, key="2", body=b"email=bob%40ray.test", query="a=b%40c")
    _erase(lead, analyst)
    theirs.refresh_from_db()
    other.refresh_from_db()
    assert b"qx" not in bytes(theirs.body) and theirs.query == ""
    assert (bytes(other.body), other.query) == (b"email=bob%40ray.test", "a=b%40c")


def test_a_late_message_makes_nobody_of_an_erased_record_again(company: object, analyst: User) -> None:
    text = shipped_recipes()["generic"]
    source = WebhookSource.objects.create(slug="web", name="Web", system="web", recipe=recipe_document(text))

    def told(number: int, person: dict) -> str:
        body = json.dumps({"id": f"e{number}", "type": "form", "person": person}).encode()
        message = InboxMessage.objects.create(source=source, key=str(number), body=body)
        inbox_run()
        message.refresh_from_db()
        return str(message.state)

    assert told(1, {"id": EMAIL, "email": EMAIL}) == "done"
    _erase(Lead.objects.get(), analyst)
    assert told(2, {"id": EMAIL, "email": EMAIL}) == "ignored"
    assert Lead.objects.count() == 1 and not Lead.objects.filter(email=EMAIL).exists()
    assert told(3, {"id": "901", "email": EMAIL}) == "done", "who signs up anew is flagged at night, not refused"
    assert returns_check() == 1


def test_figures_are_the_same_before_and_after(planted: dict, analyst: User) -> None:
    def figures() -> list:
        facts_rebuild()
        sums = []
        for model in (ActivityFact, DealFact, LeadFact, SaleFact):
            numbers = [f.name for f in model._meta.fields if isinstance(f, models.IntegerField | models.DecimalField)]
            totals = {f"s_{n}": models.Sum(n) for n in numbers}
            has_source = any(f.name == "source" for f in model._meta.fields)
            rows = (
                model.objects.values("source").annotate(**totals) if has_source else [model.objects.aggregate(**totals)]
            )
            sums.append(sorted(map(str, rows)))
        return sums

    before = figures()
    assert str(Decimal(2000)) in str(before)
    _erase(planted["contact"], analyst)
    assert figures() == before


def test_undoing_a_merge_afterwards_brings_no_data_back(planted: dict, analyst: User) -> None:
    _erase(planted["contact"], analyst)
    merge_undo(merge=planted["merge"], user=analyst)
    assert hits("zqx") == []


def test_an_import_does_not_bring_the_data_back(company: object, analyst: User, tmp_path: Path) -> None:
    contact = make_contact(first_name=FIRST, last_name=LAST, email=EMAIL, system="crm", external_id="7", country="Peru")
    erasure = _erase(contact, analyst)
    (tmp_path / "contact.csv").write_text(
        f"system,external_id,first_name,last_name,email,phone,country,Nickname\ncrm,7,{FIRST},{LAST},{EMAIL},{PHONE},Chile,Zqxie\n"
    )
    for _time in range(2):
        call_command("import_crm", str(tmp_path), mapping="native")
    contact.refresh_from_db()
    assert str(contact) == erasure.pseudonym
    assert contact.country == "Chile", "what is not personal follows the system"
    assert hits("zqx") == []
    assert ImportBatch.objects.latest("pk").total["same"] == 1, "nothing personal counts as a change"


def test_no_way_writes_the_personal_fields_of_an_erased_row(company: object, analyst: User) -> None:
    contact, lead = make_contact(first_name=FIRST, last_name=LAST), make_lead(WHOLE)
    _erase(contact, analyst)
    _erase(lead, analyst)
    Contact.objects.update(first_name=FIRST, email=EMAIL, attributes={"a": FIRST}, erased_at=None)
    Lead.objects.update(name=WHOLE, company=FIRST, phone=PHONE, erased_at=None)
    contact.refresh_from_db()
    lead.refresh_from_db()
    assert (contact.email, contact.attributes, lead.company, lead.phone) == ("", {}, "", "")
    assert contact.erased_at and lead.erased_at


def test_a_person_who_comes_back_is_flagged(company: object, analyst: User) -> None:
    _erase(make_contact(email=EMAIL, first_name=FIRST, last_name=LAST), analyst)
    make_lead("Somebody else", email="other@canary.test")
    assert returns_check() == 0
    back = make_lead("Zqx again", email="ZQX.anna@canary.test")
    assert returns_check() == 1
    assert returns_check() == 0, "flagged once"
    found = ErasedReturn.objects.get()
    assert (found.table, found.row_id) == ("lead", back.pk)
    _erase(back, analyst)
    assert ErasedReturn.objects.get().settled_at


def test_a_shared_mailbox_does_not_make_two_people_one(company: object) -> None:
    one = make_contact(first_name="Ann", last_name="Lee", email="info@acme.test")
    make_contact(first_name="Bob", last_name="Ray", email="info@acme.test")
    person = person_of("contact", one.pk)
    assert person is not None and person.ids == {"contact": [one.pk], "lead": []}


@pytest.mark.parametrize("query", [EMAIL, "ZQX.ANNA@canary.test", "029998877", WHOLE, f"{LAST} {FIRST}", LAST, "c-77"])
def test_a_person_is_found_by(query: str, company: object, analyst: User) -> None:
    row = make_contact(
        first_name=FIRST, last_name=LAST, email=EMAIL, phone=PHONE, external_id="c-77", country="Thailand"
    )
    make_contact(first_name="Bob", last_name="Ray", email="bob@ray.test", phone="+66 2 111 2222")
    search_all()
    assert people_find(analyst, query) == [("contact", row)]


def test_the_export_holds_everything_and_is_forgotten(planted: dict, analyst: User) -> None:
    person = person_of("contact", planted["contact"].pk)
    assert person is not None
    found = held(person)
    assert len(found["own_rows"]["data_collection.Contact"]) == 2
    assert set(found["rows_that_belong_to_the_person"]) >= {
        "data_collection.Activity",
        "data_collection.MarketingEvent",
    }
    assert set(found["rows_that_name_the_person"]) >= {
        "data_collection.RejectedRow", "data_collection.InboxMessage", "data_collection.SyncPage", "salesops.Notice",
        "salesops.Outbox", "data_collection.MergeImage", "data_collection.RowBefore", "data_collection.MatchKey",
        "data_collection.ReferenceAliasEvent", "admin.LogEntry", "salesops.JobRun",
    }  # fmt: skip
    export = person_export(person=person, table="contact", row_id=planted["contact"].pk, user=analyst)
    document = json.loads(export.file.read())
    assert document["own_rows"]["data_collection.Contact"][0]["email"] == EMAIL
    path = Path(export.file.path)
    _erase(planted["contact"], analyst)
    assert not path.exists() and not PersonExport.objects.exists(), "an erasure deletes exports of the person"
    export = PersonExport(table="lead", row_id=1, at=timezone.now() - timedelta(days=8))
    export.file.save("x.json", ContentFile(b"{}"))
    assert exports_forget(before=timezone.now() - timedelta(days=7)) == 1


def test_erasing_twice_says_so(company: object, analyst: User) -> None:
    from data_collection.privacy.tasks import erase_person
    from salesops.jobs.registry import JobHandle

    contact = make_contact(first_name=FIRST, last_name=LAST)
    row = JobRun(
        kind="people_erase", params={"rows": {"contact": [contact.pk]}, "why": {"reason": "r"}, "user": analyst.pk}
    )
    for _time in range(2):
        erase_person(JobHandle(row=row, token=None))
    assert Erasure.objects.count() == 1
