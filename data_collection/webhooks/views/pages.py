"""Webhooks in: sources with their recipes, and every message with what came of it. Operations only."""

from typing import Any

import orjson
from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, Max, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from data_collection.imports.views import operations_only
from data_collection.webhooks.calc.reading import Wanted
from data_collection.webhooks.forms import SourceForm
from data_collection.webhooks.models import InboxMessage, InboxState, WebhookSource
from data_collection.webhooks.selectors import recipe_document, shipped_recipes
from data_collection.webhooks.services.processing import messages_replay
from data_collection.webhooks.services.sources import source_forget_before, source_rotate
from data_collection.webhooks.services.trying import Tried, recipe_try
from salesops.frame.components import Choice, Column, Filter, Table
from salesops.notices.links import whole_url

LEVEL = {"queued": "info", "done": "good", "ignored": "neutral", "dead": "bad"}
FOLDER = "data_collection/webhooks"


def _source(request: HttpRequest, pk: int) -> WebhookSource:
    return get_object_or_404(WebhookSource.objects.visible_to(request.user), pk=pk)


def _address(request: HttpRequest, source: WebhookSource) -> str:
    path = reverse("webhook_receive", args=[source.slug])
    return whole_url(path) or request.build_absolute_uri(path)


@require_GET
@operations_only
def webhooks(request: HttpRequest) -> HttpResponse:
    """Every source with what came from it."""
    rows = WebhookSource.objects.visible_to(request.user).annotate(
        last=Max("messages__received_at"),
        waiting=Count("messages", filter=Q(messages__state=InboxState.QUEUED)),
        dead=Count("messages", filter=Q(messages__state=InboxState.DEAD)),
    )
    context = {
        "page_title": _("Webhooks in"),
        "page_subtitle": _("Systems that send by themselves: forms, property changes, opened mail."),
        "table": _sources(list(rows)),
        "recipes": [(name, recipe_document(text)["title"]) for name, text in shipped_recipes().items()],
    }
    return render(request, f"{FOLDER}/webhooks.html", context)


def _sources(rows: list[Any]) -> Table:
    columns = [
        Column("name", _("Source"), href="href"),
        Column("state", _("State"), "badge", level="level"),
        Column("address", _("Address")),
        Column("system", _("System")),
        Column("last", _("Last message"), "datetime"),
        Column("waiting", _("Waiting"), "count"),
        Column("dead", _("Need a look"), "count"),
    ]
    lines = [
        {
            "name": row.name,
            "href": reverse("webhook_source", args=[row.pk]),
            "state": _("On") if row.is_active else _("Off"),
            "level": "good" if row.is_active else "neutral",
            "address": reverse("webhook_receive", args=[row.slug]),
            "system": row.system,
            "last": row.last,
            "waiting": row.waiting,
            "dead": row.dead,
        }
        for row in rows
    ]
    return Table(columns, lines, caption=_("Sources"), phone="cards", id="webhook-sources")


# --- adding and changing -------------------------------------------------------------------------------------------
@never_cache
@require_http_methods(["GET", "POST"])
@operations_only
def webhook_new(request: HttpRequest, recipe: str) -> HttpResponse:
    """Add a source that starts from a shipped recipe; its secret is shown once, in the answer."""
    text = shipped_recipes().get(recipe)
    if text is None:
        raise Http404
    starts = {"recipe_text": text, "slug": recipe.replace("_", "-"), "name": recipe_document(text)["title"]}
    starts |= {"encharge": {"system": "encharge", "scheme": "token"}}.get(recipe, {})
    starts |= {"hubspot_workflow": {"system": "hubspot", "scheme": "hubspot"}}.get(recipe, {})
    return _form(request, SourceForm(request.POST or None, initial=starts), _("New source"), reverse("webhooks"))


