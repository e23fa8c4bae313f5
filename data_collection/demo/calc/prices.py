"""Dated list prices and exchange rates."""

from datetime import date
from decimal import ROUND_HALF_UP, Decimal

import numpy as np
import pandas as pd

from data_collection.demo import truths
from data_collection.demo.calc.clock import Clock, day_of, number
from data_collection.demo.calc.draws import Floats, Ints, stream
from data_collection.demo.calc.market import PRODUCT_CODES, PRODUCTS, REGIONS, SUCCESSOR
from salesops.lib.periods import add_months

YEARLY_RISE = Decimal("1.03")
_FIRST_YEAR_OFFSET = 3  # prices hold from 1 January three years before the first day


def first_year(clock: Clock) -> int:
    return day_of(clock.start).year - _FIRST_YEAR_OFFSET


def price_cents(clock: Clock) -> Ints:
    """List price in hundredths of the region's currency, shape (years, products, regions); rises every January."""
    years = range(first_year(clock), day_of(clock.last).year + 1)
    table = [
        [[_cents(product.price, region.price_factor, y) for region in REGIONS] for product in PRODUCTS]
        for y in range(len(years))
    ]
    return np.array(table, dtype=np.int64)


def _cents(price: float, factor: float, years: int) -> int:
    """The price after so many rises, in whole tens of the currency's unit above 1,000, in whole units below."""
    value = Decimal(str(price)) * Decimal(str(factor)) * YEARLY_RISE**years
    step = Decimal(10) if value >= 1_000 else Decimal(1)
    return int((value / step).quantize(Decimal(1), ROUND_HALF_UP) * step * 100)


def year_index(days: Ints, clock: Clock) -> Ints:
    """Row of `price_cents` for each day."""
    years = days.astype("datetime64[D]").astype("datetime64[Y]").astype(int) + 1970
    return np.asarray(np.clip(years - first_year(clock), 0, None))


def on_sale(product: Ints, created: Ints, close: Ints, clock: Clock) -> Ints:
    """The product, or what is sold instead of it on these days."""
    facts = truths.planted(clock.until)
    ended, started = (PRODUCT_CODES.index(code) for code in (facts.ended_product, facts.started_product))
    is_over = (product == ended) & (close >= number(facts.ended_on))
    is_early = (product == started) & (created < number(facts.started_on))
    after, before = (PRODUCT_CODES.index(SUCCESSOR[PRODUCT_CODES[p]]) for p in (ended, started))
    return np.where(is_over, after, np.where(is_early, before, product))


def product_price_frame(clock: Clock) -> pd.DataFrame:
    """`product_price.csv`."""
    facts, table, rows = truths.planted(clock.until), price_cents(clock), []
    for p, product in enumerate(PRODUCTS):
        for r, region in enumerate(REGIONS):
            for y in range(len(table)):
                begin, end = date(first_year(clock) + y, 1, 1), date(first_year(clock) + y + 1, 1, 1)
                if product.code == facts.started_product:
                    begin = max(begin, facts.started_on)
                if product.code == facts.ended_product:
                    end = min(end, facts.ended_on)
                if begin < end:
                    price = table[y, p, r] / 100
                    cost = round(price * product.cost_share, 2)
                    rows.append((product.code, region.currency, begin, end, price, cost))
    return pd.DataFrame(rows, columns=["product", "currency", "valid_from", "valid_to", "price", "unit_cost"])


def product_frame(clock: Clock) -> pd.DataFrame:
    """`product.csv`."""
    facts, table = truths.planted(clock.until), price_cents(clock)
    now = int(year_index(np.array([clock.end]), clock)[0])
    rows = []
    for p, product in enumerate(PRODUCTS):
        price = table[now, p, 0] / 100
        begins = facts.started_on if product.code == facts.started_product else None
        ends = facts.ended_on if product.code == facts.ended_product else None
        cost = round(price * product.cost_share, 2)
        rows.append((product.code, product.name, product.family, product.kind, "USD", price, cost, begins, ends))
    names = ["code", "name", "family", "kind", "currency", "list_price", "unit_cost", "sold_from", "sold_to"]
    return pd.DataFrame(rows, columns=names)


def monthly_rates(clock: Clock, seed: int) -> tuple[list[date], Floats]:
    """First days of the months from the warm-up to the last day, and USD per unit, shape (months, regions)."""
    first = day_of(clock.early).replace(day=1)
    months = [first]
    while (following := add_months(months[-1], 1)) <= clock.until:
        months.append(following)
    steps = stream(seed, "fx").normal(0, 0.011, (len(months), len(REGIONS)))
    drift = np.zeros_like(steps)
    for i in range(1, len(months)):
        drift[i] = drift[i - 1] * 0.94 + steps[i]  # wanders, but comes back
    rates = np.round(np.array([region.rate for region in REGIONS]) * np.exp(drift), 6)
    rates[:, 0] = 1.0
    return months, rates


def fx_frame(clock: Clock, seed: int) -> pd.DataFrame:
    """`fx_rate.csv`: one row a month and foreign currency."""
    months, rates = monthly_rates(clock, seed)
    rows = [(r.currency, m, rates[i, k]) for i, m in enumerate(months) for k, r in enumerate(REGIONS) if k]
    return pd.DataFrame(rows, columns=["currency", "day", "rate"])
