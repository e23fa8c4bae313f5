"""A forecast run: created with its histories, fitted in chunks by any number of workers, published at once.

Each step may be killed and run again: creation and publication are one transaction each, and a chunk skips
the series already fitted.
"""

import hashlib
import math
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from itertools import pairwise

import numpy as np
from django.db import transaction
from django.utils import timezone

from demand_planning.statistical.calc.cells import History
from demand_planning.statistical.calc.engine import VERSION, Calendar, fit
from demand_planning.statistical.calc.methods import MEDIAN, PLAIN
from demand_planning.statistical.calc.records import Record, to_record
from demand_planning.statistical.calc.shape import Kind
from demand_planning.statistical.models import ForecastRun, ForecastSeries, Measure
from demand_planning.statistical.publication import write_points
from demand_planning.statistical.selectors import MeasureHistory, Names, level_of, measure_history, names
from salesops.jobs.models import LIVE_STATES
from salesops.jobs.registry import JobError
from salesops.models import Company, JobRun

HORIZON = 18  # months
SEASON = 12
CHUNK = 100  # series a job with one backtest origin; about 5 s of work
SLICE = 20  # series a transaction inside a chunk
FEW_SERIES = 500  # below, three origins a series instead of one make the pool of errors larger
KEEP_DAYS = 7  # every run this young is kept; of older ones the last of each month
CHILD_KINDS = ("forecast_chunk", "forecast_publish")
FIT_FIELDS = ["fit", "kind", "method", "mase", "wape", "bias", "against_naive", "is_reused", "fitted_at"]
Progress = Callable[[int, int], None]


# --- create -------------------------------------------------------------------------------
@transaction.atomic
def run_create(*, as_of: date, job: JobRun | None = None) -> ForecastRun | None:
    """A run with the history of every series, ready to be fitted; None when there is nothing to forecast.

    Called again for the same job it returns the run made before.
    """
    if job is not None:
        made = ForecastRun.objects.filter(job=job).first()
        if made is not None:
            return made
    _remove_abandoned()
    measured = [found for measure in Measure.values if (found := measure_history(measure, as_of=as_of))]
    total = sum(len(found.series) for found in measured)
    if not total:
        return None
    run = ForecastRun.objects.create(
        as_of=as_of,
        horizon=HORIZON,
        origins=3 if total < FEW_SERIES else 1,
        currency=Company.get().reporting_currency,
        series_n=total,
        job=job,
    )
    known, rows = names(), []
    for found in measured:
        rows += _series_rows(run, found, known, offset=len(rows))
    ForecastSeries.objects.bulk_create(rows, batch_size=500)
    return run


def _remove_abandoned() -> None:
    """Runs never published whose jobs have ended."""
    working = JobRun.objects.filter(kind__in=CHILD_KINDS, state__in=LIVE_STATES).values_list("params__run", flat=True)
    unfinished = ForecastRun.objects.filter(state=ForecastRun.State.BUILDING).exclude(pk__in=list(working))
    unfinished.exclude(job__state__in=LIVE_STATES).delete()


def _series_rows(run: ForecastRun, found: MeasureHistory, known: Names, *, offset: int) -> list[ForecastSeries]:
    return [_series_row(run, found, known, one, offset, index) for index, one in enumerate(found.series)]


def _series_row(
    run: ForecastRun, found: MeasureHistory, known: Names, one: History, offset: int, index: int
) -> ForecastSeries:
    product, item_name = known.item(found.item_kind, one.item)
    territory = known.territories.get(one.place)
    values = [round(float(value), 4) for value in one.values]
    return ForecastSeries(
        run=run,
        position=offset + index,
        measure=found.measure,
        level=level_of(one.item, one.place),
        item_kind=found.item_kind,
        item=one.item,
        item_name=item_name,
        place=one.place,
        place_name=territory.name if territory else one.place,
        product=product,
        territory=territory,
        members=[offset + cell for cell in one.cells],
        first_month=one.first_month,
        history=values,
        forecast_from=found.until,
        data_to=found.data_to,
        ends_on=product.sold_to if product else None,
        open_value=found.open_values.get((one.item, one.place), 0.0) if found.open_values else None,
        fingerprint=fingerprint(values, run),
    )


def fingerprint(values: Sequence[float], run: ForecastRun) -> str:
    """The same for two series that get the same forecast."""
    text = f"{VERSION}|{run.horizon}|{run.origins}|{SEASON}|{','.join(map(repr, values))}"
    return hashlib.sha256(text.encode()).hexdigest()[:40]


