"""The overview: five numbers, bookings against plan, pipeline, teams, and what needs attention."""

from datetime import date
from decimal import Decimal
from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _

from data_collection.dashboards import charts
from data_collection.dashboards.filter_fields import filter_fields
from data_collection.dashboards.presentation import card_of, kpi_cells, kpi_column, kpi_url, rows_url, target_of
from data_collection.dashboards.selectors.kpi import Board, board_of, is_alone, joined
from data_collection.dashboards.selectors.overview import (
    BOOKED,
    CARDS,
    StageSum,
    attention,
    latest_win,
    pipeline_by_stage,
)
from data_collection.dashboards.views.pages import filtered, respond, scope_words
from data_collection.kpis.filters import Filters
from data_collection.kpis.selectors import KpiRow, kpi_values
from salesops.charts import figures, numbers
from salesops.frame.components import ChartCard, Column, Empty, KpiCard, Table
from salesops.frame.navigation import url_of
from salesops.lib.periods import Grain
from salesops.tables.csv import table_csv

TEAM_KPIS = ("attainment", "bookings", "quota", "win_rate")


@filtered
def overview(request: HttpRequest, *, filters: Filters) -> HttpResponseBase:
    """Numbers of everybody the person may see."""
    user, currency = request.user, filters.currency
    # Open deals are costly to add up for many days: the year before is asked for what was booked only.
    booked = board_of(user, filters, [*BOOKED, "quota", "required_coverage"], year_before=True)
    board = joined(booked, board_of(user, filters, ["open_pipeline", "open_deals", "coverage"]))
    row, months, year_before = board.row, board.recent, board.year_before
    by = "product" if is_alone(user) else "team"
    parts = kpi_values(user, filters, TEAM_KPIS if by == "team" else ("bookings", "win_rate"), by=by)
    stages = pipeline_by_stage(user, filters)
    cards_ = {card.id: card for card in _charts(filters, board, stages, parts, by)}
    wanted = cards_.get(request.GET.get("table", ""))
    if request.GET.get("format") == "csv":
        return table_csv((wanted or cards_["bookings"]).table, f"overview-{(wanted or cards_['bookings']).id}")
    quiet = not any(month.values["bookings"].n for month in [row, *months, *year_before])
    last_win = latest_win(user) if quiet else None
    nothing = quiet and last_win is None and not row.values["open_deals"].value
    context = {
        "page_title": _("Overview"),
        "scope": scope_words(filters, currency),
        "filters": filter_fields(user, filters),
        "filter_errors": filters.errors,
        "cards": _cards(row, months, filters, currency),
        "attention": attention(filters, row, stages, parts if by == "team" else [], currency),
        "charts": cards_,
        "leak_url": f"{reverse('funnel_leak')}?{filters.query(period=None, cmp=None)}",
        "empty": _empty(request) if nothing else None,
        "older": _older(last_win, filters) if last_win else None,
    }
    return respond(request, "data_collection/dashboards/overview.html", context)


def _older(last_win: date, filters: Filters) -> dict[str, str]:
    """Where the numbers are, when the last two years have none."""
    quarter = filters.calendar.period_of(last_win, Grain.QUARTER)
    return {
        "words": _("Nothing was won in the last 24 months. The latest win is of %(day)s.")
        % {"day": numbers.day(last_win)},
        "action": _("Show %(quarter)s") % {"quarter": quarter.label},
        "url": f"?{filters.query(period=quarter.name)}",
    }


def _empty(request: HttpRequest) -> Empty:
    ops = request.user.is_ops
    return Empty(
        _("The overview shows bookings, attainment, win rate and pipeline"),
        _("There are no deals to show yet.") if ops else _("There are no deals you may see yet."),
        _("Load data") if ops and url_of("sources") else "",
        url_of("sources") or "" if ops else "",
        "layout-dashboard",
    )


def _cards(row: KpiRow, months: list[KpiRow], filters: Filters, currency: str) -> list[KpiCard]:
    goals = {
        "bookings": (row.values["quota"].value, _("quota to date")),
    }
    return [
        card_of(
            name,
            row,
            filters,
            currency,
            series=months,
            series_words=_("last 12 months"),
            target=target_of(name, row.values[name], *goals.get(name, (None, ""))),
        )
        for name in CARDS
    ]


def _charts(filters: Filters, board: Board, stages: list[StageSum], teams: list[KpiRow], by: str) -> list[ChartCard]:
    currency = filters.currency
    return [
        _bookings_chart(filters, currency, board),
        _stage_chart(filters, currency, stages),
        _team_chart(filters, currency, teams) if by == "team" else _product_chart(filters, currency, teams),
    ]


def _csv(filters: Filters, table: str) -> str:
    return f"{reverse('overview')}?{filters.query(format='csv', table=table)}"


