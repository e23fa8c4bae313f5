"""Components say the right words and keep the address."""

import json
import re

from django.template import Context, Template
from django.test import RequestFactory

from salesops.charts import figures
from salesops.frame import gallery
from salesops.frame.components import ChartCard, Column, Delta, Filter, KpiCard, Table, Target


def render(source: str, path: str = "/page/", **context: object) -> str:
    context["request"] = RequestFactory().get(path)
    return Template("{% load frame %}" + source).render(Context(context)).replace("\u00a0", " ")


def test_kpi_card_has_its_parts_in_order() -> None:
    card = KpiCard(
        "Bookings", 1_238_400, "money", "USD", "/rows/?kpi=bookings", "Value of deals won.", "/glossary/#bookings",
        Delta(0.084, "vs Q3, same 54 days", judgement="better"), [1, 2, 3], "last 12 months",
        Target(1_300_000, "Plan Q4"), n=7,
    )  # fmt: skip
    html = render("{% kpi_card card %}", card=card)
    parts = ["Bookings</h2>", "/glossary/#bookings", "1.24M", "kpi-unit", "+8.4 %", "kpi-judge", "vs Q3, same 54 days"]
    parts += ['class="spark"', 'class="targetbar"', "of 1.30M", "n = 7"]
    places = [html.index(part) for part in parts]
    assert places == sorted(places)
    assert '<a href="/rows/?kpi=bookings" title="1,238,400 USD">1.24M</a>' in html
    assert "95 %" in html  # 1,238,400 / 1,300,000 = 0.9526


def test_undefined_kpi_is_a_dash_with_its_reason() -> None:
    html = render("{% kpi_card card %}", card=KpiCard("Win rate", None, "percent", reason="No deals closed yet"))
    assert "–" in html
    assert "No deals closed yet" in html
    assert "0" not in re.sub(r"<[^>]+>", "", html)


def test_large_sample_is_not_mentioned() -> None:
    assert "too few" not in render("{% kpi_card card %}", card=KpiCard("Win rate", 0.3, "percent", n=30))


def test_sort_link_turns_and_keeps_the_filter() -> None:
    table = Table([Column("a", "Amount", "money", sort="a")], [{"a": 1}], "Deals")
    assert 'href="?team=emea&amp;sort=-a"' in render("{% data_table t %}", "/p/?team=emea", t=table)
    html = render("{% data_table t %}", "/p/?team=emea&sort=-a", t=table)
    assert 'aria-sort="descending"' in html
    assert 'href="?team=emea&amp;sort=a"' in html


def test_table_escapes_what_came_from_the_crm() -> None:
    table = Table([Column("a", "Deal", href="u")], [{"a": "<img src=x>", "u": '/"onmouseover="x'}], "Deals")
    html = render("{% data_table t %}", t=table)
    assert "<img" not in html
    assert '"onmouseover' not in html


def test_filter_at_its_default_makes_no_chip() -> None:
    filters = [
        Filter("period", "Period", "qtd", [("qtd", "Quarter to date")], "qtd"),
        Filter("team", "Team", "emea", [("", "All"), ("emea", "EMEA")]),
    ]
    html = render("{% filter_bar filters %}", "/p/?team=emea&kpi=won&page=3", filters=filters)
    chips = re.findall(r'class="chip" href="([^"]*)"', html)
    assert chips == ["?kpi=won"]
    assert '<input type="hidden" name="kpi" value="won">' in html
    assert 'name="page"' not in html
    assert 'class="chip chip-reset" href="/p/"' in html


def test_chart_data_cannot_leave_its_script() -> None:
    chart = ChartCard("c", "Title", figures.bar(["</script><b>"], [1], name="x"))
    html = render("{% chart_card chart %}", chart=chart)
    body = re.search(r'id="c-figure">(.*?)</script>', html, re.DOTALL).group(1)
    assert "<" not in body
    assert json.loads(body)["data"][0]["x"] == ["</script><b>"]


def test_chart_without_points_says_so() -> None:
    chart = ChartCard("c", "Title", figures.line([], [], name="x"), empty="No deal slipped.")
    html = render("{% chart_card chart %}", chart=chart)
    assert "No deal slipped." in html
    assert "data-figure" not in html


def test_horizontal_chart_grows_with_its_rows() -> None:
    tall = figures.horizontal_bar([str(i) for i in range(14)], list(range(14)), name="x")
    assert "chart-h560" in render(
        "{% chart_card c %}", c=ChartCard("c", "T", tall)
    )  # 14 * 34 + 60 = 536, next step of 40


def test_pages_keep_other_parameters() -> None:
    page = gallery.samples(RequestFactory().get("/g/?page=2"))["page"]
    html = render("{% pagination page %}", "/g/?team=emea&page=2", page=page)
    assert "51–100 of 1,248" in html
    assert 'href="?team=emea&amp;page=3"' in html


def test_progress_without_total_shows_the_count() -> None:
    assert "812 so far" in render('{% progress 812 None "Facts" %}')
    html = render('{% progress 31200 150000 "Import" "reading" %}')
    assert 'max="150000" value="31200"' in html
    assert "31,200 of 150,000 · 21 % · reading" in html
