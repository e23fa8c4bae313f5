"""Reads of the company row that everything else asks for."""

import time
from datetime import date, datetime

from django.utils import timezone

from salesops.company.models import Company
from salesops.lib.periods import Calendar


def company_today(now: datetime | None = None, company: Company | None = None) -> date:
    """Today in the company's time zone."""
    return (now or timezone.now()).astimezone((company or Company.get()).zone).date()


def fiscal_calendar(company: Company | None = None) -> Calendar:
    company = company or Company.get()
    return Calendar(first_month=company.fiscal_first_month, week_start=company.week_first_day)


_ZONE_SECONDS = 30
_zone: tuple[float, str] | None = None


def company_zone_name() -> str:
    """The company's time zone for showing times; a change is seen within half a minute, other reads cost nothing."""
    global _zone
    now = time.monotonic()
    if _zone is None or now - _zone[0] > _ZONE_SECONDS:
        _zone = (now, Company.get().time_zone)
    return _zone[1]