@never_cache
@require_http_methods(["GET", "POST"])
@operations_only
def webhook_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change a source and its recipe, and try it on the last message."""
    row = _source(request, pk)
    form = SourceForm(request.POST or None, instance=row)
    return _form(request, form, _("Change %s") % row.name, reverse("webhook_source", args=[pk]))


def _form(request: HttpRequest, form: SourceForm, title: str, back: str) -> HttpResponse:
    known = form.instance.pk is not None
    tried = None
    if request.method == "POST" and form.is_valid():
        if "try" in request.POST:
            tried = _tried(form)
        else:
            given, had = form.cleaned_data["secret"], bool(form.instance.secret)
            row = form.save()
            if given or not had:
                secret = source_rotate(source=row, secret=given)
                return _shown(request, row, "" if given else secret)
            messages.success(request, _("Saved."))
            return redirect("webhook_source", row.pk)
    context = {
        "page_title": title,
        "form": form,
        "back": back,
        "known": known,
        "tried": tried,
        "came": words_of(dict(tried.counts)) if tried else "",
        "items": [_described(one) for one in tried.wanted] if tried else [],
        "beside": ("name", "slug", "system", "scheme", "secret"),
        "limits": ("most_per_minute", "most_kb", "window_seconds", "is_active"),
    }
    return render(request, f"{FOLDER}/form.html", context, status=400 if form.errors else 200)


def _tried(form: SourceForm) -> Tried:
    sample = form.cleaned_data["sample"].strip()
    last = None
    if not sample and form.instance.pk is not None:
        last = InboxMessage.objects.filter(source=form.instance.pk).exclude(body=b"").first()
    if not sample and last is None:
        return Tried(error=_("No message has come yet. Write a payload to try it on."))
    return recipe_try(source=form.instance, document=form.document, message=last, body=sample.encode())


def _described(one: Wanted) -> dict[str, Any]:
    """One item of a payload as names with values."""
    lines: list[tuple[str, str]] = []
    for person in one.people:
        lines += [
            (_("%s: id") % person.table, person.external_id or "–"),
            (_("%s: e-mail") % person.table, person.email),
        ]
        lines += [(f"{person.table}: {name}", text) for name, text in person.fields.items() if name != "email"]
        lines += [(_("kept as attribute: %s") % name, text) for name, text in person.attributes.items()]
    if one.event is not None:
        lines += [(_("event"), one.event.kind), (_("campaign"), one.event.campaign)]
    when = one.occurred_at.isoformat() if one.occurred_at else _("when it came")
    return {"number": one.number + 1, "lines": [*lines, (_("happened"), when)]}


# --- one source ----------------------------------------------------------------------------------------------------
@require_GET
@operations_only
def webhook_source(request: HttpRequest, pk: int) -> HttpResponse:
    """One source: its address, its state, its messages."""
    return render(request, f"{FOLDER}/source.html", _page(request, _source(request, pk)))


def _shown(request: HttpRequest, row: WebhookSource, secret: str) -> HttpResponse:
    """The page with a secret on it, once; nothing keeps it."""
    if not secret:
        messages.success(request, _("Saved. The secret is stored and not shown again."))
        return redirect("webhook_source", row.pk)
    return render(request, f"{FOLDER}/source.html", _page(request, row) | {"secret": secret})


def _page(request: HttpRequest, row: WebhookSource) -> dict[str, Any]:
    state = request.GET.get("state", "")
    rows = row.messages.defer("body")
    numbers = dict(row.messages.order_by().values_list("state").annotate(n=Count("pk")))
    page = Paginator(rows.filter(state=state) if state in InboxState.values else rows, 50)
    shown = page.get_page(request.GET.get("page"))
    states = [Choice("", _("All")), *(Choice(value, label) for value, label in InboxState.choices)]
    return {
        "page_title": row.name,
        "page_subtitle": f"{row.get_scheme_display()} · {row.system}",
        "row": row,
        "address": _address(request, row),
        "numbers": [(label, numbers.get(value, 0)) for value, label in InboxState.choices],
        "page": shown,
        "table": _messages(list(shown)),
        "filters": [Filter("state", _("State"), state, states)],
        "dead": numbers.get(InboxState.DEAD, 0),
        "any": bool(numbers),
    }


def _messages(rows: list[InboxMessage]) -> Table:
    columns = [
        Column("key", _("Message"), href="href"),
        Column("state", _("State"), "badge", level="level"),
        Column("received", _("Received"), "datetime"),
        Column("tries", _("Tries"), "count"),
        Column("what", _("What came of it")),
    ]
    lines = [
        {
            "key": row.key if len(row.key) <= 24 else f"{row.key[:22]}…",
            "href": reverse("webhook_message", args=[row.source_id, row.pk]),
            "state": row.get_state_display(),
            "level": LEVEL[row.state],
            "received": row.received_at,
            "tries": row.tries,
            "what": row.error or words_of(row.result),
        }
        for row in rows
    ]
    return Table(columns, lines, caption=_("Messages, newest first"), phone="cards", id="inbox")


def words_of(result: dict[str, int]) -> str:
    """{"leads new": 1, "events new": 2} -> "New leads: 1, new events: 2"."""
    known = {
        "leads new": _("new leads"),
        "leads changed": _("changed leads"),
        "leads same": _("unchanged leads"),
        "contacts new": _("new contacts"),
        "contacts changed": _("changed contacts"),
        "contacts same": _("unchanged contacts"),
        "events new": _("new events"),
        "events same": _("events known already"),
        "ignored": _("left out by the recipe"),
        "erased": _("erased people, left alone"),
        "unknown": _("unknown people, not added"),
    }
    words = ", ".join(f"{known.get(what, what)}: {n}" for what, n in result.items())
    return words[:1].upper() + words[1:]


@require_GET
@operations_only
def webhook_message(request: HttpRequest, pk: int, message: int) -> HttpResponse:
    """One message: what came, and what came of it."""
    source = _source(request, pk)
    row = get_object_or_404(InboxMessage.objects.visible_to(request.user), pk=message, source=source)
    facts = [
        (_("Known by"), row.key),
        (_("Received"), row.received_at),
        (_("Content type"), row.content_type or "–"),
        (_("Behind the address"), row.query or "–"),
        (_("Tries"), row.tries),
        (_("What came of it"), words_of(row.result) or "–"),
    ]
    context = {
        "page_title": _("Message %s") % row.pk,
        "page_subtitle": source.name,
        "source": source,
        "message": row,
        "level": LEVEL[row.state],
        "facts": facts,
        "body": _pretty(bytes(row.body)),
    }
    return render(request, f"{FOLDER}/message.html", context)


def _pretty(body: bytes) -> str:
    try:
        return orjson.dumps(orjson.loads(body), option=orjson.OPT_INDENT_2).decode()[:100_000]
    except orjson.JSONDecodeError:
        return body.decode("utf-8", "backslashreplace")[:100_000] or _("Removed.")


@never_cache
@require_POST
@operations_only
def webhook_do(request: HttpRequest, pk: int) -> HttpResponse:
    """A new secret, the end of the old one, work again what was set aside, delete."""
    row, do = _source(request, pk), request.POST.get("do", "")
    if do == "rotate" and row.scheme != WebhookSource.Scheme.HUBSPOT:
        return _shown(request, row, source_rotate(source=row))
    if do == "forget":
        source_forget_before(source=row)
        messages.success(request, _("Only the new secret is accepted now."))
    elif do == "replay":
        rows, one = row.messages.all(), request.POST.get("message", "")
        if one:
            rows = rows.filter(pk=int(one)) if one.isascii() and one.isdecimal() else rows.none()
        n = messages_replay(rows=rows)
        words = ngettext("%(n)s message is worked again.", "%(n)s messages are worked again.", n) % {"n": n}
        (messages.success if n else messages.error)(request, words)
    elif do == "delete":
        row.delete()
        messages.success(request, _("“%s” was deleted with its messages; what they brought stays.") % row.name)
        return redirect("webhooks")
    else:
        raise Http404
    return redirect("webhook_source", pk)
