"""Outgoing: where events go, what went, what did not, and sending it again. Operations only."""

from collections.abc import Callable
from functools import wraps
from typing import Any

import orjson
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from salesops.frame.components import Choice, Column, Filter, Table
from salesops.jobs.registry import load_kinds
from salesops.notices.forms import EndpointForm
from salesops.notices.kinds import EVENT_KINDS
from salesops.notices.models import Endpoint, Outbox, OutboxState
from salesops.notices.selectors import endpoints_overview
from salesops.notices.services.endpoints import endpoint_resume, endpoint_rotate, endpoint_test, outbox_replay
from salesops.notices.services.sending import body_of, slack_body

LEVEL = {"queued": "info", "sent": "good", "dead": "bad", "dropped": "neutral"}
FOLDER = "salesops/notices"
View = Callable[..., HttpResponse]


def operations_only(view: View) -> View:
    """What leaves the house is the business of operations."""

    @wraps(view)
    def checked(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        if not request.user.is_ops:
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return checked


def state_of(endpoint: Endpoint) -> tuple[str, str]:
    """Words and level of an endpoint's state."""
    if not endpoint.is_active:
        return _("Off"), "neutral"
    if endpoint.paused_at is not None:
        return _("Paused"), "bad"
    return (_("Failing"), "warn") if endpoint.failing_since is not None else (_("On"), "good")


def _endpoint(request: HttpRequest, pk: int) -> Endpoint:
    return get_object_or_404(Endpoint.objects.visible_to(request.user), pk=pk)


@require_GET
@operations_only
def endpoints(request: HttpRequest) -> HttpResponse:
    """Every endpoint with its state."""
    rows = list(endpoints_overview(request.user))
    context = {
        "page_title": _("Outgoing"),
        "page_subtitle": _("Changes of owners and scores, told to other systems and to Slack."),
        "rows": rows,
        "table": _endpoints(rows),
        "kinds": Endpoint.Kind.choices,
    }
    return render(request, f"{FOLDER}/outgoing.html", context)


def _endpoints(rows: list[Any]) -> Table:
    columns = [
        Column("name", _("Endpoint"), href="href"),
        Column("state", _("State"), "badge", level="level"),
        Column("kind", _("Kind")),
        Column("where", _("Sends to")),
        Column("last", _("Last sent"), "datetime"),
        Column("waiting", _("Waiting"), "count"),
        Column("dead", _("Given up"), "count"),
        Column("failures", _("Failures in a row"), "count"),
    ]
    lines = [
        {
            "name": row.name,
            "href": reverse("endpoint", args=[row.pk]),
            "state": state_of(row)[0],
            "level": state_of(row)[1],
            "kind": row.get_kind_display(),
            "where": row.where,
            "last": row.last_sent_at,
            "waiting": row.waiting,
            "dead": row.dead,
            "failures": row.failures,
        }
        for row in rows
    ]
    return Table(columns, lines, caption=_("Endpoints"), phone="cards", id="endpoints")


@never_cache
@require_http_methods(["GET", "POST"])
@operations_only
def endpoint_new(request: HttpRequest, kind: str) -> HttpResponse:
    """Add an endpoint; a webhook's signing secret is shown once, in the answer."""
    if kind not in Endpoint.Kind.values:
        raise Http404
    form = EndpointForm(request.POST or None, kind=kind)
    if request.method == "POST" and form.is_valid():
        row = form.save()
        if kind == Endpoint.Kind.WEBHOOK:
            return _shown(request, row, endpoint_rotate(endpoint=row))
        messages.success(request, _("Added. Send a test to see whether it arrives."))
        return redirect("endpoint", row.pk)
    title = {"webhook": _("New webhook"), "slack_incoming": _("New Slack address"), "slack_bot": _("New Slack bot")}
    return _form(request, form, title[kind], reverse("outgoing"))


@require_http_methods(["GET", "POST"])
@operations_only
def endpoint_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change an endpoint; secrets are kept where nothing is entered."""
    row = _endpoint(request, pk)
    form = EndpointForm(request.POST or None, instance=row, kind=row.kind)
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, _("Saved."))
        return redirect("endpoint", row.pk)
    return _form(request, form, _("Change %s") % row.name, reverse("endpoint", args=[pk]))


def _form(request: HttpRequest, form: EndpointForm, title: str, back: str) -> HttpResponse:
    context = {"page_title": title, "form": form, "back": back}
    return render(request, f"{FOLDER}/form.html", context, status=400 if form.errors else 200)


@require_GET
@operations_only
def endpoint_page(request: HttpRequest, pk: int) -> HttpResponse:
    """One endpoint: its state, and the log of what was sent."""
    context = _page(request, _endpoint(request, pk))
    part = request.htmx and not request.htmx.history_restore_request and not request.htmx.boosted
    return render(request, f"{FOLDER}/endpoint.html" + ("#live" if part else ""), context)


def _shown(request: HttpRequest, row: Endpoint, secret: str) -> HttpResponse:
    """The page with a secret on it, once; nothing keeps it."""
    return render(request, f"{FOLDER}/endpoint.html", _page(request, row) | {"secret": secret})


def _page(request: HttpRequest, row: Endpoint) -> dict[str, Any]:
    load_kinds()
    state = request.GET.get("state", "")
    rows = row.outbox.all()
    busy = rows.filter(state=OutboxState.QUEUED, tries=0).exists() and row.is_active and row.paused_at is None
    dead = rows.filter(state=OutboxState.DEAD).count()
    rows = rows.filter(state=state) if state in OutboxState.values else rows
    page = Paginator(rows.defer("payload"), 50).get_page(request.GET.get("page"))
    words, level = state_of(row)
    states = [Choice("", _("All")), *(Choice(value, label) for value, label in OutboxState.choices)]
    return {
        "page_title": row.name,
        "page_subtitle": f"{row.get_kind_display()} · {row.where}",
        "row": row,
        "state": words,
        "level": level,
        "events": [EVENT_KINDS[kind].title for kind in row.events if kind in EVENT_KINDS],
        "page": page,
        "table": _log(list(page)),
        "filters": [Filter("state", _("State"), state, states)],
        "dead": dead,
        "any": page.paginator.count or state,
        "busy": busy,
    }


def _log(rows: list[Outbox]) -> Table:
    columns = [
        Column("what", _("Message"), href="href"),
        Column("state", _("State"), "badge", level="level"),
        Column("at", _("Queued"), "datetime"),
        Column("code", _("Answer"), reason="none"),
        Column("tries", _("Tries"), "count"),
        Column("next", _("Next try"), "datetime"),
        Column("answer", _("What came back")),
    ]
    lines = [
        {
            "what": _what(row),
            "href": reverse("delivery", args=[row.endpoint_id, row.pk]),
            "state": row.get_state_display(),
            "level": LEVEL[row.state],
            "at": row.created_at,
            "code": str(row.code) if row.code else None,
            "none": _("No answer yet"),
            "tries": row.tries,
            "next": row.next_try_at if row.state == OutboxState.QUEUED else None,
            "answer": row.answer[:80],
        }
        for row in rows
    ]
    return Table(columns, lines, caption=_("Messages, newest first"), phone="cards", id="messages-log")


def _what(row: Outbox) -> str:
    known = EVENT_KINDS.get(row.kind)
    return str(known.title) if known else _("Test message")


@require_GET
@operations_only
def delivery(request: HttpRequest, pk: int, row: int) -> HttpResponse:
    """One message: what it says and what came back."""
    endpoint = _endpoint(request, pk)
    found = get_object_or_404(Outbox.objects.visible_to(request.user), pk=row, endpoint=endpoint)
    load_kinds()
    found.endpoint = endpoint
    body = orjson.loads(body_of(found)) if endpoint.kind == Endpoint.Kind.WEBHOOK else slack_body(found)
    facts = [
        (_("Id, the same in every try"), found.message_id),
        (_("About"), found.subject or "–"),
        (_("Happened"), found.occurred_at),
        (_("Tries"), found.tries),
        (_("Answer"), found.code or "–"),
        (_("Took"), f"{found.took_ms} ms" if found.took_ms is not None else "–"),
        (_("What came back"), found.answer or "–"),
    ]
    context = {
        "page_title": _what(found),
        "page_subtitle": endpoint.name,
        "row": endpoint,
        "message": found,
        "level": LEVEL[found.state],
        "facts": facts,
        "body": orjson.dumps(body, option=orjson.OPT_INDENT_2).decode(),
    }
    return render(request, f"{FOLDER}/delivery.html", context)


@never_cache
@require_POST
@operations_only
def endpoint_do(request: HttpRequest, pk: int) -> HttpResponse:
    """Test, resume, give a new secret, send again, delete."""
    row = _endpoint(request, pk)
    act = ACTS.get(request.POST.get("do", ""))
    if act is None:
        raise Http404
    return act(request, row)


def _test(request: HttpRequest, row: Endpoint) -> HttpResponse:
    endpoint_test(endpoint=row)
    messages.info(request, _("A test message is on its way; this page shows what came of it."))
    return redirect("endpoint", row.pk)


def _resume(request: HttpRequest, row: Endpoint) -> HttpResponse:
    endpoint_resume(endpoint=row)
    messages.success(request, _("It is tried again now."))
    return redirect("endpoint", row.pk)


def _rotate(request: HttpRequest, row: Endpoint) -> HttpResponse:
    if row.kind != Endpoint.Kind.WEBHOOK:
        raise Http404
    return _shown(request, row, endpoint_rotate(endpoint=row))


def _replay(request: HttpRequest, row: Endpoint) -> HttpResponse:
    rows, one = row.outbox.all(), request.POST.get("message", "")
    if one:
        rows = rows.filter(pk=int(one)) if one.isascii() and one.isdecimal() else rows.none()
    n = outbox_replay(rows=rows)
    words = ngettext("%(n)s message is sent again.", "%(n)s messages are sent again.", n) % {"n": n}
    (messages.success if n else messages.error)(request, words)
    return redirect("endpoint", row.pk)


def _delete(request: HttpRequest, row: Endpoint) -> HttpResponse:
    row.delete()
    messages.success(request, _("“%s” was deleted with its log.") % row.name)
    return redirect("outgoing")


ACTS = {"test": _test, "resume": _resume, "rotate": _rotate, "replay": _replay, "delete": _delete}
