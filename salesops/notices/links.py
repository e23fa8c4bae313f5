"""Whole addresses of our pages, for messages that leave the product."""

from django.conf import settings


def whole_url(path: str) -> str:
    """`/me/` -> `https://sales.example/me/`; empty while nobody said under which address people reach us."""
    if path.startswith(("https://", "http://")):
        return path
    return f"{settings.SITE_URL.rstrip('/')}{path}" if settings.SITE_URL and path else ""
