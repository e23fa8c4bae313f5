"""The two public data sets end with the numbers everybody knows."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from statistics import mean, median

import pytest
from django.db.models import Count, F, Q, Sum

from data_collection.models import Account, Opportunity, OrderLine, Product, Rep, Team, TeamManager, Territory
from tests.data_collection.imports.conftest import counts, run_import

pytestmark = pytest.mark.django_db


def test_maven(shared: Callable[[str], Path]) -> None:
    place = shared("maven-crm")
    first = run_import(place, "maven_crm")
    assert counts(first, "opportunity") == (8800, 7320, 0, 0, 1480)
    proposal = first.suggestions.get()
    assert (proposal.value, proposal.shown, proposal.rows, proposal.percent) == ("GTXPro", "GTX Pro", 1480, 98)

    second = run_import(place, "maven_crm", accept_suggestions=True)
    assert counts(second, "opportunity") == (8800, 1480, 0, 7320, 0)
    third = run_import(place, "maven_crm")
    assert (third.total["new"], third.total["changed"], third.rows_rejected) == (0, 0, 0)

    deals = Opportunity.objects.all()
    assert dict(deals.order_by().values_list("status").annotate(Count("pk"))) == {
        "won": 4238,
        "lost": 2473,
        "open": 2089,
    }
    assert deals.filter(status="won").aggregate(total=Sum("amount"))["total"] == 10_005_534
    assert deals.exclude(status="won").filter(amount__isnull=False).count() == 0
    assert deals.filter(account=None).count() == 1425
    assert (Account.objects.count(), Product.objects.count()) == (85, 7)
    assert (Rep.objects.filter(job="ae").count(), Rep.objects.filter(job="manager").count()) == (35, 6)
    assert (Territory.objects.count(), Team.objects.filter(parent=None).count(), TeamManager.objects.count()) == (
        3,
        3,
        6,
    )
    assert Account.objects.exclude(parent=None).count() == 15
    assert Account.objects.get(name="Acme Corporation").annual_revenue == Decimal("1100040000")
    days = [(row.close_date - row.created_on).days for row in deals.exclude(status="open")]
    assert round(mean(days), 2) == 47.99
    assert median((row.close_date - row.created_on).days for row in deals.filter(status="won")) == 57


def test_maven_links(shared: Callable[[str], Path]) -> None:
    """Won deals by office, through owner, team and parent team, against a plain count of the files."""
    place = shared("maven-crm")
    run_import(place, "maven_crm", accept_suggestions=True)
    office = {}
    for line in (place / "sales_teams.csv").read_text().splitlines()[1:]:
        agent, _manager, region = line.strip().split(",")
        office[agent] = region
    expected: dict[str, int] = {}
    for line in (place / "sales_pipeline.csv").read_text().splitlines()[1:]:
        cells = line.split(",")
        if cells[4] == "Won":
            expected[office[cells[1]]] = expected.get(office[cells[1]], 0) + 1
    found = Opportunity.objects.order_by().filter(status="won").values_list("owner__memberships__team__parent__name")
    assert dict(found.annotate(Count("pk"))) == expected
    by_territory = (
        Opportunity.objects.order_by().filter(status="won").values_list("owner__territories__territory__name")
    )
    assert dict(by_territory.annotate(Count("pk"))) == expected


def test_superstore(shared: Callable[[str], Path]) -> None:
    place = shared("superstore")
    batch = run_import(place, "superstore")
    assert batch.rows_rejected == 0
    lines = OrderLine.objects.all()
    sums = lines.aggregate(sales=Sum("amount"), units=Sum("quantity"), profit=Sum("profit"), n=Count("pk"))
    assert (round(sums["sales"], 2), sums["units"], round(sums["profit"], 2), sums["n"]) == (
        Decimal("2297200.86"),
        37873,
        Decimal("286397.02"),
        9994,
    )
    assert lines.values("order_id").distinct().count() == 5009
    assert lines.filter(is_returned=True).values("order_id").distinct().count() == 296
    assert lines.get(external_id="2").amount == Decimal("731.94")
    assert not lines.filter(Q(owner=None) | Q(account=None) | Q(product=None) | Q(segment=None)).exists()
    assert (
        lines.filter(postal_code__startswith="0").count() + lines.filter(postal_code__regex=r"^\d{4}$").count() == 449
    )
    assert dict(Rep.objects.values_list("code", "name"))["West"] == "Anna Andreadi"
    assert any(finding["text"].startswith("32 of product carry more than one name") for finding in batch.findings)
    again = run_import(place, "superstore")
    assert (again.total["new"], again.total["changed"]) == (0, 0)
    assert lines.filter(account__segment=F("segment")).count() == 9994
