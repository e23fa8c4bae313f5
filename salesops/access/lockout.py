"""Whom a failed login counts against."""

from django.http import HttpRequest


def login_name(request: HttpRequest | None, credentials: dict | None) -> str:
    """The e-mail address typed, lower case; the login form and the API name the field differently."""
    typed = (credentials or {}).get("email") or (credentials or {}).get("username")
    if not typed and request is not None:
        typed = request.POST.get("login")
    return str(typed or "").strip().lower()[:255]
