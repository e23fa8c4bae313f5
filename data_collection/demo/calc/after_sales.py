"""What follows a win: orders, repeat orders, support tickets, delivered hours."""

import numpy as np
import pandas as pd

from data_collection.demo.calc.accounts import PLACES, SYSTEM, Accounts
from data_collection.demo.calc.clock import NEVER, Clock, as_date
from data_collection.demo.calc.deals import Deals, first_days
from data_collection.demo.calc.draws import Bools, Floats, Ints, Texts, choose, codes, spread, stream, text_array
from data_collection.demo.calc.lines import Lines, line_amount
from data_collection.demo.calc.market import PRODUCT_CODES, PRODUCTS, REGIONS, SEGMENT_CODES, SKILLS
from data_collection.demo.calc.prices import on_sale, price_cents, year_index
from data_collection.demo.calc.sizes import Size
from data_collection.demo.calc.staff import Staff

_REPEAT_PER_DEAL = 0.8  # repeat orders of goods that need no deal
_TICKETS_PER_DEAL = 1.35
_REPEAT_SEASON = (0.8, 0.85, 1.0, 1.0, 1.05, 1.0, 0.9, 0.85, 1.1, 1.25, 1.3, 0.9)
_REPEAT_MIX = {"GW1": 1.0, "GW2": 1.1, "SEN": 2.6}
_HOURS_EACH = {"ONB": 16, "INT": 44, "TRN": 8}
_WEEK_HOURS = 28
_SUBJECTS = (
    "Login",
    "Gateway offline",
    "Wrong reading",
    "Invoice question",
    "New user",
    "Slow report",
    "Update failed",
)


def customer_days(deals: Deals, accounts: Accounts, clock: Clock) -> Ints:
    """Day each account became a customer; past the end for those who are not."""
    _deal, first_win = first_days(deals, clock, len(accounts.ids))
    return np.minimum(accounts.customer_from, first_win)


