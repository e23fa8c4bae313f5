"""Quotas in force over a range of days, prorated: amount x days inside / days of the quota.

A team's quota is its own row where one is in force; on other days the sum of its parts: the teams below, and the
rep quotas of its members on the days of their membership. Territories likewise. The company is the sum of the top
teams and of reps in no team; with no such quota, of the top territories.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from django.db import connection
from django.db.backends.utils import CursorWrapper

from data_collection.kpis.filters import Filters
from data_collection.organisation.visibility import Scope

Days = tuple[date, date]  # [start, end)
FOREVER = date.max


@dataclass(frozen=True, slots=True)
class QuotaRow:
    start: date
    end: date
    amount: Decimal | None  # reporting currency, whole quota; None = no exchange rate

    def inside(self, days: Iterable[Days]) -> Decimal:
        """The part of the amount that falls into these days.

        Raises:
            MissingRate: there is no exchange rate for it.
        """
        total = sum((hi - lo).days for lo, hi in cut(days, (self.start, self.end)))
        if total and self.amount is None:
            raise MissingRate
        return (self.amount or Decimal(0)) * total / (self.end - self.start).days


class MissingRate(ArithmeticError):
    """A quota in a currency without an exchange rate on its first day."""


@dataclass(slots=True)
class Book:
    """Quotas, stays and trees that touch a range of days."""

    quotas: dict[str, dict[int, list[QuotaRow]]] = field(default_factory=dict)  # level -> owner -> rows
    stays: dict[str, dict[int, list[tuple[int, Days]]]] = field(default_factory=dict)  # level -> node -> (rep, days)
    parents: dict[str, dict[int, int | None]] = field(default_factory=dict)  # level -> node -> parent

    @property
    def is_empty(self) -> bool:
        return not any(self.quotas.values())

    def of_reps(self, reps: Iterable[int], days: Sequence[Days]) -> Decimal:
        rows = self.quotas.get("rep", {})
        return sum((row.inside(days) for rep in reps for row in rows.get(rep, ())), Decimal(0))

    def of_node(self, level: str, node: int, days: Sequence[Days], *, deep: bool = True) -> Decimal:
        """Own quota where there is one, else that of the parts."""
        own = self.quotas.get(level, {}).get(node, ())
        children = [child for child, parent in self.parents[level].items() if parent == node]
        if not deep and children:
            own = ()  # a node's quota is for all below it, and these rows are of the node alone
        total = sum((row.inside(days) for row in own), Decimal(0))
        for row in own:
            days = without(days, (row.start, row.end))
        if not days:
            return total
        for rep, stay in self.stays[level].get(node, ()):
            total += self.of_reps([rep], list(cut(days, stay)))
        return total + (sum((self.of_node(level, c, days) for c in children), Decimal(0)) if deep else 0)

    def of_nodes(self, level: str, nodes: Iterable[int], days: Sequence[Days]) -> Decimal:
        """Several nodes; one below another is not counted twice."""
        chosen = set(nodes)
        return sum((self.of_node(level, n, days) for n in chosen if not self._above(level, n) & chosen), Decimal(0))

    def _above(self, level: str, node: int) -> set[int]:
        above: set[int] = set()
        parent = self.parents[level].get(node)
        while parent is not None and parent not in above:
            above.add(parent)
            parent = self.parents[level].get(parent)
        return above

    def of_company(self, days: Sequence[Days]) -> Decimal:
        if not self.quotas.get("rep") and not self.quotas.get("team"):
            return self.of_nodes("territory", self.parents["territory"], days)
        teams = self.of_nodes("team", self.parents["team"], days)
        return teams + sum((self.of_reps([r], self.free_days(r, days)) for r in self.quotas.get("rep", ())), Decimal(0))

    def free_days(self, rep: int, days: Sequence[Days]) -> Sequence[Days]:
        """The days on which the rep is in no team."""
        for stays in self.stays["team"].values():
            for member, stay in stays:
                if member == rep:
                    days = without(days, stay)
        return days

    def days_in(self, level: str, rep: int, nodes: frozenset[int], days: Sequence[Days]) -> list[Days]:
        """The days the rep is in one of the nodes."""
        stays = [stay for node in nodes for member, stay in self.stays[level].get(node, ()) if member == rep]
        return sorted(part for stay in stays for part in cut(days, stay))


def cut(days: Iterable[Days], other: Days) -> Iterable[Days]:
    """The parts of `days` inside `other`."""
    for lo, hi in days:
        start, end = max(lo, other[0]), min(hi, other[1])
        if start < end:
            yield start, end


def without(days: Iterable[Days], other: Days) -> list[Days]:
    """The parts of `days` outside `other`."""
    parts = []
    for lo, hi in days:
        parts += [p for p in ((lo, min(hi, other[0])), (max(lo, other[1]), hi)) if p[0] < p[1]]
    return parts


def books(metrics: Iterable[str], start: date, end: date) -> dict[str, Book]:
    """Metric -> everything needed to know its quotas between these days: three small queries at most."""
    found = {metric: Book() for metric in metrics}
    with connection.cursor() as cursor:
        cursor.execute(_QUOTAS, [end, start, list(found)])
        for metric, rep, team, territory, first, last, amount in cursor.fetchall():
            level, owner = next((k, v) for k, v in (("rep", rep), ("team", team), ("territory", territory)) if v)
            found[metric].quotas.setdefault(level, {}).setdefault(owner, []).append(QuotaRow(first, last, amount))
        if all(one.is_empty for one in found.values()):
            return found
        parents = _parents(cursor)
        stays = _stays(cursor, start, end)
        for one in found.values():
            one.parents, one.stays = parents, stays
    return found


def _parents(cursor: CursorWrapper) -> dict[str, dict[int, int | None]]:
    cursor.execute(
        "SELECT 'team', id, parent_id FROM data_collection_team"
        " UNION ALL SELECT 'territory', id, parent_id FROM data_collection_territory"
    )
    parents: dict[str, dict[int, int | None]] = {"team": {}, "territory": {}}
    for level, node, parent in cursor.fetchall():
        parents[level][node] = parent
    return parents


def _stays(cursor: CursorWrapper, start: date, end: date) -> dict[str, dict[int, list[tuple[int, Days]]]]:
    cursor.execute(
        "SELECT level, node, rep, greatest(first, '0001-01-01'), least(last, '9999-12-31')"  # as far as Python counts
        " FROM (SELECT 'team', team_id, rep_id, valid_from, valid_to FROM data_collection_teammembership"
        " UNION ALL SELECT 'territory', territory_id, rep_id, valid_from, valid_to FROM data_collection_territorymember"
        " WHERE is_primary) s(level, node, rep, first, last) WHERE first < %s AND (last IS NULL OR last > %s)",
        [end, start],
    )
    stays: dict[str, dict[int, list[tuple[int, Days]]]] = {"team": defaultdict(list), "territory": defaultdict(list)}
    for level, node, rep, first, last in cursor.fetchall():
        stays[level][node].append((rep, (first, last or FOREVER)))
    return stays


_QUOTAS = """
SELECT q.metric, q.rep_id, q.team_id, q.territory_id, q.valid_from, q.valid_to,
       CASE WHEN q.currency = r.currency THEN q.amount
            ELSE round(q.amount * (SELECT x.rate FROM salesops_fxrate x WHERE x.currency = q.currency
                                   AND x.day <= q.valid_from ORDER BY x.day DESC LIMIT 1), 2) END
