"""Dirt of the demo company: a few rows a rule, spoiled on their way to the files, and remembered by rule.

The company itself stays as it was made: rows are changed in the frames only, none are added or taken but the lines of a
deal that must have no product. A row is spoiled for one rule, which may well make it break others too.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd

from data_collection.demo.calc.draws import Bools, stream

LEAST, SHARE = 3, 2_000  # rows spoiled a rule and block: at least three, one in two thousand
LATE = ("Proposal", "Negotiation")
QUIET_DAYS = 40  # a deal this old can have been quiet for a month

Mask = Callable[["Dirt", pd.DataFrame], Any]  # rows that may be spoiled, boolean, shape (rows,)
Change = Callable[["Dirt", pd.DataFrame, Any], None]  # frame and the places of the chosen rows


@dataclass
class Dirt:
    """What was spoiled so far. `rows` holds the external ids by rule."""

    seed: int
    until: date
    rows: dict[str, list[str]] = field(default_factory=dict)
    left: list[str] = field(default_factory=list)  # codes of reps who left
    without_lines: set[str] = field(default_factory=set)  # deals
    quiet: set[str] = field(default_factory=set)  # deals
    closed: dict[str, Any] = field(default_factory=dict)  # deals to be worked on after their close: its day

    def day(self, days: int) -> np.datetime64:
        """The last day of the company and some days."""
        return np.datetime64(self.until + timedelta(days=days), "s")

    def spoil(self, table: str, frame: pd.DataFrame, block: int) -> pd.DataFrame:
        """The frame with some of its rows spoiled; the same seed spoils the same rows."""
        if table == "rep":
            self.left = frame.loc[pd.to_datetime(frame["left_on"]).notna(), "code"].tolist()
        if table == "opportunity_line" and self.without_lines:
            frame = frame[~frame["opportunity"].isin(self.without_lines)].reset_index(drop=True)
        if table not in SPOILS or frame.empty:
            return frame
        frame = frame.copy()
        texts = [str(name) for name in frame.columns if isinstance(frame[name].dtype, pd.CategoricalDtype)]
        frame[texts] = frame[texts].astype(object)
        if table == "activity":
            lately = frame["opportunity"].isin(self.quiet) & (frame["day"] >= self.day(-QUIET_DAYS))
            frame.loc[lately, "opportunity"] = ""
        free = np.ones(len(frame), dtype=bool)
        for name, value in ADDED.get(table, {}).items():
            frame[name] = value
        for rule, mask, change in SPOILS[table]:
            self._spoil(frame, free, (table, rule, block), mask, change)
        return frame

    def _spoil(self, frame: pd.DataFrame, free: Bools, place: tuple[str, str, int], mask: Mask, change: Change) -> None:
        candidates = np.flatnonzero(free & np.asarray(mask(self, frame), dtype=bool))
        count = min(max(LEAST, len(frame) // SHARE), len(candidates))
        chosen = np.sort(stream(self.seed, "dirt", *place).choice(candidates, count, replace=False))
        if not count:
            return
        change(self, frame, chosen)
        free[chosen] = False
        if place[1]:
            self.rows.setdefault(place[1], []).extend(frame["external_id"].to_numpy()[chosen].tolist())


def dirtied(tables: Iterable[tuple[str, pd.DataFrame]], dirt: Dirt) -> Iterator[tuple[str, pd.DataFrame]]:
    """The same tables with the dirt in them."""
    blocks: dict[str, int] = {}
    for table, frame in tables:
        blocks[table] = blocks.get(table, -1) + 1
        yield table, dirt.spoil(table, frame, blocks[table])


# --- which rows, and how ----------------------------------------------------------------------
def _is(column: str, *values: str | bool) -> Mask:
    return lambda dirt, f: f[column].isin(values)


def _filled(column: str) -> Mask:
    return lambda dirt, f: f[column].notna() & (f[column] != "")


def _both(*masks: Mask) -> Mask:
    return lambda dirt, f: np.logical_and.reduce([np.asarray(mask(dirt, f), dtype=bool) for mask in masks])


def _every(dirt: Dirt, f: pd.DataFrame) -> Any:
    return np.ones(len(f), dtype=bool)


def _set(column: str, *values: Any) -> Change:
    """The values in turn."""

    def change(dirt: Dirt, f: pd.DataFrame, rows: Any) -> None:
        f.loc[f.index[rows], column] = [values[i % len(values)] for i in range(len(rows))]

    return change


def _day(column: str, days: int) -> Change:
    def change(dirt: Dirt, f: pd.DataFrame, rows: Any) -> None:
        f.loc[f.index[rows], column] = dirt.day(days)

    return change


def _before(column: str, other: str, days: int) -> Change:
    def change(dirt: Dirt, f: pd.DataFrame, rows: Any) -> None:
        f.loc[f.index[rows], column] = f[other].iloc[rows] - np.timedelta64(days, "D")

    return change


def _times(column: str, factor: float) -> Change:
    def change(dirt: Dirt, f: pd.DataFrame, rows: Any) -> None:
        f.loc[f.index[rows], column] = (f[column].iloc[rows].astype(float) * factor).round(2)

    return change


def _to_a_leaver(dirt: Dirt, f: pd.DataFrame, rows: Any) -> None:
    f.loc[f.index[rows], "owner"] = [dirt.left[i % len(dirt.left)] for i in range(len(rows))]


def _no_product(dirt: Dirt, f: pd.DataFrame, rows: Any) -> None:
    f.loc[f.index[rows], "product"] = ""
    dirt.without_lines.update(f["external_id"].to_numpy()[rows].tolist())


def _without_lead(dirt: Dirt, f: pd.DataFrame, rows: Any) -> None:
    """The leads of these deals are left converted without one."""
    dirt.rows.setdefault("lead-converted-without-deal", []).extend(f["lead"].to_numpy()[rows].tolist())
    f.loc[f.index[rows], "lead"] = ""


def _leave_alone(dirt: Dirt, f: pd.DataFrame, rows: Any) -> None:
    dirt.quiet.update(f["external_id"].to_numpy()[rows].tolist())


def _work_on(dirt: Dirt, f: pd.DataFrame, rows: Any) -> None:
    chosen = f.iloc[rows]
    dirt.closed.update(zip(chosen["external_id"].tolist(), chosen["close_date"].tolist(), strict=True))


def _of_nothing(dirt: Dirt, f: pd.DataFrame) -> Any:
    """Work with a customer, done so late that it is after the close of any deal that waits for some."""
    if not dirt.closed:
        return np.zeros(len(f), dtype=bool)
    late = f["day"] > max(dirt.closed.values()) + np.timedelta64(15, "D")
    return (f["opportunity"] == "") & (f["account"] != "") & late


def _to_closed(dirt: Dirt, f: pd.DataFrame, rows: Any) -> None:
    deals = list(dirt.closed)[: len(rows)]
    f.loc[f.index[rows[: len(deals)]], "opportunity"] = deals
    dirt.rows.setdefault("activity-after-close", []).extend(deals)
    for deal in deals:
        del dirt.closed[deal]


def _give_away(dirt: Dirt, f: pd.DataFrame, rows: Any) -> None:
    """A discount of 60 % on lines; the finding is their deal's."""
    f.loc[f.index[rows], "discount"] = 0.6
    dirt.rows.setdefault("discount-deep", []).extend(sorted(set(f["opportunity"].to_numpy()[rows].tolist())))


