"""The numbers of every page, export, command and API call.

    filters = parse(request.GET)                                 # kpis/filters.py
    kpi_values(user, filters)                      -> [KpiRow]   # one row: all KPIs, with comparison
    kpi_values(user, filters, ["bookings"], by="team")           # one row per team
    kpi_series(user, filters, ["bookings"], "month", 12)         -> [KpiRow], oldest first
    kpi_rows(user, filters, "win_rate")            -> KpiRows    # the rows behind, in rows.py
    kpi_targets(user, filters, ["bookings"])       -> {name: Decimal}

The number of queries does not grow with the number of KPIs, periods or keys: at most one per fact area and view.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from data_collection.facts.measures import AREA_OF
from data_collection.kpis.catalogue import CATALOGUE, Kpi
from data_collection.kpis.filters import MODELS, Filters
from data_collection.kpis.measures import DUE, PREVIOUS, QUOTAS, STATISTICS, STOCK, plain
from data_collection.kpis.models import KpiTarget
from data_collection.kpis.options import filter_options
from data_collection.kpis.quota import Book, MissingRate, books, quota_of, quotas_by
from data_collection.kpis.rows import KpiRows, kpi_rows
from data_collection.kpis.sums import BY, Grouping, Key, Sums, Window, additive, due, statistics, stock, windows_of
from data_collection.kpis.values import KpiValue, complete, kpi_value
from data_collection.organisation.visibility import Scope, scope_of
from salesops.lib.periods import Grain, Period, overlap_days

__all__ = [
    "KpiRow",
    "KpiRows",
    "KpiValue",
    "filter_options",
    "kpi_periods",
    "kpi_rows",
    "kpi_series",
    "kpi_targets",
    "kpi_values",
    "recent_periods",
]

GROUPINGS = (*BY, "month", "week")
MOST_PERIODS = 600  # rows of months or weeks: 50 years, 11 years


@dataclass(frozen=True, slots=True)
class KpiRow:
    key: str | None  # the code as in the URL; "-" = rows without one; first day of a month or week; None = all
    label: str
    values: dict[str, KpiValue]
    before: dict[str, KpiValue] | None = None  # the comparison period, when the filter asks for one
    period: Period | None = None  # of this row, where rows are periods


def kpi_values(
    user: Any, filters: Filters, names: Iterable[str] | None = None, by: str | None = None, *, rollup: bool = False
) -> list[KpiRow]:
    """KPI values over the filter's period, with those of the comparison period beside them.

    Args:
        names: of the catalogue; None = all.
        by: None (one row), rep, team, territory, product, segment, source, month or week. Rows come by label,
            months and weeks in their order; only keys with something to show.
        rollup: teams and territories include everything below them.

    Raises:
        KeyError: a name is not in the catalogue.
        ValueError: `by` is none of the above, or months or weeks are more than MOST_PERIODS.
    """
    kpis = _kpis(names)
    if by in ("month", "week"):
        return _by_period(user, filters, kpis, Grain(by))
    if by is not None and by not in BY:
        raise ValueError(f"by={by!r} is none of {', '.join(GROUPINGS)}")
    periods = [filters.period, *([filters.compare] if filters.compare else [])]
    tables = _measure(kpis, periods, filters, scope_of(user), by, rollup=rollup)
    cut_by = filters.columns | ({BY[by]} if by else set())
    keys: list[Key] = [None] if by is None else list(dict.fromkeys(key for table in tables for key in table))
    names_of = _labels(by, keys)
    rows = []
    for key in keys:
        now, *earlier = (_row(kpis, table.get(key, {}), period, filters, cut_by)
                         for table, period in zip(tables, periods, strict=True))  # fmt: skip
        code, label = names_of[key] if by else (None, str(_("All")))
        rows.append(KpiRow(code, label, now, earlier[0] if earlier else None))
    return rows if by is None else sorted(rows, key=lambda row: (row.key == "-", row.label))


def kpi_series(
    user: Any, filters: Filters, names: Iterable[str] | str, grain: str = "month", count: int = 12
) -> list[KpiRow]:
    """The last `count` months, weeks, quarters, … up to the end of the filter's period, oldest first.

    The last one is cut at today, so it may be open (`row.period.is_open`).
    """
    kpis = _kpis([names] if isinstance(names, str) else names)
    return _period_rows(user, filters, kpis, recent_periods(filters, grain, count))


def kpi_periods(user: Any, filters: Filters, names: Iterable[str], periods: Sequence[Period]) -> list[KpiRow]:
    """KPI values over each of these periods, in one pass: as many queries as for one period."""
    return _period_rows(user, filters, _kpis(names), periods)


def recent_periods(filters: Filters, grain: str, count: int) -> list[Period]:
    """The last `count` periods up to the end of the filter's period, oldest first; the running one cut at today."""
    last = min(filters.period.end - timedelta(days=1), max(filters.today, filters.period.start))
    return [_until_today(p, filters.today) for p in filters.calendar.last(last, Grain(grain), count)]


