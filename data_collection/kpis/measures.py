"""The words of KPI formulas: where each comes from.

- additive: a column of a fact table, summed (facts/measures.py)
- stock: open deals at the end of the period
- statistic: a median, quantile or distinct count, straight from the rows
- period: days and quotas, known without rows
- prev_<additive>: the same sum over the period before; whole_<...>: over the whole period of one to date
"""

from dataclasses import dataclass

from data_collection.facts.measures import ALL, AREA_OF, PEOPLE


@dataclass(frozen=True, slots=True)
class Statistic:
    events: str  # view
    sql: str  # aggregate over the view's columns
    column: str  # rows where it is not NULL are the rows behind
    dimensions: tuple[str, ...] = ALL


def _quantile(share: str, column: str) -> str:
    return f"percentile_cont({share}) WITHIN GROUP (ORDER BY e.{column})"


DEALS, LEADS, SALES, STAYS = (f"data_collection_{name}event" for name in ("deal", "lead", "sale", "stage"))
STATISTICS = {
    "won_amount_median": Statistic(DEALS, _quantile("0.5", "won_amount"), "won_amount"),
    "won_days_median": Statistic(DEALS, _quantile("0.5", "won_days"), "won_days"),
    "response_median": Statistic(LEADS, _quantile("0.5", "response_minutes"), "response_minutes"),
    "response_p90": Statistic(LEADS, _quantile("0.9", "response_minutes"), "response_minutes"),
    "response_n": Statistic(LEADS, "count(e.response_minutes)", "response_minutes"),
    "stage_days_median": Statistic(STAYS, _quantile("0.5", "days"), "days"),
    "stage_days_p90": Statistic(STAYS, _quantile("0.9", "days"), "days"),
    "stage_days_n": Statistic(STAYS, "count(e.days)", "days"),
    "orders_n": Statistic(SALES, "count(DISTINCT coalesce(e.order_id, e.opportunity_id::text))", "sales_n"),
}
#: measure -> aggregate over open deals `e` on the day `p.as_of`, closing in `[p.lo, p.whole)`
STOCK = {
    "open_n": "sum(e.open_n)",
    "open_amount": "sum(e.open_amount)",
    "open_amount_n": "count(e.open_amount)",
    "weighted_amount": "sum(e.weighted_amount)",
    "closing_n": "count(*) FILTER (WHERE e.close_date >= p.lo AND e.close_date < p.whole)",
    "closing_amount": "sum(e.open_amount) FILTER (WHERE e.close_date >= p.lo AND e.close_date < p.whole)",
}
#: deals due in the period when it began; see due_deals in selectors/slippage
DUE = ("due_n", "due_amount", "slipped_amount")
QUOTAS = {"quota": "bookings", "revenue_quota": "revenue", "whole_quota": "bookings"}
PREVIOUS = tuple(f"prev_{name}" for name in AREA_OF)

#: measure -> count of the rows that should state it: with rows, yet none stating it, the sum is unknown and not 0
POPULATION = {
    "created_amount": "created_n",
    "won_amount": "won_n",
    "won_days": "won_n",
    "lost_amount": "lost_n",
    "lost_days": "lost_n",
    "pushed_amount": "pushed_n",
    "open_amount": "open_n",
    "weighted_amount": "open_n",
    "closing_amount": "closing_n",
    "revenue": "sales_n",
    "units": "sales_n",
    "profit": "sales_n",
    "minutes": "activities_n",
    "prev_won_amount": "prev_won_n",
    "prev_revenue": "prev_sales_n",
}

KNOWN = frozenset({*AREA_OF, *STATISTICS, *STOCK, *DUE, *QUOTAS, *PREVIOUS, "days"})


def plain(name: str) -> str:
    """The additive measure under a prefix."""
    return name.removeprefix("prev_") if name in PREVIOUS else name


def dimensions_of(name: str) -> tuple[str, ...]:
    """The dimensions a measure is kept by."""
    if plain(name) in AREA_OF:
        return AREA_OF[plain(name)].dimensions
    if name in QUOTAS:
        return PEOPLE
    return STATISTICS[name].dimensions if name in STATISTICS else ALL
