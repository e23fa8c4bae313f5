"""Messages become leads, contacts and events: once in effect, in any order, with every failure kept."""

import random
import uuid
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection
from django.utils import timezone

from data_collection.facts.services import facts_refresh
from data_collection.models import Contact, FactDirty, InboxMessage, Lead, MarketingEvent, WebhookSource
from data_collection.webhooks.services import people, processing
from data_collection.webhooks.services.processing import (
    inbox_forget,
    inbox_run,
    inbox_tidy,
    message_process,
    messages_claim,
    messages_replay,
)
from salesops.company import selectors as company_selectors
from tests.builders import make_lead, make_rep
from tests.data_collection.webhooks.conftest import Send

pytestmark = pytest.mark.django_db
Process = Callable[[], dict[str, int]]


def event(**more: object) -> dict:
    person = {"id": "p1", "email": "ann@example.com", "name": "Ann Lee", "company": "Lee & Co", "shoe": 38}
    base = {"id": "e1", "type": "form", "occurred_at": "2026-03-31T20:00:00Z", "campaign": "Spring", "person": person}
    return base | more


def about(number: int, at: str, **person: object) -> dict:
    return {"id": f"a{number}", "occurred_at": at, "person": {"id": "p1"} | person}


def test_a_form_becomes_a_lead_and_an_event(source: WebhookSource, send: Send, process: Process) -> None:
    send(event())
    assert process() == {"done": 1}
    lead = Lead.objects.get()
    assert (lead.system, lead.external_id, lead.email, lead.name) == ("web", "p1", "ann@example.com", "Ann Lee")
    assert (lead.status, lead.created_on, lead.attributes) == ("new", date(2026, 3, 31), {"shoe": "38"})
    assert lead.modified_at == datetime(2026, 3, 31, 20, tzinfo=UTC)
    made = MarketingEvent.objects.get()
    assert (made.lead, made.kind, made.campaign, made.day) == (lead, "form", "Spring", date(2026, 3, 31))
    assert InboxMessage.objects.get().result == {"leads new": 1, "events new": 1}


