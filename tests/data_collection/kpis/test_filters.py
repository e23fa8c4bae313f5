from datetime import date

import pytest
from django.http import QueryDict

from data_collection.kpis.filters import parse
from data_collection.kpis.selectors import filter_options, kpi_rows, kpi_targets, kpi_values
from data_collection.models import KpiTarget

pytestmark = pytest.mark.django_db
TODAY = date(2026, 8, 15)


def test_the_default_is_the_quarter_to_date(company):
    found = parse(QueryDict(""), today=TODAY)
    assert (found.period.start, found.period.end) == (date(2026, 7, 1), date(2026, 8, 16))
    assert (found.compare.start, found.compare.end) == (date(2026, 4, 1), date(2026, 5, 17))  # same 46 days
    assert found.query() == "" and not found.errors


def test_the_query_string_comes_back(teams, products, company):
    text = "period=2026-Q1&cmp=yoy&team=north&team=south&product=suite&source=web+site"
    found = parse(QueryDict(text), today=TODAY)
    assert found.query() == text and not found.errors
    assert parse(QueryDict(found.query()), today=TODAY) == found
    assert found.query(team=None, cmp="prev") == "period=2026-Q1&cmp=prev&product=suite&source=web+site"
    assert [(c.name, c.value) for c in found.chips] == [
        ("team", "North, South"), ("product", "Suite"), ("source", "web site")]  # fmt: skip


def test_from_and_to_are_half_open(company):
    found = parse({"from": "2026-01-01", "to": "2026-04-01"}, today=TODAY)
    assert (found.period.start, found.period.end) == (date(2026, 1, 1), date(2026, 4, 1))
    assert found.query() == "period=2026-01-01..2026-03-31"


@pytest.mark.parametrize(
    ("params", "words"),
    [("period=moon", "moon"), ("from=2026-01-01", "from"), ("from=2026-02-01&to=2026-01-01", "later"),
     ("cmp=moon", "comparison"), ("period=9999-12", "out of range"), ("from=0001-01-01&to=9999-12-31", "1900")],
)  # fmt: skip
def test_what_cannot_be_read_is_named_and_left_out(company, params, words):
    found = parse(QueryDict(params), today=TODAY)
    assert words in " ".join(found.errors)
    assert found.choices == ()


@pytest.mark.parametrize("name", ["team", "rep", "territory", "product", "family", "segment"])
@pytest.mark.parametrize("code", ["moon", "\x00", "no\x00rth", "²"])
def test_an_unknown_code_is_named_and_leaves_nothing(world, analyst, name, code):
    found = parse({"period": "2026-Q1", name: code}, today=TODAY)
    assert found.choice(name).values == frozenset() and "\x00" not in found.query()
    assert found.errors and "There is no" in found.errors[0]
    values = kpi_values(analyst, found)[0].values
    assert not any(v.value for v in values.values() if v.unit in ("money", "count"))
    assert not any(part.rows.exists() for part in kpi_rows(analyst, found, "bookings").parts)


def test_a_known_code_beside_an_unknown_one_counts_alone(world, analyst):
    found = parse({"period": "2026-Q1", "rep": ["rui", "moon"]}, today=TODAY)
    assert found.errors and kpi_values(analyst, found, ["bookings"])[0].values["bookings"].value == 4000


def test_a_source_postgres_cannot_hold_is_named(world, analyst):
    found = parse({"period": "2026-Q1", "source": "we\x00b"}, today=TODAY)
    assert "There is no lead source" in found.errors[0]
    assert not kpi_values(analyst, found, ["bookings"])[0].values["bookings"].value


def test_a_team_brings_the_teams_below(teams):
    found = parse({"team": "region"}, today=TODAY)
    assert found.choices[0].values == {teams.region.pk, teams.north.pk, teams.south.pk}


def test_options_are_only_what_one_may_see(rep, outsider_rep, manager, rep_user, analyst):
    assert {code for code, _ in filter_options(analyst)["rep"]} >= {"rui", "odd", "mai"}
    assert {code for code, _ in filter_options(manager)["rep"]} == {"rui", "mai"}
    assert [code for code, _ in filter_options(manager)["team"]] == ["north"]
    own = filter_options(rep_user)
    assert own["rep"] == own["team"] == own["territory"] == []


def test_targets_are_prorated_when_additive(teams, analyst, rep, rep_user, outsider):
    year = {"valid_from": date(2026, 1, 1), "valid_to": date(2027, 1, 1)}
    KpiTarget.objects.create(kpi="bookings", value=365, **year)
    KpiTarget.objects.create(kpi="win_rate", value="0.25", **year)
    KpiTarget.objects.create(kpi="bookings", value=730, rep=rep, **year)
    q1 = parse({"period": "2026-Q1"}, today=TODAY)
    assert kpi_targets(analyst, q1, ["bookings", "win_rate"]) == {"bookings": 90, "win_rate": pytest.approx(0.25)}
    assert kpi_targets(rep_user, q1, ["bookings"]) == {"bookings": 180}
    of_rui = parse({"period": "2026-Q1", "rep": "rui"}, today=TODAY)
    assert kpi_targets(analyst, of_rui, ["bookings"]) == {"bookings": 180}
    assert kpi_targets(outsider, of_rui, ["bookings"]) == {}


def test_a_target_needs_a_kpi_that_exists(company):
    from django.core.exceptions import ValidationError

    with pytest.raises(ValidationError, match="moon"):
        KpiTarget(kpi="moon", value=1, valid_from=date(2026, 1, 1), valid_to=date(2026, 2, 1)).full_clean()
