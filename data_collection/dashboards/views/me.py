"""My numbers: a rep's own page, made for the phone, without charts that need script."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from data_collection.dashboards.presentation import rows_url
from data_collection.dashboards.selectors.me import Numbers, Quarter, numbers_of, own_rep, rep_for
from data_collection.kpis.catalogue import CATALOGUE
from salesops.access.models import Role
from salesops.charts import numbers
from salesops.frame.components import Empty
from salesops.frame.navigation import url_of

QUARTER = "this_quarter"


@require_GET
def my_numbers(request: HttpRequest) -> HttpResponse:
    """The numbers of whoever is logged in."""
    rep = own_rep(request.user)
    if rep is None:
        return render(
            request,
            "data_collection/dashboards/my_numbers.html",
            {"page_title": _("My numbers"), "empty": _not_linked(request)},
        )
    return _page(request, numbers_of(rep, request.user), mine=True)


@require_GET
def rep_numbers(request: HttpRequest, pk: int) -> HttpResponse:
    """The same page of a rep one leads."""
    rep = rep_for(pk, request.user)
    return _page(request, numbers_of(rep, request.user), mine=False)


def _not_linked(request: HttpRequest) -> Empty:
    words = _("Your login is not linked to a person who sells. Sales operations can link it.")
    if request.user.role != Role.REP:
        return Empty(_("My numbers is the page of one rep"), words, _("Overview"), reverse("overview"), "target")
    return Empty(_("My numbers shows your attainment, deals and week"), words, "", "", "target")


def _page(request: HttpRequest, found: Numbers, *, mine: bool) -> HttpResponse:
    quarter, currency = found.quarter, found.filters.currency
    return render(
        request,
        "data_collection/dashboards/my_numbers.html",
        {
            "page_title": _("My numbers") if mine else found.rep.name,
            "page_subtitle": _("%(quarter)s, %(left)s days left · amounts in %(currency)s")
            % {"quarter": quarter.period.label, "left": quarter.days_left, "currency": currency},
            "mine": mine,
            "found": found,
            "quarter": quarter,
            "currency": currency,
            "ring": _ring(quarter),
            "verdict": _verdict(quarter),
            "bookings_url": rows_url("bookings", found.filters, period=QUARTER),
            "attainment_url": rows_url("attainment", found.filters, period=QUARTER),
            "expected_url": rows_url("coverage", found.filters, period=QUARTER, overdue="0"),
            "win_rate_url": rows_url("win_rate", found.filters, period=QUARTER),
            "deals": [_deal(deal) for deal in found.deals],
            "fixes": [
                {"deal": deal, "words": words, "url": reverse("deal_page", args=[deal.pk])}
                for deal, words in found.fixes
            ],
            "inputs": [_input(item, found) for item in found.inputs],
            "quality_url": url_of("worklist") if mine else "",
        },
    )


def _ring(quarter: Quarter) -> dict[str, Any]:
    if quarter.attainment is None:
        return {"share": None, "caption": numbers.DASH, "label": _("Attainment: %(why)s") % {"why": quarter.reason}}
    share = float(quarter.attainment)
    shown = numbers.percent(quarter.attainment, 0)
    return {
        "share": share,
        "caption": shown,
        "label": _("Attainment: %(share)s of the quota of the quarter; %(time)s of the time has passed")
        % {"share": shown, "time": numbers.percent(quarter.time_passed, 0)},
    }


def _verdict(quarter: Quarter) -> dict[str, str] | None:
    """How bookings and time passed compare, in words."""
    if quarter.attainment is None or quarter.quota is None:
        return None
    if quarter.to_go == 0:
        return {"level": "good", "words": str(_("Quota reached"))}
    gap = float(quarter.attainment) - quarter.time_passed
    time = numbers.percent(quarter.time_passed, 0)
    if gap >= 0:
        return {"level": "good", "words": _("Ahead of time: %(time)s of the quarter has passed") % {"time": time}}
    level = "bad" if gap < -0.25 else "warn"
    return {"level": level, "words": _("Behind time: %(time)s of the quarter has passed") % {"time": time}}


def _deal(deal: Any) -> dict[str, Any]:
    return {
        "name": deal.opportunity.name,
        "account": deal.account,
        "stage": deal.stage,
        "close": deal.close_date,
        "amount": deal.open_amount,
        "probability": deal.probability,
        "url": reverse("deal_page", args=[deal.opportunity_id]),
    }


def _input(item: Any, found: Numbers) -> dict[str, Any]:
    return {
        "label": CATALOGUE[item.name].label,
        "now": item.this_week,
        "average": item.average,
        "share": float(item.this_week / item.average) if item.average else None,
        "url": rows_url(item.name, found.filters, period="wtd"),
    }
