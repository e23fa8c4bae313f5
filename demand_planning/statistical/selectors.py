"""Reads: monthly sums from the fact tables, histories of every level, the current forecast."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import pandas as pd
from django.db.models import Max, Model, Sum

from data_collection.models import DealFact, DealMonth, Product, SaleFact, SaleMonth, Territory
from demand_planning.statistical.calc.cells import ALL, History, closed_until, histories
from demand_planning.statistical.models import NONE, ForecastPoint, ForecastRun, ForecastSeries, Level, Measure

MOST_PRODUCTS = 60  # more than these are forecast by family


@dataclass(frozen=True, slots=True)
class Source:
    """Where a measure lies in the facts."""

    days: type[Model]
    months: type[Model]
    column: str


SOURCES: Mapping[str, Source] = {
    Measure.BOOKINGS: Source(DealFact, DealMonth, "won_amount"),
    Measure.REVENUE: Source(SaleFact, SaleMonth, "revenue"),
    Measure.UNITS: Source(SaleFact, SaleMonth, "units"),
}


@dataclass(frozen=True, slots=True)
class MeasureHistory:
    """All histories of a measure, and what the pages say about them."""

    measure: str
    item_kind: str  # product or family
    until: date  # first month that is not history
    data_to: date  # last day with data
    series: list[History]
    open_values: dict[tuple[str, str], float]  # open month so far, by (item, place); empty when none is open


def measure_history(measure: str, *, as_of: date) -> MeasureHistory | None:
    """Monthly history up to the last closed month; None without any data."""
    source = SOURCES[measure]
    known = source.days.objects.filter(**{f"{source.column}__isnull": False}, day__lte=as_of)
    data_to = known.aggregate(last=Max("day"))["last"]
    if data_to is None:
        return None
    until = closed_until(as_of=as_of, data_to=data_to)
    kind = _item_kind(known)
    found = histories(_by_month(source, until, kind), until=until)
    open_values = _open_month(source, until, as_of, kind) if until == as_of.replace(day=1) else {}
    return MeasureHistory(measure, kind, until, data_to, found, open_values)


def _item_kind(known: Any) -> str:
    sold = known.filter(product__isnull=False).values("product").distinct().count()
    return ForecastSeries.ItemKind.PRODUCT if sold <= MOST_PRODUCTS else ForecastSeries.ItemKind.FAMILY


def _by_month(source: Source, until: date, kind: str) -> pd.DataFrame:
    """Columns item, place, month, value."""
    return _sums(source.months.objects.filter(day__lt=until), source.column, kind)


def _sums(rows: Any, column: str, kind: str) -> pd.DataFrame:
    item = "product__code" if kind == ForecastSeries.ItemKind.PRODUCT else "product__family"
    grouped = (
        rows.filter(**{f"{column}__isnull": False})
        .values_list(item, "territory__code", "day")
        .annotate(value=Sum(column))
        .order_by()
    )
    frame = pd.DataFrame(list(grouped), columns=["item", "place", "month", "value"])
    frame["item"] = [value or NONE for value in frame["item"]]
    frame["place"] = [value or NONE for value in frame["place"]]
    frame["value"] = frame["value"].astype("float64")
    return frame


def _open_month(source: Source, start: date, as_of: date, kind: str) -> dict[tuple[str, str], float]:
    """The open month so far at every level."""
    rows = _sums(source.days.objects.filter(day__gte=start, day__lte=as_of), source.column, kind)
    found: dict[tuple[str, str], float] = {}
    for item, place, value in zip(rows["item"], rows["place"], rows["value"], strict=True):
        for key in ((item, place), (item, ALL), (ALL, place), (ALL, ALL)):
            found[key] = found.get(key, 0.0) + value
    return found


@dataclass(frozen=True, slots=True)
class Names:
    """Rows behind the codes of items and places."""

    products: dict[str, Product]
    territories: dict[str, Territory]

    def item(self, kind: str, code: str) -> tuple[Product | None, str]:
        """The product and its name; families have a name only."""
        product = self.products.get(code) if kind == ForecastSeries.ItemKind.PRODUCT else None
        return product, product.name if product else code


def names() -> Names:
    return Names(
        {product.code: product for product in Product.objects.all()},
        {territory.code: territory for territory in Territory.objects.all()},
    )


# --- what pages show ----------------------------------------------------------------------
def current_run() -> ForecastRun | None:
    return ForecastRun.objects.filter(is_current=True).first()


def level_of(item: str, place: str) -> Level:
    if item:
        return Level.CELL if place else Level.ITEM
    return Level.TERRITORY if place else Level.TOTAL


def series_points(series: ForecastSeries) -> list[ForecastPoint]:
    return list(series.points.order_by("month"))


def parts_total(series: ForecastSeries, *, month: date) -> Decimal:
    """Sum of the expected values of the cells a series is made of."""
    cells = ForecastPoint.objects.filter(series__run=series.run_id, series__position__in=series.members, month=month)
    return cells.aggregate(total=Sum("expected"))["total"] or Decimal(0)
