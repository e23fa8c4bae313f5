"""What every page of the frame needs; computed only when a template asks for it."""

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from salesops.frame import navigation
from salesops.frame.theme import theme_of


def frame(request: HttpRequest) -> dict[str, Any]:
    """`frame.groups`, `frame.phone`, `frame.home`, `frame.theme`."""
    user = getattr(request, "user", None)
    signed_in = user is not None and user.is_authenticated
    return {
        "frame": {
            "groups": SimpleLazyObject(lambda: navigation.groups(request) if signed_in else []),
            "phone": SimpleLazyObject(lambda: navigation.phone_bar(request) if signed_in else []),
            "home": navigation.url_of("home") or "/",
            "profile": navigation.url_of("profile"),
            "theme": theme_of(request),
        },
    }
