"""Build the fact tables: everything, or only the days that changed. Both give the same tables.

One transaction under one advisory lock: a killed run leaves the old facts and the marks as they were.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from data_collection.facts.measures import AREAS, Area
from salesops.company.models import Company

LOCK = 7_310_002  # advisory lock: one build at a time
MOST_DAYS = 400  # single days named one by one; more, or more ranges than MOST_RANGES: the area is rebuilt
MOST_RANGES = 20

Progress = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True)
class Built:
    rebuilt: tuple[str, ...]  # areas built whole
    refreshed: tuple[str, ...]  # areas where only touched days were built
    rows: int  # fact rows written, months included


def facts_rebuild(*, progress: Progress | None = None) -> Built:
    """Build every fact table anew. Readers see the old ones until the commit."""
    with transaction.atomic(), connection.cursor() as cursor:
        _begin(cursor)
        cursor.execute("DELETE FROM data_collection_factdirty")
        rows = 0
        for number, area in enumerate(AREAS.values()):
            if progress:
                progress(number, len(AREAS), area.name)
            rows += _rebuild(cursor, area)
        return Built(tuple(AREAS), (), rows)


def facts_refresh(*, progress: Progress | None = None) -> Built:
    """Build the days again whose rows changed since the last build; nothing changed costs one query."""
    if not _anything_dirty():
        return Built((), (), 0)
    with transaction.atomic(), connection.cursor() as cursor:
        _begin(cursor)
        marks = _take_marks(cursor)
        rebuilt, refreshed, rows = [], [], 0
        for number, (name, ranges) in enumerate(marks.items()):
            if progress:
                progress(number, len(marks), name)
            if _is_most(ranges):
                rows += _rebuild(cursor, AREAS[name])
                rebuilt.append(name)
            else:
                rows += _refresh(cursor, AREAS[name], ranges)
                refreshed.append(name)
        return Built(tuple(rebuilt), tuple(refreshed), rows)


def _anything_dirty() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT 1 FROM data_collection_factdirty)")
        return bool(cursor.fetchone()[0])


def _begin(cursor: CursorWrapper) -> None:
    cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
    cursor.execute("SET LOCAL work_mem = '128MB'")
    if not Company.objects.exists():
        Company.get().save()  # the views read the reporting currency from this row


@dataclass(frozen=True, slots=True)
class Range:
    """Days `[start, end)`; None is open to that side."""

    start: date | None
    end: date | None

    @property
    def is_day(self) -> bool:
        return self.start is not None and self.end is not None and (self.end - self.start).days == 1


def _take_marks(cursor: CursorWrapper) -> dict[str, list[Range]]:
    """Remove the marks; area -> touched ranges, merged.

    Rows committed between this statement and the sums below may be counted already; their marks stay,
    so the next refresh counts those days again.
    """
    cursor.execute(
        """
        WITH taken AS (DELETE FROM data_collection_factdirty RETURNING area, day_from, day_to),
        spread AS (
            SELECT a.name, t.day_from, t.day_to FROM taken t
            JOIN unnest(%s) a(name) ON t.area IN (a.name, '*') WHERE t.day_from < t.day_to),
        merged AS (SELECT name, unnest(range_agg(daterange(day_from, day_to))) AS days FROM spread GROUP BY name)
        SELECT name, CASE WHEN isfinite(lower(days)) THEN lower(days) END,
               CASE WHEN isfinite(upper(days)) THEN upper(days) END
        FROM merged ORDER BY name, lower(days)
        """,
        [list(AREAS)],
    )
    marks: dict[str, list[Range]] = {}
    for name, start, end in cursor.fetchall():
        marks.setdefault(name, []).append(Range(start, end))
    return marks


def _is_most(ranges: list[Range]) -> bool:
    """True where building everything is cheaper than picking."""
    long = [r for r in ranges if not r.is_day]
    if any(r.start is None for r in long) or len(long) > MOST_RANGES:
        return True
    days = sum((r.end - r.start).days for r in ranges if r.end and r.start)
    return days > MOST_DAYS


def _where(ranges: Iterable[Range]) -> tuple[str, list[object]]:
    """SQL condition on `day`, with its parameters."""
    parts: list[str] = []
    values: list[object] = []
    single = [r.start for r in ranges if r.is_day]
    if single:
        parts.append("day = ANY(%s)")
        values.append(single)
    for r in ranges:
        if r.is_day:
            continue
        bounds = [("day >= %s", r.start), ("day < %s", r.end)]
        parts.append("(" + " AND ".join(text for text, value in bounds if value) + ")")
        values += [value for _text, value in bounds if value]
    return " OR ".join(parts), values


def _sums(area: Area, day: str, source: str, where: str) -> str:
    dimensions = ", ".join(area.dimensions)
    sums = ", ".join(f"sum({m})" for m in area.measures)
    positions = ", ".join(str(i) for i in range(1, len(area.dimensions) + 2))
    return f"SELECT {day}, {dimensions}, {sums} FROM {source} WHERE {where} GROUP BY {positions}"


def _insert(cursor: CursorWrapper, target: str, area: Area, select: str, values: list[object]) -> int:
    columns = ", ".join(("day", *area.dimensions, *area.measures))
    cursor.execute(f"INSERT INTO {target} ({columns}) {select}", values)
    return cursor.rowcount


MONTH = "date_trunc('month', day)::date"


def _refresh(cursor: CursorWrapper, area: Area, ranges: list[Range]) -> int:
    where, values = _where(ranges)
    cursor.execute(f"DELETE FROM {area.days} WHERE {where}", values)
    rows = _insert(cursor, area.days, area, _sums(area, "day", area.events, where), values)
    months, month_values = _where(_whole_months(ranges))
    cursor.execute(f"DELETE FROM {area.months} WHERE {months}", month_values)
    return rows + _insert(cursor, area.months, area, _sums(area, MONTH, area.days, months), month_values)


def _whole_months(ranges: list[Range]) -> list[Range]:
    """The ranges widened to whole months, merged."""
    merged: list[Range] = []
    for r in ranges:
        start = r.start.replace(day=1) if r.start else None
        end = r.end and _next_month(r.end)
        if merged and (merged[-1].end is None or start is None or start <= merged[-1].end):
            last = merged.pop()
            start, end = last.start, (None if last.end is None or end is None else max(last.end, end))
        merged.append(Range(start, end))
    return merged


def _next_month(day: date) -> date:
    """`day` if it is a first, else the first of the next month."""
    if day.day == 1:
        return day
    return date(day.year + day.month // 12, day.month % 12 + 1, 1)


def _rebuild(cursor: CursorWrapper, area: Area) -> int:
    """Fill new tables and put them in the place of the old ones: readers wait only for the renaming."""
    rows = _replace(cursor, area.days, area, _sums(area, "day", area.events, "true"))
    return rows + _replace(cursor, area.months, area, _sums(area, MONTH, area.days, "true"))


def _replace(cursor: CursorWrapper, table: str, area: Area, select: str) -> int:
    cursor.execute(f"CREATE TABLE {table}_new (LIKE {table} INCLUDING DEFAULTS)")
    rows = _insert(cursor, f"{table}_new", area, select, [])
    cursor.execute(
        "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = current_schema AND tablename = %s", [table]
    )
    indexes = cursor.fetchall()
    cursor.execute(f"DROP TABLE {table}")
    cursor.execute(f"ALTER TABLE {table}_new RENAME TO {table}")
    for _name, definition in indexes:
        cursor.execute(definition)
    cursor.execute(f"ANALYZE {table}")
    return rows
