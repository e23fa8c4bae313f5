import json
from datetime import date
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from data_collection.facts.models import FactDirty
from data_collection.models import Opportunity

pytestmark = pytest.mark.django_db
Q1 = ("--from", "2026-01-01", "--to", "2026-04-01")


def kpis(*args: str) -> str:
    out = StringIO()
    call_command("kpis", *args, stdout=out)
    return out.getvalue()


def test_json(world):
    answer = json.loads(kpis(*Q1, "--json"))
    assert {k: answer[k] for k in ("from", "to", "currency", "by")} == {
        "from": "2026-01-01", "to": "2026-04-01", "currency": "USD", "by": None}  # fmt: skip
    (row,) = answer["rows"]
    assert row["key"] is None and row["values"]["bookings"] == {"value": 4720, "n": 5, "reason": "", "unit": "money"}
    assert row["values"]["win_rate"]["value"] == pytest.approx(5 / 7)


def test_by_rep_with_chosen_kpis_and_a_person(world, manager):
    answer = json.loads(kpis(*Q1, "--by", "rep", "--kpi", "wins", "losses", "--json", "--user", manager.email))
    found = {r["key"]: [v["value"] for v in r["values"].values()] for r in answer["rows"]}
    assert found == {"rui": [2, 1], "mo": [1, 0]}


def test_it_refreshes_facts_first(world):
    Opportunity.objects.filter(owner=world.rui).update(status="lost")
    assert FactDirty.objects.exists()
    assert json.loads(kpis(*Q1, "--kpi", "wins", "--json"))["rows"][0]["values"]["wins"]["value"] == 3
    assert not FactDirty.objects.exists()


def test_a_table_for_people(world):
    text = kpis(*Q1, "--kpi", "wins", "orders", "--team", "north")
    assert "wins" in text and "3  n = 3" in text


@pytest.mark.parametrize(
    ("args", "words"),
    [(("--from", "x", "--to", "2026-01-01"), "no date"), (("--from", "2026-01-01", "--to", "2026-01-01"), "later"),
     ((*Q1, "--kpi", "moon"), "moon"), ((*Q1, "--team", "moon"), "moon"), ((*Q1, "--user", "a@b.c"), "a@b.c")],
)  # fmt: skip
def test_what_it_cannot_read_it_refuses(company, args, words):
    with pytest.raises(CommandError, match=words):
        kpis(*args)


def test_a_deal_won_in_the_year_9999_stops_nothing(world):
    Opportunity.objects.filter(owner=world.rui, status="won").update(close_date=date(9999, 12, 31))
    answer = json.loads(kpis(*Q1, "--json"))  # every KPI; without Rui's 4,000 of 4,720
    assert answer["rows"][0]["values"]["bookings"]["value"] == 720
