"""Template tags and filters of the page frame: `{% load frame %}`."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

import orjson
from django import template
from django.core.paginator import Page
from django.forms import BoundField
from django.http import HttpRequest, QueryDict
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from salesops.charts import numbers, svg
from salesops.frame import navigation
from salesops.frame.components import Cell, ChartCard, Column, Empty, Filter, KpiCard, Table

register = template.Library()
NUMERIC = {"money", "percent", "points", "days", "hours", "minutes", "ratio", "count", "number"}
_JSON_ESCAPES = {ord(">"): "\\u003E", ord("<"): "\\u003C", ord("&"): "\\u0026", 0x2028: "\\u2028", 0x2029: "\\u2029"}
BADGES = {
    "succeeded": "good", "success": "good", "ok": "good", "won": "good", "done": "good", "active": "good",
    "running": "info", "queued": "info", "waiting": "info", "open": "info", "info": "info",
    "late": "warn", "warning": "warn", "partial": "warn", "skipped": "warn", "stale": "warn",
    "failed": "bad", "error": "bad", "lost": "bad", "dead": "bad", "critical": "bad",
}  # fmt: skip


# --- numbers -------------------------------------------------------------------------------
@register.filter
def compact(value: numbers.Number) -> str:
    """1238400 -> 1.24M."""
    return numbers.compact(value)


@register.filter
def exact(value: numbers.Number, places: int = 0) -> str:
    """1238400.5 -> 1,238,401; `|exact:2` for decimals."""
    return numbers.exact(value, places)


@register.filter
def percent(value: numbers.Number, places: int = 1) -> str:
    """A share: 0.6315 -> 63.2 %."""
    return numbers.percent(value, places)


@register.filter
def days(value: numbers.Number, places: int = 1) -> str:
    """47.99 -> 48.0 days."""
    return numbers.quantity(value, "days", places=places)


@register.filter
def signed(value: numbers.Number, unit: str = "number") -> str:
    """With its sign: `{{ 0.084|signed:"percent" }}` -> +8.4 %."""
    return numbers.signed(value, unit)


@register.simple_tag
def quantity(value: numbers.Number, unit: str = "number", reason: str = "", short: bool = False) -> SafeString:
    """A value in its unit, or a dash that says why: `{% quantity row.rate "percent" reason="No closed deals" %}`."""
    if numbers.is_missing(value):
        return _dash(reason)
    return format_html('<span class="num">{}</span>', numbers.quantity(value, unit, short=short))


@register.simple_tag
def dash(reason: str = "") -> SafeString:
    """The dash of the undefined, with its reason for eyes and ears."""
    return _dash(reason)


def _dash(reason: object) -> SafeString:
    words = reason or _("Not defined")
    return format_html(
        '<span class="dash" title="{}"><span aria-hidden="true">–</span><span class="visually-hidden">{}</span></span>',
        words,
        words,
    )


# --- small marks ---------------------------------------------------------------------------
@register.simple_tag
def icon(name: str, css: str = "") -> SafeString:
    """A drawn icon without words of its own (hidden from screen readers)."""
    return format_html(
        '<svg class="icon {}" width="20" height="20" aria-hidden="true" focusable="false"><use href="{}#{}"/></svg>',
        css,
        static("vendor/icons.svg"),
        name,
    )


@register.simple_tag
def badge(label: object, state: str = "") -> SafeString:
    """A state in words with its colour; `state` is a job state or good, warn, bad, info, neutral."""
    level = BADGES.get(str(state).lower(), state if state in ("good", "warn", "bad", "info") else "neutral")
    return format_html('<span class="tag tag-{}">{}</span>', level, label)


@register.inclusion_tag("components/tabs.html", takes_context=True)
def tabs(context: Mapping[str, Any], name: str) -> dict[str, object]:
    """The pages that belong together, as tabs: `{% tabs "sources" %}`."""
    return {"links": navigation.tabs(context["request"], name), "name": name}


@register.simple_tag
def sparkline(values: Sequence[numbers.Number], label: str) -> SafeString:
    """Server-made line of the last periods."""
    return svg.sparkline(list(values), label=label)


@register.simple_tag
def ring(share: numbers.Number, caption: str, label: str, under: str = "", size: int = 168) -> SafeString:
    """Server-made ring; share 1.0 = full."""
    return svg.ring(share, caption=caption, label=label, under=under, size=size)


@register.simple_tag
def target_bar(
    value: numbers.Number,
    target: numbers.Number,
    label: str,
    pace: numbers.Number = None,
    better: bool = True,
) -> SafeString:
    """Server-made bar of value against target."""
    return svg.target_bar(value, target, label=label, pace=pace, better=better)


@register.filter
def form_control(field: BoundField) -> SafeString:
    """A form field's widget with the frame's classes and its help and errors named for screen readers."""
    kind = field.widget_type
    css = {"checkbox": "form-check-input", "select": "form-select"}.get(kind, "form-control")
    attrs = {"class": f"{field.field.widget.attrs.get('class', '')} {css}".strip()}
    if kind == "radioselect":
        attrs = {}
    return field.as_widget(attrs=attrs)


@register.simple_tag
def json_data(value: object, element_id: str) -> SafeString:
    """Data for a script: dict -> `<script type="application/json">`; NaN becomes null."""
    text = orjson.dumps(value, option=orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS, default=str).decode()
    body = mark_safe(text.translate(_JSON_ESCAPES))  # noqa: S308 - <, > and & are escaped here
    return format_html('<script type="application/json" id="{}">{}</script>', element_id, body)


# --- components ----------------------------------------------------------------------------
@register.inclusion_tag("components/page_header.html")
def page_header(title: object, subtitle: object = "", actions: object = "") -> dict[str, Any]:
    """Title, what it covers, buttons (safe markup); base.html's blocks do the same for a whole page."""
    return {"title": title, "subtitle": subtitle, "actions": actions}


