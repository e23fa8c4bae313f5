"""Read settings from environment variables and fail loudly on a wrong value."""

import os
from urllib.parse import parse_qsl, unquote, urlsplit


class WrongSetting(ValueError):
    """An environment variable holds a value the product can't use."""


def text(name: str, default: str = "") -> str:
    return os.environ.get(name, "").strip() or default


def flag(name: str, default: bool = False) -> bool:
    """1/true/yes/on or 0/false/no/off; anything else raises WrongSetting."""
    value = text(name).lower()
    if not value:
        return default
    if value in {"1", "true", "yes", "on"}:
        return True
    if value in {"0", "false", "no", "off"}:
        return False
    raise WrongSetting(f"{name}={value!r}: write 1 or 0.")


def whole(name: str, default: int, *, low: int, high: int) -> int:
    value = text(name)
    if not value:
        return default
    try:
        number = int(value)
    except ValueError:
        raise WrongSetting(f"{name}={value!r}: write a whole number from {low} to {high}.") from None
    if not low <= number <= high:
        raise WrongSetting(f"{name}={value!r}: write a whole number from {low} to {high}.")
    return number


def words(name: str, default: str = "") -> list[str]:
    """Comma-separated values, blanks dropped."""
    return [word.strip() for word in text(name, default).split(",") if word.strip()]


def pairs(name: str) -> dict[str, str]:
    """Comma-separated `key=value` pairs."""
    found = [word.partition("=") for word in words(name)]
    if any(not (key and mark and value) for key, mark, value in found):
        raise WrongSetting(f"{name}={text(name)!r}: write key=value, several separated by commas.")
    return {key.strip(): value.strip() for key, _mark, value in found}


def database(name: str) -> dict[str, object]:
    """A postgresql:// URL as Django's DATABASES entry.

    Raises:
        WrongSetting: another scheme, or no database name.
    """
    value = text(name)
    if not value:
        return {"ENGINE": "django.db.backends.postgresql", "NAME": ""}
    parts = urlsplit(value)
    if parts.scheme not in {"postgres", "postgresql"}:
        raise WrongSetting(f"{name} must start with postgresql://; Postgres is the only database.")
    if not parts.path.strip("/"):
        raise WrongSetting(f"{name} names no database: postgresql://user:password@host:5432/salesops")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname or "",
        "PORT": str(parts.port or ""),
        "OPTIONS": dict(parse_qsl(parts.query)),
    }
