"""Sample data for the gallery: every component, with the awkward cases beside the usual ones."""

from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest

from salesops.charts import figures
from salesops.frame.components import ChartCard, Choice, Column, Delta, Empty, Filter, KpiCard, Table, Target

MONTHS = ["Dec", "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov"]
BOOKINGS = [812e3, 765e3, 801e3, 948e3, 882e3, 903e3, 1_021e3, 917e3, 894e3, 1_108e3, 1_042e3, 1_238e3]
BEFORE = [702e3, 688e3, 731e3, 842e3, 811e3, 825e3, 934e3, 870e3, 861e3, 962e3, 948e3, 1_018e3]


def samples(request: HttpRequest) -> dict[str, Any]:
    """Context of the gallery page."""
    paginator = Paginator(range(1248), 50)
    return {
        "page_title": "Gallery",
        "page_subtitle": "Every component with sample data, this quarter against the one before, USD.",
        "cards": cards(),
        "charts": charts(),
        "table": deals(),
        "deal_cards": deals(phone="cards"),
        "filters": filters(request),
        "page": paginator.get_page(request.GET.get("page")),
        "empty": Empty(
            "Data quality shows what to fix in the CRM",
            "No import has run yet, so there is nothing to check.",
            "Import data",
            "#",
            "shield-check",
        ),
        "states": ["queued", "running", "succeeded", "late", "failed", "cancelled"],
    }


def cards() -> list[KpiCard]:
    """Better, worse, flat, undefined and small."""
    plan = Target(1_300_000, "Plan Q4", pace=1_150_000)
    return [
        KpiCard(
            "Bookings",
            1_238_400,
            "money",
            "USD",
            "#rows",
            "Value of deals won.",
            "#g",
            Delta(0.084, "vs Q3, same 54 days", judgement="better"),
            BOOKINGS,
            "last 12 months",
            plan,
        ),
        KpiCard(
            "Win rate",
            0.2841,
            "percent",
            "",
            "#rows",
            "Won of all closed.",
            "#g",
            Delta(-0.021, "vs Q3, same 54 days", "points", "worse"),
            [0.31, 0.30, 0.33, 0.29, 0.30, 0.31, 0.28, 0.29, 0.305, 0.30, 0.29, 0.284],
            "last 12 months",
            Target(0.30, "Target", better=False),
        ),
        KpiCard(
            "Sales cycle",
            57.4,
            "days",
            "",
            "#rows",
            "Days from creation to won, median.",
            "#g",
            Delta(0, "vs Q3, same 54 days", "days"),
            [61, 60, 58, 58, 59, 57, 56, 58, 57, 57, 58, 57.4],
            "last 12 months",
        ),
        KpiCard(
            "Coverage",
            2.9,
            "ratio",
            "",
            "#rows",
            "Open pipeline over what is left of the plan.",
            "#g",
            Delta(0.3, "vs last week", "ratio", "better"),
            n=7,
        ),
        KpiCard("Net retention", None, "percent", definition_url="#g", reason="No renewals due in this period"),
    ]


