"""The funnel of a cohort: who entered which step, how many moved on, where they were lost."""

import math
from typing import Any

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from data_collection.crm.models import Lead, Opportunity
from data_collection.dashboards.filter_fields import filter_fields
from data_collection.dashboards.views.objects import deal_row
from data_collection.dashboards.views.pages import filtered, respond, scope_words
from data_collection.funnel.calc import ENOUGH, Step
from data_collection.funnel.selectors import COHORTS, FATES, Funnel, FunnelGroup, funnel_cases, funnel_of
from data_collection.kpis.filters import DIMENSIONS, Filters
from data_collection.organisation.visibility import scope_of
from salesops.charts import figures, numbers
from salesops.frame.components import ChartCard, Column, Empty, Table
from salesops.tables.csv import table_csv

SMALL = 30  # cases in a step under which a conversion is called uncertain
PER_PAGE = 50
WAYS = ("segment", "product", "source", "team", "rep", "territory")


@filtered
def funnel_page(request: HttpRequest, *, filters: Filters) -> HttpResponseBase:
    """Chart and table of the whole cohort, and the same steps by group."""
    cohort = request.GET.get("cohort", "deals")
    if cohort not in COHORTS:
        raise Http404
    ways = [way for way in WAYS if way not in _hidden(request)]
    by = request.GET.get("by", "")
    by = by if by in ways else ways[0]
    found = funnel_of(request.user, filters, cohort, by)
    steps_table = _steps_table(found, filters)
    groups_table = _groups_table(found, by, filters)
    if request.GET.get("format") == "csv":
        if request.GET.get("table") == "groups":
            return table_csv(groups_table, f"funnel-{cohort}-by-{by}")
        return table_csv(steps_table, f"funnel-{cohort}")
    keep = {"cohort": cohort if cohort != "deals" else None, "by": by if by != ways[0] else None}
    return respond(
        request,
        "data_collection/dashboards/funnel.html",
        {
            "page_title": _("Funnel"),
            "scope": scope_words(filters, "", compare=False),
            "filters": filter_fields(request.user, filters, compare=False),
            "filter_errors": filters.errors,
            "cohorts": [
                (label, f"?{filters.query(**keep | {'cohort': value if value != 'deals' else None})}", value == cohort)
                for value, label in (("deals", _("Deals created")), ("leads", _("Leads that came in")))
            ],
            "ways": [(DIMENSIONS[way][0], f"?{filters.query(**keep | {'by': way})}", way == by) for way in ways],
            "sentences": _sentences(found, by),
            "chart": _chart(found, filters, steps_table, keep),
            "steps": steps_table,
            "groups": groups_table,
            "groups_csv": f"?{filters.query(format='csv', table='groups', **keep)}",
            "by_label": str(DIMENSIONS[by][0]).lower(),
            "empty": None if found.total.steps[0].entered else _empty(cohort, filters),
        },
    )


def _hidden(request: HttpRequest) -> set[str]:
    scope = scope_of(request.user)
    return set() if scope.everything or scope.team_ids else {"team", "rep", "territory"}


def _empty(cohort: str, filters: Filters) -> Empty:
    what = _("leads") if cohort == "leads" else _("deals")
    return Empty(
        _("The funnel shows how far %(what)s got, step by step") % {"what": what},
        _("No %(what)s came in during this period.") % {"what": what},
        _("Look at the last 12 months"),
        f"?{filters.query(period='last_12m', cohort=cohort if cohort != 'deals' else None)}",
        "chart-funnel",
    )


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value


def _sentences(found: Funnel, by: str) -> list[str]:
    """What the numbers say; nothing when there are too few."""
    words = []
    worst = found.total.worst
    if worst is not None:
        words.append(
            _("Most are lost at “%(step)s”: of %(n)s decided there, %(share)s moved on.")
            % {
                "step": found.labels[worst.name],
                "n": numbers.exact(worst.decided),
                "share": numbers.percent(worst.decided_conversion, 0),
            }
        )
    leak = found.leak
    if leak is not None:
        words.append(
            _(
                "%(group)s loses most against the others: at “%(step)s” %(share)s move on, elsewhere %(others)s;"
                " about %(n)s cases."
            )
            % {
                "group": f"{DIMENSIONS[by][0]} {leak.key}",
                "step": found.labels[leak.step],
                "share": numbers.percent(leak.conversion, 0),
                "others": numbers.percent(leak.others, 0),
                "n": numbers.exact(leak.lost),
            }
        )
    if not words and found.total.steps[0].entered:
        words.append(_("Too few are decided to name a worst step; it takes %(n)d at a step.") % {"n": ENOUGH})
    return words


