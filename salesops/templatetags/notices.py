"""The table of choices on the profile page."""

from collections.abc import Mapping
from typing import Any

from django import template

from salesops.jobs.registry import load_kinds
from salesops.notices.selectors import choices_of, slack_reaches_people

register = template.Library()


@register.inclusion_tag("salesops/notices/_choices.html", takes_context=True)
def notice_choices(context: Mapping[str, Any]) -> dict[str, Any]:
    """By which ways the person wants each kind of notice: `{% notice_choices %}`."""
    load_kinds()
    request = context["request"]
    return {"choices": choices_of(request.user), "slack": slack_reaches_people(), "csrf_token": context["csrf_token"]}