def charts() -> list[ChartCard]:
    """One of each figure."""
    products = {
        name: [v * share for v in BOOKINGS]
        for name, share in zip(
            "Core Plus Edge Care Onsite Training Parts Other-hw".split(),
            (0.3, 0.2, 0.15, 0.1, 0.1, 0.07, 0.05, 0.03),
            strict=True,
        )
    }
    ahead = ["Dec '26", "Jan '27", "Feb '27", "Mar '27", "Apr '27", "May '27"]
    mean = [1_120e3, 1_040e3, 1_090e3, 1_260e3, 1_180e3, 1_205e3]
    inner = ([v * 0.9 for v in mean], [v * 1.1 for v in mean])
    outer = ([v * 0.82 for v in mean], [v * 1.19 for v in mean])
    steps = ["Lead", "Qualified by marketing", "Qualified by sales", "Opportunity", "Proposal", "Won"]
    table = Table(
        [Column("m", "Month"), Column("v", "Bookings, USD", "money"), Column("p", "Year before, USD", "money")],
        [{"m": m, "v": v, "p": p} for m, v, p in zip(MONTHS, BOOKINGS, BEFORE, strict=True)],
        "Bookings by month",
    )
    return [
        ChartCard(
            "bookings",
            "Bookings by month",
            figures.line(
                MONTHS,
                BOOKINGS,
                name="Bookings",
                unit="money",
                previous=BEFORE,
                previous_name="Year before",
                plan=[850e3] * 3 + [900e3] * 3 + [980e3] * 3 + [1_150e3] * 3,
                open_last=True,
            ),
            "USD, last 12 months, all teams",
            table,
            "#csv",
            insight="November is above every month of the last two years.",
        ),
        ChartCard(
            "forecast",
            "Forecast of bookings",
            figures.forecast(MONTHS, BOOKINGS, ahead, mean, inner=inner, outer=outer, unit="money"),
            "USD, next 6 months with ranges",
            table,
            "#csv",
        ),
        ChartCard(
            "products",
            "Bookings by product",
            figures.stacked_bar(MONTHS, products, unit="money"),
            "USD, last 12 months",
            table,
        ),
        ChartCard(
            "funnel",
            "Where prospects are lost",
            figures.funnel(steps, [12034, 5210, 2911, 1630, 812, 348]),
            "Leads created in Q3",
        ),
        ChartCard(
            "waterfall",
            "How the pipeline changed",
            figures.waterfall(
                ["Start", "New", "Moved in", "Grown", "Shrunk", "Moved out", "Won", "Lost", "End"],
                [4.2e6, 1.9e6, 0.4e6, 0.3e6, -0.25e6, -0.6e6, -1.2e6, -0.9e6, 3.85e6],
            ),
            "USD, 1 Oct to 23 Nov",
        ),
        ChartCard(
            "teams",
            "Attainment by team",
            figures.horizontal_bar(
                ["EMEA North", "EMEA South", "Americas East", "Americas West", "APAC", "Bangkok"],
                [1.08, 0.97, 0.91, 0.84, 0.77, 0.62],
                name="Attainment",
                unit="percent",
                target=[1] * 6,
            ),
            "Share of quota, Q4 to date",
        ),
        ChartCard(
            "segments",
            "Win rate by segment",
            figures.bar(
                ["Enterprise", "Mid-market", "Small business", "Public sector"],
                [0.31, 0.28, 0.22, 0.19],
                name="Q4",
                unit="percent",
                previous=[0.29, 0.30, 0.21, 0.2],
                previous_name="Q3",
            ),
            "Deals closed in Q4",
        ),
        ChartCard(
            "none",
            "Slippage by stage",
            figures.line([], [], name="Slippage"),
            "Q4",
            empty="No deal slipped in this period.",
        ),
    ]


def deals(phone: str = "scroll") -> Table:
    """A table with links, badges, dates, dashes and a total."""
    rows = [
        {
            "name": "Nakamura Steel",
            "owner": "Ploy Srisai",
            "stage": "Proposal",
            "level": "info",
            "amount": 184_200,
            "rate": 0.62,
            "age": 41,
            "url": "#1",
        },
        {
            "name": "Okafor Logistics",
            "owner": "Jonas Weber",
            "stage": "Negotiation",
            "level": "warn",
            "amount": 96_750,
            "rate": 0.48,
            "age": 88,
            "url": "#2",
        },
        {
            "name": "Brightwater Public Schools District",
            "owner": "María Ortiz",
            "stage": "Won",
            "level": "good",
            "amount": 41_000,
            "rate": None,
            "why": "Already closed",
            "age": 33,
            "url": "#3",
        },
        {
            "name": "Lindqvist AB",
            "owner": "Ploy Srisai",
            "stage": "Lost",
            "level": "bad",
            "amount": None,
            "why_amount": "No amount entered",
            "rate": 0.0,
            "age": 120,
            "url": "#4",
        },
    ]
    columns = [
        Column("name", "Deal", href="url", sort="name"),
        Column("owner", "Owner", sort="owner"),
        Column("stage", "Stage", "badge", level="level"),
        Column("amount", "Amount, USD", "money", sort="amount", reason="why_amount"),
        Column("rate", "Chance", "percent", sort="rate", reason="why"),
        Column("age", "Age, days", "count", sort="age"),
    ]
    return Table(columns, rows, f"Open deals, {phone}", {"name": "Total", "amount": 321_950}, phone=phone)


def filters(request: HttpRequest) -> list[Filter]:
    """Filters as pages use them."""
    periods = [Choice("qtd", "Quarter to date"), Choice("mtd", "Month to date"), Choice("ytd", "Year to date")]
    teams = [("", "All teams"), ("emea", "EMEA"), ("apac", "APAC")]
    compare = [("pp", "Period before"), ("yoy", "Year before")]
    return [
        Filter("period", "Period", request.GET.get("period", "qtd"), periods, "qtd"),
        Filter("team", "Team", request.GET.get("team", ""), teams),
        Filter("cmp", "Compare with", request.GET.get("cmp", "pp"), compare, "pp"),
    ]