def _out_of_reach(dirt: Dirt, f: pd.DataFrame, rows: Any) -> None:
    for column in ("email", "phone"):
        f.loc[f.index[rows], column] = ""


_OPEN, _WON, _LOST = _is("status", "open"), _is("status", "won"), _is("status", "lost")
_PRICED = _filled("amount")
_OLD: Mask = lambda dirt, f: (f["created_on"] < dirt.day(-QUIET_DAYS)) & (f["status"] == "open")  # noqa: E731
_LONG_LOST: Mask = lambda dirt, f: (f["status"] == "lost") & (f["close_date"] < dirt.day(-200))  # noqa: E731
#: Lost so long ago that an absurd amount spoils no chart of the last two years.
_ANCIENT: Mask = lambda dirt, f: (f["status"] == "lost") & (f["close_date"] < dirt.day(-800))  # noqa: E731
_IN_WORK = _is("status", "new", "working", "mql", "sql")
#: Columns the clean files do not have.
ADDED: dict[str, dict[str, Any]] = {
    "opportunity": {"probability": np.nan},
    "lead": {"phone": ""},
}
SPOILS: dict[str, tuple[tuple[str, Mask, Change], ...]] = {
    "account": (
        ("account-country-missing", _every, _set("country", "")),
        ("account-country-unknown", _every, _set("country", "Europe", "Germny", "DACH")),
        ("account-industry-missing", _every, _set("industry", "")),
        ("account-website-invalid", _every, _set("website", "www", "http://", "no website")),
        ("account-name-placeholder", _every, _set("name", "Test", "asdf", "n/a")),
        ("account-owner-has-left", _every, _to_a_leaver),
    ),
    "contact": (
        ("contact-email-invalid", _every, _set("email", "jo@", "jo at firm.example", "jo@firm..example")),
        ("contact-phone-invalid", _every, _set("phone", "0000000", "call office", "12")),
        ("contact-unreachable", _every, _out_of_reach),
        ("contact-name-placeholder", _every, _set("last_name", "Test", "xxx", "unknown")),
        ("contact-account-missing", _every, _set("account", "")),
    ),
    "lead": (
        ("lead-source-missing", _every, _set("lead_source", "")),
        ("lead-unreachable", _IN_WORK, _set("email", "")),
        ("lead-disqualified-without-reason", _is("status", "disqualified"), _set("disqualified_reason", "")),
        ("lead-email-invalid", _every, _set("email", "jo@", "jo at firm.example", "jo@firm..example")),
        ("lead-phone-invalid", _every, _set("phone", "1111111", "see mail", "5")),
        ("lead-name-placeholder", _every, _set("company", "test company", "TBD", "---")),
        ("lead-owner-missing", _IN_WORK, _set("owner", "")),
        ("lead-owner-has-left", _IN_WORK, _to_a_leaver),
        ("lead-dates-unlike-status", _filled("disqualified_on"), _set("status", "working")),
        ("lead-ended-before-created", _filled("disqualified_on"), _before("disqualified_on", "created_on", 5)),
    ),
    "opportunity": (
        ("won-without-amount", _WON, _set("amount", np.nan)),
        ("amount-missing", _both(_OPEN, _PRICED, _is("stage", "Discovery")), _set("amount", np.nan)),
        ("amount-missing-late", _both(_OPEN, _PRICED, _is("stage", *LATE)), _set("amount", np.nan)),
        ("close-date-missing", _OPEN, _set("close_date", pd.NaT)),
        ("next-step-missing", _OPEN, _set("next_step", "")),
        ("contact-missing-late", _both(_OPEN, _is("stage", *LATE)), _set("contact", "")),
        ("product-missing", _WON, _no_product),
        ("deal-source-missing", _every, _set("lead_source", "")),
        ("lost-without-reason", _LOST, _set("lost_reason", "")),
        ("currency-unknown", _LOST, _set("currency", "EUX", "DOL", "XYZ")),
        ("exchange-rate-missing", _LOST, _set("currency", "CHF")),
        ("currency-unlike-account", _both(_LOST, _is("currency", "EUR")), _set("currency", "USD")),
        ("amount-negative", _both(_LOST, _PRICED), _times("amount", -1)),
        ("amount-absurd", _both(_ANCIENT, _PRICED, _is("currency", "USD")), _set("amount", 4_000_000.0)),
        ("amount-token", _both(_OPEN, _PRICED), _set("amount", 1.0, 0.0)),
        ("amount-unlike-lines", _both(_LOST, _PRICED), _times("amount", 1.5)),
        ("probability-unlike-stage", _OPEN, _set("probability", 1.0, 0.0)),
        ("deal-name-placeholder", _every, _set("name", "test", "new deal", "...")),
        ("account-missing", _LOST, _set("account", "")),
        ("owner-missing", _OPEN, _set("owner", "")),
        ("closed-owner-missing", _LONG_LOST, _set("owner", "")),
        ("owner-has-left", _OPEN, _to_a_leaver),
        ("open-past-close-date", _OPEN, _day("close_date", -20)),
        ("close-date-far", _OPEN, _day("close_date", 900)),
        ("closed-in-future", _LOST, _day("close_date", 20)),
        ("closed-before-created", _LOST, _before("close_date", "created_on", 3)),
        ("created-in-future", _OPEN, _day("created_on", 10)),
        ("status-and-stage-differ", _OPEN, _set("stage", "Lost")),
        ("", _both(_filled("lead"), _WON), _without_lead),
        ("no-recent-activity", _OLD, _leave_alone),
        ("", _LONG_LOST, _work_on),
    ),
    "opportunity_line": (("", _every, _give_away),),
    "activity": (("", _of_nothing, _to_closed),),
    "order_line": (
        ("order-product-missing", _every, _set("product", "")),
        ("order-account-missing", _every, _set("account", "")),
        ("order-rate-missing", _every, _set("currency", "CHF")),
        ("order-shipped-before-ordered", _filled("shipped_on"), _before("shipped_on", "ordered_on", 4)),
        ("order-amount-negative", _is("is_returned", False), _times("amount", -1)),
    ),
}
