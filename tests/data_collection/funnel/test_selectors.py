from datetime import date
from typing import Any

import pytest

from data_collection.funnel.selectors import funnel_of
from data_collection.kpis.filters import between
from tests.builders import make_lead, make_opportunity, make_visit

pytestmark = pytest.mark.django_db
DAY = date(2026, 1, 5)


def january(**fields: Any) -> Any:
    return between(date(2026, 1, 1), date(2026, 2, 1), today=date(2026, 6, 30), **fields)


@pytest.fixture
def deals(rep, outsider_rep, stages, products) -> None:
    """Five deals: won over all stages, won from discovery, lost in proposal, open in discovery, lost at once."""

    def deal(owner, status, **fields):
        return make_opportunity(owner=owner, status=status, created_on=DAY, close_date=date(2026, 2, 4), **fields)

    whole = deal(rep, "won", product=products["suite"])
    make_visit(whole, stages["discovery"], DAY, date(2026, 1, 9))
    make_visit(whole, stages["proposal"], date(2026, 1, 9), date(2026, 1, 20))
    make_visit(whole, stages["negotiation"], date(2026, 1, 20), date(2026, 2, 4))
    short = deal(rep, "won", product=products["setup"])
    make_visit(short, stages["discovery"], DAY, date(2026, 2, 4))
    lost = deal(outsider_rep, "lost")
    make_visit(lost, stages["discovery"], date(2026, 1, 7), date(2026, 1, 8))
    make_visit(lost, stages["proposal"], date(2026, 1, 8), date(2026, 2, 4))
    deal(rep, "open", stage=stages["discovery"])
    deal(rep, "lost")


def entered(found: Any) -> list[int]:
    return [step.entered for step in found.total.steps]


def test_deals_by_stage(deals, analyst):
    found = funnel_of(analyst, january())
    assert list(found.labels.values()) == ["Opportunity", "Discovery", "Proposal", "Negotiation", "Won"]
    assert entered(found) == [5, 4, 3, 2, 2]  # the short one counts as having entered every stage
    discovery = found.total.steps[1]
    assert (discovery.open_here, discovery.lost_here, found.total.open, found.total.won) == (1, 0, 1, 2)
    assert discovery.median_days == 4  # 4, 30 and 1 days


def test_each_sees_its_own(deals, rep_user, manager, outsider):
    assert entered(funnel_of(rep_user, january())) == [4, 3, 2, 2, 2]
    assert entered(funnel_of(manager, january())) == [4, 3, 2, 2, 2]
    assert entered(funnel_of(outsider, january())) == [1, 1, 1, 0, 0]


def test_by_product(deals, analyst):
    found = funnel_of(analyst, january(), by="product")
    assert {g.key: g.steps[0].entered for g in found.groups} == {"suite": 1, "setup": 1, "-": 3}


def test_leads_down_to_won(rep, stages, analyst):
    make_lead(owner=rep, created_on=DAY)
    make_lead(owner=rep, created_on=DAY, mql_on=date(2026, 1, 8), status="mql")
    make_lead(owner=rep, created_on=DAY, mql_on=date(2026, 1, 8), disqualified_on=date(2026, 1, 9))
    winner = make_lead(owner=rep, created_on=DAY, converted_on=date(2026, 1, 15))  # straight to a deal
    for status in ("won", "lost"):  # two deals of one lead are one case
        fields = {"status": status, "created_on": date(2026, 1, 15), "close_date": date(2026, 3, 1)}
        make_opportunity(owner=rep, lead=winner, **fields)
    found = funnel_of(analyst, january(), "leads")
    assert entered(found) == [4, 3, 1, 1, 1, 1, 1, 1]
    assert [s.open_here for s in found.total.steps[:3]] == [1, 1, 0]


def test_an_unknown_cohort_is_refused(analyst):
    with pytest.raises(ValueError, match="cohort='x'"):
        funnel_of(analyst, january(), "x")
