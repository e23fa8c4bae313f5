"""The filter of every page and API call: parsed from the URL, which is its only home.

Parameters: `period` (salesops/lib/periods.py; default qtd), or `from` and `to` (half-open: `to` is the first day no
longer in); `cmp` (prev, yoy, none); `team`, `territory` (with all below), `rep`, `product`, `family`, `segment`,
`source`: codes, each may be given several times; `-` stands for rows without one.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from django.db.models import Model
from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from data_collection.organisation.models import Product, Rep, Segment, Team, Territory
from salesops.company.models import Company
from salesops.company.selectors import company_today, fiscal_calendar
from salesops.lib.periods import Calendar, Period

DEFAULT_PERIOD = "qtd"
DEFAULT_CMP = "prev"
FIRST_YEAR, LAST_YEAR = 1900, 2200
NUL, UNREADABLE = "\x00", "\ufffd"  # Postgres takes no NUL in a text
NONE = "-"  # in the URL: rows without a team, product, …
COMPARE: dict[str, str | Promise] = {
    "prev": _("Previous period"),
    "yoy": _("Same period last year"),
    "none": _("No comparison"),
}
#: parameter -> (label, column of events and facts)
DIMENSIONS: dict[str, tuple[str | Promise, str]] = {
    "team": (_("Team"), "team_id"),
    "rep": (_("Rep"), "rep_id"),
    "territory": (_("Territory"), "territory_id"),
    "product": (_("Product"), "product_id"),
    "family": (_("Product family"), "product_id"),
    "segment": (_("Segment"), "segment_id"),
    "source": (_("Lead source"), "source"),
}
MODELS: dict[str, type[Model]] = {
    "team": Team, "rep": Rep, "territory": Territory, "product": Product, "segment": Segment,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Choice:
    """What one parameter of the URL stands for."""

    name: str  # the parameter
    codes: tuple[str, ...]  # as in the URL
    labels: tuple[str, ...]
    values: frozenset[int | str | None]  # of the column; None = rows without one
    roots: frozenset[int]  # team and territory: the nodes named, without those below

    @property
    def column(self) -> str:
        return DIMENSIONS[self.name][1]


@dataclass(frozen=True, slots=True)
class Chip:
    """One active filter, as shown above the page."""

    name: str
    label: str | Promise
    value: str
    without: str  # query string without it


@dataclass(frozen=True, slots=True)
class Filters:
    period: Period
    cmp: str
    compare: Period | None  # None: no comparison asked for
    today: date
    calendar: Calendar
    choices: tuple[Choice, ...]
    errors: tuple[str, ...] = ()
    currency: str = "USD"  # of every amount: the reporting currency
    memo: dict[Any, Any] = field(default_factory=dict, compare=False, repr=False)  # quota books read for this filter

    def choice(self, name: str) -> Choice | None:
        return next((choice for choice in self.choices if choice.name == name), None)

    @property
    def columns(self) -> frozenset[str]:
        """Columns the filter cuts by."""
        return frozenset(choice.column for choice in self.choices)

    def query(self, **changes: str | Iterable[str] | None) -> str:
        """This filter as a query string, with parameters changed, added, or removed (None).

        >>> filters.query(period="mtd", team=None)
        """
        fields: dict[str, list[str]] = {}
        if self.period.name != DEFAULT_PERIOD:
            fields["period"] = [self.period.name]
        if self.cmp != DEFAULT_CMP:
            fields["cmp"] = [self.cmp]
        fields |= {choice.name: list(choice.codes) for choice in self.choices}
        for name, value in changes.items():
            if value is None:
                fields.pop(name, None)
            else:
                fields[name] = [value] if isinstance(value, str) else [str(v) for v in value]
        return urlencode(fields, doseq=True)

    @property
    def chips(self) -> list[Chip]:
        return [
            Chip(choice.name, DIMENSIONS[choice.name][0], ", ".join(choice.labels), self.query(**{choice.name: None}))
            for choice in self.choices
        ]

    def whole_end(self, period: Period) -> date:
        """The end of the whole quarter, month, … a period to date is part of; of a free range its own end."""
        if period.grain is None:
            return period.end
        first = self.calendar.start_of(period.start, period.grain)
        return max(period.end, self.calendar.step(first, period.grain))

    @property
    def as_of(self) -> date:
        """Day of what is counted at a point in time: the period's last day, or today while it is open."""
        return max(self.period.start, min(self.period.end - timedelta(days=1), self.today))

    def during(self, period: Period) -> "Filters":
        """The same filter over another period, without comparison."""
        return replace(self, period=period, cmp="none", compare=None)


