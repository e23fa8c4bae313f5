"""A company with 36 months of history: Suite sells in both territories, Set-up in the north and rarely."""

from datetime import date
from decimal import Decimal

import pytest

from data_collection.facts.services import facts_refresh
from data_collection.models import Opportunity, OrderLine, Product, Rep
from demand_planning.models import ForecastRun
from demand_planning.statistical import services
from demand_planning.statistical.calc.accuracy import Array
from demand_planning.statistical.calc.engine import Calendar, Fitted, fit
from demand_planning.statistical.services import chunk_forecast, chunks, run_create, run_publish
from tests.builders import make_stage

AS_OF = date(2026, 11, 10)
FIRST = date(2023, 11, 1)  # 36 closed months before the open November 2026
SEASON = (0, 5, 10, 0, -5, 10, 20, 0, -10, 0, 15, 30)


def month(number: int) -> date:
    """The number-th month since FIRST."""
    months = FIRST.month - 1 + number
    return date(FIRST.year + months // 12, months % 12 + 1, 1)


_fits: dict[tuple, Fitted] = {}


@pytest.fixture(autouse=True)
def _fit_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same histories come in every test; each is fitted once."""

    def remembered(values: Array, calendar: Calendar, *, origin_count: int) -> Fitted:
        key = (tuple(values), calendar, origin_count)
        if key not in _fits:
            _fits[key] = fit(values, calendar, origin_count=origin_count)
        return _fits[key]

    monkeypatch.setattr(services, "fit", remembered)


@pytest.fixture
def sales(rep: Rep, outsider_rep: Rep, products: dict[str, Product]) -> None:
    """Won deals and order lines of every month; November 2026 has begun."""
    won = make_stage("Won", rank=90, kind="won")
    deals, lines = [], []
    for number in range(37):
        day = month(number).replace(day=5)
        sold = [(rep, "suite", 100 + SEASON[number % 12] + number), (outsider_rep, "suite", 60 + SEASON[number % 12])]
        if number % 3 == 0:
            sold.append((rep, "setup", 7))
        for owner, product, amount in sold:
            name = f"{owner.code}-{product}-{number}"
            common = {"owner": owner, "product": products[product], "system": "crm", "external_id": name}
            deals.append(
                Opportunity(name=name, stage=won, status="won", amount=Decimal(amount * 100), close_date=day, **common)
            )
            lines.append(
                OrderLine(
                    order_id=name, ordered_on=day, quantity=Decimal(amount), amount=Decimal(amount * 90), **common
                )
            )
    Opportunity.objects.bulk_create(deals)
    OrderLine.objects.bulk_create(lines)
    facts_refresh()


@pytest.fixture
def run(sales: None) -> ForecastRun:
    """The published forecast of these sales."""
    return published(AS_OF)


def published(as_of: date) -> ForecastRun:
    run = run_create(as_of=as_of)
    assert run is not None
    for start, end in chunks(run):
        chunk_forecast(run_id=run.pk, start=start, end=end)
    return run_publish(run_id=run.pk)
