"""What the filtered pages share: read the filter, answer the whole page or the part htmx asked for."""

from collections.abc import Callable
from datetime import date, timedelta
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET

from data_collection.kpis.filters import COMPARE, DIMENSIONS, Filters, parse
from salesops.lib.periods import Period

PART = "results"  # id of the element htmx swaps when a filter changes
Page = Callable[..., HttpResponseBase]


def filtered(view: Page) -> Page:
    """A GET view that takes `filters`; free dates in the address become the period's one name."""

    @require_GET
    @wraps(view)
    def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        filters = parse(request.GET)
        if ("from" in request.GET or "to" in request.GET) and not filters.errors:
            query = request.GET.copy()
            query.pop("from", None)
            query.pop("to", None)
            query["period"] = filters.period.name
            return redirect(f"{request.path}?{query.urlencode(safe='.')}")
        return view(request, *args, filters=filters, **kwargs)

    return wrapped


def respond(request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    """The page; only its filtered part when htmx changes a filter (Back always gets the whole page)."""
    part = request.htmx and request.htmx.target == PART and not request.htmx.history_restore_request
    response = render(request, f"{template}#{PART}" if part else template, context)
    patch_vary_headers(response, ["HX-Request"])
    return response


def days_words(period: Period) -> str:
    """The first and last day: 1 Oct to 23 Nov 2026, 54 days."""
    first, last = period.start, _last_day(period)
    days = ngettext("%(n)d day", "%(n)d days", period.days) % {"n": period.days}
    if first == last:
        return f"{first.day} {first:%b %Y}"
    begin = f"{first.day} {first:%b}" if first.year == last.year else f"{first.day} {first:%b %Y}"
    return _("%(first)s to %(last)s, %(days)s") % {
        "first": begin,
        "last": f"{last.day} {last:%b %Y}",
        "days": days,
    }


def _last_day(period: Period) -> date:
    return period.end - timedelta(days=1)


def scope_words(filters: Filters, currency: str, *, compare: bool = True) -> str:
    """What the numbers of a page cover, in one line."""
    days = days_words(filters.period)
    words = [days if ".." in filters.period.name else f"{filters.period.label} ({days})"]
    words += [f"{DIMENSIONS[c.name][0]}: {', '.join(c.labels)}" for c in filters.choices]
    if currency:
        words.append(_("amounts in %(currency)s") % {"currency": currency})
    if compare and filters.compare:
        words.append(_("compared with %(what)s") % {"what": filters.compare.label})
    elif compare:
        words.append(str(COMPARE[filters.cmp]).lower())
    return " · ".join(words)
