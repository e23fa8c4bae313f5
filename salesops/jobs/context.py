"""The freshness stamp of every page, read only when a template shows it."""

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from salesops.jobs.selectors import freshness


def fresh(request: HttpRequest) -> dict[str, object]:
    user = getattr(request, "user", None)
    return {"freshness": SimpleLazyObject(freshness) if user is not None and user.is_authenticated else None}
