"""What each KPI means, and how it is worked out."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from data_collection.dashboards.words import BETTER, UNITS, formula_words, measure_words
from data_collection.kpis.catalogue import CATALOGUE, GROUPS, Kpi


@require_GET
def glossary(request: HttpRequest) -> HttpResponse:
    """Every KPI in a sentence; `?q=` searches names, meanings and formulas."""
    wanted = request.GET.get("q", "").strip()
    found = [kpi for kpi in CATALOGUE.values() if _matches(kpi, wanted.lower())]
    groups = [(label, [kpi for kpi in found if kpi.group == name]) for name, label in GROUPS.items()]
    return render(
        request,
        "data_collection/dashboards/glossary.html",
        {
            "page_title": _("Glossary"),
            "page_subtitle": _("What each number means, and how it is worked out."),
            "groups": [(label, kpis) for label, kpis in groups if kpis],
            "wanted": wanted,
            "count": len(found),
        },
    )


def _matches(kpi: Kpi, wanted: str) -> bool:
    haystack = f"{kpi.name} {kpi.label} {kpi.meaning} {formula_words(kpi)}".lower()
    return all(word in haystack for word in wanted.split())


@require_GET
def glossary_entry(request: HttpRequest, name: str) -> HttpResponse:
    """One KPI: formula, choices, unit, direction, owner, worked example."""
    kpi = CATALOGUE.get(name)
    if kpi is None:
        raise Http404
    return render(
        request,
        "data_collection/dashboards/glossary_entry.html",
        {
            "page_title": kpi.label,
            "page_subtitle": kpi.meaning,
            "kpi": kpi,
            "formula": formula_words(kpi),
            "measures": [(name, measure_words(name)) for name in kpi.formula.names],
            "unit": UNITS[kpi.unit],
            "better": BETTER[kpi.better],
            "group": GROUPS[kpi.group],
            "kpi_url": reverse("kpi_detail", args=[kpi.name]),
        },
    )
