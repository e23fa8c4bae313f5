"""The filter bar over findings, with the choices this person's findings give; two queries."""

from django.utils.translation import gettext as _

from data_collection.quality.models import Checked, QualityFinding, Severity
from data_collection.quality.rules import Rule
from data_collection.quality.selectors.findings import NONE, FindingFilters
from salesops.access.models import User
from salesops.frame.components import Choice, Filter

AGES = (7, 30, 90, 180)


def state_choices() -> list[Choice]:
    return [
        Choice("standing", _("To put right")),
        Choice("open", _("Open")),
        Choice("came_back", _("Came back")),
        Choice("accepted", _("Accepted")),
        Choice("fixed", _("Fixed")),
        Choice("all", _("All")),
    ]


def finding_fields(user: User, filters: FindingFilters, rules: dict[str, Rule], *, rule: bool = True) -> list[Filter]:
    """Fields of the bar; a field without a choice to make is left out, unless it is filtered by."""
    mine = QualityFinding.objects.visible_to(user).order_by()
    people = list(mine.values_list("owner__code", "owner__name", "team__code", "team__name").distinct())
    places = list(mine.values_list("stage_id", "stage__name", "stage__rank", "source", "system").distinct())
    stages = sorted({(rank, pk, name) for pk, name, rank, *_rest in places if pk is not None})
    values = filters.values
    fields = [
        Filter("state", _("State"), filters.state, state_choices(), default="standing"),
        Filter("severity", _("Severity"), values.get("severity", ""), [("", _("All")), *Severity.choices]),
    ]
    if rule:
        names = sorted(rules.values(), key=lambda r: str(r.title))
        options = [("", _("All rules")), *((r.name, r.title) for r in names)]
        fields.insert(0, Filter("rule", _("Rule"), values.get("rule", ""), options))
    for name, label, every, choices in (
        ("rep", _("Rep"), _("Everybody"), {(code, title) for code, title, *_rest in people}),
        ("team", _("Team"), _("All teams"), {(code, title) for *_rest, code, title in people}),
        ("source", _("Lead source"), _("All sources"), {(source, source) for *_rest, source, _system in places}),
        ("system", _("System"), _("All systems"), {(system, system) for *_rest, system in places}),
    ):
        fields.append(_named(name, label, every, choices, values.get(name, "")))
    options = [("", _("All stages")), *((str(pk), name) for _rank, pk, name in stages)]
    fields.append(Filter("stage", _("Stage"), str(filters.stage or ""), options))
    fields.append(Filter("table", _("About"), values.get("table", ""), [("", _("Everything")), *Checked.choices]))
    ages = [("", _("Any age")), *((str(n), _("%(n)d days or more") % {"n": n}) for n in AGES)]
    fields.append(Filter("age", _("Age"), str(filters.age or ""), ages))
    if filters.changed:
        words = _("the last %(n)d days") % {"n": filters.changed}
        fields.append(
            Filter(
                "changed", _("Changed in"), str(filters.changed), [("", _("Any time")), (str(filters.changed), words)]
            )
        )
    return [field for field in fields if len(field.options) > 2 or field.active]


def _named(name: str, label: str, every: str, choices: set, value: str) -> Filter:
    known = sorted((code or NONE, title or _("none")) for code, title in choices)
    known.sort(key=lambda pair: (pair[0] == NONE, str(pair[1]).lower()))
    if value and value not in {code for code, _title in known}:
        known.insert(0, (value, value))
    return Filter(name, label, value, [("", every), *known])
