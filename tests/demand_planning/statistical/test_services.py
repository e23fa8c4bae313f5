from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db.models import Sum

from data_collection.facts.services import facts_refresh
from data_collection.models import Opportunity, Product, Rep
from demand_planning.models import ForecastPoint, ForecastRun, ForecastSeries
from demand_planning.statistical.services import chunk_forecast, chunks, run_create, run_publish
from salesops.jobs.nightly import nightly_start
from salesops.jobs.registry import JobError
from salesops.jobs.services import job_work
from salesops.models import Company, JobRun
from tests.demand_planning.statistical.conftest import AS_OF, FIRST, published

pytestmark = pytest.mark.django_db


def series(run: ForecastRun, measure: str = "bookings", item: str = "", place: str = "") -> ForecastSeries:
    return run.series.get(measure=measure, item=item, place=place)


def all_points(run: ForecastRun) -> list[tuple]:
    key = ("series__measure", "series__item", "series__place", "month")
    points = ForecastPoint.objects.filter(series__run=run).order_by(*key)
    return list(points.values_list(*key, "expected", "lo_80", "hi_80", "lo_95", "hi_95"))


def test_history_is_the_closed_months_of_the_facts(run: ForecastRun) -> None:
    total = series(run)
    assert (total.first_month, len(total.history)) == (FIRST, 36)
    # Month 0: Suite 100 and 60, Set-up 7, each times 100.
    assert total.history[0] == 16_700
    assert total.forecast_from == date(2026, 11, 1)
    assert total.open_value == (100 + 0 + 36 + 60 + 0 + 7) * 100  # the open month is shown, not learnt from
    assert series(run, "units", "setup", "northlands").history[:4] == [7, 0, 0, 7]


def test_every_level_is_the_exact_sum_of_its_cells(run: ForecastRun) -> None:
    assert run.reconciliation == ForecastRun.Reconciliation.WLS
    for one in run.series.all():
        cells = ForecastPoint.objects.filter(series__run=run, series__position__in=one.members)
        sums = dict(cells.values_list("month").annotate(total=Sum("expected")))
        points = {point.month: point.expected for point in one.points.all()}
        assert len(points) == run.horizon
        assert points == sums
        assert one.next_year == sum(sorted(points.items())[k][1] for k in range(12))


def test_season_and_growth_are_found(run: ForecastRun) -> None:
    """Suite in the south repeats the same twelve months; in the north it grows by 12 a year."""
    south = [point.expected for point in series(run, "units", "suite", "southlands").points.order_by("month")[:12]]
    assert south[11] == max(south) and south[8] == min(south)
    assert float(south[11]) == pytest.approx(90, rel=0.15)
    north = series(run, "units", "suite", "northlands")
    assert 1_500 < north.next_year < 1_950  # last twelve months 1,641, a year of growth adds 144
    assert north.against_naive < 1


def test_published_run_is_current_and_measured(run: ForecastRun) -> None:
    assert run.is_current and run.state == "published"
    assert run.scores_n > 100 and 0.5 < run.coverage_80 <= run.coverage_95 <= 1
    again = published(AS_OF)
    assert ForecastRun.objects.get(is_current=True) == again
    assert again.reused_n == again.series_n  # nothing changed: nothing was fitted twice
    assert all_points(again) == all_points(run)


def test_publishing_twice_changes_nothing(run: ForecastRun) -> None:
    before = all_points(run)
    run_publish(run_id=run.pk)
    assert all_points(run) == before


def test_a_killed_chunk_is_finished_by_the_next(sales: None) -> None:
    run = run_create(as_of=AS_OF)
    chunk_forecast(run_id=run.pk, start=0, end=5)
    with pytest.raises(JobError, match="have not been fitted"):
        run_publish(run_id=run.pk)
    assert not ForecastRun.objects.filter(is_current=True).exists() and not ForecastPoint.objects.exists()
    assert chunk_forecast(run_id=run.pk, start=0, end=run.series_n) == run.series_n - 5
    whole = all_points(run_publish(run_id=run.pk))
    ForecastRun.objects.all().delete()
    assert all_points(published(AS_OF)) == whole


