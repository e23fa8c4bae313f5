import csv
import html
import re
import subprocess
import sys
from collections.abc import Callable
from datetime import date

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from data_collection.models import Rep
from demand_planning.models import ForecastRun, ForecastSeries
from salesops.models import Company, User

pytestmark = pytest.mark.django_db
URL = "/demand/forecast/"


def read_csv(client: Client, query: str) -> list[dict[str, str]]:
    content = b"".join(client.get(f"{URL}?{query}").streaming_content).decode("utf-8-sig")
    return list(csv.DictReader(content.splitlines()))


def test_page_says_what_was_done(run: ForecastRun, analyst_client: Client) -> None:
    with CaptureQueriesContext(connection) as queries:
        text = analyst_client.get(URL).content.decode()
    assert len(queries) <= 15
    for words in (
        "Median of four models: Dynamic optimised Theta",
        "Based on 36 months from Nov 2023",
        "Nov 2026 is still open (20,300 so far)",
        "structural least squares",
        "times that of the naive",
        "Backtest",
    ):
        assert words in text
    assert reverse("forecast") == URL


def test_series_by_address_is_the_same_in_page_csv_and_api(run: ForecastRun, analyst_client: Client) -> None:
    query = "measure=units&product=suite&territory=northlands"
    series = ForecastSeries.objects.get(run=run, measure="units", item="suite", place="northlands")
    points = {point.month.isoformat(): point.expected for point in series.points.all()}
    lines = read_csv(analyst_client, f"{query}&format=csv")
    assert {line["month"]: float(line["forecast"]) for line in lines if line["forecast"]} == pytest.approx(
        {month: float(value) for month, value in points.items()}
    )
    assert [float(line["actual"]) for line in lines if line["actual"]] == series.history
    listed = analyst_client.get(f"/api/v1/forecasts/?{query}").json()["results"]
    assert [row["id"] for row in listed] == [series.pk]
    detail = analyst_client.get(f"/api/v1/forecasts/{series.pk}/").json()
    assert {point["month"]: point["expected"] for point in detail["points"]} == {
        month: str(value) for month, value in points.items()
    }
    page = analyst_client.get(f"{URL}?{query}").content.decode()
    assert f"{round(series.next_year):,}" in page
    models = {row["model"] for row in detail["backtest"]}
    assert {"Median (used)", "Seasonal naive: same month last year (the naive)", "MSTL with smoothed trend"} <= models


def test_history_opens_its_rows(run: ForecastRun, analyst_client: Client, manager_client: Client) -> None:
    """October 2026, Suite in the north: 100 + 30 (season) + 35 (growth)."""
    page = analyst_client.get(f"{URL}?measure=bookings&product=suite&territory=northlands").content.decode()
    link = re.search(r'href="(/rows/bookings/[?]period=2026-10[^"]*)"[^>]*>16,500<', page)
    assert link
    rows = analyst_client.get(html.unescape(link[1]))
    assert rows.status_code == 200 and "16,500" in rows.content.decode()
    assert "/rows/bookings/?period=2026-10" not in manager_client.get(URL).content.decode()


def test_list_is_sorted_by_size(run: ForecastRun, analyst_client: Client) -> None:
    sizes = [float(line["next_12_months"]) for line in read_csv(analyst_client, "format=series.csv")]
    assert len(sizes) == 3 + 2 + 2 + 1  # cells, products, territories, everything
    assert sizes == sorted(sizes, reverse=True)
    assert [line["level"] for line in read_csv(analyst_client, "format=series.csv&level=cell")] == ["cell"] * 3


def test_no_forecast_yet(company: Company, analyst_client: Client) -> None:
    response = analyst_client.get(URL)
    assert response.status_code == 200 and "No forecast has been made yet" in response.content.decode()


