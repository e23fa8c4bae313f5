"""Rows dated where no calendar reaches: they stop neither the facts nor a KPI, and change no number of a period."""

import json
from datetime import date
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection

from data_collection.facts.measures import AREAS
from data_collection.facts.models import DealFact, DealMonth, FactDirty, SaleFact
from data_collection.facts.services import facts_rebuild, facts_refresh
from data_collection.models import Activity, Opportunity, TeamMembership
from tests.builders import (
    make_activity,
    make_change,
    make_fx_rate,
    make_lead,
    make_membership,
    make_opportunity,
    make_order_line,
    make_owner,
    make_rep,
    make_stage,
    make_territory,
    make_territory_member,
    make_visit,
)
from tests.data_collection.facts.test_services import all_facts

pytestmark = pytest.mark.django_db
#: the ends of Python's dates, days beyond them, and the last day date_trunc can't hold
FAR = ["9999-12-31", "0001-01-01", "1899-12-31", "2200-01-01", "10000-06-15", "0001-06-15 BC", "4713-01-01 BC",
       "300000-02-03", "infinity", "-infinity"]  # fmt: skip
TABLES = [table for area in AREAS.values() for table in (area.days, area.months)]


def kpi(name: str) -> object:
    out = StringIO()
    call_command("kpis", "--from", "2026-01-01", "--to", "2026-04-01", "--json", stdout=out)
    return json.loads(out.getvalue())["rows"][0]["values"][name]["value"]


def set_days(table: str, columns: dict[str, str], pk: int) -> None:
    """Past Python, which holds no such dates."""
    with connection.cursor() as cursor:
        named = ", ".join(f"{column} = %s" for column in columns)
        cursor.execute(f"UPDATE data_collection_{table} SET {named} WHERE id = %s", [*columns.values(), pk])


@pytest.fixture
def quarter(rep):
    """One deal won in February 2026 for 1,000, and its facts."""
    make_opportunity(owner=rep, status="won", amount="1000", created_on=date(2026, 1, 10), close_date=date(2026, 2, 9))
    facts_refresh()


@pytest.mark.parametrize("day", FAR)
def test_a_far_row_of_every_kind_is_refreshed_as_it_is_rebuilt(quarter, rep, stages, day):
    deal = make_opportunity(owner=rep, status="won", amount="7")
    other = make_opportunity(owner=rep, status="lost", amount="7", created_on=date(2026, 1, 10))
    moved = make_change(other, "close_date", changed_on=date(2026, 1, 15), old_date=date(2026, 1, 1),
                        new_date=date(2026, 2, 1))  # fmt: skip
    visit = make_visit(other, stages["proposal"], date(2026, 1, 1), date(2026, 1, 5))
    lead, call, line = make_lead(owner=rep), make_activity(rep), make_order_line(rep, system="shop")
    facts_refresh()
    set_days("opportunity", {"created_on": day, "close_date": day}, deal.pk)
    set_days("opportunity", {"close_date": day}, other.pk)
    set_days("opportunitychange", {"new_date": day}, moved.pk)
    set_days("stagevisit", {"left_on": day} if day > "2" and "BC" not in day else {"entered_on": day}, visit.pk)
    set_days("lead", {"created_on": day, "converted_on": day}, lead.pk)
    set_days("activity", {"day": day}, call.pk)
    set_days("orderline", {"ordered_on": day}, line.pk)
    facts_refresh()
    refreshed = far_facts()
    assert kpi("bookings") == 1000 and kpi("losses") == 0 and not FactDirty.objects.exists()
    facts_rebuild()
    assert far_facts() == refreshed and kpi("bookings") == 1000
    assert refreshed["data_collection_activityfact"] == 1  # counted, on a day of its own


def far_facts() -> dict[str, int]:
    """Rows of each fact table; their days may be none of Python's."""
    found = {}
    with connection.cursor() as cursor:
        for table in TABLES:
            cursor.execute(f"SELECT count(*), coalesce(sum(hashtext(f::text)), 0) FROM {table} f")
            found[table], found[f"{table} content"] = cursor.fetchone()
    return found


