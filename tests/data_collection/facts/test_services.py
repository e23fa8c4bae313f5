"""Facts: sums of the event rows, whole and incremental alike."""

from datetime import date, timedelta
from decimal import Decimal
from random import Random

import pytest
from django.db import connection

from data_collection.facts.measures import AREAS
from data_collection.facts.models import DealEvent, DealFact, FactDirty, OpenDeal, SaleFact
from data_collection.facts.services import facts_rebuild, facts_refresh
from data_collection.models import Account, Activity, Lead, Opportunity, OpportunityChange, OrderLine, TeamMembership
from salesops.models import FxRate
from tests.builders import (
    make_account,
    make_activity,
    make_change,
    make_fx_rate,
    make_lead,
    make_line,
    make_membership,
    make_opportunity,
    make_order_line,
    make_owner,
    make_rep,
)

pytestmark = pytest.mark.django_db


def all_facts() -> dict[str, list[tuple]]:
    """Every fact table as a sorted list of rows."""
    found = {}
    with connection.cursor() as cursor:
        for area in AREAS.values():
            for table in (area.days, area.months):
                cursor.execute(f"SELECT * FROM {table}")
                found[table] = sorted(cursor.fetchall(), key=repr)
    return found


def sums(model: type, **filters: object) -> dict[str, object]:
    row = model.objects.filter(**filters).get()
    return {f.attname: getattr(row, f.attname) for f in model._meta.fields if getattr(row, f.attname) is not None}


def test_a_won_deal_counts_on_the_days_it_was_created_and_won(teams, rep, products, segments):
    make_opportunity(
        owner=rep, status="won", amount="1200", product=products["suite"], lead_source="web",
        account=make_account(segment=segments["small"]), created_on=date(2026, 1, 10), close_date=date(2026, 2, 9),
    )  # fmt: skip
    facts_refresh()
    created, won = sums(DealFact, day=date(2026, 1, 10)), sums(DealFact, day=date(2026, 2, 9))
    assert (created["created_n"], created["created_amount"], created["cohort_won_n"]) == (1, 1200, 1)
    assert (won["won_n"], won["won_amount"], won["won_days"], won["source"]) == (1, 1200, 30, "web")
    assert won["team_id"] == teams.north.pk and won["segment_id"] == segments["small"].pk
    assert sums(SaleFact)["revenue"] == 1200  # this system sends no order lines


def test_order_lines_take_the_place_of_won_deals_as_revenue(rep):
    make_opportunity(owner=rep, status="won", amount="1200")
    facts_refresh()
    line = make_order_line(rep, amount="400", quantity=2)
    facts_refresh()
    assert sums(SaleFact)["revenue"] == 400
    line.delete()
    facts_refresh()
    assert sums(SaleFact)["revenue"] == 1200


def test_amounts_are_converted_at_the_rate_of_the_rows_own_day(rep):
    make_fx_rate("EUR", "1.10", date(2026, 1, 1))
    make_fx_rate("EUR", "1.25", date(2026, 2, 1))
    make_opportunity(owner=rep, status="won", amount="99.99", currency="EUR",
                     created_on=date(2026, 1, 10), close_date=date(2026, 2, 10))  # fmt: skip
    facts_refresh()
    assert sums(DealFact, day=date(2026, 1, 10))["created_amount"] == Decimal("109.99")  # 109.989
    assert sums(DealFact, day=date(2026, 2, 10))["won_amount"] == Decimal("124.99")  # 124.9875


def test_a_missing_rate_leaves_the_amount_unknown_and_says_so(rep):
    make_opportunity(owner=rep, status="won", amount="500", currency="THB")
    facts_refresh()
    fact = sums(DealFact, won_n=1)
    assert "won_amount" not in fact and "won_amount_n" not in fact
    assert DealEvent.objects.filter(fx_missing=True, kind="won").count() == 1


def test_a_reorganisation_does_not_move_the_past(teams):
    rep = make_rep()
    make_membership(rep, teams.north, date(2026, 1, 1), date(2026, 3, 1))
    make_membership(rep, teams.south, date(2026, 3, 1))
    for close in (date(2026, 2, 28), date(2026, 3, 1)):
        make_opportunity(owner=rep, status="won", close_date=close)
    facts_refresh()
    assert sums(DealFact, day=date(2026, 2, 28))["team_id"] == teams.north.pk
    assert sums(DealFact, day=date(2026, 3, 1))["team_id"] == teams.south.pk


