"""Findings live: opened, seen again, fixed, come back, accepted; and scores of the day."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from data_collection.models import (
    CustomRule,
    FindingEvent,
    Opportunity,
    QualityCount,
    QualityFinding,
    QualityScore,
    Rep,
    Team,
)
from data_collection.quality.services.checking import quality_check, rows_check
from data_collection.quality.services.findings import FindingRefused, finding_accept, finding_claim, finding_reopen
from data_collection.quality.services.nightly import quality_night
from salesops.models import User
from tests.builders import make_account, make_fx_rate, make_lead, make_opportunity, make_order_line

TODAY = date(2026, 3, 1)
RULE = "open-past-close-date"


def check(day: date = TODAY, *names: str) -> None:
    quality_check(day=day, names=names or (RULE,))


@pytest.fixture
def late(company: object, rep: Rep) -> Opportunity:
    make_fx_rate("EUR", "1.1", date(2026, 1, 1))
    return make_opportunity("Late", owner=rep, amount="100", currency="EUR", close_date=date(2026, 2, 28))


def only() -> QualityFinding:
    return QualityFinding.objects.get()


def story() -> list[tuple[int, str, int]]:
    return [(e.day.day, e.state, e.step) for e in FindingEvent.objects.all()]


def test_a_new_finding_keeps_whose_it_is_and_its_money(late: Opportunity, rep: Rep) -> None:
    check()
    finding = only()
    assert (finding.state, finding.first_seen, finding.last_seen) == ("open", TODAY, TODAY)
    assert (finding.owner, finding.stage, finding.opportunity) == (rep, late.stage, late)
    assert finding.team == rep.memberships.get().team
    assert finding.money == Decimal("110.0000") and finding.severity == "high"  # 100 EUR at 1.1


def test_checking_again_changes_nothing_but_the_last_day(late: Opportunity) -> None:
    check()
    check()
    assert FindingEvent.objects.count() == 1
    check(TODAY + timedelta(days=1))
    assert (only().first_seen, only().last_seen) == (TODAY, date(2026, 3, 2))
    assert story() == [(1, "open", 1)]


def test_fixed_then_back(late: Opportunity) -> None:
    check()
    Opportunity.objects.update(close_date=date(2026, 3, 31))
    check(date(2026, 3, 2))
    assert (only().state, only().state_since) == ("fixed", date(2026, 3, 2))
    check(date(2026, 3, 3))
    assert only().state_since == date(2026, 3, 2)
    check(date(2026, 4, 1))
    assert (only().state, only().first_seen) == ("came_back", TODAY)
    assert story() == [(1, "open", 1), (2, "fixed", -1), (1, "came_back", 1)]


def test_a_row_that_is_gone_has_no_finding_left(late: Opportunity) -> None:
    check()
    Opportunity.objects.update(deleted_at="2026-03-01T12:00Z")
    check()
    assert only().state == "fixed"


def test_accepted_stays_quiet_until_its_value_changes(late: Opportunity, analyst: User) -> None:
    check()
    finding_accept(finding=only(), user=analyst, reason=" Signed  on paper ", today=TODAY)
    check(TODAY + timedelta(days=1))
    assert (only().state, only().accepted_reason) == ("accepted", "Signed on paper")
    Opportunity.objects.update(amount=Decimal(7))  # the rule does not read it
    check(TODAY + timedelta(days=2))
    assert only().state == "accepted" and only().money == Decimal("7.7000")
    Opportunity.objects.update(close_date=date(2026, 2, 27))
    check(TODAY + timedelta(days=3))
    assert only().state == "came_back"
    assert story() == [(1, "open", 1), (1, "accepted", -1), (4, "came_back", 1)]


def test_accepted_until_a_day(late: Opportunity, analyst: User) -> None:
    check()
    finding_accept(finding=only(), user=analyst, reason="Customer on leave", today=TODAY, until=date(2026, 3, 10))
    check(date(2026, 3, 10))
    assert only().state == "accepted"
    check(date(2026, 3, 11))
    assert only().state == "came_back"


def test_accepted_and_then_fixed_counts_once(late: Opportunity, analyst: User) -> None:
    check()
    finding_accept(finding=only(), user=analyst, reason="Fine", today=TODAY)
    Opportunity.objects.update(close_date=date(2026, 3, 31))
    check(date(2026, 3, 2))
    assert only().state == "fixed" and sum(step for _day, _state, step in story()) == 0


def test_refusals(late: Opportunity, analyst: User) -> None:
    check()
    with pytest.raises(FindingRefused, match="Write why"):
        finding_accept(finding=only(), user=analyst, reason="  ", today=TODAY)
    with pytest.raises(FindingRefused, match="still to come"):
        finding_accept(finding=only(), user=analyst, reason="x", today=TODAY, until=date(2026, 2, 1))
    with pytest.raises(FindingRefused, match="Only an accepted"):
        finding_reopen(finding=only(), user=analyst, today=TODAY)
    accepted = finding_accept(finding=only(), user=analyst, reason="x", today=TODAY)
    with pytest.raises(FindingRefused, match="accepted already"):
        finding_accept(finding=accepted, user=analyst, reason="y", today=TODAY)
    with pytest.raises(FindingRefused, match="does not stand"):
        finding_claim(finding=accepted, user=analyst, today=TODAY)
    assert finding_reopen(finding=accepted, user=analyst, today=TODAY).state == "open"


def test_a_claim_is_settled_by_the_check(late: Opportunity, rep_user: User) -> None:
    check()
    finding_claim(finding=only(), user=rep_user, today=TODAY)
    rows_check(day=TODAY, table="opportunity", row_ids=[late.pk])
    assert QualityFinding.objects.get(rule=RULE).claimed_on == TODAY  # not seen to be fixed
    Opportunity.objects.update(close_date=date(2026, 3, 31))
    rows_check(day=TODAY, table="opportunity", row_ids=[late.pk])
    assert (QualityFinding.objects.get(rule=RULE).state, QualityFinding.objects.get(rule=RULE).claimed_on) == (
        "fixed",
        None,
    )


def test_checking_one_row_leaves_the_others_alone(late: Opportunity, rep: Rep) -> None:
    other = make_opportunity("Other", owner=rep, close_date=date(2026, 2, 1))
    check()
    Opportunity.objects.update(close_date=date(2026, 3, 31))
    rows_check(day=TODAY, table="opportunity", row_ids=[late.pk])
    states = dict(QualityFinding.objects.filter(rule=RULE).values_list("row_id", "state"))
    assert states == {late.pk: "fixed", other.pk: "open"}


def test_a_custom_rule_finds_and_ends_when_switched_off(late: Opportunity, company: object) -> None:
    rule = CustomRule.objects.create(
        code="euro",
        title="Deal in euro",
        condition={"match": "all", "parts": [{"field": "currency", "op": "is", "value": "eur"}]},
        why="Because.",
        fix="Ask.",
    )
    quality_check(day=TODAY)
    assert QualityFinding.objects.get(rule="custom-euro").row_id == late.pk
    rule.is_active = False
    rule.save()
    quality_check(day=TODAY)
    gone = QualityFinding.objects.get(rule="custom-euro")
    assert gone.state == "fixed" and gone.events.last().note == "The rule is no longer checked."


def test_the_scores_of_a_day(late: Opportunity, rep: Rep, outsider_rep: Rep, company: object) -> None:
    account = make_account("Acme", owner=rep, currency="EUR", country="Italy")  # in play and sound
    Opportunity.objects.update(account=account, lead_source="Web")
    make_opportunity("Old", owner=rep, status="lost", close_date=date(2025, 1, 1), created_on=date(2024, 1, 1),
                     account=account, currency="EUR", lead_source="Web")  # fmt: skip
    make_lead("Fresh", owner=outsider_rep, created_on=date(2026, 2, 28), email="a@b.example", lead_source="Web")
    quality_night(day=TODAY)
    quality_night(day=TODAY)
    scores = {(s.by, s.key): s for s in QualityScore.objects.all()}
    mine = scores["rep", rep.code]
    # The late deal's worst finding is high (10), the account has none: 1 - 10 / (10 x 2).
    assert (mine.rows, mine.weight, mine.score) == (2, 10, 0.5)
    assert mine.findings == QualityFinding.objects.filter(owner=rep).count()
    assert mine.team == rep.memberships.get().team
    assert scores["rep", outsider_rep.code].score == 1.0
    assert scores["team", "north"].score == 0.5 and scores["team", "south"].score == 1.0
    assert scores["stage", str(late.stage_id)].score == 0.0
    assert (scores["company", ""].rows, scores["company", ""].weight) == (3, 10)
    assert scores["source", "Web"].rows == 2 and scores["system", late.system].rows == 3
    assert mine.checked[RULE] == 1
    count = QualityCount.objects.get(day=TODAY, rule=RULE)
    assert (count.broken, count.checked, count.money) == (1, 1, Decimal("110.00"))


def test_order_money_and_the_pipeline_of_an_account(late: Opportunity, rep: Rep) -> None:
    account = make_account("Odd", owner=rep, country="Nowhere")
    Opportunity.objects.update(account=account)
    make_opportunity("Won", account=account, status="won", amount="900")
    make_order_line(rep, amount="-20", currency="EUR", account=account)
    check(TODAY, "account-country-unknown", "order-amount-negative")
    money = dict(QualityFinding.objects.values_list("rule", "money"))
    assert money == {"account-country-unknown": Decimal("110.0000"), "order-amount-negative": Decimal("-22.0000")}


def test_the_owner_of_a_finding_moves_with_the_row(late: Opportunity, outsider_rep: Rep, teams: object) -> None:
    check()
    Opportunity.objects.update(owner=outsider_rep)
    check()
    assert only().owner == outsider_rep and only().team == Team.objects.get(code="south")
