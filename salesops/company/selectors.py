"""Reads of the company row that everything else asks for."""

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