def kpi_targets(user: Any, filters: Filters, names: Iterable[str]) -> dict[str, Decimal]:
    """Targets over the filter's period, where one is set for exactly this team, rep, territory or the company.

    Additive KPIs: the share of the target's days in the period; others: the target in force on its last day.
    Without any filter a rep's own targets are given, a manager's those of the one team led.
    """
    period = filters.period
    owner = _target_owner(scope_of(user), filters)
    if owner is None:
        return {}
    found: dict[str, Decimal] = {}
    rows = KpiTarget.objects.overlapping(period.start, period.end).filter(kpi__in=list(names), **owner)
    for row in rows:
        kpi = CATALOGUE.get(row.kpi)
        if kpi is None or row.valid_to is None:
            continue
        if kpi.is_additive:
            days = overlap_days((row.valid_from, row.valid_to), (period.start, period.end))
            found[row.kpi] = found.get(row.kpi, Decimal(0)) + row.value * days / (row.valid_to - row.valid_from).days
        elif row.valid_from < period.end <= row.valid_to:
            found[row.kpi] = row.value
    return found


def _target_owner(scope: Scope, filters: Filters) -> dict[str, Any] | None:
    chosen = {choice.name: choice for choice in filters.choices}
    if not chosen:
        if scope.everything:
            return {"team": None, "rep": None, "territory": None}
        if not scope.team_ids:
            return {"rep_id": scope.rep_id} if scope.rep_id else None
        return {"team_id": next(iter(scope.team_ids))} if len(scope.team_ids) == 1 else None
    if len(chosen) > 1:
        return None
    name, choice = next(iter(chosen.items()))
    if name not in ("team", "rep", "territory") or len(choice.codes) != 1 or not choice.roots:
        return None
    (pk,) = choice.roots
    seen = scope.everything or (name == "rep" and pk == scope.rep_id) or (name == "team" and pk in scope.team_ids)
    return {f"{name}_id": pk} if seen else None


# --- inside ------------------------------------------------------------------------------
def _kpis(names: Iterable[str] | None) -> list[Kpi]:
    return list(CATALOGUE.values()) if names is None else [CATALOGUE[name] for name in dict.fromkeys(names)]


def _by_period(user: Any, filters: Filters, kpis: list[Kpi], grain: Grain) -> list[KpiRow]:
    """The months or weeks that touch the period, cut at its ends."""
    periods = []
    start = filters.calendar.start_of(filters.period.start, grain)
    while start < filters.period.end:
        if len(periods) == MOST_PERIODS:
            raise ValueError(_("That is more than %(most)d rows by %(by)s.") % {"most": MOST_PERIODS, "by": grain})
        whole = filters.calendar.period_of(start, grain)
        lo, hi = max(whole.start, filters.period.start), min(whole.end, filters.period.end)
        is_open = lo <= filters.today < whole.end
        periods.append(Period(lo, hi, whole.name, whole.label, grain, is_open))
        start = whole.end
    return _period_rows(user, filters, kpis, periods)


def _until_today(period: Period, today: date) -> Period:
    if period.start <= today < period.end:
        return Period(period.start, today + timedelta(days=1), period.name, period.label, period.grain, is_open=True)
    return period


def _period_rows(user: Any, filters: Filters, kpis: list[Kpi], periods: list[Period]) -> list[KpiRow]:
    tables = _measure(kpis, periods, filters, scope_of(user), None)
    return [
        KpiRow(
            _key(period, filters), period.label,
            _row(kpis, table.get(None, {}), period, filters, filters.columns), period=period,
        )
        for table, period in zip(tables, periods, strict=True)
    ]  # fmt: skip


def _key(period: Period, filters: Filters) -> str:
    """First day of the month or week, also where the filter cuts into it."""
    start = period.start if period.grain is None else filters.calendar.start_of(period.start, period.grain)
    return start.isoformat()


def _row(
    kpis: list[Kpi], sums: dict[str, Decimal], period: Period, filters: Filters, cut_by: Collection[str]
) -> dict[str, KpiValue]:
    measures = complete(sums)
    elapsed = (min(period.end, filters.today + timedelta(days=1)) - period.start).days
    measures["days"] = Decimal(elapsed) if elapsed > 0 else None
    return {kpi.name: kpi_value(kpi, measures, frozenset(cut_by)) for kpi in kpis}