def test_unknown_series_and_wrong_values_are_a_sentence(run: ForecastRun, analyst_client: Client) -> None:
    text = analyst_client.get(f"{URL}?product=nothing&measure=x&sort=y&level=z&page=99").content.decode()
    assert "There is no forecast of this product in this territory" in text
    assert analyst_client.get(f"{URL}?product=nothing&format=csv").status_code == 200


@pytest.mark.parametrize("who", ["rep", "manager"])
def test_a_territory_sees_itself_only(
    who: str, run: ForecastRun, client_of: Callable[[User], Client], rep: Rep, manager_rep: Rep
) -> None:
    """The rep's own territory; for the manager the one of the people of the led team. No totals, no other place."""
    client = client_of(rep.user if who == "rep" else manager_rep.user)
    text = client.get(URL).content.decode()
    assert "Northlands" in text and "Southlands" not in text
    places = {line["territory"] for line in read_csv(client, "format=series.csv")}
    assert places == {"northlands"}
    assert {row["territory"] for row in client.get("/api/v1/forecasts/").json()["results"]} == {"northlands"}
    for other in ForecastSeries.objects.filter(run=run).exclude(place="northlands"):
        assert client.get(f"/api/v1/forecasts/{other.pk}/").status_code == 404
    hidden = client.get(f"{URL}?territory=southlands").content.decode()
    assert "There is no forecast of this product in this territory" in hidden
    assert "Southlands" not in hidden
    csv_answer = client.get(f"{URL}?territory=southlands&format=csv")
    assert not csv_answer.streaming


def test_a_rep_without_territory_sees_nothing(run: ForecastRun, rep: Rep, client_of: Callable[[User], Client]) -> None:
    rep.territories.update(valid_to=date(2026, 1, 1))
    assert "you are in none today" in client_of(rep.user).get(URL).content.decode()


def test_unpublished_runs_are_not_reached(run: ForecastRun, analyst_client: Client) -> None:
    series = ForecastSeries.objects.filter(run=run).first()
    ForecastRun.objects.update(is_current=False, state="building")
    assert analyst_client.get("/api/v1/forecasts/").json()["results"] == []
    assert analyst_client.get(f"/api/v1/forecasts/{series.pk}/").status_code == 404
    assert analyst_client.get("/api/v1/forecasts/runs/").json()["results"] == []


def test_admin_shows_and_does_not_edit(run: ForecastRun, analyst_client: Client) -> None:
    series = ForecastSeries.objects.filter(run=run).first()
    for url in (
        "/admin/demand_planning/forecastrun/",
        "/admin/demand_planning/forecastseries/?q=suite",
        f"/admin/demand_planning/forecastseries/{series.pk}/change/",
    ):
        assert analyst_client.get(url).status_code == 200
    assert analyst_client.get("/admin/demand_planning/forecastseries/add/").status_code == 403


def test_web_process_does_not_load_the_forecasting_library() -> None:
    code = (
        "import django, sys; django.setup(); import salesops.urls, demand_planning.tasks; "
        "sys.exit('statsforecast' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("name", ["measure", "product", "territory", "level", "sort", "page", "format"])
@pytest.mark.parametrize("value", ["\x00", "sui\x00te", "²", "--size"])
def test_parameters_that_cannot_be_read_are_no_error(
    run: ForecastRun, analyst_client: Client, name: str, value: str
) -> None:
    assert analyst_client.get(URL, {name: value}).status_code == 200
    if name in ("measure", "product", "territory", "level"):
        status = analyst_client.get("/api/v1/forecasts/", {name: value}).status_code
        assert status == 400 if "\x00" in value else status in (200, 400)


@pytest.mark.parametrize("text", ["²", "١٢", "0", "401", "1.5", ""])
def test_a_horizon_is_a_plain_number(text: str) -> None:
    from argparse import ArgumentTypeError

    from demand_planning.management.commands.forecast import horizon

    assert horizon("18") == 18
    with pytest.raises(ArgumentTypeError):
        horizon(text)
