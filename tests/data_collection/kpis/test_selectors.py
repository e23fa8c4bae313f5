"""Every KPI on a world worked out by hand (conftest.py), and the promise card = rows = sums of parts."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from data_collection.kpis.catalogue import CATALOGUE
from data_collection.kpis.filters import between
from data_collection.kpis.selectors import kpi_rows, kpi_series, kpi_values
from tests.builders import make_quota

pytestmark = pytest.mark.django_db
TODAY = date(2026, 6, 30)


def q1(**fields: Any) -> Any:
    return between(date(2026, 1, 1), date(2026, 4, 1), today=TODAY, **fields)


def values(user: Any, filters: Any, *names: str) -> list[Decimal | None]:
    row = kpi_values(user, filters, names)[0]
    return [row.values[name].value for name in names]


def test_goals(world, analyst):
    found = kpi_values(analyst, q1())[0].values
    expected = {
        "bookings": 4720,  # 1,000 + 3,000 + 500 + 200 EUR x 1.10
        "bookings_per_day": Decimal(4720) / 90,
        "growth": 1,  # against 2,360
        "wins": 5,
        "losses": 2,
        "win_rate": Decimal(5) / 7,
        "win_rate_value": Decimal(4720) / 7000,
        "required_coverage": Decimal(7000) / 4720,
        "cohort_win_rate": Decimal(5) / 9,  # of nine created, two are open, two lost
        "deal_size_mean": 1180,  # four with an amount
        "deal_size_median": 750,  # 220, 500, 1,000, 3,000
        "cycle_days_mean": 34,  # (10 + 40 + 30 + 32 + 58) / 5
        "cycle_days_median": 32,
        "days_to_close_mean": Decimal(230) / 7,  # and 50 + 10
    }
    assert {name: found[name].value for name in expected} == pytest.approx(expected)
    assert found["win_rate"].n == 7 and found["win_rate"].few
    assert found["bookings"].note == "1 without an amount"
    assert found["cohort_win_rate"].note == "n = 9, too few to judge; 2 still open"


def test_quota_and_attainment(world, analyst):
    # Rui 9,000 + Mo 5,900 + Odd 10 a day x 90
    assert values(analyst, q1(), "quota", "attainment") == [15800, pytest.approx(Decimal(4720) / 15800)]
    by_rep = {row.key: row.values["quota"].value for row in kpi_values(analyst, q1(), ["quota"], "rep")}
    assert by_rep == {"rui": 9000, "mo": 5900, "odd": 900}
    by_team = {r.key: r.values["quota"].value for r in kpi_values(analyst, q1(), ["quota", "wins"], "team")}
    assert by_team == {"north": 14900, "south": 900}
    february = between(date(2026, 2, 1), date(2026, 3, 1), today=TODAY)
    assert values(analyst, february, "quota") == [2800 + 2800 + 280]


def test_pipeline(world, analyst):
    found = kpi_values(analyst, q1())[0].values
    expected = {
        "open_deals": 3,  # and the deal won in April
        "open_pipeline": 5600,
        "weighted_pipeline": 4000 * Decimal("0.1") + 600 * Decimal("0.7") + 1000,
        "coverage": Decimal(4000) / (15800 - 4720),
        "opportunities_created": 9,
        "push_count": 1,
        "slippage": 1,  # one deal was due in Q1 on its eve, and left it
        "time_in_stage_median": 5,
        "time_in_stage_p90": Decimal("6.6"),  # 3 + 0.9 x 4
        "velocity": 3 * (Decimal(5) / 7) * 1180 / 34,
    }
    assert {name: found[name].value for name in expected} == pytest.approx(expected)


def test_inputs(world, analyst):
    found = kpi_values(analyst, q1())[0].values
    expected = {"calls": 8, "meetings": 2, "emails": 1, "demos": 0, "activities": 11, "selling_hours": 5,
                "calls_per_meeting": 4, "meetings_per_opportunity": Decimal(2) / 9,
                "opportunities_per_win": Decimal(9) / 5}  # fmt: skip
    assert {name: found[name].value for name in expected} == pytest.approx(expected)


def test_leads(world, analyst):
    found = kpi_values(analyst, q1())[0].values
    expected = {"leads_created": 4, "mqls": 2, "sqls": 0, "mql_rate": Decimal("0.75"), "sql_rate": Decimal(2) / 3,
                "sql_to_opportunity": Decimal("0.5"), "lead_to_win": Decimal("0.25"), "lead_response_median": 3,
                "lead_response_p90": Decimal("3.8")}  # fmt: skip
    assert {name: found[name].value for name in expected} == pytest.approx(expected)


def test_orders(sales, analyst):
    found = kpi_values(analyst, q1())[0].values
    expected = {"revenue": 4920, "orders": 7, "units": 6, "profit": 30, "margin": Decimal("0.2"),
                "discount": Decimal(20) / 170, "return_rate": Decimal(70) / 4920}  # fmt: skip
    assert {name: found[name].value for name in expected} == pytest.approx(expected)


def test_undefined_is_none_with_a_reason(world, analyst):
    empty = kpi_values(analyst, between(date(2024, 1, 1), date(2024, 2, 1), today=TODAY))[0].values
    assert empty["bookings"].value == 0 and empty["bookings"].reason == ""
    assert (empty["win_rate"].value, empty["win_rate"].n) == (None, 0)
    assert empty["win_rate"].reason == "No deal was won or lost in this period."
    assert empty["attainment"].reason == "No quota is in force in this period."
    for value in empty.values():
        assert (value.value is None) == bool(value.reason)


def test_rows_that_state_nothing_make_a_sum_unknown_not_zero(world, analyst):
    march = between(date(2026, 3, 6), date(2026, 4, 1), today=TODAY, team="south")
    found = kpi_values(analyst, march)[0].values
    assert (found["wins"].value, found["bookings"].value) == (1, None)  # Odd's win has no amount
    assert found["bookings"].reason == "None of the 1 rows behind it states an amount."
    assert found["win_rate"].value == Decimal("0.5") and found["win_rate_value"].value is None
    assert found["units"].value is None


def test_activities_are_not_split_by_product(world, analyst):
    row = kpi_values(analyst, q1(product="suite"), ["calls", "bookings", "attainment"])[0]
    assert row.values["calls"].reason == "This is not recorded by product."
    assert row.values["attainment"].value is None
    assert row.values["bookings"].value == 1720


def test_each_role_sees_its_own(world, analyst, rep_user, manager, outsider):
    assert values(rep_user, q1(), "bookings", "wins", "quota") == [4000, 2, 9000]
    assert values(manager, q1(), "bookings", "wins", "quota") == [4500, 3, 14900]  # Mo while in North
    assert values(outsider, q1(), "bookings", "wins", "quota") == [None, 1, 900]


def test_filters_cut(world, analyst):
    assert values(analyst, q1(team="north"), "bookings") == [4500]
    assert values(analyst, q1(team="region"), "bookings") == [4720]  # with all below
    assert values(analyst, q1(segment="enterprise"), "bookings") == [3000]
    assert values(analyst, q1(source=["fair", "web"]), "bookings") == [4720]
    assert values(analyst, q1(source="fair", rep="mo"), "bookings") == [720]
    assert values(analyst, q1(territory="northlands"), "bookings") == [4000]
    assert values(analyst, q1(territory="-"), "bookings") == [720]  # Mo has none


def test_by_month_and_by_dimension(world, analyst):
    months = kpi_values(analyst, q1(), ["bookings"], "month")
    assert [(r.key, r.values["bookings"].value) for r in months] == [
        ("2026-01-01", 1000), ("2026-02-01", 3500), ("2026-03-01", 220)]  # fmt: skip
    by = {r.key: r.values["bookings"].value for r in kpi_values(analyst, q1(), ["bookings"], "product")}
    assert by == {"suite": 1720, "setup": 3000}
    by = {r.key: r.values["bookings"].value for r in kpi_values(analyst, q1(), ["bookings"], "territory")}
    assert by == {"northlands": 4000, "southlands": None, "-": 720}


def test_a_roll_up_of_teams_is_a_ratio_of_sums(world, analyst):
    rows = {
        r.key: r.values
        for r in kpi_values(analyst, q1(), ["win_rate", "cycle_days_median", "quota"], "team", rollup=True)
    }
    assert rows["region"]["win_rate"].value == pytest.approx(Decimal(5) / 7)
    assert rows["company"]["cycle_days_median"].value == 32
    assert rows["company"]["quota"].value == 15800 and rows["north"]["quota"].value == 14900


def test_comparison_and_series(world, analyst):
    from data_collection.kpis.filters import parse

    row = kpi_values(analyst, parse({"period": "2026-Q1"}, today=TODAY), ["bookings"])[0]
    assert row.before["bookings"].value == 2360
    series = kpi_series(analyst, q1(), ["bookings", "win_rate"], "month", 4)
    assert [(r.label, r.values["bookings"].value) for r in series] == [
        ("Dec 2025", 2360), ("Jan 2026", 1000), ("Feb 2026", 3500), ("Mar 2026", 220)]  # fmt: skip


def test_queries_do_not_grow(world, analyst, django_assert_max_num_queries):
    filters = q1()
    with django_assert_max_num_queries(14):  # 4 facts, 4 views of statistics, open, due, 3 quota, labels
        kpi_values(analyst, filters, None, "team")
    with django_assert_max_num_queries(13):
        kpi_series(analyst, filters, CATALOGUE, "month", 24)


# --- the promise: the number on the card is the sum of its rows ---------------------------
FILTERS = [{}, {"team": "north", "source": "web"}, {"segment": "small"}]


@pytest.mark.parametrize("fields", FILTERS, ids=str)
@pytest.mark.parametrize("who", ["analyst", "manager", "rep_user"])
def test_rows_give_the_number(sales, request, who, fields):
    """Every KPI x 3 filters x 3 roles: the formula over the sums of the rows is the value."""
    user, filters = request.getfixturevalue(who), q1(**fields)
    found = kpi_values(user, filters)[0].values
    checked = 0
    for name, kpi in CATALOGUE.items():
        rows = kpi_rows(user, filters, name)
        if rows.without_rows or any(part.how not in ("sum", "distinct") for part in rows.parts):
            continue
        sums = {part.measure: part.total() for part in rows.parts}
        if found[name].value is not None:
            assert kpi.formula.value(sums) == found[name].value, name
            checked += 1
        elif "recorded" in found[name].reason:
            assert not all(part.rows.exists() for part in rows.parts), name
    assert checked >= 20


def test_coverage_is_compared_at_the_same_point_of_the_period(world, analyst):
    """On 15 May the quarter is 45 days old; 45 days into Q1, on 14 February, 6,720 were open that closed or were to
    close in Q1 (500 + 220 + 2,000 + 4,000), 4,000 of the 15,800 were won."""
    from data_collection.kpis.filters import parse

    found = kpi_values(analyst, parse({"period": "qtd"}, today=date(2026, 5, 15)), ["coverage"])[0]
    assert found.before["coverage"].value == pytest.approx(Decimal(6720) / (15800 - 4000))


def test_a_quota_that_is_reached_needs_no_coverage(world, analyst):
    make_quota(world.rui, "100", date(2025, 10, 1), date(2026, 1, 1))  # 2,360 was won
    found = kpi_values(analyst, between(date(2025, 10, 1), date(2026, 1, 1)), ["coverage"])[0].values["coverage"]
    assert found.value is None and "reached" in found.reason
