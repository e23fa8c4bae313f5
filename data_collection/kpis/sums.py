"""Sums of measures for many periods at once: one query per fact area, however many KPIs and periods.

Whole months are read from the month table, only the edges of a period from the day table.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection

from data_collection.facts.measures import ALL, AREA_OF, Area
from data_collection.kpis.filters import Filters
from data_collection.kpis.measures import DUE, STATISTICS, STOCK
from data_collection.organisation.visibility import Scope
from salesops.lib.periods import add_months

#: `by` -> column
BY = {
    "rep": "rep_id", "team": "team_id", "territory": "territory_id",
    "product": "product_id", "segment": "segment_id", "source": "source",
}  # fmt: skip

Key = int | str | None
Sums = dict[tuple[int, Key], dict[str, Decimal]]  # (window number, value of `by`) -> measure -> sum


@dataclass(frozen=True, slots=True)
class Window:
    """A period to sum over."""

    number: int
    start: date
    end: date  # first day no longer in
    whole_end: date  # of the whole period, when this is one to date
    as_of: date  # day of the stock


@dataclass(slots=True)
class Condition:
    """SQL text with its parameters, over an alias."""

    parts: list[str] = field(default_factory=list)
    values: list[Any] = field(default_factory=list)

    def add(self, text: str, *values: Any) -> None:
        self.parts.append(text)
        self.values += values

    @property
    def text(self) -> str:
        return " AND ".join(self.parts) or "true"


def condition(filters: Filters, scope: Scope, dimensions: Collection[str] = ALL, alias: str = "e") -> Condition:
    """What the filter and the rights of the reader leave."""
    found = Condition()
    for choice in filters.choices:
        if choice.column not in dimensions:
            found.add("false")
            continue
        known = [value for value in choice.values if value is not None]
        text = f"{alias}.{choice.column} = ANY(%s)" if known else "false"
        if None in choice.values:
            text = f"({text} OR {alias}.{choice.column} IS NULL)"
        found.add(text, *([known] if known else []))
    if not scope.everything:
        found.add(
            f"({alias}.rep_id = %s OR {alias}.team_id = ANY(%s))", scope.rep_id, list(scope.team_ids)
        )  # `= NULL` is never true: a person without a rep row sees none
    return found


def windows_of(periods: Sequence[tuple[date, date]], today: date, whole_ends: Sequence[date]) -> list[Window]:
    return [
        Window(number, start, end, whole, max(start, min(end - timedelta(days=1), today)))
        for number, ((start, end), whole) in enumerate(zip(periods, whole_ends, strict=True))
    ]


@dataclass(frozen=True, slots=True)
class Grouping:
    """How rows become keys: a column, and for a roll-up the ancestors of each of its values."""

    column: str | None = None
    ancestors: tuple[tuple[int, int], ...] = ()  # (value, itself or one above)

    def select(self, alias: str) -> str:
        if self.column is None:
            return "NULL::text"
        return "up.above" if self.ancestors else f"{alias}.{self.column}"

    def join(self, alias: str) -> str:
        if not self.ancestors:
            return ""
        pairs = ", ".join(f"({a:d}, {b:d})" for a, b in self.ancestors)
        return f" JOIN (VALUES {pairs}) up(node, above) ON up.node = {alias}.{self.column}"


def additive(
    names: Iterable[str], windows: Sequence[Window], by: Grouping, filters: Filters, scope: Scope, found: Sums
) -> None:
    """Add the sums of additive measures to `found`: one query per area."""
    areas: dict[str, tuple[Area, list[str]]] = {}
    for name in names:
        area = AREA_OF[name]
        areas.setdefault(area.name, (area, []))[1].append(name)
    for area, measures in areas.values():
        if by.column is None or by.column in area.dimensions:
            cut = condition(filters, scope, area.dimensions)
            _collect(found, measures, *_facts_sql(area, measures, windows, by, cut))


def _facts_sql(
    area: Area, measures: list[str], windows: Sequence[Window], by: Grouping, cut: Condition
) -> tuple[str, list[Any]]:
    months, days = split(windows)
    columns = ", ".join(f"e.{m}" for m in measures)
    sums = ", ".join(f"sum({m})" for m in measures)
    parts, values = [], []
    for table, ranges in ((area.months, months), (area.days, days)):
        if not ranges:
            continue
        rows = ", ".join(["(%s, %s::date, %s::date)"] * len(ranges))
        parts.append(
            f"SELECT p.number, {by.select('e')} AS key, {columns} FROM (VALUES {rows}) p(number, lo, hi)"
            f" JOIN {table} e ON e.day >= p.lo AND e.day < p.hi{by.join('e')}"
            f" WHERE e.day >= %s AND e.day < %s AND {cut.text}"
        )
        values += [value for r in ranges for value in r]
        values += [min(r[1] for r in ranges), max(r[2] for r in ranges), *cut.values]
    union = " UNION ALL ".join(parts)
    return f"SELECT number, key, {sums} FROM ({union}) rows GROUP BY 1, 2", values


def split(windows: Iterable[Window]) -> tuple[list[tuple[int, date, date]], list[tuple[int, date, date]]]:
    """Whole months of each window, and the days left at its edges."""
    months, days = [], []
    for w in windows:
        first = w.start if w.start.day == 1 else add_months(w.start.replace(day=1), 1)
        last = w.end.replace(day=1)
        if first >= last:
            days.append((w.number, w.start, w.end))
            continue
        months.append((w.number, first, last))
        days += [(w.number, lo, hi) for lo, hi in ((w.start, first), (last, w.end)) if lo < hi]
    return months, days


def statistics(
    names: Iterable[str], windows: Sequence[Window], by: Grouping, filters: Filters, scope: Scope, found: Sums
) -> None:
    """Add medians, quantiles and distinct counts, straight from the event rows: one query per view."""
    views: dict[str, list[str]] = {}
    for name in names:
        views.setdefault(STATISTICS[name].events, []).append(name)
    for view, measures in views.items():
        cut = condition(filters, scope)
        rows = ", ".join(["(%s, %s::date, %s::date)"] * len(windows))
        aggregates = ", ".join(STATISTICS[m].sql for m in measures)
        rows_wanted = " OR ".join(f"e.{c} IS NOT NULL" for c in dict.fromkeys(STATISTICS[m].column for m in measures))
        sql = (
            f"SELECT p.number, {by.select('e')}, {aggregates} FROM (VALUES {rows}) p(number, lo, hi)"
            f" JOIN {view} e ON e.day >= p.lo AND e.day < p.hi{by.join('e')}"
            f" WHERE e.day >= %s AND e.day < %s AND ({rows_wanted}) AND {cut.text} GROUP BY 1, 2"
        )
        values = [value for w in windows for value in (w.number, w.start, w.end)]
        values += [min(w.start for w in windows), max(w.end for w in windows), *cut.values]
        _collect(found, measures, sql, values)


#: Said once more in columns of the deal itself, so that Postgres leaves out long closed deals before it joins.
OPEN_SINCE = "(e.status = 'open' OR e.close_date > %s)"


def stock(
    names: Collection[str], windows: Sequence[Window], by: Grouping, filters: Filters, scope: Scope, found: Sums
) -> None:
    """Add sums over the deals open at the end of each window."""
    names = [name for name in names if name in STOCK]
    if not names:
        return
    cut = condition(filters, scope)
    rows = ", ".join(["(%s, %s::date, %s::date, %s::date)"] * len(windows))
    aggregates = ", ".join(STOCK[name] for name in names)
    sql = (
        f"SELECT p.number, {by.select('e')}, {aggregates} FROM (VALUES {rows}) p(number, lo, whole, as_of)"
        f" JOIN data_collection_opendeal e ON e.span_from <= p.as_of AND e.span_to > p.as_of{by.join('e')}"
        f" WHERE {OPEN_SINCE} AND {cut.text} GROUP BY 1, 2"
    )
    values = [value for w in windows for value in (w.number, w.start, w.whole_end, w.as_of)]
    _collect(found, names, sql, [*values, min(w.as_of for w in windows), *cut.values])


#: Close date a deal had on the eve of day {day}: the value before its first change since, else today's.
CLOSE_DATE_BEFORE = (
    "coalesce((SELECT c.old_date FROM data_collection_opportunitychange c WHERE c.opportunity_id = {deal}"
    " AND c.field = 'close_date' AND c.deleted_at IS NULL AND c.changed_on >= {day}"
    " ORDER BY c.changed_on, c.id LIMIT 1), {now})"
)


def due(windows: Sequence[Window], by: Grouping, filters: Filters, scope: Scope, found: Sums) -> None:
    """Add deals due in each window on its eve, and of these the ones due later at its end."""
    cut = condition(filters, scope)
    rows = ", ".join(["(%s, %s::date, %s::date, %s::date)"] * len(windows))
    at_start, at_end = (
        CLOSE_DATE_BEFORE.format(deal="e.opportunity_id", day=day, now="e.close_date") for day in ("p.lo", "p.hi")
    )
    sql = (
        f"SELECT p.number, {by.select('e')}, count(*), coalesce(sum(e.open_amount), 0),"
        " coalesce(sum(e.open_amount) FILTER (WHERE d.at_end >= p.whole), 0)"
        f" FROM (VALUES {rows}) p(number, lo, hi, whole)"
        " JOIN data_collection_opendeal e ON e.span_from < p.lo AND e.span_to >= p.lo"
        f" CROSS JOIN LATERAL (SELECT {at_start} AS at_start, {at_end} AS at_end) d{by.join('e')}"
        f" WHERE {OPEN_SINCE} AND d.at_start >= p.lo AND d.at_start < p.whole AND {cut.text} GROUP BY 1, 2"
    )
    values = [value for w in windows for value in (w.number, w.start, w.end, w.whole_end)]
    eve = min(w.start for w in windows) - timedelta(days=1)
    _collect(found, list(DUE), sql, [*values, eve, *cut.values])


def _collect(found: Sums, names: Sequence[str], sql: str, values: list[Any]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        for number, key, *sums in cursor.fetchall():
            row = found.setdefault((number, key), {})
            for name, value in zip(names, sums, strict=True):
                if value is not None:
                    row[name] = row.get(name, Decimal(0)) + Decimal(str(value))
