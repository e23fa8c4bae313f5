"""Product lines of the deals: amount = quantity x list price x (1 - discount), rounded to cents, summed."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from data_collection.demo.calc.accounts import SYSTEM
from data_collection.demo.calc.clock import Clock
from data_collection.demo.calc.deals import Deals
from data_collection.demo.calc.draws import Bools, Ints, Texts, choose, codes, stream, text_array
from data_collection.demo.calc.market import PRODUCT_CODES, PRODUCTS
from data_collection.demo.calc.prices import on_sale, price_cents, year_index

_ATTACHED = (0.46, 0.20)  # share of deals with a second and a third line
_BASIS = 10_000  # discounts are whole basis points


@dataclass(frozen=True)
class Lines:
    """One entry per line, ordered by deal."""

    deal: Ints
    product: Ints
    quantity: Ints
    price: Ints  # hundredths of the deal's currency
    discount: Ints  # basis points
    amount: Ints  # hundredths of the deal's currency

    def __len__(self) -> int:
        return len(self.deal)

    def sums(self, deals: int) -> Ints:
        """Amount of each deal in hundredths, shape (deals,)."""
        total = np.zeros(deals, dtype=np.int64)
        np.add.at(total, self.deal, self.amount)
        return total


def line_amount(quantity: Ints, price: Ints, discount: Ints) -> Ints:
    """Hundredths: quantity x price less the discount, rounded half up (all are positive)."""
    return (quantity * price * (_BASIS - discount) + _BASIS // 2) // _BASIS


def lines_of(deals: Deals, clock: Clock, seed: int) -> Lines:
    rng = stream(seed, "lines")
    count, table = len(deals), price_cents(clock)
    year = year_index(np.minimum(deals.last_day(clock), clock.end), clock)
    usd = table[year, :, 0] / 100.0  # (deals, products)
    discount = _discounts(deals, rng)
    product, target, has = [deals.product], [deals.target], [np.ones(count, dtype=bool)]
    weights = [p.attach for p in PRODUCTS]
    for chance in _ATTACHED:
        drawn = on_sale(choose(rng, weights, count), deals.created, deals.close, clock)
        taken = np.any([drawn == p for p in product], axis=0)
        product.append(drawn)
        target.append(deals.target * (0.05 + 0.17 * rng.random(count)))
        has.append((rng.random(count) < chance) & ~taken & has[-1])
    deal = np.tile(np.arange(count), len(has))[np.concatenate(has)]
    order = np.argsort(deal, kind="stable")
    chosen = np.concatenate(product)[np.concatenate(has)][order]
    wanted = np.concatenate(target)[np.concatenate(has)][order]
    deal = deal[order]
    quantity = np.maximum(np.round(wanted / usd[deal, chosen]), 1).astype(np.int64)
    price = table[year[deal], chosen, deals.region[deal]]
    amount = line_amount(quantity, price, discount[deal])
    return Lines(deal, chosen, quantity, price, discount[deal], amount)


def _discounts(deals: Deals, rng: np.random.Generator) -> Ints:
    """Basis points: most deals have none, large ones more often some."""
    steps = np.array([0, 300, 500, 800, 1_000, 1_200, 1_500, 2_000])
    weights = [0.46, 0.08, 0.14, 0.06, 0.12, 0.04, 0.07, 0.03]
    drawn = steps[choose(rng, weights, len(deals))]
    extra = np.where(deals.target > 90_000, 300, 0)
    return np.where(drawn > 0, drawn + extra, 0)


def line_frame(lines: Lines, ids: Texts, missing: Bools, part: slice) -> pd.DataFrame:
    """`opportunity_line.csv` of the lines in `part`; deals without a known amount have none."""
    keep = np.flatnonzero(~missing[lines.deal[part]]) + part.start
    return pd.DataFrame(
        {
            "system": SYSTEM,
            "external_id": codes("LIN", keep + 1, 7),
            "opportunity": ids[lines.deal[keep]],
            "product": pd.Categorical(text_array(PRODUCT_CODES)[lines.product[keep]]),
            "quantity": lines.quantity[keep],
            "unit_price": lines.price[keep] / 100.0,
            "discount": lines.discount[keep] / _BASIS,
            "amount": lines.amount[keep] / 100.0,
        }
    )