@register.inclusion_tag("components/kpi_card.html")
def kpi_card(card: KpiCard) -> dict[str, Any]:
    """The card of one KPI, parts in the fixed order."""
    delta, target = card.delta, card.target
    missing = numbers.is_missing(card.value)
    context: dict[str, Any] = {
        "card": card,
        "missing": missing,
        "value": numbers.quantity(card.value, card.unit, short=True),
        "value_exact": f"{numbers.quantity(card.value, card.unit)} {card.currency}".strip(),
        "small": card.n is not None and card.n < card.n_small,
        "spark": svg.sparkline(card.spark, label=_spark_words(card)) if card.spark else "",
    }
    if delta is not None:
        context["delta_text"] = numbers.signed(delta.value, delta.unit)
        context["direction_icon"] = _direction_icon(delta.value)
        context["delta_missing"] = numbers.is_missing(delta.value)
    if target is not None and not missing and not numbers.is_missing(target.value):
        context |= _target_context(card)
    return context


def _target_context(card: KpiCard) -> dict[str, Any]:
    target = card.target
    shown = numbers.quantity(target.value, card.unit, short=True)
    goal = float(target.value)
    share = numbers.percent(float(card.value) / goal, 0) if goal else numbers.DASH
    words = _("%(value)s of %(target)s, %(share)s") % {
        "value": numbers.quantity(card.value, card.unit, short=True),
        "target": shown,
        "share": share,
    }
    bar = svg.target_bar(card.value, target.value, label=words, pace=target.pace, better=target.better)
    return {"target_bar": bar, "target_text": shown, "target_share": share}


def _direction_icon(value: numbers.Number) -> str:
    if value is None or numbers.is_missing(value) or value == 0:
        return "minus"
    return "arrow-up-right" if value > 0 else "arrow-down-right"


def _spark_words(card: KpiCard) -> str:
    known = [v for v in card.spark if not numbers.is_missing(v)]
    if not known:
        return str(card.label)
    return _("%(label)s, %(span)s: from %(first)s to %(last)s") % {
        "label": card.label,
        "span": card.spark_words or _("recent periods"),
        "first": numbers.quantity(known[0], card.unit, short=True),
        "last": numbers.quantity(known[-1], card.unit, short=True),
    }


