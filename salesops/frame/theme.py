"""Light, dark or like the device: the cookie of this browser first, then the person's setting."""

from dataclasses import dataclass

from django.http import HttpRequest

COOKIE = "theme"
CHOICES = ("auto", "light", "dark")
YEAR = 365 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Theme:
    """The choice, and what the server can already say about it."""

    choice: str

    @property
    def known(self) -> str:
        """Value of data-bs-theme sent by the server; for "auto" a tiny script corrects it before the first paint."""
        return "dark" if self.choice == "dark" else "light"


def theme_of(request: HttpRequest) -> Theme:
    """The theme to draw this page in."""
    choice = request.COOKIES.get(COOKIE, "")
    if choice not in CHOICES:
        choice = str(getattr(getattr(request, "user", None), "theme", "auto"))
    return Theme(choice if choice in CHOICES else "auto")
