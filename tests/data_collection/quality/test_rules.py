"""Each rule counts what a person would count by hand."""

from datetime import date
from decimal import Decimal

import pytest

from data_collection.models import QualityCount, Rep
from data_collection.quality.selectors import Finding, findings, fixes_of, rows_of
from data_collection.quality.services import quality_count
from salesops.models import Company, User
from tests.builders import (
    make_account,
    make_activity,
    make_fx_rate,
    make_lead,
    make_opportunity,
    make_order_line,
    make_product,
)

TODAY = date(2026, 3, 1)


def by_name(user: User | None) -> dict[str, Finding]:
    return {f.rule.name: f for f in findings(user, TODAY)}


@pytest.fixture
def deals(company: Company, rep: Rep) -> None:
    account = make_account("Acme", owner=rep)
    sound = {"account": account, "owner": rep, "next_step": "Call"}
    make_fx_rate("EUR", "1.1", date(2026, 1, 1))
    make_activity(rep, day=date(2026, 2, 25), opportunity=make_opportunity(close_date=date(2026, 3, 1), **sound))
    make_opportunity("Late", amount="100", close_date=date(2026, 2, 28), currency="EUR", **sound)
    make_opportunity("Unknown", amount=None, close_date=date(2026, 4, 1), **sound)
    make_opportunity("Undated", amount="50", close_date=None, created_on=date(2026, 2, 20), **sound)
    make_opportunity("Orphan", amount="70", close_date=date(2026, 4, 1), owner=None, account=account, next_step="x")
    make_opportunity("Empty win", status="won", amount=None, **sound)
    make_opportunity("Swiss", status="won", amount="10", currency="CHF", **sound)
    make_opportunity("Homeless", status="lost", amount="30", owner=rep)


def test_counts_and_money_of_every_rule(deals: None) -> None:
    found = by_name(None)
    assert {name: f.broken for name, f in found.items() if f.broken} == {
        "open-past-close-date": 1,
        "won-without-amount": 1,
        "exchange-rate-missing": 1,
        "account-missing": 1,
        "owner-missing": 1,
        "amount-missing": 1,
        "close-date-missing": 1,
        "no-recent-activity": 3,  # Late, Unknown, Orphan; Undated is nine days old
    }
    assert found["open-past-close-date"].money == Decimal(110)  # 100 EUR at 1.1
    assert found["open-past-close-date"].checked == 5
    assert found["account-missing"].checked == 8
    assert found["exchange-rate-missing"].checked == 2


def test_rows_of_a_rule_are_the_counted_ones(deals: None, analyst: User) -> None:
    for name, finding in by_name(analyst).items():
        assert rows_of(name, analyst, TODAY).count() == finding.broken, name


def test_a_rep_sees_findings_of_own_deals_only(deals: None, rep_user: User, outsider: User) -> None:
    assert by_name(rep_user)["owner-missing"].broken == 0
    assert by_name(rep_user)["amount-missing"].broken == 1
    assert sum(f.broken for f in by_name(outsider).values()) == 0


def test_a_field_nobody_fills_is_not_asked(company: Company, rep: Rep) -> None:
    make_opportunity(owner=rep, amount=None, close_date=date(2026, 4, 1))
    found = by_name(None)
    assert found["next-step-missing"].unused and found["next-step-missing"].broken == 0
    assert found["no-recent-activity"].unused
    assert found["amount-missing"].unused


def test_leads_and_orders(company: Company, rep: Rep) -> None:
    make_lead(owner=rep, lead_source="Web", created_on=date(2026, 2, 1), first_touch_at="2026-02-01T10:00Z")
    make_lead(owner=rep, created_on=date(2026, 2, 21))
    make_lead(owner=rep, lead_source="Web", created_on=date(2026, 2, 27))
    make_order_line(rep, product=None, currency="EUR", amount="5")
    make_order_line(rep, product=make_product())
    found = by_name(None)
    assert found["lead-source-missing"].broken == 1
    assert found["lead-untouched"].broken == 1
    assert found["order-product-missing"].broken == 1
    assert found["order-rate-missing"].broken == 1


def test_the_worklist_says_what_to_fix_most_money_first(deals: None, rep: Rep) -> None:
    fixes = [(deal.name, words) for deal, words in fixes_of(rep.pk, TODAY, "USD")]
    assert fixes == [
        ("Late", ["Close date has passed", "Quiet for 30 days"]),
        ("Undated", ["No close date"]),
        ("Unknown", ["No amount", "Quiet for 30 days"]),
    ]


def test_counts_are_stored_once_a_day(deals: None) -> None:
    quality_count(day=TODAY)
    quality_count(day=TODAY)
    stored = QualityCount.objects.get(day=TODAY, rule="open-past-close-date")
    assert (stored.broken, stored.checked, stored.money) == (1, 5, Decimal("110.00"))