def _visits(count: int, since: Ints, season: Floats, clock: Clock, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """`count` draws of a customer and a working day after the account became one: accounts, days (ascending)."""
    span = slice(clock.start - clock.early, clock.end - clock.early + 1)
    customers = np.sort(since[since <= clock.end])
    growth = np.searchsorted(customers, clock.days[span], side="right")
    weight = season[clock.month_of_day[span] - 1] * clock.is_working[span] * growth
    day = clock.start + spread(weight, count, rng)
    ranked = np.argsort(since, kind="stable")
    known = np.searchsorted(customers, day, side="right")
    return ranked[(rng.random(count) ** 1.2 * known).astype(np.int64)], day


def order_frame(deals: Deals, lines: Lines, accounts: Accounts, staff: Staff, ids: Texts, size: Size, clock: Clock,
                seed: int) -> pd.DataFrame:  # fmt: skip
    """`order_line.csv`: the lines of won deals, and repeat orders of goods."""
    rng = stream(seed, "orders")
    line = np.flatnonzero(deals.won(clock)[lines.deal])
    deal = lines.deal[line]
    day = clock.working_from(deals.close[deal] + (deal % 4))
    on_time = day <= clock.end
    line, deal, day = line[on_time], deal[on_time], day[on_time]
    count = round(size.opportunities * _REPEAT_PER_DEAL)
    account, later = _visits(count, customer_days(deals, accounts, clock), np.array(_REPEAT_SEASON), clock, rng)
    goods = np.array([PRODUCT_CODES.index(code) for code in _REPEAT_MIX])[
        choose(rng, list(_REPEAT_MIX.values()), count)
    ]
    goods = on_sale(goods, later, later, clock)
    quantity = 1 + rng.negative_binomial(2, 0.18, count)
    region = accounts.region[account]
    price = price_cents(clock)[year_index(later, clock), goods, region]
    discount = np.where(rng.random(count) < 0.2, 500, 0)
    closer = deals.owner(deals.close, staff, clock)
    return _order_rows(
        {
            "deal": np.r_[deal, np.full(count, -1)],
            "account": np.r_[deals.account[deal], account],
            "product": np.r_[lines.product[line], goods],
            "owner": np.r_[closer[deal], staff.owner(accounts.seat[account], later, clock)],
            "day": np.r_[day, later],
            "quantity": np.r_[lines.quantity[line], quantity],
            "discount": np.r_[lines.discount[line], discount],
            "amount": np.r_[lines.amount[line], line_amount(quantity, price, discount)],
            "list": np.r_[lines.quantity[line] * lines.price[line], quantity * price],
        },
        accounts, staff, ids, clock, rng,
    )  # fmt: skip


def _order_rows(o: dict[str, Ints], accounts: Accounts, staff: Staff, ids: Texts, clock: Clock,
                rng: np.random.Generator) -> pd.DataFrame:  # fmt: skip
    order = np.lexsort((o["deal"], o["day"]))
    o = {name: values[order] for name, values in o.items()}
    count, place = len(order), accounts.place[o["account"]]
    goods = np.array([p.kind == "goods" for p in PRODUCTS])[o["product"]]
    shipped = clock.working_from(o["day"] + 2 + rng.gamma(2.0, 3.0, count).astype(np.int64))
    cost = np.round(o["list"] * np.array([p.cost_share for p in PRODUCTS])[o["product"]]).astype(np.int64)
    order_id = np.where(o["deal"] >= 0, "ORD-" + ids[np.maximum(o["deal"], 0)], codes("REP", np.arange(count), 7))
    return pd.DataFrame(
        {
            "system": SYSTEM,
            "external_id": codes("ORL", np.arange(1, count + 1), 7),
            "order_id": order_id,
            "account": accounts.ids[o["account"]],
            "opportunity": np.where(o["deal"] >= 0, ids[np.maximum(o["deal"], 0)], ""),
            "product": pd.Categorical(text_array(PRODUCT_CODES)[o["product"]]),
            "owner": staff.codes[o["owner"]],
            "segment": pd.Categorical(text_array(SEGMENT_CODES)[accounts.segment[o["account"]]]),
            "ordered_on": as_date(o["day"]),
            "shipped_on": as_date(np.where(goods & (shipped <= clock.end), shipped, NEVER)),
            "quantity": o["quantity"],
            "amount": o["amount"] / 100.0,
            "profit": (o["amount"] - cost) / 100.0,
            "discount": o["discount"] / 10_000.0,
            "currency": pd.Categorical(text_array([r.currency for r in REGIONS])[accounts.region[o["account"]]]),
            "country": pd.Categorical(text_array([p.country for p in PLACES])[place]),
            "state": pd.Categorical(text_array([p.state for p in PLACES])[place]),
            "city": pd.Categorical(text_array([p.city for p in PLACES])[place]),
            "is_returned": goods & (rng.random(count) < 0.015),
        }
    )


def ticket_frame(deals: Deals, accounts: Accounts, size: Size, clock: Clock, seed: int) -> pd.DataFrame:
    """`support_ticket.csv`."""
    rng = stream(seed, "tickets")
    count = round(size.opportunities * _TICKETS_PER_DEAL)
    account, day = _visits(count, customer_days(deals, accounts, clock), np.ones(12), clock, rng)
    tier = 1 + choose(rng, [0.70, 0.23, 0.07], count)
    hours = np.round(np.array([0.0, 0.5, 1.8, 6.0])[tier] * rng.gamma(2.0, 0.5, count) + 0.1, 2)
    closed = clock.working_from(day + (rng.gamma(1.3, 1.0, count) * np.array([0, 1, 3, 8])[tier]).astype(np.int64))
    product = on_sale(rng.integers(0, len(PRODUCTS), count), day, day, clock)
    return pd.DataFrame(
        {
            "system": SYSTEM,
            "external_id": codes("TIC", np.arange(1, count + 1), 7),
            "account": accounts.ids[account],
            "product": pd.Categorical(text_array(PRODUCT_CODES)[product]),
            "subject": pd.Categorical(text_array(_SUBJECTS)[rng.integers(0, len(_SUBJECTS), count)]),
            "tier": tier,
            "opened_on": as_date(day),
            "closed_on": as_date(np.where(closed <= clock.end, closed, NEVER)),
            "hours": np.where(closed <= clock.end, hours, np.nan),
        }
    )


def hours_frame(deals: Deals, lines: Lines, accounts: Accounts, ids: Texts, clock: Clock, seed: int) -> pd.DataFrame:
    """`delivered_hours.csv`: a won service is worked off at some 28 hours a week."""
    rng = stream(seed, "hours")
    each = np.array([_HOURS_EACH.get(code, 0) for code in PRODUCT_CODES])
    line = np.flatnonzero(_service(lines, each) & deals.won(clock)[lines.deal])
    total = np.minimum(lines.quantity[line] * each[lines.product[line]], 600) * (0.85 + 0.4 * rng.random(len(line)))
    weeks = np.ceil(total / _WEEK_HOURS).astype(np.int64)
    row = np.repeat(np.arange(len(line)), weeks)
    week = np.arange(len(row)) - np.repeat(np.cumsum(weeks) - weeks, weeks)
    begin = deals.close[lines.deal[line]] + rng.integers(7, 25, len(line))
    day = clock.working_from(begin[row] + 7 * week + rng.integers(0, 5, len(row)))
    hours = np.round(total[row] / weeks[row], 2)
    keep = np.flatnonzero(day <= clock.end)
    keep = keep[np.argsort(day[keep], kind="stable")]
    deal = lines.deal[line][row[keep]]
    skills = text_array([SKILLS.get(code, "") for code in PRODUCT_CODES])
    return pd.DataFrame(
        {
            "system": SYSTEM,
            "external_id": codes("HRS", np.arange(1, len(keep) + 1), 7),
            "account": accounts.ids[deals.account[deal]],
            "opportunity": ids[deal],
            "skill": pd.Categorical(skills[lines.product[line][row[keep]]]),
            "day": as_date(day[keep]),
            "hours": hours[keep],
        }
    )


def _service(lines: Lines, each: Ints) -> Bools:
    return np.asarray(each[lines.product] > 0)