def _bookings_chart(filters: Filters, currency: str, board: Board) -> ChartCard:
    rows = [
        {
            "month": now.label,
            "url": rows_url("bookings", filters, period=str(now.period.name)) if now.period else "",
            **kpi_cells({name: now.values[name] for name in ("bookings", "quota", "attainment")}),
            "before": then.values["bookings"].value,
        }
        for now, then in zip(board.recent, board.year_before, strict=True)
    ]
    columns = [
        Column("month", _("Month")),
        kpi_column("bookings", currency, sort=False, href="url"),
        kpi_column("quota", currency, sort=False),
        kpi_column("attainment", currency, sort=False),
        Column("before", _("A year before, %(c)s") % {"c": currency}, "money"),
    ]
    return ChartCard(
        "bookings",
        _("Bookings against quota by month"),
        charts.bookings_against_plan(board.recent, board.year_before, board.whole_last),
        subtitle=_(
            "%(currency)s, 12 months to %(last)s; the running month is dashed, its quota that of the whole month"
        )
        % {"currency": currency, "last": board.recent[-1].label},
        table=Table(columns, rows, caption=_("Bookings by month")),
        csv_url=_csv(filters, "bookings"),
        href=kpi_url("bookings", filters),
        height=320,
    )


def _stage_chart(filters: Filters, currency: str, stages: list[StageSum]) -> ChartCard:
    links = [rows_url("open_pipeline", filters, stage=str(stage.stage_id)) for stage in stages]
    rows: list[dict[str, Any]] = [
        {
            "stage": s.name,
            "url": link,
            "deals": s.deals,
            "amount": s.amount,
            "weighted": s.weighted,
            "no_amount": _("No deal here has an amount"),
        }
        for s, link in zip(stages, links, strict=True)
    ]
    columns = [
        Column("stage", _("Stage"), href="url"),
        Column("deals", _("Deals"), "count"),
        Column("amount", _("Amount, %(c)s") % {"c": currency}, "money", reason="no_amount"),
        Column("weighted", _("Weighted, %(c)s") % {"c": currency}, "money", reason="no_amount"),
    ]
    total = sum((s.amount or Decimal(0) for s in stages), Decimal(0))
    weighted = sum((s.weighted or Decimal(0) for s in stages), Decimal(0))
    deals = sum(s.deals for s in stages)
    return ChartCard(
        "pipeline",
        _("Open pipeline by stage"),
        figures.horizontal_bar(
            [s.name for s in stages],
            [float(s.amount) if s.amount is not None else None for s in stages],
            name=_("Open amount"),
            unit="money",
            links=links,
        ),
        subtitle=_("%(total)s %(currency)s in %(deals)s deals")
        % {"total": numbers.compact(total), "currency": currency, "deals": numbers.exact(deals)},
        table=Table(
            columns,
            rows,
            caption=_("Open pipeline by stage"),
            total={"stage": _("All"), "deals": deals, "amount": total, "weighted": weighted},
        ),
        csv_url=_csv(filters, "pipeline"),
        href=rows_url("open_pipeline", filters),
        height=200,
        empty=_("No deal is open."),
    )


def _product_chart(filters: Filters, currency: str, products: list[KpiRow]) -> ChartCard:
    """For somebody who sees only own rows: what was sold."""
    shown = [product for product in products if product.values["bookings"].value]
    shown.sort(key=lambda p: -(p.values["bookings"].value or Decimal(0)))
    links = [rows_url("bookings", filters, product=product.key or "") for product in shown]
    rows = [{"product": p.label, "url": link, **kpi_cells(p.values)} for p, link in zip(shown, links, strict=True)]
    columns = [
        Column("product", _("Product"), href="url"),
        *(kpi_column(name, currency, sort=False) for name in ("bookings", "win_rate")),
    ]
    return ChartCard(
        "teams",
        _("Bookings by product"),
        charts.breakdown("bookings", shown, links),
        subtitle=_("%(currency)s, %(period)s") % {"currency": currency, "period": filters.period.label.lower()},
        table=Table(columns, rows, caption=_("Products")),
        csv_url=_csv(filters, "teams"),
        href=kpi_url("bookings", filters, by="product"),
        height=200,
        empty=_("Nothing was won in this period."),
    )


def _team_chart(filters: Filters, currency: str, teams: list[KpiRow]) -> ChartCard:
    shown = [team for team in teams if team.values["quota"].value or team.values["bookings"].value]
    shown.sort(key=lambda t: -(t.values["attainment"].value or Decimal(-1)))
    rows = [
        {
            "team": team.label,
            "url": kpi_url("attainment", filters, team=team.key or "", by="rep"),
            **kpi_cells(team.values),
        }
        for team in shown
    ]
    columns = [Column("team", _("Team"), href="url"), *(kpi_column(name, currency, sort=False) for name in TEAM_KPIS)]
    with_quota = [team for team in shown if team.values["attainment"].value is not None]
    return ChartCard(
        "teams",
        _("Attainment by team"),
        figures.horizontal_bar(
            [team.label for team in with_quota],
            [float(team.values["attainment"].value or 0) for team in with_quota],
            name=_("Attainment"),
            unit="percent",
            target=[1.0] * len(with_quota),
            links=[kpi_url("attainment", filters, team=team.key or "", by="rep") for team in with_quota],
        ),
        subtitle=_("Bookings against the quota of the days passed; the mark is 100 %%") % (),
        table=Table(columns, rows, caption=_("Teams")),
        csv_url=_csv(filters, "teams"),
        href=kpi_url("attainment", filters, by="team"),
        height=200,
        empty=_("No team has a quota in this period."),
    )
