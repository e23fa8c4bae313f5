"""Bulk changes of the admin: choose rows, say what, see the effect, then do it.

The preview does the change inside a transaction and takes it back, so it shows what will happen, with
the same refusals. Rows that can't be changed are left out by name; the others go in together.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

Apply = Callable[[models.Model, dict[str, Any]], str]


@dataclass(frozen=True, slots=True)
class Effect:
    """What happens to one row."""

    row: str
    words: str  # what changes, or why it can't
    refused: bool


class _TakeBack(Exception):
    """Ends the preview's transaction."""


def bulk_action(name: str, title: str, form_class: type[forms.Form], apply: Apply) -> Callable:
    """An admin action with a page between: `apply(row, form data)` does one row and says what it did.

    `apply` raises ValidationError for what can't be done.
    """

    @admin.action(description=title, permissions=["change"])
    def action(
        model_admin: admin.ModelAdmin, request: HttpRequest, queryset: models.QuerySet
    ) -> TemplateResponse | None:
        step = request.POST.get("step", "ask")
        form = form_class(request.POST) if step in ("preview", "apply") else form_class()
        effects: list[Effect] = []
        if form.is_bound and form.is_valid():
            effects = run(queryset, form.cleaned_data, apply, keep=step == "apply")
            if step == "apply":
                report(model_admin, request, effects)
                return None
        context = {
            **model_admin.admin_site.each_context(request),
            "title": title,
            "subtitle": None,
            "opts": model_admin.opts,
            "form": form,
            "media": model_admin.media + form.media,
            "rows": queryset,
            "effects": effects,
            "possible": sum(not effect.refused for effect in effects),
            "action": name,
            "checkbox": ACTION_CHECKBOX_NAME,
        }
        return TemplateResponse(request, "admin/bulk_edit.html", context)

    action.__name__ = name
    return action


def run(rows: models.QuerySet, data: dict[str, Any], apply: Apply, *, keep: bool) -> list[Effect]:
    """Apply to every row; with `keep` False everything is taken back afterwards."""
    effects: list[Effect] = []
    try:
        with transaction.atomic():
            for row in rows.order_by("pk"):
                effects.append(_one(row, data, apply))
            if not keep:
                raise _TakeBack
    except _TakeBack:
        pass
    return effects


def _one(row: models.Model, data: dict[str, Any], apply: Apply) -> Effect:
    try:
        with transaction.atomic():
            return Effect(str(row), apply(row, data), refused=False)
    except ValidationError as error:
        return Effect(str(row), " ".join(error.messages), refused=True)


def report(model_admin: admin.ModelAdmin, request: HttpRequest, effects: list[Effect]) -> None:
    done = [effect for effect in effects if not effect.refused]
    if done:
        words = ngettext("%(count)d row changed.", "%(count)d rows changed.", len(done)) % {"count": len(done)}
        model_admin.message_user(request, words, messages.SUCCESS)
    for effect in effects:
        if effect.refused:
            words = _("%(row)s was left as it is: %(why)s") % {"row": effect.row, "why": effect.words}
            model_admin.message_user(request, words, messages.WARNING)