@filtered
def funnel_leak(request: HttpRequest, *, filters: Filters) -> HttpResponseBase:
    """Where most deals of the last 12 months are lost, as one line of the overview; empty when nothing can be said."""
    year = filters.during(filters.calendar.parse("last_12m", filters.today))
    found = funnel_of(request.user, year, "deals", "segment")
    sentences = _sentences(found, "segment") if found.total.worst else []
    url = f"{reverse('funnel')}?{year.query(cmp=None)}"
    return render(request, "data_collection/dashboards/_leak.html", {"sentences": sentences[:2], "url": url})


def _rows_url(found: Funnel, step: Step, filters: Filters, fate: str) -> str:
    query = filters.query(cohort=found.cohort, step=step.name, fate=fate if fate != "entered" else None)
    return f"{reverse('funnel_rows')}?{query}"


def _chart(found: Funnel, filters: Filters, table: Table, keep: dict[str, str | None]) -> ChartCard:
    steps = found.total.steps
    return ChartCard(
        "funnel",
        _("Leads by the step they reached") if found.cohort == "leads" else _("Deals by the step they reached"),
        figures.funnel(
            [found.labels[step.name] for step in steps],
            [step.entered for step in steps],
            links=[_rows_url(found, step, filters, "entered") for step in steps],
        ),
        subtitle=_("Everybody who came in during the period, by now; beside the count the share of the step before"),
        csv_url=f"?{filters.query(format='csv', **keep)}",
        height=280,
    )


def _steps_table(found: Funnel, filters: Filters) -> Table:
    last = found.total.steps[-1].name
    rows = [
        {
            "step": found.labels[step.name],
            "entered": step.entered,
            "entered_url": _rows_url(found, step, filters, "entered"),
            "conversion": _known(step.conversion),
            "range": _range(step),
            "lost": None if step.name == last else step.lost_here,
            "lost_url": _rows_url(found, step, filters, "lost"),
            "open": None if step.name == last else step.open_here,
            "open_url": _rows_url(found, step, filters, "open"),
            "days": _known(step.median_days),
            "no_next": _("The last step") if step.name == last else _("Nobody got here yet"),
            "note": _("n = %(n)d, too few to judge") % {"n": step.entered} if 0 < step.entered < SMALL else "",
        }
        for step in found.total.steps
    ]
    columns = [
        Column("step", _("Step")),
        Column("entered", _("Entered"), "count", href="entered_url"),
        Column(
            "conversion",
            _("Moved on"),
            "percent",
            reason="no_next",
            help=_("Share that entered the next step or a later one"),
        ),
        Column("range", _("95 % range"), help=_("Wilson interval of the share"), reason="no_next"),
        Column("lost", _("Lost here"), "count", href="lost_url", reason="no_next"),
        Column("open", _("Still here"), "count", href="open_url", reason="no_next"),
        Column("days", _("Days on"), "days", reason="no_next", help=_("Median days until the next step")),
        Column("note", _("Note")),
    ]
    if not any(row["note"] for row in rows):
        columns.pop()
    return Table(columns, rows, caption=_("Steps of the funnel"), phone="cards")


def _range(step: Step) -> str | None:
    if math.isnan(step.low):
        return None
    return f"{numbers.exact(step.low * 100)}–{numbers.percent(step.high, 0)}".replace(" ", "\u00a0")


def _groups_table(found: Funnel, by: str, filters: Filters) -> Table:
    steps = found.total.steps[:-1]
    rows = [_group_row(group, by, filters, found) for group in found.groups]
    columns = [Column("label", DIMENSIONS[by][0], href="url"), Column("entered", _("Came in"), "count")]
    columns += [
        Column(
            step.name,
            found.labels[step.name],
            "percent",
            reason="none",
            places=0,
            help=_("Share that moved on from here"),
        )
        for step in steps
    ]
    columns += [
        Column("won", _("Won"), "count"),
        Column("open", _("Open"), "count"),
        Column("worst", _("Weakest step")),
        Column("note", _("Note")),
    ]
    if not any(row["note"] for row in rows):
        columns.pop()
    return Table(columns, rows, caption=_("Share that moved on from each step"))


def _group_row(group: FunnelGroup, by: str, filters: Filters, found: Funnel) -> dict[str, Any]:
    entered = group.steps[0].entered
    cohort = found.cohort if found.cohort != "deals" else None
    return {
        "label": group.label,
        "url": f"?{filters.query(**{by: group.key or '', 'cohort': cohort})}",
        "entered": entered,
        **{step.name: _known(step.conversion) for step in group.steps[:-1]},
        "none": _("Nobody entered this step"),
        "won": group.won,
        "open": group.open,
        "worst": found.labels[group.worst.name] if group.worst else "–",
        "note": _("n = %(n)d, too few to judge") % {"n": entered} if entered < SMALL else "",
    }


