from django.test import Client

from data_collection.dashboards.words import MEASURES, formula_words, measure_words
from data_collection.kpis.catalogue import CATALOGUE
from data_collection.kpis.measures import KNOWN, plain


def test_every_measure_has_words() -> None:
    assert {name for name in KNOWN if name not in MEASURES and plain(name) not in MEASURES} == set()


def test_a_formula_in_words() -> None:
    assert formula_words(CATALOGUE["win_rate"]) == "deals won / (deals won + deals lost)"
    assert measure_words("prev_won_amount") == "amount won in the period before"


def test_every_kpi_has_an_entry(viewer: object, client_of) -> None:
    client = client_of(viewer)
    overview = client.get("/glossary/").content.decode()
    for name in CATALOGUE:
        assert f"/glossary/{name}/" in overview
    page = client.get("/glossary/win_rate/").content.decode()
    for words in ("deals won / (deals won + deals lost)", "12 / (12 + 28) = 30.0 %", "more is better", "per cent"):
        assert words in page
    assert client.get("/glossary/nothing/").status_code == 404


def test_search_finds_by_meaning(rep_client: Client) -> None:
    page = rep_client.get("/glossary/?q=median+cycle").content.decode()
    assert "/glossary/cycle_days_median/" in page and "/glossary/bookings/" not in page
