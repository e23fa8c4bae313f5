"""The funnel of a cohort: who came in during the period, and how far they got by now.

Two cohorts share the definition: leads (lead, MQL, SQL, opportunity, the stages of their deals, won) and deals
(created, the stages, won), since many deals have no lead. Rights, filter and dimensions are those of the KPIs
“New leads” and “Opportunities created”: the first step is the same number.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db import connection
from django.utils.translation import gettext as _

from data_collection.crm.models import Stage
from data_collection.funnel.calc import Leak, Step, fill_skipped, funnel, worst_leak, worst_step
from data_collection.kpis.filters import MODELS, Filters
from data_collection.kpis.sums import BY, condition
from data_collection.organisation.visibility import scope_of

COHORTS = ("leads", "deals")
FIRST = {"leads": ["lead", "mql", "sql", "opportunity"], "deals": ["created"]}
FATES = ("entered", "lost", "open")
LEAD_KINDS, DEAL_KINDS = 5, 4  # an event's id is that of its lead or deal times this, plus its kind


@dataclass(frozen=True, slots=True)
class FunnelGroup:
    key: str | None  # code, "-" = without one, None = all
    label: str
    steps: tuple[Step, ...]
    worst: Step | None  # lowest conversion of the decided, with enough of them
    won: int
    open: int


@dataclass(frozen=True, slots=True)
class Funnel:
    cohort: str  # leads or deals
    labels: dict[str, str]  # step name -> label
    total: FunnelGroup
    groups: tuple[FunnelGroup, ...]  # by the dimension asked for, largest first
    leak: Leak | None  # the step and group (its label) that lose most against the other groups


def funnel_of(user: Any, filters: Filters, cohort: str = "deals", by: str | None = None) -> Funnel:
    """The funnel of the cohort that came in during the filter's period.

    Args:
        cohort: "leads" or "deals".
        by: None, team, rep, territory, product, segment or source (on the day the case came in).

    Raises:
        ValueError: an unknown cohort or dimension.
    """
    if cohort not in COHORTS:
        raise ValueError(f"cohort={cohort!r} is none of {', '.join(COHORTS)}")
    if by is not None and by not in BY:
        raise ValueError(f"by={by!r} is none of {', '.join(BY)}")
    stages = _stages()
    first = FIRST[cohort]
    names = [*first, *(f"stage-{s.pk}" for s in stages), "won"]
    _ids, keys, entry, is_open = _cases(user, filters, cohort, by, stages, len(first))
    labels = dict(zip(first, _first_labels(cohort), strict=True))
    labels |= {f"stage-{s.pk}": s.name for s in stages} | {"won": _("Won")}
    total = _group(None, _("All"), names, entry, is_open)
    if by is None:
        return Funnel(cohort, labels, total, (), None)
    groups = _groups(by, keys, names, entry, is_open)
    leak = worst_leak({group.label: group.steps for group in groups})
    return Funnel(cohort, labels, total, tuple(sorted(groups, key=lambda g: -g.steps[0].entered)), leak)


def funnel_cases(user: Any, filters: Filters, cohort: str, step: str, fate: str = "entered") -> list[int]:
    """Ids of the leads or deals behind one number of the funnel.

    Args:
        step: name of a step of `funnel_of`.
        fate: entered (this step or a later one), lost (here), open (still here).

    Raises:
        ValueError: no such step or fate.
    """
    stages = _stages()
    first = FIRST[cohort]
    names = [*first, *(f"stage-{s.pk}" for s in stages), "won"]
    if step not in names or fate not in FATES:
        raise ValueError(f"There is no step {step!r} with fate {fate!r}.")
    ids, _keys, entry, is_open = _cases(user, filters, cohort, None, stages, len(first))
    reached = ~np.isnan(fill_skipped(entry)) if len(ids) else np.zeros((0, len(names)), dtype=bool)
    place = names.index(step)
    chosen = reached[:, place]
    if fate != "entered":
        beyond = reached[:, place + 1] if place + 1 < len(names) else chosen
        chosen = chosen & ~beyond & (is_open if fate == "open" else ~is_open)
    events = LEAD_KINDS if cohort == "leads" else DEAL_KINDS
    return [ids[i] // events for i in np.flatnonzero(chosen)]


def _first_labels(cohort: str) -> list[str]:
    if cohort == "leads":
        return [_("Lead"), _("Marketing qualified"), _("Sales qualified"), _("Opportunity")]
    return [_("Opportunity")]


def _stages() -> list[Stage]:
    """The open stages of the process most deals are in."""
    stages = list(Stage.objects.filter(kind=Stage.Kind.OPEN).order_by("rank", "pk"))
    pipelines = {stage.pipeline for stage in stages}
    if len(pipelines) <= 1:
        return stages
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT s.pipeline FROM data_collection_opportunity o JOIN data_collection_stage s ON s.id = o.stage_id"
            " WHERE o.deleted_at IS NULL GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1"
        )
        row = cursor.fetchone()
    main = row[0] if row else sorted(pipelines)[0]
    return [stage for stage in stages if stage.pipeline == main]


# Days a deal entered the stages, as arrays; a deal without history has entered its present stage when it was made.
_VISITS = """
SELECT v.opportunity_id, array_agg(s.rank) AS ranks, array_agg(v.entered_on) AS days
FROM data_collection_stagevisit v JOIN data_collection_stage s ON s.id = v.stage_id AND s.kind = 'open'
WHERE v.deleted_at IS NULL GROUP BY 1
"""
_DEALS = f"""
SELECT e.id, {{key}}, e.day, NULL, NULL, NULL, false, o.id, o.status, o.created_on, o.close_date, g.rank, g.kind,
       v.ranks, v.days