FROM data_collection_quota q CROSS JOIN data_collection_reporting r
WHERE q.valid_from < %s AND q.valid_to > %s AND q.metric = ANY(%s)
"""


def quota_of(found: Book, filters: Filters, scope: Scope, days: Days) -> Decimal:
    """The quota of what the filter and the reader's rights leave."""
    span = [days]
    reps, teams, territories = (filters.choice(name) for name in ("rep", "team", "territory"))
    if scope.everything and not filters.choices:
        return found.of_company(span)
    if scope.everything and teams and not reps and not territories:
        return found.of_nodes("team", teams.roots, span)
    if scope.everything and territories and not reps and not teams:
        return found.of_nodes("territory", territories.roots, span)
    if not filters.choices and scope.team_ids:
        own = [] if scope.rep_id is None else [scope.rep_id]
        extra = sum((found.of_reps([r], _outside(found, r, scope, span)) for r in own), Decimal(0))
        return found.of_nodes("team", scope.team_ids, span) + extra
    if teams and not reps and not territories and teams.roots <= scope.team_ids:
        return found.of_nodes("team", teams.roots, span)
    wanted = found.quotas.get("rep", {}) if reps is None else reps.values
    return sum((found.of_reps([r], days_left(found, r, filters, scope, span)) for r in wanted if r), Decimal(0))


def _outside(found: Book, rep: int, scope: Scope, days: Sequence[Days]) -> list[Days]:
    """The days a manager is not in a team already counted."""
    left = list(days)
    for part in found.days_in("team", rep, scope.team_ids, days):
        left = without(left, part)
    return left


def days_left(found: Book, rep: int, filters: Filters, scope: Scope, days: Sequence[Days]) -> list[Days]:
    """The days of a rep that pass the filter and that the reader may see."""
    left = list(days)
    for level in ("team", "territory"):
        choice = filters.choice(level)
        if choice:
            left = found.days_in(level, rep, frozenset(v for v in choice.values if isinstance(v, int)), left)
    if not scope.everything and rep != scope.rep_id:
        left = found.days_in("team", rep, scope.team_ids, left)
    return left


def quotas_by(
    found: Book, filters: Filters, scope: Scope, days: Days, by: str, *, rollup: bool
) -> dict[int | str | None, Decimal]:
    """The quota of each rep, team or territory."""
    span = [days]
    if by == "rep":
        chosen = filters.choice("rep")
        reps = [r for r in found.quotas.get("rep", {}) if chosen is None or r in chosen.values]
        values: dict[int | str | None, Decimal] = {
            r: found.of_reps([r], days_left(found, r, filters, scope, span)) for r in reps
        }
        return {rep: value for rep, value in values.items() if value}
    chosen = filters.choice(by)
    nodes = [n for n in found.parents[by] if chosen is None or n in chosen.values]
    whole = scope.everything and not {c.name for c in filters.choices} - {by}
    if by == "team" and not scope.everything and not filters.choices:
        nodes, whole = [n for n in nodes if n in scope.team_ids], True
    found_values: dict[int | str | None, Decimal] = {}
    for node in nodes:
        if whole:
            value = found.of_node(by, node, span, deep=rollup)
        else:
            stays = found.stays[by].get(node, ())
            value = sum(
                (
                    found.of_reps([rep], days_left(found, rep, filters, scope, list(cut(span, stay))))
                    for rep, stay in stays
                    if (reps := filters.choice("rep")) is None or rep in reps.values
                ),
                Decimal(0),
            )
        if value:
            found_values[node] = value
    return found_values
