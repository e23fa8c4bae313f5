"""Notices and events go into the outbox once, by the choices of people and endpoints, or not at all."""

import pytest
from django.db import connection, transaction

from salesops.models import Endpoint, Notice, NoticeChoice, Outbox, User
from salesops.notices.services import event_queue, notice_queue

pytestmark = pytest.mark.django_db


def test_a_person_is_told_once_per_key(rep_user: User, outsider: User) -> None:
    words = {"kind": "lead_assigned", "subject": "A lead", "text": "Yours now", "key": "lead-1", "url": "/me/"}
    assert notice_queue(user=rep_user, **words) is True
    assert notice_queue(user=rep_user, **words) is False
    assert notice_queue(user=outsider, **words) is True
    told = Notice.objects.visible_to(rep_user).get()
    assert (told.subject, told.text, told.url, told.read_at) == ("A lead", "Yours now", "/me/", None)


def test_the_ways_are_the_persons_choice(rep_user: User) -> None:
    NoticeChoice.objects.create(user=rep_user, kind="note", in_app=False, email=True, slack=True)
    assert notice_queue(user=rep_user, kind="note", subject="S", text="T", key="k") is True
    assert not Notice.objects.visible_to(rep_user).exists()
    assert sorted(Outbox.objects.values_list("way", flat=True)) == ["email", "slack"]
    assert notice_queue(user=rep_user, kind="note", subject="S", text="T", key="k") is False
    assert Outbox.objects.count() == 2


def test_events_go_to_the_endpoints_that_asked_once_per_key() -> None:
    both = ["lead.owner_changed", "lead.score_changed"]
    Endpoint.objects.create(name="a", url="https://a.example/", events=both)
    Endpoint.objects.create(name="b", url="https://b.example/", events=both[:1])
    Endpoint.objects.create(name="c", url="https://c.example/", events=both, is_active=False)
    event = {"kind": "lead.score_changed", "payload": {"lead": 1}, "subject": "lead:1"}
    assert event_queue(**event, key="e1") == 1
    assert event_queue(**event, key="e1") == 0
    assert event_queue(**event | {"kind": "lead.owner_changed"}, key="e2") == 2
    assert event_queue(kind="account.owner_changed", payload={}, key="e3") == 0
    assert Outbox.objects.filter(endpoint__name="a").count() == 2


def test_what_is_rolled_back_was_never_said(rep_user: User) -> None:
    with transaction.atomic():
        notice_queue(user=rep_user, kind="note", subject="S", text="T", key="k")
        transaction.set_rollback(True)
    assert not Notice.objects.exists()
    assert notice_queue(user=rep_user, kind="note", subject="S", text="T", key="k") is True


def test_a_worker_is_told_once_per_transaction() -> None:
    Endpoint.objects.create(name="a", url="https://a.example/", events=["x"])
    before = len(connection.run_on_commit)
    for number in range(5):
        event_queue(kind="x", payload={}, key=str(number))
    assert len(connection.run_on_commit) - before == 1