@register.inclusion_tag("components/chart_card.html", takes_context=True)
def chart_card(context: template.Context, chart: ChartCard) -> dict[str, Any]:
    """A chart, the table of the same numbers and the CSV link."""
    tall = chart.figure.get("layout", {}).get("meta", {}).get("rows", 0)
    height = max(chart.height, round(tall * 34 + 60)) if tall else chart.height
    step = min(max((height + 39) // 40 * 40, 160), 800)  # a class each: the CSP allows no inline style
    points = any(len(trace.get("y", trace.get("x", ()))) for trace in chart.figure.get("data", ()))
    return {"chart": chart, "height": step, "points": points, "request": context.get("request")}


@register.inclusion_tag("components/data_table.html", takes_context=True)
def data_table(context: template.Context, table: Table) -> dict[str, Any]:
    """A table that sorts through the URL and fits a phone."""
    request = context.get("request")
    query = request.GET if request is not None else QueryDict()
    order = query.get(table.sort_param, "")
    return {
        "table": table,
        "heads": [_head(column, order, query, table.sort_param) for column in table.columns],
        "rows": [[_cell(column, row, first=i == 0) for i, column in enumerate(table.columns)] for row in table.rows],
        "total": [_cell(column, table.total) for column in table.columns] if table.total is not None else None,
    }


def _head(column: Column, order: str, query: QueryDict, param: str) -> dict[str, Any]:
    head: dict[str, Any] = {"column": column, "numeric": column.kind in NUMERIC}
    if column.sort:
        up, down = order == column.sort, order == f"-{column.sort}"
        first = f"-{column.sort}" if column.kind in NUMERIC else column.sort  # numbers: largest first
        after = column.sort if down else f"-{column.sort}" if up else first
        head |= {
            "aria": "ascending" if up else "descending" if down else "none",
            "url": _query(query, **{param: after}),
        }
    return head


def _cell(column: Column, row: object, *, first: bool = False) -> Cell:
    value = _get(row, column.key)
    numeric = column.kind in NUMERIC
    href = str(_get(row, column.href) or "") if column.href else ""
    level = str(_get(row, column.level) or value or "") if column.kind == "badge" else ""
    title = str(_get(row, column.reason) or "") if column.reason else ""
    return Cell(_text(column, value), column.label, numeric, href, level, title, first)


def _text(column: Column, value: object) -> object:
    if numbers.is_missing(value):
        return numbers.DASH
    if column.kind in NUMERIC and not isinstance(value, str):
        return numbers.quantity(value, column.kind, places=column.places)
    if isinstance(value, datetime):
        local = timezone.localtime(value) if timezone.is_aware(value) else value
        return numbers.day(local) if column.kind == "date" else f"{numbers.day(local)} {local:%H:%M}"
    return numbers.day(value) if isinstance(value, date) else value


def _get(row: object, path: str) -> object:
    for part in path.split("."):
        row = row.get(part) if isinstance(row, Mapping) else getattr(row, part, None)
        if callable(row):
            row = row()
    return row


@register.inclusion_tag("components/filter_bar.html", takes_context=True)
def filter_bar(context: template.Context, filters: Sequence[Filter], target: str = "") -> dict[str, Any]:
    """Filters as a GET form: the address is their only memory. `target` = id of the part htmx swaps."""
    request: HttpRequest | None = context.get("request")
    query = request.GET if request is not None else QueryDict()
    names = {f.name for f in filters}
    chips = [
        {"label": f.label, "shown": f.shown, "url": _query(query, **{f.name: None, "page": None})}
        for f in filters
        if f.active
    ]
    hidden = [(k, v) for k in query for v in query.getlist(k) if k not in names and k != "page"]
    return {
        "filters": filters,
        "chips": chips,
        "hidden": hidden,
        "reset": request.path if request is not None else "?",
        "path": request.path if request is not None else "",
        "target": target,
    }


@register.inclusion_tag("components/pagination.html", takes_context=True)
def pagination(context: template.Context, page: Page, param: str = "page") -> dict[str, Any]:
    """Pages of a Django `Page`, other parameters kept."""
    request = context.get("request")
    query = request.GET if request is not None else QueryDict()
    near = page.paginator.get_elided_page_range(page.number, on_each_side=1, on_ends=1)
    places = [{"number": n, "url": _query(query, **{param: n}) if isinstance(n, int) else ""} for n in near]
    return {
        "page": page,
        "places": places,
        "before": _query(query, **{param: page.number - 1}) if page.has_previous() else "",
        "after": _query(query, **{param: page.number + 1}) if page.has_next() else "",
    }


@register.inclusion_tag("components/empty_state.html")
def empty_state(
    empty: Empty | None = None, what: str = "", why: str = "", action: str = "", href: str = "", icon: str = "database"
) -> dict[str, Any]:
    """What this shows, why it is empty, one button."""
    return {"empty": empty or Empty(what, why, action, href, icon)}


@register.inclusion_tag("components/progress.html")
def progress(done: int, total: int | None, label: str, message: str = "") -> dict[str, Any]:
    """A job's bar with count; unknown total shows the count alone."""
    share = min(done / total, 1.0) if total else None
    return {
        "done": done,
        "total": total,
        "label": label,
        "message": message,
        "share": share,
        "width": round((share or 0) * 100),
    }


@register.simple_tag(takes_context=True)
def keep_query(context: template.Context, **changes: object) -> str:
    """This page's address with parameters changed: `{% keep_query period="qtd" page=None %}`."""
    request = context.get("request")
    return _query(request.GET if request is not None else QueryDict(), **changes)


def _query(query: QueryDict, **changes: object) -> str:
    changed = query.copy()
    for name, value in changes.items():
        if value is None or value == "":
            changed.pop(name, None)
        else:
            changed[name] = str(value)
    return f"?{changed.urlencode()}" if changed else "?"
