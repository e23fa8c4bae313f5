"""The API gives the numbers of the selectors, refuses what it can't read, and hides what is not one's own."""

from decimal import Decimal

import pytest

from data_collection.kpis.catalogue import CATALOGUE
from data_collection.kpis.filters import DIMENSIONS, parse
from data_collection.kpis.selectors import kpi_rows, kpi_values
from tests.data_collection.kpis.test_selectors import FILTERS

pytestmark = pytest.mark.django_db
Q1 = {"from": "2026-01-01", "to": "2026-04-01"}


@pytest.mark.parametrize("fields", FILTERS, ids=str)
@pytest.mark.parametrize("who", ["analyst", "manager", "rep_user"])
def test_every_kpi_is_the_same_by_api(sales, request, client_of, who, fields):
    user = request.getfixturevalue(who)
    answer = client_of(user).get("/api/v1/kpis/", {**Q1, **fields}).json()
    found = kpi_values(user, parse({**Q1, **fields}))[0].values
    for name in CATALOGUE:
        value = answer["rows"][0]["values"][name]["value"]
        assert (None if value is None else Decimal(value)) == found[name].value, name


def test_by_team_with_comparison(world, analyst_client):
    answer = analyst_client.get("/api/v1/kpis/", {**Q1, "by": "team", "kpi": "bookings"}).json()
    assert answer["currency"] == "USD" and answer["compare_from"] == "2025-10-03"
    by = {row["key"]: row["values"]["bookings"]["value"] for row in answer["rows"]}
    assert by == {"north": "4500", "south": "220"}


def test_rows_sum_to_the_part_over_all_pages(world, analyst_client, analyst):
    url, total, seen = "/api/v1/kpis/bookings/rows/", Decimal(0), 0
    params = {**Q1, "page_size": 2}
    while url:
        answer = analyst_client.get(url, params).json()
        total += sum(Decimal(row["value"]) for row in answer["rows"])
        seen += len(answer["rows"])
        url, params = answer["next"], {}
    assert total == 4720 == Decimal(answer["parts"][0]["total"]) and seen == 4
    assert kpi_rows(analyst, parse(Q1), "bookings").parts[0].total() == 4720


def test_a_ratio_opens_both_parts(world, analyst_client):
    answer = analyst_client.get("/api/v1/kpis/win_rate/rows/", {**Q1, "part": "lost_n"}).json()
    assert [p["measure"] for p in answer["parts"]] == ["won_n", "lost_n"] and len(answer["rows"]) == 2
    assert analyst_client.get("/api/v1/kpis/win_rate/rows/", {**Q1, "part": "x"}).status_code == 400


def test_every_kpi_has_rows_and_a_series(sales, analyst_client):
    for name in CATALOGUE:
        assert analyst_client.get(f"/api/v1/kpis/{name}/rows/", Q1).status_code == 200, name
        assert len(analyst_client.get(f"/api/v1/kpis/{name}/series/", {**Q1, "count": 3}).json()["rows"]) == 3, name


def test_a_rep_gets_no_row_of_another(world, client_of, rep_user):
    client = client_of(rep_user)
    for name in CATALOGUE:
        for part in [p["measure"] for p in client.get(f"/api/v1/kpis/{name}/rows/", Q1).json()["parts"]]:
            rows = client.get(f"/api/v1/kpis/{name}/rows/", {**Q1, "part": part}).json()["rows"]
            assert {row["rep_id"] for row in rows} <= {world.rui.pk}, name
    (row,) = client.get("/api/v1/kpis/", {**Q1, "rep": "odd", "kpi": "wins"}).json()["rows"]
    assert row["values"]["wins"]["value"] == "0"


@pytest.mark.parametrize(
    "params",
    [
        {"period": "2026-Q9"},
        {"from": "x", "to": "y"},
        {"team": "nowhere"},
        {"by": "moon"},
        {"cmp": "later"},
        {"by": "week", "from": "1950-01-01", "to": "2020-01-01"},
    ],
)
def test_what_it_cannot_read_it_refuses(analyst_client, params):
    answer = analyst_client.get("/api/v1/kpis/", params)
    assert answer.status_code == 400 and answer.headers["Content-Type"] == "application/problem+json"


def test_unknown_kpi_and_login(analyst_client, client_of):
    assert analyst_client.get("/api/v1/kpis/moon/rows/").status_code == 404
    assert analyst_client.get("/api/v1/kpis/", {"kpi": "moon"}).status_code == 404
    assert client_of(None).get("/api/v1/kpis/").status_code in (401, 403)


def test_catalogue_and_funnel(world, analyst_client):
    catalogue = analyst_client.get("/api/v1/kpis/catalogue/").json()
    assert len(catalogue) == len(CATALOGUE) >= 40
    funnel = analyst_client.get("/api/v1/funnel/", {**Q1, "by": "segment", "cohort": "deals"}).json()
    assert funnel["total"]["steps"][0]["entered"] == 9
    assert analyst_client.get("/api/v1/funnel/", {"cohort": "moon"}).status_code == 400


@pytest.mark.parametrize("url", ["", "bookings/rows/", "bookings/series/", "../funnel/"])
@pytest.mark.parametrize("code", ["\x00", "no\x00rth"])
def test_a_nul_in_a_filter_is_refused(world, analyst_client, url, code):
    path = "/api/v1/funnel/" if url == "../funnel/" else f"/api/v1/kpis/{url}"
    for name in (*DIMENSIONS, "period", "cmp", "from"):
        answer = analyst_client.get(path, {name: code})
        assert answer.status_code == 400 and answer["Content-Type"] == "application/problem+json", name


def test_an_unknown_code_is_refused(world, analyst_client):
    assert analyst_client.get("/api/v1/kpis/", {**Q1, "team": "moon"}).status_code == 400


@pytest.mark.parametrize("value", ["\x00", "²", "1" * 5000])
def test_numbers_and_names_that_are_none_are_refused(world, analyst_client, value):
    for name in ("count", "grain"):
        assert analyst_client.get("/api/v1/kpis/bookings/series/", {**Q1, name: value}).status_code == 400, name
    for name, status in (("cursor", (200, 400, 404)), ("page_size", (200, 400)), ("part", (400,))):
        assert analyst_client.get("/api/v1/kpis/bookings/rows/", {**Q1, name: value}).status_code in status, name
