"""A small world worked out by hand: two teams, three reps, one quarter (2026 Q1)."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from data_collection.facts.services import facts_refresh
from data_collection.models import Rep
from tests.builders import (
    make_account,
    make_activity,
    make_change,
    make_fx_rate,
    make_lead,
    make_membership,
    make_opportunity,
    make_order_line,
    make_quota,
    make_rep,
    make_visit,
)


@dataclass(frozen=True, slots=True)
class World:
    """Rui sells in North; Odd in South; Mo moves from North to South on 1 March."""

    rui: Rep
    odd: Rep
    mo: Rep


@pytest.fixture
def world(
    teams: Any, rep: Rep, outsider_rep: Rep, products: Any, segments: Any, stages: Any, manager_rep: Rep
) -> World:
    mo = make_rep("Mo Mover", code="mo")
    make_membership(mo, teams.north, date(2025, 1, 1), date(2026, 3, 1))
    make_membership(mo, teams.south, date(2026, 3, 1))
    make_fx_rate("EUR", "1.20", date(2026, 1, 1))
    make_fx_rate("EUR", "1.10", date(2026, 3, 1))
    small, big = (
        make_account("Small Co", segment=segments["small"]),
        make_account("Big Co", segment=segments["enterprise"]),
    )
    suite, setup = products["suite"], products["setup"]

    def deal(owner: Rep, status: str, amount: str | None, created: date, close: date, **fields: Any) -> Any:
        fields = {"product": suite, "account": small, "lead_source": "web"} | fields
        return make_opportunity(
            owner=owner, status=status, amount=amount, created_on=created, close_date=close, **fields
        )

    # won in Q1: Rui 1,000 and 3,000; Mo 500 in North, 200 EUR in South (x 1.10 = 220); Odd without an amount
    won = deal(rep, "won", "1000", date(2026, 1, 5), date(2026, 1, 15))  # 10 days
    deal(rep, "won", "3000", date(2026, 1, 1), date(2026, 2, 10), account=big, product=setup)  # 40 days
    deal(mo, "won", "500", date(2026, 1, 20), date(2026, 2, 19), lead_source="fair")  # 30 days
    deal(mo, "won", "200", date(2026, 2, 1), date(2026, 3, 5), currency="EUR", lead_source="fair")  # 32 days
    deal(outsider_rep, "won", None, date(2026, 2, 1), date(2026, 3, 31))  # 58 days
    # lost in Q1
    deal(rep, "lost", "2000", date(2026, 1, 10), date(2026, 3, 1))  # 50 days
    deal(outsider_rep, "lost", "280", date(2026, 3, 1), date(2026, 3, 11), account=big)  # 10 days
    # won in Q4 2025
    deal(rep, "won", "2360", date(2025, 10, 1), date(2025, 12, 31))
    # open at the end of Q1: 4,000 x 0.1, 600 x 0.7, one that closes in Q2
    deal(rep, "open", "4000", date(2026, 2, 1), date(2026, 3, 20), stage=stages["discovery"])
    deal(outsider_rep, "open", "600", date(2026, 3, 1), date(2026, 5, 1), stage=stages["negotiation"])
    slipped = deal(mo, "won", "1000", date(2025, 12, 1), date(2026, 4, 20))
    make_change(
        slipped, "close_date", changed_on=date(2026, 2, 2), old_date=date(2026, 2, 28), new_date=date(2026, 4, 20)
    )
    make_visit(won, stages["discovery"], date(2026, 1, 5), date(2026, 1, 8))  # 3 days
    make_visit(won, stages["proposal"], date(2026, 1, 8), date(2026, 1, 15))  # 7 days
    _inputs(rep, mo, outsider_rep)
    _leads(rep, outsider_rep, won, segments)
    make_quota(rep, "9000", date(2026, 1, 1), date(2026, 4, 1))
    make_quota(mo, "5900", date(2026, 1, 1), date(2026, 3, 1))  # 59 days: 100 a day
    make_quota(outsider_rep, "3650", date(2026, 1, 1), date(2027, 1, 1))  # 10 a day
    facts_refresh()
    return World(rep, outsider_rep, mo)


def _inputs(rui: Rep, mo: Rep, odd: Rep) -> None:
    for day in (date(2026, 1, 31), date(2026, 2, 1), date(2026, 2, 28), date(2026, 3, 1)):
        make_activity(rui, kind="call", day=day, duration_minutes=15)
        make_activity(mo, kind="call", day=day, duration_minutes=30)
    make_activity(rui, kind="meeting", day=date(2026, 2, 3), duration_minutes=60)
    make_activity(odd, kind="meeting", day=date(2026, 2, 3), duration_minutes=60)
    make_activity(odd, kind="email", day=date(2026, 3, 31))
    make_activity(odd, kind="demo", day=date(2026, 4, 1))  # not in Q1


def _leads(rui: Rep, odd: Rep, won: Any, segments: Any) -> None:
    from datetime import UTC, datetime

    def at(hour: int) -> datetime:
        return datetime(2026, 1, 2, hour, tzinfo=UTC)

    make_lead(
        owner=rui,
        created_on=date(2026, 1, 2),
        lead_source="web",
        segment=segments["small"],
        assigned_at=at(8),
        first_touch_at=at(10),
    )  # 2 hours
    skipped = make_lead(
        owner=rui,
        created_on=date(2026, 1, 2),
        lead_source="web",
        converted_on=date(2026, 1, 5),
        assigned_at=at(8),
        first_touch_at=at(12),
    )  # straight to a deal, 4 hours
    make_lead(owner=odd, created_on=date(2026, 2, 1), lead_source="fair", mql_on=date(2026, 2, 2),
              sql_on=date(2026, 4, 2))  # fmt: skip
    make_lead(owner=odd, created_on=date(2026, 3, 1), lead_source="fair", mql_on=date(2026, 3, 2))
    won.lead = skipped
    won.save()


@pytest.fixture
def sales(world: World, products: Any) -> World:
    """The same world with a shop that sends order lines."""
    make_order_line(world.rui, amount="80", ordered_on=date(2026, 2, 2), system="shop", order_id="A", quantity=2,
                    discount=Decimal("0.2"), profit=Decimal(20), product=products["suite"])  # fmt: skip
    make_order_line(world.rui, amount="50", ordered_on=date(2026, 2, 2), system="shop", order_id="A", quantity=1)
    make_order_line(world.odd, amount="70", ordered_on=date(2026, 3, 2), system="shop", order_id="B", quantity=3,
                    discount=Decimal(0), profit=Decimal(10), is_returned=True)  # fmt: skip
    facts_refresh()
    return world