def test_chunks_cover_every_series_once() -> None:
    assert chunks(ForecastRun(series_n=250, origins=1)) == [(0, 83), (83, 167), (167, 250)]
    assert chunks(ForecastRun(series_n=100, origins=3)) == [(0, 50), (50, 100)]  # four fits a series, not two


def test_ended_product_is_zero_and_planned_end_is_kept(sales: None, products: dict[str, Product]) -> None:
    Product.objects.filter(code="suite").update(sold_to=date(2027, 3, 1))
    Opportunity.objects.filter(product__code="setup", close_date__gte=date(2025, 11, 1)).delete()
    facts_refresh()
    run = published(AS_OF)
    setup = series(run, item="setup")
    assert setup.kind == "ended" and setup.next_year == 0
    suite = dict(series(run, item="suite").points.values_list("month", "expected"))
    assert suite[date(2027, 2, 1)] > 0 and suite[date(2027, 3, 1)] == 0
    assert ForecastPoint.objects.filter(series__run=run, hi_95__lt=0).count() == 0


def test_old_data_are_forecast_from_their_own_end(sales: None) -> None:
    run = published(date(2030, 6, 15))
    total = series(run)
    assert total.forecast_from == date(2026, 11, 1)  # November 2026 has only its first days
    assert total.open_value is None and total.next_year > 0


def test_an_empty_company_has_no_run(company: Company) -> None:
    assert run_create(as_of=AS_OF) is None
    assert not ForecastRun.objects.exists()


def test_old_runs_keep_one_a_month(sales: None) -> None:
    days = [date(2026, 9, 29), date(2026, 9, 30), date(2026, 10, 20), date(2026, 11, 1), date(2026, 11, 8), AS_OF]
    for day in days:
        published(day)
    kept = sorted(ForecastRun.objects.values_list("as_of", flat=True))
    assert kept == [date(2026, 9, 30), date(2026, 10, 20), date(2026, 11, 8), AS_OF]
    assert AS_OF - timedelta(days=7) < date(2026, 11, 8)


def test_an_abandoned_run_is_removed(sales: None) -> None:
    left = run_create(as_of=AS_OF)
    run_create(as_of=AS_OF)
    assert not ForecastRun.objects.filter(pk=left.pk).exists()
    with pytest.raises(JobError, match="no longer exists"):
        chunk_forecast(run_id=left.pk, start=0, end=1)


def test_a_rep_without_territory_counts_as_none(sales: None, rep: Rep) -> None:
    rep.territories.all().delete()
    facts_refresh()
    run = published(AS_OF)
    assert series(run, place="-").next_year > 0
    assert sum(one.next_year for one in run.series.filter(measure="bookings", level="cell")) == series(run).next_year
    assert isinstance(series(run).next_year, Decimal)


def test_the_night_forecasts_in_parts(sales: None) -> None:
    """Through the job rows: the step fans out, a finishing job publishes."""
    root = job_work(nightly_start(as_of=AS_OF))
    states = dict(JobRun.objects.filter(parent=root).values_list("kind", "state"))
    assert {states[kind] for kind in ("forecasts", "forecast_chunk", "forecast_publish")} == {"succeeded"}
    assert ForecastRun.objects.get().is_current


def test_an_earlier_day_never_replaces_a_later_forecast(run: ForecastRun) -> None:
    earlier = published(AS_OF - timedelta(days=3))
    run.refresh_from_db()
    assert run.is_current and not earlier.is_current and earlier.state == ForecastRun.State.PUBLISHED
    later = published(AS_OF + timedelta(days=1))
    run.refresh_from_db()
    assert later.is_current and not run.is_current


def test_ranges_keep_their_order_and_their_zero(run: ForecastRun) -> None:
    for point in ForecastPoint.objects.filter(series__run=run):
        assert 0 <= point.lo_95 <= point.lo_80 <= point.expected <= point.hi_80 <= point.hi_95
