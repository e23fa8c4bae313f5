"""Changes are noted whatever way they come, cheaply, and only where somebody listens."""

import pytest
from django.db import connection

from data_collection.models import ChangeEvent, Lead, Rep
from salesops.models import Endpoint
from tests.builders import make_account, make_lead, make_opportunity, make_rep

pytestmark = pytest.mark.django_db


def listen(*events: str, **fields: object) -> None:
    Endpoint.objects.create(name=f"to {events}", url="https://a.example/", events=list(events), **fields)


def noted() -> list[tuple]:
    return list(ChangeEvent.objects.values_list("kind", "object_id", "rows", "before_id", "after_id"))


@pytest.fixture
def two(db: None) -> tuple[Rep, Rep]:
    return make_rep("One"), make_rep("Two")


def test_a_change_of_owner_is_noted_for_each_table(two: tuple[Rep, Rep]) -> None:
    one, other = two
    rows = {
        "lead": make_lead(owner=one),
        "opportunity": make_opportunity(owner=one),
        "account": make_account(owner=one),
    }
    listen(*(f"{name}.owner_changed" for name in rows))
    for row in rows.values():
        row.owner = other
        row.save()
    assert noted() == [(f"{name}.owner_changed", row.pk, 1, one.pk, other.pk) for name, row in rows.items()]


def test_raw_sql_is_seen_too(two: tuple[Rep, Rep]) -> None:
    lead = make_lead(owner=two[0])
    listen("lead.owner_changed")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE data_collection_lead SET owner_id = %s", [two[1].pk])
    assert noted() == [("lead.owner_changed", lead.pk, 1, two[0].pk, two[1].pk)]


def test_nothing_is_noted_where_nobody_listens(two: tuple[Rep, Rep]) -> None:
    make_lead(owner=two[0])
    listen("account.owner_changed")
    Lead.objects.update(owner=two[1], score=90, score_band="A1")
    assert noted() == []


def test_other_changes_same_owners_and_new_rows_are_not_noted(two: tuple[Rep, Rep]) -> None:
    listen("lead.owner_changed")
    make_lead(owner=two[0])
    Lead.objects.update(owner=two[0], name="Other")
    assert noted() == []


def test_new_leads_with_an_owner_for_who_asked(two: tuple[Rep, Rep]) -> None:
    listen("lead.created")
    make_lead()
    lead = make_lead(owner=two[0])
    assert noted() == [("lead.created", lead.pk, 1, None, two[0].pk)]


def test_an_owner_who_logs_in_is_told_without_any_endpoint(rep: Rep, two: tuple[Rep, Rep]) -> None:
    first, second = make_lead(owner=two[0]), make_lead(owner=two[0])
    Lead.objects.filter(pk=first.pk).update(owner=rep)
    Lead.objects.filter(pk=second.pk).update(owner=two[1])
    assert noted() == [("lead.owner_changed", first.pk, 1, two[0].pk, rep.pk)]


def test_many_in_one_statement_are_counted(two: tuple[Rep, Rep]) -> None:
    listen("lead.owner_changed")
    for _number in range(101):
        make_lead()
    Lead.objects.update(owner=two[1])
    assert noted() == [("lead.owner_changed", None, 101, None, two[1].pk)]


@pytest.mark.parametrize(
    ("before", "after", "is_noted"),
    [
        ((50, "B2"), (59.99, "B2"), False),
        ((50, "B2"), (60, "B2"), True),
        ((60, "B2"), (50, "B2"), True),
        ((50, "B2"), (51, "B1"), True),
        ((None, ""), (12, "C3"), True),
        ((50, "B2"), (50, "B2"), False),
    ],
)
def test_a_score_is_noted_by_band_or_points(before: tuple, after: tuple, is_noted: bool) -> None:
    listen("lead.score_changed", min_points=10)
    lead = make_lead(score=before[0], score_band=before[1])
    Lead.objects.filter(pk=lead.pk).update(score=after[0], score_band=after[1])
    assert ChangeEvent.objects.exists() is is_noted