def test_the_owner_of_the_day_gets_the_deal(teams, rep, outsider_rep):
    deal = make_opportunity(owner=outsider_rep, status="won",
                            created_on=date(2026, 1, 1), close_date=date(2026, 3, 1))  # fmt: skip
    make_owner(deal, rep, date(2026, 1, 1), date(2026, 2, 1))
    facts_refresh()
    assert sums(DealFact, created_n=1)["rep_id"] == rep.pk
    assert sums(DealFact, won_n=1)["rep_id"] == outsider_rep.pk


def test_rows_deleted_in_their_system_are_not_counted(rep, company):
    from django.utils import timezone

    make_opportunity(owner=rep, status="won", deleted_at=timezone.now())
    make_activity(rep, deleted_at=timezone.now())
    facts_refresh()
    assert not any(all_facts().values())


def test_open_deals_are_split_where_owner_or_team_changes(teams, rep, outsider_rep):
    deal = make_opportunity(owner=outsider_rep, created_on=date(2026, 1, 1))
    make_owner(deal, rep, date(2026, 1, 10), date(2026, 2, 1))
    spans = list(OpenDeal.objects.order_by("span_from").values_list("rep_id", "span_from", "span_to"))
    assert spans == [
        (outsider_rep.pk, date(2026, 1, 1), date(2026, 1, 10)),
        (rep.pk, date(2026, 1, 10), date(2026, 2, 1)),
        (outsider_rep.pk, date(2026, 2, 1), date.max),
    ]


def test_nothing_changed_costs_one_query(company, django_assert_num_queries):
    facts_refresh()
    with django_assert_num_queries(1):
        assert facts_refresh().rows == 0


def test_an_update_of_other_columns_marks_nothing(rep):
    deal = make_opportunity(owner=rep)
    facts_refresh()
    Opportunity.objects.filter(pk=deal.pk).update(name="Renamed", batch_id=7)
    assert not FactDirty.objects.exists()


