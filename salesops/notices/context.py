"""The bell of every page: how many notices are unread, counted only when a template shows it."""

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from salesops.notices.models import Notice


def unread(request: HttpRequest) -> dict[str, object]:
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {"unread_notices": 0}
    return {"unread_notices": SimpleLazyObject(lambda: Notice.objects.visible_to(user).unread().count())}
