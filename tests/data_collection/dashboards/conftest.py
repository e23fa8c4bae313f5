"""A quarter of work in a small company: North sells, South sells, each with a quota."""

from datetime import date, timedelta

import pytest

from data_collection.facts.services import facts_rebuild
from data_collection.models import Rep, Stage
from data_collection.quality.services.checking import quality_check
from salesops.company.selectors import company_today
from salesops.lib.periods import Calendar, Grain
from tests.builders import (
    make_account,
    make_activity,
    make_lead,
    make_opportunity,
    make_order_line,
    make_product,
    make_quota,
    make_segment,
    make_visit,
)


@pytest.fixture
def today(company: object) -> date:
    return company_today()


@pytest.fixture
def quarter(today: date) -> tuple[date, date]:
    """First day of this quarter, and of the next."""
    calendar = Calendar()
    start = calendar.start_of(today, Grain.QUARTER)
    return start, calendar.step(start, Grain.QUARTER)


@pytest.fixture
def sales(
    rep: Rep,
    manager_rep: Rep,
    outsider_rep: Rep,
    outsider_manager_rep: Rep,
    stages: dict[str, Stage],
    quarter: tuple[date, date],
    today: date,
) -> None:
    """Rui won 3,000.75 and lost 1,000, open 500 + 200 overdue; Odd won 7,000. Quotas 10,000 each."""
    start, end = quarter
    account = make_account("Acme", owner=rep, segment=make_segment("Mid", code="mid"))
    product = make_product("Suite", code="suite", family="Software")
    common = {"created_on": start, "account": account, "product": product, "lead_source": "Web"}
    make_opportunity(
        "Rui won A", owner=rep, status="won", amount="1000.75", close_date=start, stage=stages["won"], **common
    )
    make_opportunity(
        "Rui won B", owner=rep, status="won", amount="2000", close_date=today, stage=stages["won"], **common
    )
    make_opportunity(
        "Rui lost", owner=rep, status="lost", amount="1000", close_date=today, stage=stages["lost"], **common
    )
    ahead = make_opportunity(
        "Rui ahead", owner=rep, amount="500", close_date=end - timedelta(days=1), stage=stages["proposal"], **common
    )
    make_opportunity(
        "Rui late",
        owner=rep,
        amount="200",
        stage=stages["discovery"],
        **common | {"created_on": start - timedelta(days=40)},
        close_date=start - timedelta(days=3),
    )
    make_opportunity("Odd won", owner=outsider_rep, status="won", amount="7000", close_date=today, stage=stages["won"],
                     **common | {"account": None})  # fmt: skip
    make_visit(ahead, stages["discovery"], start, start + timedelta(days=1))
    make_visit(ahead, stages["proposal"], start + timedelta(days=1))
    for owner in (rep, outsider_rep):
        make_quota(owner, "10000", start, end)
        make_activity(owner, kind="call", day=today)
        make_activity(owner, kind="meeting", day=today, duration_minutes=45)
        make_lead(owner=owner, created_on=today, lead_source="Web")
    make_order_line(rep, amount="99.90", ordered_on=today, product=product, system="shop")
    facts_rebuild()
    quality_check(day=today, names=["open-past-close-date", "account-missing"])
