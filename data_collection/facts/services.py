"""Build the fact tables: everything, or only the days that changed. Both give the same tables.

One transaction an area, under one advisory lock: a killed run leaves the old facts of that area and its marks as
they were.
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
#: The calendar of the marks. Postgres holds days Python can't, so all days before or after it are one range each.
CALENDAR = (date(1900, 1, 1), date(2200, 1, 1))

Progress = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True)
class Built:
    rebuilt: tuple[str, ...]  # areas built whole
    refreshed: tuple[str, ...]  # areas where only touched days were built
    rows: int  # fact rows written, months included


def facts_rebuild(*, progress: Progress | None = None) -> Built:
    """Build every fact table anew. Readers see an area's old tables until its commit."""
    return _build(progress, whole=True)


def facts_refresh(*, progress: Progress | None = None) -> Built:
    """Build the days again whose rows changed since the last build; nothing changed costs one query."""
    return _build(progress, whole=False) if _anything_dirty() else Built((), (), 0)


def _build(progress: Progress | None, *, whole: bool) -> Built:
    rebuilt, refreshed, rows = [], [], 0
    with transaction.atomic(), connection.cursor() as cursor:
        _begin(cursor)
        _spread_marks(cursor)
    for number, area in enumerate(AREAS.values()):
        if progress:  # between the transactions: the heartbeat must be seen by others
            progress(number, len(AREAS), area.name)
        with transaction.atomic(), connection.cursor() as cursor:
            _begin(cursor)
            ranges = _take_marks(cursor, area)
            if whole or _is_most(ranges):
                rows += _fill(cursor, area)
                _swap(cursor, area)
                rebuilt.append(area.name)
            elif ranges:
                rows += _refresh(cursor, area, ranges)
                refreshed.append(area.name)
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


def _spread_marks(cursor: CursorWrapper) -> None:
    """Turn marks of every area into one for each, so that areas can be built one by one."""
    cursor.execute(
        """
        WITH taken AS (DELETE FROM data_collection_factdirty WHERE area = '*' RETURNING day_from, day_to)
        INSERT INTO data_collection_factdirty (area, day_from, day_to)
        SELECT DISTINCT a.name, t.day_from, t.day_to FROM taken t CROSS JOIN unnest(%s) a(name)
        """,
        [list(AREAS)],
    )


def _take_marks(cursor: CursorWrapper, area: Area) -> list[Range]:
    """Remove the marks of an area; the touched ranges, merged. One outside the calendar touches all days out there.

    Rows committed between this statement and the sums below may be counted already; their marks stay,
    so the next refresh counts those days again.
    """
    first, after = CALENDAR
    cursor.execute(
        """
        WITH taken AS (DELETE FROM data_collection_factdirty WHERE area = %(area)s RETURNING day_from, day_to),
        clipped AS (
            SELECT CASE WHEN day_from >= %(first)s THEN least(day_from, %(after)s) END AS day_from,
                   CASE WHEN day_to <= %(after)s AND day_from < %(after)s THEN greatest(day_to, %(first)s) END AS day_to
            FROM taken WHERE day_from <= day_to
        ),
        merged AS (SELECT unnest(range_agg(daterange(day_from, day_to))) AS days FROM clipped)
        SELECT lower(days), upper(days) FROM merged ORDER BY lower(days) NULLS FIRST
        """,
        {"area": area.name, "first": first, "after": after},
    )
    return [Range(start, end) for start, end in cursor.fetchall()]


def _is_most(ranges: list[Range]) -> bool:
    """True where building everything is cheaper than picking."""
    long = [r for r in ranges if not r.is_day]
    if any(r.start is None and r.end != CALENDAR[0] for r in long) or len(long) > MOST_RANGES:
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


def _day_sums(area: Area, where: str) -> str:
    """The sums of one area by day. A rep has one team and territory a day: sum first, look up after."""
    if not area.rows:
        return _sums(area, "day", area.events, where)
    inner = ", ".join(f"sum({m}) AS {m}" for m in area.measures)
    outer = ", ".join(f"r.{m}" for m in area.measures)
    return (
        f"SELECT r.day, s.rep_id, s.team_id, s.territory_id, {outer}"
        f" FROM (SELECT day, rep_id, {inner} FROM {area.rows} WHERE {where} GROUP BY day, rep_id) r"
        " LEFT JOIN data_collection_repspan s ON s.rep_id = r.rep_id AND s.span_from <= r.day AND s.span_to > r.day"
    )


def _insert(cursor: CursorWrapper, target: str, area: Area, select: str, values: list[object]) -> int:
    columns = ", ".join(("day", *area.dimensions, *area.measures))
    cursor.execute(f"INSERT INTO {target} ({columns}) {select}", values)
    return cursor.rowcount


#: Days no `date` of Python can name stay as they are: nobody can ask for their month, and date_trunc holds fewer.
MONTH = "CASE WHEN day BETWEEN '0001-01-01' AND '9999-12-31' THEN date_trunc('month', day)::date ELSE day END"


def _refresh(cursor: CursorWrapper, area: Area, ranges: list[Range]) -> int:
    where, values = _where(ranges)
    cursor.execute(f"DELETE FROM {area.days} WHERE {where}", values)
    rows = _insert(cursor, area.days, area, _day_sums(area, where), values)
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


def _fill(cursor: CursorWrapper, area: Area) -> int:
    """Build both tables of an area beside the old ones."""
    cursor.execute("SET LOCAL random_page_cost = 4")  # everything is read: in the order of the disk, not of an index
    rows = _fill_table(cursor, area.days, area, _day_sums(area, "true"))
    return rows + _fill_table(cursor, area.months, area, _sums(area, MONTH, f"{area.days}_new", "true"))


def _fill_table(cursor: CursorWrapper, table: str, area: Area, select: str) -> int:
    cursor.execute(f"CREATE TABLE {table}_new (LIKE {table} INCLUDING DEFAULTS)")
    rows = _insert(cursor, f"{table}_new", area, select, [])
    for name, definition in _indexes(cursor, table):
        cursor.execute(definition.replace(f" {name} ON ", f" {name}_new ON ").replace(f"{table} ", f"{table}_new "))
    cursor.execute(f"ANALYZE {table}_new")
    return rows


def _swap(cursor: CursorWrapper, area: Area) -> None:
    """Put the new tables in the place of the old: the only moment readers wait, so it comes last."""
    for table in (area.days, area.months):
        names = [name for name, _definition in _indexes(cursor, table)]
        cursor.execute(f"DROP TABLE {table}")
        cursor.execute(f"ALTER TABLE {table}_new RENAME TO {table}")
        for name in names:
            cursor.execute(f"ALTER INDEX {name}_new RENAME TO {name}")


def _indexes(cursor: CursorWrapper, table: str) -> list[tuple[str, str]]:
    cursor.execute(
        "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = current_schema AND tablename = %s", [table]
    )
    return list(cursor.fetchall())