def test_the_day_is_the_companys(
    source: WebhookSource, send: Send, process: Process, company: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(company_selectors, "_zone", None)  # remembered for half a minute
    company.time_zone = "Asia/Bangkok"
    company.save()
    send(event())
    process()
    assert (Lead.objects.get().created_on, MarketingEvent.objects.get().day) == (date(2026, 4, 1), date(2026, 4, 1))


def test_the_facts_are_told(source: WebhookSource, send: Send, process: Process) -> None:
    facts_refresh()
    send(event())
    process()
    assert FactDirty.objects.filter(area="lead", day_from=date(2026, 3, 31)).exists()


def test_who_wants_to_score_at_once_is_called_after_the_commit(
    source: WebhookSource, send: Send, django_capture_on_commit_callbacks: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[list[int]] = []
    monkeypatch.setattr(processing, "AFTER_EFFECT", [seen.append, lambda ids: 1 / 0])
    send(event())
    with django_capture_on_commit_callbacks(execute=True):
        inbox_run()
    assert seen == [[Lead.objects.get().pk]]
    assert InboxMessage.objects.get().state == "done"


def test_an_older_message_never_overwrites_a_newer_one_field_by_field(
    source: WebhookSource, send: Send, process: Process
) -> None:
    send(about(1, "2026-03-01T10:00:00Z", company="First", title="CEO"))
    send(about(3, "2026-03-03T10:00:00Z", company="Third"))
    send(about(2, "2026-03-02T10:00:00Z", company="Second", title="CTO", phone="1"))
    process()
    lead = Lead.objects.get()
    assert (lead.company, lead.title, lead.phone) == ("Third", "CTO", "1")
    assert lead.modified_at == datetime(2026, 3, 3, 10, tzinfo=UTC)


def test_what_an_import_wrote_later_stays(source: WebhookSource, send: Send, process: Process) -> None:
    send(about(1, "2026-03-01T10:00:00Z", company="Webhook"))
    process()
    Lead.objects.update(company="Import", title="Import", modified_at=datetime(2026, 3, 5, tzinfo=UTC))
    send(about(2, "2026-03-04T10:00:00Z", company="Late", title="Late"))
    send(about(3, "2026-03-06T10:00:00Z", title="New"))
    process()
    lead = Lead.objects.get()
    assert (lead.company, lead.title) == ("Import", "New")


def test_any_order_ends_the_same(source: WebhookSource, send: Send, process: Process) -> None:
    """Sixty partial changes of three people in five orders, ties in time among them; the oracle is one dictionary."""
    dice = random.Random(11)
    messages = []
    for number in range(60):
        field = dice.choice(["company", "title", "phone", "country"])
        at = f"2026-03-{dice.randrange(1, 10):02d}T10:00:00Z"
        person = {"id": f"p{dice.randrange(3)}", field: f"v{number}"}
        messages.append({"id": f"m{number}", "type": "visit", "occurred_at": at, "person": person})
    expected: dict[tuple[str, str], str] = {}
    for message in sorted(messages, key=lambda m: (m["occurred_at"], f"event:{m['id']}#0")):
        who = message["person"]["id"]
        expected |= {(who, name): value for name, value in message["person"].items() if name != "id"}
    for _order in range(5):
        Lead.objects.all().delete()
        InboxMessage.objects.all().delete()
        MarketingEvent.objects.all().delete()
        dice.shuffle(messages)
        for message in messages:
            send(message)
        assert process() == {"done": 60}
        found = {(row.external_id, name): getattr(row, name) for row in Lead.objects.all() for _who, name in expected}
        assert {key: value for key, value in found.items() if value} == expected
        firsts = {row.external_id: row.created_on for row in Lead.objects.all()}
        for who, first in firsts.items():
            assert str(first) == min(m["occurred_at"][:10] for m in messages if m["person"]["id"] == who)
        assert MarketingEvent.objects.count() == 60


def test_found_by_address_in_any_case_and_only_filled_where_empty(
    source: WebhookSource, send: Send, process: Process
) -> None:
    """A lead of the CRM belongs to the CRM: the webhook adds what it lacks and changes nothing else."""
    known = make_lead("Ann of the CRM", email="Ann@Example.com", system="crm", modified_at=timezone.now())
    send(event())
    process()
    known.refresh_from_db()
    assert Lead.objects.count() == 1
    assert (known.name, known.company, known.attributes) == ("Ann of the CRM", "Lee & Co", {"shoe": "38"})
    assert MarketingEvent.objects.get().lead == known


def test_the_recipe_may_overwrite(make_source: Callable, send: Send, process: Process) -> None:
    make_source(recipe_text="lead: {email: person.email, overwrite: true, fields: {name: person.name}}")
    known = make_lead("Old", email="ann@example.com", modified_at=datetime(2026, 1, 1, tzinfo=UTC))
    send({"id": 1, "occurred_at": "2026-03-31T20:00:00Z", "person": {"email": "ann@example.com", "name": "New"}})
    process()
    known.refresh_from_db()
    assert known.name == "New" and known.modified_at == datetime(2026, 1, 1, tzinfo=UTC)


def test_a_merged_lead_means_the_one_it_was_merged_into(source: WebhookSource, send: Send, process: Process) -> None:
    winner = make_lead("Winner")
    make_lead(system="web", external_id="p1", merged_into=winner, deleted_at=timezone.now())
    send(event())
    process()
    assert MarketingEvent.objects.get().lead == winner and Lead.objects.count() == 2


def test_who_was_erased_is_neither_filled_nor_made_again(
    source: WebhookSource, send: Send, process: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_lead("Pseudonym", system="web", external_id="p1", erased_at=timezone.now())
    send(event())
    assert process() == {"ignored": 1}
    monkeypatch.setattr(people, "GUARDS", [lambda system, external_id, email: email == "gone@example.com"])
    send({"id": "e2", "type": "form", "person": {"email": "gone@example.com", "name": "Gone"}})
    assert process() == {"ignored": 2}
    assert [row.name for row in Lead.objects.all()] == ["Pseudonym"] and not MarketingEvent.objects.exists()


def test_a_batch_and_a_contact(make_source: Callable, send: Send, process: Process) -> None:
    make_source(recipe_text="items: people\ncontact: {external_id: id, email: mail, fields: {last_name: name}}")
    send({"people": [{"id": 1, "name": "One"}, {"id": 2, "name": "Two", "mail": "two@example.com"}]})
    process()
    rows = Contact.objects.order_by("external_id").values_list("external_id", "last_name", "email")
    assert list(rows) == [("1", "One", ""), ("2", "Two", "two@example.com")]


def test_an_owner_is_found_by_code_or_address(source: WebhookSource, send: Send, process: Process) -> None:
    rep = make_rep("Rui", code="rui", email="rui@example.test")
    for number, owner in enumerate(("rui", "RUI@example.test")):
        send({"id": number, "person": {"id": number, "owner": owner}})
    send({"id": "x", "person": {"id": "x", "owner": "nobody"}})
    assert process() == {"dead": 1, "done": 2}
    assert {row.owner for row in Lead.objects.all()} == {rep}
    assert "nothing is known by “nobody”" in InboxMessage.objects.get(state="dead").error


@pytest.mark.parametrize(
    ("payload", "words"),
    [
        (b"{", "no JSON"),
        ({"type": "form"}, "names nobody"),
        (event(occurred_at="soon"), "no time"),
        (event(person={"id": 1, "status": "hot"}), "“hot” is none of new"),
        (event(person={"id": 1, "employees": "many"}), "employees"),
        (event(person={"id": 1, "company": "x" * 201}), "longer than 200"),
    ],
)
def test_bad_payloads_are_kept_with_their_cause(
    source: WebhookSource, send: Send, process: Process, payload: object, words: str
) -> None:
    send(payload)
    assert process() == {"dead": 1}
    message = InboxMessage.objects.get()
    assert words in message.error and message.tries == 1
    assert not Lead.objects.exists()


def test_replayed_after_the_recipe_was_mended(source: WebhookSource, send: Send, process: Process) -> None:
    send(event(person={"id": 1, "status": "hot"}))
    assert process() == {"dead": 1}
    source.recipe["lead"]["fields"]["status"] = {"path": "person.status", "values": {"hot": "mql"}}
    source.save()
    assert messages_replay(rows=InboxMessage.objects.all()) == 1
    assert process() == {"done": 1}
    assert Lead.objects.get().status == "mql"


def test_a_batch_with_one_bad_item_writes_nothing(source: WebhookSource, send: Send, process: Process) -> None:
    send([{"person": {"id": 1}}, {"person": {"id": 2, "status": "hot"}}])
    assert process() == {"dead": 1}
    assert not Lead.objects.exists()


def test_poison_is_tried_three_times_and_stops_nobody(
    source: WebhookSource, send: Send, process: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = processing.message_effect

    def effect(*, message: InboxMessage) -> object:
        if "poison" in message.key:
            raise MemoryError("too much")
        return real(message=message)

    monkeypatch.setattr(processing, "message_effect", effect)
    for name in ("poison", "good1", "good2"):
        send({"id": name, "person": {"id": name}})
    assert process() == {"done": 2, "queued": 1}
    for _try in range(3):
        InboxMessage.objects.update(next_try_at=timezone.now())
        inbox_run()
    message = InboxMessage.objects.get(key="event:poison")
    assert (message.state, message.tries, message.error) == ("dead", 3, "MemoryError: too much")


def test_a_message_whose_worker_dies_each_time_is_set_aside(source: WebhookSource, send: Send) -> None:
    send(event())
    for _death in range(3):
        [message] = messages_claim()
        InboxMessage.objects.update(tries=message.tries + 1, lease_until=timezone.now() - timedelta(seconds=1))
    inbox_run()
    message = InboxMessage.objects.get()
    assert message.state == "dead" and "the worker died each time" in message.error


def test_a_worker_that_lost_its_lease_changes_nothing(source: WebhookSource, send: Send) -> None:
    send(event())
    [late] = messages_claim()
    assert messages_claim() == []
    InboxMessage.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    [taken_over] = messages_claim()
    assert message_process(message=late) is False and not Lead.objects.exists()
    assert message_process(message=taken_over) is True and Lead.objects.count() == 1


def test_a_lease_lost_during_the_work_takes_the_rows_back(
    source: WebhookSource, send: Send, monkeypatch: pytest.MonkeyPatch
) -> None:
    send(event())
    [message] = messages_claim()
    real = processing.message_effect

    def slow(*, message: InboxMessage) -> object:
        effect = real(message=message)
        InboxMessage.objects.filter(pk=message.pk).update(lease_token=uuid.uuid4())
        return effect

    monkeypatch.setattr(processing, "message_effect", slow)
    assert message_process(message=message) is False
    assert not Lead.objects.exists() and InboxMessage.objects.get().state == "queued"


def test_an_event_that_comes_in_two_messages_counts_once(source: WebhookSource, send: Send, process: Process) -> None:
    send([event(), event(id="e2")])
    send([event(id="e2"), event(id="e3")])
    process()
    assert MarketingEvent.objects.count() == 3


def test_names_with_odd_signs(source: WebhookSource, send: Send, process: Process) -> None:
    send(event(person={"id": "p\u0000 1", "name": "a\u0000b <b>'; DROP TABLE x; --", "email": "ä@example.com"}))
    assert process() == {"done": 1}
    lead = Lead.objects.get()
    assert (lead.external_id, lead.name) == ("p 1", "ab <b>'; DROP TABLE x; --")


def test_the_search_by_address_uses_its_index(source: WebhookSource) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        query, values = Lead.objects.filter(
            email__iexact="a@example.com", deleted_at__isnull=True
        ).query.sql_with_params()
        cursor.execute(f"EXPLAIN {query}", values)
        assert "lead_email_upper" in str(cursor.fetchall())


def test_old_messages_go_and_a_persons_words_are_forgotten(source: WebhookSource, send: Send, process: Process) -> None:
    send(event())
    send({"id": "other", "person": {"id": 2, "email": "bob@example.com"}})
    process()
    assert inbox_forget(words=["ANN@example.com"]) == 1
    assert bytes(InboxMessage.objects.earliest("pk").body) == b""
    send(event())
    assert InboxMessage.objects.count() == 2  # the emptied one still stands for it
    InboxMessage.objects.update(ended_at=timezone.now() - timedelta(days=91))
    assert inbox_tidy(now=timezone.now()) == 2
