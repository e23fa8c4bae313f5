"""KPIs of public data sets, imported as a user would, against pandas over the raw files."""

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from django.core.management import call_command

from tests.shared_data import data_set

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


def imported(name: str, mapping: str) -> Path:
    folder = data_set(name)
    call_command("import_crm", str(folder), mapping=mapping, accept_suggestions=True, stdout=StringIO())
    return folder


def kpis(start: str, end: str, *names: str, by: str | None = None, **fields: Any) -> dict[str | None, dict[str, Any]]:
    out = StringIO()
    call_command("kpis", start=start, end=end, kpi=list(names), by=by, json=True, stdout=out, **fields)
    return {row["label"] if by else None: {n: v["value"] for n, v in row["values"].items()}
            for row in json.loads(out.getvalue())["rows"]}  # fmt: skip


def test_maven(company):
    folder = imported("maven-crm", "maven_crm")
    deals = pd.read_csv(folder / "sales_pipeline.csv", parse_dates=["engage_date", "close_date"])
    deals = deals.merge(pd.read_csv(folder / "sales_teams.csv"), on="sales_agent")
    deals["product"] = deals["product"].replace("GTXPro", "GTX Pro")
    won, closed = deals[deals.deal_stage == "Won"], deals[deals.deal_stage.isin(["Won", "Lost"])]

    names = ("wins", "losses", "open_deals", "win_rate", "revenue", "bookings", "days_to_close_mean",
             "cycle_days_median", "deal_size_median")  # fmt: skip
    found = kpis("2016-10-01", "2018-01-01", *names)[None]
    assert found == pytest.approx({
        "wins": 4238, "losses": 2473, "open_deals": 2089, "win_rate": 4238 / 6711, "revenue": 10_005_534,
        "bookings": 10_005_534, "days_to_close_mean": 47.985397, "cycle_days_median": 57,
        "deal_size_median": won.close_value.median(),
    })  # fmt: skip
    for by, column in (("team", "manager"), ("product", "product"), ("rep", "sales_agent")):
        rows = kpis("2016-10-01", "2018-01-01", "wins", "losses", "revenue", "cycle_days_median", by=by)
        rows = {label: row for label, row in rows.items() if row["wins"]}
        raw = won.groupby(column).close_value.agg(["size", "sum"])
        assert {label: (r["wins"], r["revenue"]) for label, r in rows.items()} == {
            label: (size, total) for label, size, total in raw.itertuples()
        }
        lost = closed[closed.deal_stage == "Lost"].groupby(column).size().to_dict()
        assert {label: r["losses"] for label, r in rows.items()} == lost
        days = (won.close_date - won.engage_date).dt.days.groupby(won[column]).median().to_dict()
        assert {label: r["cycle_days_median"] for label, r in rows.items()} == pytest.approx(days)
    for quarter, raw in won.groupby(won.close_date.dt.to_period("Q")):
        start, end = quarter.start_time.date(), (quarter + 1).start_time.date()
        assert kpis(str(start), str(end), "revenue", "wins")[None] == {
            "revenue": raw.close_value.sum(),
            "wins": len(raw),
        }


def test_superstore(company):
    folder = imported("superstore", "superstore")
    lines = pd.read_csv(folder / "orders_2011-2014.csv.gz", parse_dates=["Order Date"])
    names = ("revenue", "profit", "units", "orders", "bookings")
    found = kpis("2011-01-01", "2015-01-01", *names)[None]
    assert found == pytest.approx(
        {"revenue": 2_297_200.86, "profit": 286_397.02, "units": 37_873, "orders": 5_009, "bookings": 0}, abs=0.005
    )
    raw = lines.groupby(lines["Order Date"].dt.strftime("%b %Y")).Sales.sum().to_dict()
    by_month = kpis("2011-01-01", "2015-01-01", "revenue", by="month")
    assert {label: row["revenue"] for label, row in by_month.items()} == pytest.approx(raw, abs=0.005)