@filtered
def funnel_rows(request: HttpRequest, *, filters: Filters) -> HttpResponseBase:
    """The leads or deals behind one number of the funnel."""
    cohort, step = request.GET.get("cohort", "deals"), request.GET.get("step", "")
    fate = request.GET.get("fate", "entered")
    if cohort not in COHORTS or fate not in FATES:
        raise Http404
    try:
        ids = funnel_cases(request.user, filters, cohort, step, fate)
    except ValueError:
        raise Http404 from None
    columns, rows = _lead_rows(ids) if cohort == "leads" else _deal_rows(ids, request)
    if request.GET.get("format") == "csv":
        return table_csv(Table(columns, rows(None), caption=""), f"funnel-{cohort}-{step}-{fate}")
    page = Paginator(range(len(ids)), PER_PAGE).get_page(request.GET.get("page"))
    labels = funnel_labels(cohort, step)
    extra = {"cohort": cohort, "step": step, "fate": fate if fate != "entered" else None}
    fates = {"entered": _("entered"), "lost": _("were lost"), "open": _("are still")}
    return respond(
        request,
        "data_collection/dashboards/funnel_rows.html",
        {
            "page_title": _("Rows of the funnel"),
            "scope": scope_words(filters, "", compare=False),
            "filters": filter_fields(request.user, filters, compare=False),
            "filter_errors": filters.errors,
            "words": _("%(n)s %(what)s that %(fate)s at “%(step)s”")
            % {
                "n": numbers.exact(len(ids)),
                "what": _("leads") if cohort == "leads" else _("deals"),
                "fate": fates[fate],
                "step": labels,
            }
            if fate != "entered"
            else _("%(n)s %(what)s that entered “%(step)s” or a later step")
            % {"n": numbers.exact(len(ids)), "what": _("leads") if cohort == "leads" else _("deals"), "step": labels},
            "table": Table(
                columns, rows(slice(page.start_index() - 1, page.end_index()) if ids else None), caption=labels
            ),
            "page": page,
            "csv_url": f"?{filters.query(format='csv', **extra)}",
            "funnel_url": f"{reverse('funnel')}?{filters.query(cohort=cohort if cohort != 'deals' else None)}",
        },
    )


def funnel_labels(cohort: str, step: str) -> str:
    """The words of one step."""
    from data_collection.crm.models import Stage

    if step.startswith("stage-"):
        return Stage.objects.get(pk=int(step.removeprefix("stage-"))).name
    words = {
        "lead": _("Lead"),
        "mql": _("Marketing qualified"),
        "sql": _("Sales qualified"),
        "opportunity": _("Opportunity"),
        "created": _("Opportunity"),
        "won": _("Won"),
    }
    return words[step]


def _deal_rows(ids: list[int], request: HttpRequest) -> tuple[list[Column], Any]:
    columns = [
        Column("name", _("Deal"), href="url"),
        Column("account", _("Account")),
        Column("status", _("Status"), "badge", level="level"),
        Column("stage", _("Stage")),
        Column("owner", _("Owner")),
        Column("created", _("Created"), "date"),
        Column("close", _("Close date"), "date"),
        Column("amount", _("Amount"), "money"),
        Column("currency", _("Currency")),
    ]

    def rows(part: slice | None) -> list[dict[str, Any]]:
        wanted = ids if part is None else ids[part]
        deals = Opportunity.objects.filter(pk__in=wanted).select_related("owner", "stage", "account")
        mine = set(Opportunity.objects.visible_to(request.user).filter(pk__in=wanted).values_list("pk", flat=True))
        return [_deal(deal, deal.pk in mine) for deal in deals]

    return columns, rows


def _deal(deal: Opportunity, can_open: bool) -> dict[str, Any]:
    row = deal_row(deal) | {"account": deal.account, "created": deal.created_on}
    return row if can_open else row | {"url": ""}


def _lead_rows(ids: list[int]) -> tuple[list[Column], Any]:
    columns = [
        Column("name", _("Lead")),
        Column("company", _("Company")),
        Column("status", _("Status")),
        Column("source", _("Source")),
        Column("owner", _("Owner")),
        Column("created", _("Came in"), "date"),
    ]

    def rows(part: slice | None) -> list[dict[str, Any]]:
        leads = Lead.objects.filter(pk__in=ids if part is None else ids[part]).select_related("owner")
        return [
            {
                "name": lead.name,
                "company": lead.company,
                "status": lead.get_status_display(),
                "source": lead.lead_source,
                "owner": lead.owner,
                "created": lead.created_on,
            }
            for lead in leads
        ]

    return columns, rows