FROM data_collection_dealevent e
JOIN data_collection_opportunity o ON o.id = e.opportunity_id
JOIN data_collection_stage g ON g.id = o.stage_id
LEFT JOIN ({_VISITS}) v ON v.opportunity_id = o.id
WHERE e.kind = 'created' AND e.day >= %s AND e.day < %s AND {{cut}}
"""
_LEADS = f"""
SELECT e.id, {{key}}, e.day, CASE WHEN e.leads_mql_n = 1 THEN coalesce(l.mql_on, l.sql_on, l.converted_on, e.day) END,
       CASE WHEN e.leads_sql_n = 1 THEN coalesce(l.sql_on, l.converted_on, l.mql_on, e.day) END,
       CASE WHEN e.leads_converted_n = 1 THEN coalesce(l.converted_on, l.sql_on, l.mql_on, e.day) END,
       l.status <> 'disqualified' AND l.disqualified_on IS NULL AND e.leads_converted_n = 0,
       o.id, o.status, o.created_on, o.close_date, g.rank, g.kind, v.ranks, v.days
FROM data_collection_leadevent e
JOIN data_collection_lead l ON l.id = e.lead_id
LEFT JOIN data_collection_opportunity o ON o.lead_id = l.id AND o.deleted_at IS NULL
LEFT JOIN data_collection_stage g ON g.id = o.stage_id
LEFT JOIN ({_VISITS}) v ON v.opportunity_id = o.id
WHERE e.kind = 'created' AND e.day >= %s AND e.day < %s AND {{cut}} ORDER BY e.id
"""


def _cases(
    user: Any, filters: Filters, cohort: str, by: str | None, stages: Sequence[Stage], first: int
) -> tuple[list[int], list[Any], np.ndarray, np.ndarray]:
    """Event, key, entry days (cases, steps) and openness of each case; several deals of one lead are one case."""
    cut = condition(filters, scope_of(user))
    sql = (_LEADS if cohort == "leads" else _DEALS).format(key=f"e.{BY[by]}" if by else "NULL", cut=cut.text)
    with connection.cursor() as cursor:
        cursor.execute(sql, [filters.period.start, filters.period.end, *cut.values])
        rows = cursor.fetchall()
    places = {rank: first + i for i, rank in enumerate(s.rank for s in stages)}
    width = first + len(stages) + 1
    index: dict[int, int] = {}
    keys: list[Any] = []
    entry = np.full((len(rows), width), np.nan)
    is_open = np.zeros(len(rows), dtype=bool)
    for case, key, *days, lead_open, deal, status, created, closed, rank, kind, ranks, entered in rows:
        if case not in index:
            index[case] = len(keys)
            keys.append(key)
        line = entry[index[case]]
        marks = [(i, day) for i, day in enumerate(days[:first])]
        marks += _deal_marks(deal, status, created or days[0], closed, rank, kind, ranks, entered, places, first, width)
        for place, day in marks:
            if day is not None:
                line[place] = np.fmin(line[place], day.toordinal())
        is_open[index[case]] |= bool(lead_open) or status == "open"
    return list(index), keys, entry[: len(keys)], is_open[: len(keys)]


def _deal_marks(
    deal: int | None, status: str | None, created: Any, closed: Any, rank: int | None, kind: str | None,
    ranks: list[int] | None, entered: list[Any] | None, places: dict[int, int], first: int, width: int,
) -> list[tuple[int, Any]]:  # fmt: skip
    """(step, day) of one deal."""
    if deal is None:
        return []
    marks = [(first - 1, created)]
    marks += [(places[r], day) for r, day in zip(ranks or (), entered or (), strict=True) if r in places]
    if not ranks and kind == "open" and rank in places:
        marks.append((places[rank], created))
    if status == "won":
        marks.append((width - 1, closed))
    return marks


def _group(key: str | None, label: str, names: list[str], entry: np.ndarray, is_open: np.ndarray) -> FunnelGroup:
    steps = funnel(names, entry, is_open)
    return FunnelGroup(key, label, steps, worst_step(steps), steps[-1].entered, int(is_open.sum()))


def _groups(by: str, keys: list[Any], names: list[str], entry: np.ndarray, is_open: np.ndarray) -> list[FunnelGroup]:
    found = dict.fromkeys(keys)
    words = {None: ("-", _("(none)")), "": ("-", _("(none)"))}
    if by == "source":
        words |= {key: (key, key) for key in found if key}
    else:
        rows = MODELS[by]._default_manager.filter(pk__in=[k for k in found if k is not None])
        words |= {pk: (code, name) for pk, code, name in rows.values_list("pk", "code", "name")}
    lines: dict[Any, list[int]] = {}
    for i, key in enumerate(keys):
        lines.setdefault(key, []).append(i)
    return [_group(*words[key], names, entry[chosen], is_open[chosen]) for key, chosen in lines.items()]