TABLES = [
    f"data_collection_{area}{grain}" for area in ("activity", "deal", "lead", "sale") for grain in ("fact", "month")
]


@pytest.mark.parametrize("day", [date(9999, 12, 31), date(1, 1, 1)])
def test_what_python_can_write_leaves_again(quarter, rep, day):
    before = all_facts()
    deal = make_opportunity(owner=rep, status="won", amount="7", created_on=day, close_date=day)
    call = make_activity(rep, day=day)
    facts_refresh()
    assert DealFact.objects.filter(day=day).exists() and DealMonth.objects.filter(day=day.replace(day=1)).exists()
    assert SaleFact.objects.get(day=day).revenue == 7
    Opportunity.objects.filter(pk=deal.pk).delete()
    Activity.objects.filter(pk=call.pk).delete()
    facts_refresh()
    assert all_facts() == before


def test_marks_left_by_a_build_that_failed_are_taken(quarter):
    before = all_facts()
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO data_collection_factdirty (area, day_from, day_to) VALUES"
            " ('deal', '9999-12-31', '10000-01-01'), ('deal', '0001-01-01 BC', '0001-01-02 BC'),"
            " ('sale', '5874897-12-31', 'infinity'), ('lead', 'infinity', 'infinity'),"
            " ('activity', '-infinity', '-infinity'), ('deal', '2026-02-09', '2026-02-10')"
        )
    built = facts_refresh()
    assert built.rebuilt == () and set(built.refreshed) == {"activity", "deal", "lead", "sale"}
    assert all_facts() == before and not FactDirty.objects.exists()


@pytest.mark.parametrize("day", ["9999-12-31", "10000-06-15", "infinity"])
def test_memberships_owners_and_rates_may_end_far(quarter, teams, outsider_rep, day):
    rep = make_rep()
    member = make_membership(rep, teams.north, date(2026, 1, 1), date(2027, 1, 1))
    place = make_territory_member(rep, make_territory(), valid_from=date(2026, 1, 1), valid_to=date(2027, 1, 1))
    make_fx_rate("EUR", "1.10", date(1, 1, 1))
    rate = make_fx_rate("EUR", "1.50", date(2026, 6, 1))
    deal = make_opportunity(owner=rep, status="won", amount="100", currency="EUR", close_date=date(2026, 3, 1))
    owner = make_owner(deal, outsider_rep, date(2026, 1, 1), date(2027, 1, 1))
    for table, column, pk in (("teammembership", "valid_to", member.pk), ("territorymember", "valid_to", place.pk),
                              ("opportunityowner", "valid_to", owner.pk)):  # fmt: skip
        set_days(table, {column: day}, pk)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE salesops_fxrate SET day = %s WHERE id = %s", [day, rate.pk])
    facts_refresh()
    refreshed = far_facts()
    assert kpi("bookings") == 1110
    facts_rebuild()
    assert far_facts() == refreshed


@pytest.mark.parametrize("day", ["0001-01-01", "0001-06-15 BC", "-infinity"])
def test_memberships_may_begin_far(quarter, rep, day):
    member = TeamMembership.objects.filter(rep=rep).first()
    set_days("teammembership", {"valid_from": day}, member.pk)
    facts_refresh()
    refreshed = far_facts()
    assert kpi("bookings") == 1000
    facts_rebuild()
    assert far_facts() == refreshed


def test_days_to_a_far_date_are_unknown_not_too_many(rep):
    """600 deals of 2,912,000 days each would be more than an integer holds."""
    stage = make_stage("Won", kind="won")
    Opportunity.objects.bulk_create(
        Opportunity(name=str(n), system="crm", external_id=f"far-{n}", owner=rep, stage=stage, status="won",
                    amount=1, created_on=date(2026, 1, 1), close_date=date(9999, 12, 31))
        for n in range(800)
    )  # fmt: skip
    facts_refresh()
    fact = DealFact.objects.get(day=date(9999, 12, 31))
    assert (fact.won_n, fact.won_days, fact.won_days_n) == (800, None, None)
    facts_rebuild()