def test_a_refresh_cut_off_keeps_marks_and_facts(rep, monkeypatch):
    make_opportunity(owner=rep, status="won")
    facts_refresh()
    before = all_facts()
    Opportunity.objects.update(amount=7)
    marks = FactDirty.objects.count()
    monkeypatch.setattr("data_collection.facts.services._insert", lambda *a: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        facts_refresh()
    assert all_facts() == before and FactDirty.objects.count() == marks


# --- full = incremental ------------------------------------------------------------------
DAYS = [date(2026, 1, 1) + timedelta(days=n) for n in range(0, 150, 7)]


def random_change(r: Random, reps, teams, products, segments) -> None:
    """One of everything that can happen to source rows."""
    day, rep = r.choice(DAYS), r.choice(reps)
    deal = Opportunity.objects.order_by("?").first()
    account = Account.objects.order_by("?").first()
    kind = r.choice(["won", "lost", "open"])
    changes = [
        lambda: make_opportunity(owner=rep, status=kind, amount=r.choice([None, "10.55", "999"]), account=account,
                                 currency=r.choice(["USD", "EUR"]), created_on=day, product=products["suite"],
                                 close_date=day + timedelta(days=r.randrange(60)), lead_source=r.choice(["", "web"]),
                                 system=r.choice(["crm", "erp"])),
        lambda: make_account(segment=r.choice([None, segments["small"]])),
        lambda: make_lead(owner=rep, created_on=day, mql_on=r.choice([None, day]), account=account),
        lambda: make_activity(rep, day=day, kind=r.choice(["call", "email"]), duration_minutes=r.randrange(90)),
        lambda: make_order_line(rep, ordered_on=day, system=r.choice(["erp", "shop"]), discount=Decimal("0.1")),
        lambda: make_fx_rate("EUR", str(r.randint(90, 120) / 100), day)
        if not FxRate.objects.filter(currency="EUR", day=day).exists() else None,
        lambda: Activity.objects.filter(day=day).delete(),
        lambda: OrderLine.objects.filter(ordered_on=day).delete(),
        lambda: FxRate.objects.order_by("?").first() and FxRate.objects.order_by("?").first().delete(),
        lambda: Lead.objects.filter(created_on=day).update(sql_on=day + timedelta(days=3)),
        lambda: OpportunityChange.objects.filter(changed_on=day).update(new_date=day),
        lambda: TeamMembership.objects.filter(rep=rep).update(team=r.choice([teams.north, teams.south])),
        lambda: TeamMembership.objects.filter(rep=rep, valid_to=None).update(valid_to=day),
    ]  # fmt: skip
    if account:
        changes.append(lambda: Account.objects.filter(pk=account.pk).update(segment=segments["enterprise"]))
    if deal:
        changes += [
            lambda: Opportunity.objects.filter(pk=deal.pk).update(amount=r.randrange(5000), close_date=day),
            lambda: Opportunity.objects.filter(pk=deal.pk).update(owner=rep, product=products["setup"]),
            lambda: Opportunity.objects.filter(pk=deal.pk).delete(),
            lambda: make_line(deal, quantity=r.randrange(1, 5)),
            lambda: make_change(deal, "close_date", changed_on=day, old_date=day, new_date=day + timedelta(days=40)),
            lambda: make_lead(created_on=day) and Opportunity.objects.filter(pk=deal.pk).update(
                lead=Lead.objects.order_by("?").first(), status="won", close_date=day),
            lambda: None if deal.owners.exists() else make_owner(deal, rep, day, day + timedelta(days=30)),
        ]  # fmt: skip
    r.choice(changes)()


@pytest.mark.parametrize("seed", range(6))
def test_after_random_changes_incremental_equals_full(seed, company, teams, products, segments):
    r = Random(seed)
    reps = [make_rep(team=team) for team in (teams.north, teams.south, teams.region)]
    for _round in range(8):
        for _change in range(r.randrange(1, 12)):
            random_change(r, reps, teams, products, segments)
        facts_refresh()
        incremental = all_facts()
        facts_rebuild()
        assert incremental == all_facts()
    assert any(incremental.values())


# --- other connections and killed processes ----------------------------------------------
@pytest.fixture
def facts_emptied(transactional_db):
    """The flush after a test with real commits leaves tables that Django does not manage."""
    yield
    with connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {', '.join(all_facts())}")


@pytest.mark.django_db(transaction=True)
@pytest.mark.faults
def test_two_builds_at_once_and_a_killed_one(facts_emptied, rep):
    """A build is killed in the middle, two run beside each other: the facts are those of one quiet build."""
    import signal
    import subprocess
    import sys

    for n in range(30):
        make_opportunity(owner=rep, status="won", close_date=date(2026, 2, 1) + timedelta(days=n))
    code = (
        "import os, django; os.environ['DATABASE_URL'] = os.environ['FACTS_TEST_URL']; django.setup();"
        "from data_collection.facts import services as s; insert = s._insert;"
        "s._insert = lambda *a: (insert(*a), print('in', flush=True), __import__('time').sleep({pause}))[0];"
        "s.facts_{what}()"
    )

    def start(what: str, pause: float) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-c", code.format(what=what, pause=pause)], env=_environment(), text=True,
            stdout=subprocess.PIPE,
        )  # fmt: skip

    killed = start("refresh", 60)
    killed.stdout.readline()  # it has written its first table
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    assert not any(all_facts().values())
    beside = [start("refresh", 0), start("rebuild", 0)]
    assert [process.wait(timeout=60) for process in beside] == [0, 0]
    found = all_facts()
    facts_rebuild()
    assert found == all_facts() and len(found["data_collection_dealfact"]) == 31


def _environment() -> dict[str, str]:
    """The environment of a process that works on this test's database."""
    import os
    from urllib.parse import quote

    s = connection.settings_dict
    url = f"postgresql://{s['USER']}:{quote(s['PASSWORD'])}@{s['HOST']}:{s['PORT']}/{s['NAME']}"
    return os.environ | {"FACTS_TEST_URL": url, "DJANGO_SETTINGS_MODULE": "salesops.settings"}