def _measure(
    kpis: list[Kpi], periods: Sequence[Period], filters: Filters, scope: Scope, by: str | None, *, rollup: bool = False
) -> list[dict[Key, dict[str, Decimal]]]:
    """For each period: key -> measure -> sum. Measures without any row are absent."""
    needs = list(dict.fromkeys(name for kpi in kpis for name in kpi.needs))
    previous = [name for name in needs if name in PREVIOUS]
    spans = [(p.start, p.end) for p in periods]
    wholes = [filters.whole_end(p) for p in periods]
    windows = windows_of(spans, filters.today, wholes)
    if previous:
        before = [filters.calendar.previous(p, filters.today) for p in periods]
        spans += [(p.start, p.end) for p in before]
    grouping = _grouping(by, rollup=rollup)
    found: Sums = {}
    names = {plain(n) for n in needs if plain(n) in AREA_OF}
    numbered = windows_of(spans, filters.today, [end for _start, end in spans])
    additive(names, numbered, grouping, filters, scope, found)
    tables = _tables(found, len(periods), previous)
    direct: Sums = {}
    wanted = [n for n in needs if n in STATISTICS]
    if wanted:
        statistics(wanted, windows, grouping, filters, scope, direct)
    if set(needs) & set(STOCK):
        stock(needs, windows, grouping, filters, scope, direct)
    if set(needs) & set(DUE):
        due(windows, grouping, filters, scope, direct)
    for (number, key), sums in direct.items():
        tables[number].setdefault(key, {}).update(sums)
    _add_quotas([n for n in needs if n in QUOTAS], windows, filters, scope, by, tables, rollup=rollup)
    for w in windows:
        if w.whole_end <= min(w.end, filters.today):
            _close(tables[w.number])
    return tables


def _close(table: dict[Key, dict[str, Decimal]]) -> None:
    """A period that is over has a quota to cover only where deals due in it are still open."""
    for sums in table.values():
        if not sums.get("closing_n"):
            sums.pop("whole_quota", None)


def _tables(found: Sums, count: int, previous: Collection[str]) -> list[dict[Key, dict[str, Decimal]]]:
    """Sums of the periods; those of the periods before, numbered after them, under their prefixed names."""
    tables: list[dict[Key, dict[str, Decimal]]] = [{} for _ in range(count)]
    for (number, key), sums in found.items():
        if number >= count:
            sums = {f"prev_{name}": value for name, value in sums.items() if f"prev_{name}" in previous}
        if sums:
            tables[number % count].setdefault(key, {}).update(sums)
    return tables


def _grouping(by: str | None, *, rollup: bool) -> Grouping:
    if by is None:
        return Grouping()
    if not (rollup and by in ("team", "territory")):
        return Grouping(BY[by])
    parents = dict(MODELS[by]._default_manager.values_list("pk", "parent_id"))
    pairs = []
    for node in parents:
        above, seen = node, set[int]()
        while above is not None and above not in seen:
            seen.add(above)
            pairs.append((node, above))
            above = parents.get(above)
    return Grouping(BY[by], tuple(pairs))


def _add_quotas(
    names: list[str], windows: Sequence[Window], filters: Filters, scope: Scope, by: str | None,
    tables: list[dict[Key, dict[str, Decimal]]], *, rollup: bool,
) -> None:  # fmt: skip
    unkept = filters.columns - {"rep_id", "team_id", "territory_id"}
    if not names or unkept or by not in (None, "rep", "team", "territory"):
        return
    start, end = min(w.start for w in windows), max(w.whole_end for w in windows)
    found = _books(frozenset(QUOTAS[name] for name in names), start, end, filters)
    for name in names:
        quotas = found[QUOTAS[name]]
        if quotas.is_empty:
            continue
        for w in windows:
            days = (w.start, w.whole_end if name == "whole_quota" else w.end)
            try:
                if by is None:
                    values: dict[Key, Decimal] = {None: quota_of(quotas, filters, scope, days)}
                else:
                    values = quotas_by(quotas, filters, scope, days, by, rollup=rollup)
            except MissingRate:
                continue  # no quota can be stated; the missing rate is a finding of data quality
            for key, value in values.items():
                if value:
                    tables[w.number].setdefault(key, {})[name] = value


def _books(metrics: frozenset[str], start: date, end: date, filters: Filters) -> dict[str, Book]:
    """Quota books that cover these days, read once for a filter and those made from it."""
    for (known, first, last), found in filters.memo.items():
        if metrics <= known and first <= start and end <= last:
            return found
    filters.memo[metrics, start, end] = found = books(metrics, start, end)
    return found


def _labels(by: str | None, keys: list[Key]) -> dict[Key, tuple[str, str]]:
    """Key -> (code of the URL, label)."""
    none = {None: ("-", str(_("(none)"))), "": ("-", str(_("(none)")))}
    if by is None or by == "source":
        return none | {key: (str(key), str(key)) for key in keys if key not in (None, "")}
    rows = MODELS[by]._default_manager.filter(pk__in=[k for k in keys if k is not None])
    return none | {pk: (code, name) for pk, code, name in rows.values_list("pk", "code", "name")}