def parse(params: QueryDict | Mapping[str, object], *, today: date | None = None) -> Filters:
    """Read a query string. What can't be read is named in `errors`.

    An unknown code leaves no rows; a period or comparison that can't be read is the default one.

    Args:
        params: a QueryDict, or a plain dict of values or lists of values.
    """
    if not isinstance(params, QueryDict):
        given = QueryDict(mutable=True)
        for name, value in params.items():
            given.setlist(name, [str(v) for v in (value if isinstance(value, list | tuple) else [value])])
        params = given
    company = Company.get()
    today = today or company_today(company=company)
    clock = fiscal_calendar(company)
    errors: list[str] = []
    period = _period(params, clock, today, errors)
    cmp = params.get("cmp") or DEFAULT_CMP
    if cmp not in COMPARE:
        errors.append(str(_("“%s” is no comparison; write prev, yoy or none.") % cmp))
        cmp = DEFAULT_CMP
    compare = {"prev": clock.previous, "yoy": clock.year_before}.get(cmp)
    choices = tuple(c for name in DIMENSIONS if (c := _choice(name, params.getlist(name), errors)) is not None)
    compared = compare(period, today) if compare else None
    return Filters(period, cmp, compared, today, clock, choices, tuple(errors), company.reporting_currency)


def between(start: date, end: date, *, today: date | None = None, **fields: object) -> Filters:
    """A filter over the days `[start, end)`; `fields` as in the URL."""
    return parse({"from": start.isoformat(), "to": end.isoformat(), "cmp": "none", **fields}, today=today)


def _period(params: QueryDict, clock: Calendar, today: date, errors: list[str]) -> Period:
    text = params.get("period") or ""
    if params.get("from") or params.get("to"):
        try:
            start = date.fromisoformat(params.get("from") or "")
            end = date.fromisoformat(params.get("to") or "")
            if end <= start:
                raise ValueError
            text = f"{start}..{end - timedelta(days=1)}"
        except (ValueError, OverflowError):
            errors.append(str(_("Write both “from” and “to” as 2026-07-31, the second later than the first.")))
            text = ""
    try:
        period = clock.parse(text or DEFAULT_PERIOD, today)
    except (ValueError, OverflowError) as error:
        errors.append(str(error))
        return clock.parse(DEFAULT_PERIOD, today)
    if period.start.year >= FIRST_YEAR and period.end.year <= LAST_YEAR:
        return period
    errors.append(str(_("Choose days between %(first)d and %(last)d.") % {"first": FIRST_YEAR, "last": LAST_YEAR}))
    return clock.parse(DEFAULT_PERIOD, today)


def _choice(name: str, codes: list[str], errors: list[str]) -> Choice | None:
    """One dimension; values nobody knows leave nothing, so that a mistyped link never shows too large a number."""
    unreadable = [code for code in codes if NUL in code]
    codes = list(dict.fromkeys(code.replace(NUL, UNREADABLE) for code in codes if code))
    if not codes:
        return None
    wanted = [code for code in codes if code != NONE]
    none: frozenset[int | str | None] = frozenset([None]) if NONE in codes else frozenset()
    if name == "source":
        errors += [_unknown(name, code.replace(NUL, UNREADABLE)) for code in unreadable]
        values = none | frozenset([""] if none else []) | frozenset(wanted)
        return Choice(name, tuple(codes), tuple(_none_label(c) for c in codes), values, frozenset())
    if name == "family":
        found = list(Product.objects.filter(family__in=wanted).values_list("pk", "family"))
        known = {family for _pk, family in found}
        labels = {family: family for family in known}
        ids = frozenset(pk for pk, _family in found)
        roots: frozenset[int] = frozenset()
    else:
        rows = list(MODELS[name]._default_manager.filter(code__in=wanted).values_list("pk", "code", "name"))
        labels = {code: label for _pk, code, label in rows}
        roots = frozenset(pk for pk, _code, _name in rows)
        ids = below(MODELS[name], roots) if name in ("team", "territory") and roots else roots
    errors += [_unknown(name, code) for code in wanted if code not in labels]
    kept = [code for code in codes if code in labels or code == NONE] or codes
    return Choice(name, tuple(kept), tuple(labels.get(c) or _none_label(c) for c in kept), none | ids, roots)


def _unknown(name: str, code: str) -> str:
    return str(_("There is no %(what)s “%(code)s”.") % {"what": str(DIMENSIONS[name][0]).lower(), "code": code})


def _none_label(code: str) -> str:
    return str(_("none")) if code == NONE else code


def below(model: type[Model], roots: Iterable[int]) -> frozenset[int]:
    """The nodes of a tree named, and every node below them."""
    children: dict[int | None, list[int]] = {}
    for pk, parent in model._default_manager.values_list("pk", "parent_id"):
        children.setdefault(parent, []).append(pk)
    found: set[int] = set()
    waiting = list(roots)
    while waiting:
        node = waiting.pop()
        if node not in found:
            found.add(node)
            waiting += children.get(node, [])
    return frozenset(found)
