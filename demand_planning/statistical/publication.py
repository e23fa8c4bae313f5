"""From fitted series to points that add up: pooled ranges, reconciliation, COPY into the table."""

from collections.abc import Sequence
from decimal import Decimal
from io import StringIO

import numpy as np
from django.db import connection

from demand_planning.statistical.calc.accuracy import Array
from demand_planning.statistical.calc.cells import month_number, month_start
from demand_planning.statistical.calc.engine import Fitted
from demand_planning.statistical.calc.methods import ZERO
from demand_planning.statistical.calc.ranges import Band, measured_coverage, pools_of, ranges
from demand_planning.statistical.calc.reconcile import reconcile
from demand_planning.statistical.calc.records import from_record
from demand_planning.statistical.models import ForecastRun, ForecastSeries, Level

LEVELS = (80, 95)
MOST_CELLS = 1500  # more cells are summed bottom-up: the least squares need memory of cells squared
UNITS = 10_000  # points are stored in ten-thousandths, so that sums are exact
COLUMNS = "series_id, month, expected, lo_80, hi_80, lo_95, hi_95"


def write_points(run: ForecastRun) -> None:
    """Points of every series of the run, and the run's measured coverage. Inside the caller's transaction."""
    rows = list(run.series.order_by("position"))
    fitted = [from_record(row.fit) for row in rows]
    known = [np.asarray(row.history, dtype=np.float64) for row in rows]
    labels = [row.level for row in rows]
    _note_coverage(run, known, fitted, labels)
    bands = ranges(known, fitted, LEVELS, labels)
    centers = _coherent(run, rows, fitted)
    buffer = StringIO()
    for row, one, center, band in zip(rows, fitted, centers, bands, strict=True):
        row.next_year = Decimal(_text(center[:12].sum()))
        _write_series(buffer, row, one, center, band)
    ForecastSeries.objects.bulk_update(rows, ["next_year"], batch_size=500)
    buffer.seek(0)
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM demand_planning_forecastpoint p USING demand_planning_forecastseries s"
            " WHERE p.series_id = s.id AND s.run_id = %s",
            [run.pk],
        )
        cursor.copy_expert(f"COPY demand_planning_forecastpoint ({COLUMNS}) FROM STDIN", buffer)


def _note_coverage(run: ForecastRun, known: Sequence[Array], fitted: Sequence[Fitted], labels: Sequence[str]) -> None:
    pool = pools_of(fitted, LEVELS, [""] * len(labels))[""]
    run.scores_n, run.scored_series_n = pool.n, pool.series
    measured = measured_coverage(known, fitted, LEVELS)
    run.coverage_80, run.coverage_95 = measured.share.get(80), measured.share.get(95)
    run.coverage_n = measured.n


def _coherent(run: ForecastRun, rows: Sequence[ForecastSeries], fitted: Sequence[Fitted]) -> list[Array]:
    """Expected values in ten-thousandths, every series the exact sum of its cells, shape (horizon,) each."""
    cells_of: dict[int, Array] = {}
    for measure in dict.fromkeys(row.measure for row in rows):
        mine = [i for i, row in enumerate(rows) if row.measure == measure]
        cells = [i for i in mine if rows[i].level == Level.CELL]
        own = np.array([_own(rows[i], fitted[i]) for i in mine])
        if len(cells) > MOST_CELLS:
            run.reconciliation = ForecastRun.Reconciliation.BOTTOM_UP
            result = own[: len(cells)]
        else:
            result = _reconciled(rows, fitted, mine, cells, own)
        for i, values in zip(cells, result, strict=True):
            cells_of[rows[i].position] = np.round(values * UNITS).astype(np.int64)
    return [np.sum([cells_of[position] for position in row.members], axis=0) for row in rows]


def _own(row: ForecastSeries, one: Fitted) -> Array:
    """The series' own forecast, 0 from the month its product is no longer sold."""
    return np.where(_is_sold(row, len(one.expected)), one.expected, 0.0)


def _is_sold(row: ForecastSeries, h: int) -> Array:
    first = month_number(row.forecast_from)
    return np.array([row.ends_on is None or month_start(first + k) < row.ends_on for k in range(h)])


def _reconciled(
    rows: Sequence[ForecastSeries], fitted: Sequence[Fitted], mine: Sequence[int], cells: Sequence[int], own: Array
) -> Array:
    """Least squares over the steps that have the same products on sale."""
    place = {rows[i].position: index for index, i in enumerate(mine)}
    members = [[place[position] for position in rows[i].members] for i in mine]
    h = own.shape[1]
    free = np.array([_is_sold(rows[i], h) * (fitted[i].method != ZERO) for i in cells], dtype=bool)
    floor = all(min(rows[i].history) >= 0 for i in cells)
    result = np.zeros((len(cells), h))
    for mask in {tuple(column) for column in free.T}:
        steps = np.flatnonzero((free == np.array(mask)[:, None]).all(axis=0))
        result[:, steps] = reconcile(own[:, steps], members, mask, floor=floor)
    return result


def _write_series(buffer: StringIO, row: ForecastSeries, one: Fitted, center: Array, bands: dict[int, Band]) -> None:
    """One line a month; ranges move with the expected value and keep its order.

    The lower end of what is never negative moves in proportion: one that stood at 0 stays there.
    """
    sold = _is_sold(row, len(center))
    floor = min(row.history, default=0) >= 0
    edges = [center]
    for level in LEVELS:
        low, high = (np.round(edge * UNITS) for edge in (bands[level].low, bands[level].high))
        before = np.round(one.expected * UNITS)
        high = high + center - before
        if floor:
            share = np.divide(center, before, out=np.ones(len(center)), where=before > 0)
            low = np.maximum(np.round(low * share), 0)
        else:
            low = low + center - before
        low, high = np.minimum(low, np.min(edges, axis=0)), np.maximum(high, np.max(edges, axis=0))
        edges += [np.where(sold, low, 0), np.where(sold, high, 0)]
    first = month_number(row.forecast_from)
    for k in range(len(center)):
        numbers = "\t".join(_text(edge[k]) for edge in edges)
        buffer.write(f"{row.pk}\t{month_start(first + k)}\t{numbers}\n")


def _text(ten_thousandths: float) -> str:
    """Exact decimal text, e.g. -12345 as -1.2345."""
    whole, rest = divmod(abs(int(ten_thousandths)), UNITS)
    return f"{'-' if ten_thousandths < 0 else ''}{whole}.{rest:04d}"
