"""Scores over time, by rep, team, system, lead source or stage."""

from datetime import date, timedelta
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from data_collection.quality.calc.score import FEWEST_ROWS
from data_collection.quality.models import QualityScore
from data_collection.quality.selectors.findings import NONE
from data_collection.quality.selectors.scores import Line, score_lines
from salesops.charts import figures, svg
from salesops.company.models import Company
from salesops.company.selectors import company_today
from salesops.frame.components import ChartCard, Column, Empty, Filter, Table
from salesops.tables.csv import table_csv

SPANS = {"30": 30, "90": 90, "365": 365}
MOST_LINES = 5


@require_GET
def quality_scores(request: HttpRequest) -> HttpResponse:
    """The latest score of each, its change, its findings, and the way it went."""
    company = Company.get()
    today, currency = company_today(company=company), company.reporting_currency
    by = request.GET.get("by", "rep")
    by = by if by in _dimensions() else "rep"
    span = request.GET.get("span", "90")
    span = span if span in SPANS else "90"
    lines = score_lines(request.user, by, since=today - timedelta(days=SPANS[span]))
    table = _table(lines, by, currency)
    if request.GET.get("format") == "csv":
        return table_csv(Table([c for c in table.columns if c.key != "trend"], table.rows, ""), f"quality-by-{by}")
    return render(
        request,
        "data_collection/quality/scores.html",
        {
            "page_title": _("Quality scores"),
            "page_subtitle": _("Share of the rows in play that are sound, weighted by severity"),
            "filters": [
                Filter("by", _("By"), by, list(_dimensions().items()), default="rep"),
                Filter(
                    "span",
                    _("Time"),
                    span,
                    [(k, _("last %(n)d days") % {"n": n}) for k, n in SPANS.items()],
                    default="90",
                ),
            ],
            "table": table,
            "chart": _chart(lines, by, span) if lines else None,
            "few": sum(line.few for line in lines),
            "fewest": FEWEST_ROWS,
            "empty": Empty(
                _("Scores show whose data can be trusted"),
                _("No score was stored for this time yet; the first comes with the coming night."),
                icon="chart-line",
            ),
        },
    )


def _dimensions() -> dict[str, object]:
    return {
        "rep": _("Rep"),
        "team": _("Team"),
        "system": _("System"),
        "source": _("Lead source"),
        "stage": _("Stage"),
        "company": _("Whole company"),
    }


def _table(lines: list[Line], by: str, currency: str) -> Table:
    columns = [
        Column("label", _dimensions()[by], href="url"),
        Column("score", _("Score"), "percent", reason="few_words"),
        Column("change", _("Change"), "points", reason="no_change"),
        Column("rows", _("Rows in play"), "count"),
        Column("findings", _("Findings"), "count", href="url"),
        Column("money", _("Amount touched, %(c)s") % {"c": currency}, "money", reason="no_money"),
        Column("note", _("Note")),
        Column("trend", _("Over time")),
    ]
    rows = [_row(line, by) for line in lines]
    return Table(columns, rows, caption=_("Quality scores, lowest first"), phone="cards", id="scores")


def _row(line: Line, by: str) -> dict:
    few = _("n = %(n)d, too few to judge") % {"n": line.rows}
    return {
        "label": line.label or _("none"),
        "url": _worklist(by, line),
        "score": line.score,
        "few_words": _("No rows in play"),
        "change": line.change,
        "no_change": _("Nothing to compare with yet"),
        "rows": line.rows,
        "findings": line.findings,
        "money": line.money,
        "no_money": _("No amounts behind it"),
        "note": few if line.few else "",
        "trend": svg.sparkline([s for _day, s in line.points], label=_words(line), width=120, height=28),
    }


def _words(line: Line) -> str:
    known = [s for _day, s in line.points if s is not None]
    if not known:
        return line.label
    return _("%(label)s: from %(first).0f %% to %(last).0f %%") % {
        "label": line.label,
        "first": known[0] * 100,
        "last": known[-1] * 100,
    }


def _worklist(by: str, line: Line) -> str:
    """The findings behind a score."""
    if by == QualityScore.By.COMPANY:
        return reverse("worklist")
    return f"{reverse('worklist')}?{urlencode({by: line.key or NONE})}"


def _chart(lines: list[Line], by: str, span: str) -> ChartCard:
    """The lowest that can be judged, over the days there is a score for."""
    shown = [line for line in lines if not line.few][:MOST_LINES] or lines[:MOST_LINES]
    days = sorted({day for line in shown for day, _score in line.points})
    series = {str(line.label or _("none")): _on(days, line) for line in shown}
    title = (
        _("Score over time") if len(shown) == len(lines) else _("Score over time, the lowest %(n)d") % {"n": len(shown)}
    )
    labels = [day.isoformat() for day in days]
    table = Table(
        [Column("day", _("Day"), "date"), *(Column(f"s{i}", name, "percent") for i, name in enumerate(series))],
        [
            {"day": day} | {f"s{i}": values[place] for i, values in enumerate(series.values())}
            for place, day in enumerate(days)
        ],
        caption=title,
    )
    return ChartCard(
        "quality-scores",
        title,
        figures.lines(labels, series, unit="percent"),
        subtitle=_("Share of sound rows, last %(n)s days") % {"n": span},
        table=table,
    )


def _on(days: list[date], line: Line) -> list[float | None]:
    known = dict(line.points)
    return [known.get(day) for day in days]