def chunks(run: ForecastRun) -> list[tuple[int, int]]:
    """Half-open ranges of positions, even in size, of about the same work: more origins, fewer series."""
    parts = max(1, math.ceil(run.series_n * (run.origins + 1) / (2 * CHUNK)))
    bounds = [round(run.series_n * part / parts) for part in range(parts + 1)]
    return list(pairwise(bounds))


# --- fit ----------------------------------------------------------------------------------
def chunk_forecast(*, run_id: int, start: int, end: int, progress: Progress | None = None) -> int:
    """Fit the series of `[start, end)` that are not fitted yet; returns how many it fitted.

    Raises:
        JobError: the run is gone.
    """
    run = ForecastRun.objects.filter(pk=run_id).first()
    if run is None:
        raise JobError(f"Forecast run {run_id} no longer exists; a later one has replaced it.")
    waiting = ForecastSeries.objects.filter(run=run, position__gte=start, position__lt=end, fitted_at=None)
    todo = list(waiting.order_by("position"))
    earlier = _fitted_before(run, todo)
    for first in range(0, len(todo), SLICE):
        part = todo[first : first + SLICE]
        for row in part:
            _fill(row, earlier.get(row.fingerprint), run)
        ForecastSeries.objects.bulk_update(part, FIT_FIELDS)
        if progress:
            progress(first + len(part), len(todo))
    return len(todo)


def _fitted_before(run: ForecastRun, rows: Sequence[ForecastSeries]) -> dict[str, Record]:
    """Fits of an earlier run with the very same history."""
    same = ForecastSeries.objects.filter(fingerprint__in={row.fingerprint for row in rows}, fitted_at__isnull=False)
    return dict(same.exclude(run=run).order_by("pk").values_list("fingerprint", "fit"))


def _fill(row: ForecastSeries, known: Record | None, run: ForecastRun) -> None:
    calendar = Calendar(season=SEASON, year=SEASON, horizon=run.horizon)
    row.is_reused = known is not None
    row.fit = known or to_record(fit(np.asarray(row.history), calendar, origin_count=run.origins))
    row.kind, row.method = row.fit["shape"][0], row.fit["method"]
    plain = PLAIN.get(Kind(row.kind), "")
    median, naive = row.fit["scores"].get(MEDIAN, {}), row.fit["scores"].get(plain, {})
    used = naive if row.fit["is_guarded"] else median
    row.mase, row.wape, row.bias = used.get("mase"), used.get("wape"), used.get("bias")
    word = "rmsse" if row.kind in (Kind.INTERMITTENT, Kind.FADING) else "mase"
    ours, theirs = used.get(word), naive.get(word)
    row.against_naive = ours / theirs if ours is not None and theirs else None
    row.fitted_at = timezone.now()


# --- publish ------------------------------------------------------------------------------
@transaction.atomic
def run_publish(*, run_id: int) -> ForecastRun:
    """Ranges, reconciliation, points; then the run is the current one. Nothing of it shows before.

    A run of an earlier day than the current one is kept beside it and does not replace it.

    Raises:
        JobError: the run is gone, or a series has not been fitted.
    """
    run = ForecastRun.objects.select_for_update().filter(pk=run_id).first()
    if run is None:
        raise JobError(f"Forecast run {run_id} no longer exists; a later one has replaced it.")
    if run.state == ForecastRun.State.PUBLISHED:
        return run
    unfitted = run.series.filter(fitted_at=None).count()
    if unfitted:
        raise JobError(f"{unfitted} series of forecast run {run_id} have not been fitted.")
    write_points(run)
    newest = not ForecastRun.objects.filter(is_current=True, as_of__gt=run.as_of).exists()
    if newest:
        ForecastRun.objects.filter(is_current=True).update(is_current=False)
    run.state, run.is_current, run.published_at = ForecastRun.State.PUBLISHED, newest, timezone.now()
    run.reused_n = run.series.filter(is_reused=True).count()
    run.save()
    _remove_old(run)
    return run


def _remove_old(current: ForecastRun) -> None:
    """Keep the runs of the last days and the last one of each month, for accuracy at any lag."""
    seen: set[tuple[int, int]] = set()
    for run in ForecastRun.objects.filter(state=ForecastRun.State.PUBLISHED).order_by("-as_of", "-pk"):
        month = (run.as_of.year, run.as_of.month)
        young = run.as_of > current.as_of - timedelta(days=KEEP_DAYS)
        if run.pk != current.pk and month in seen and not young:
            run.delete()
        seen.add(month)
