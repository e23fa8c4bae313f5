"""Gathers the models of the ground floor's suites."""

from salesops.access.models import User
from salesops.company.models import Company, FxRate, Holiday
from salesops.jobs.models import JobRun, ScheduleSlot
from salesops.notices.models import Endpoint, Notice, NoticeChoice, Outbox, SlackMember

__all__ = [
    "Company",
    "Endpoint",
    "FxRate",
    "Holiday",
    "JobRun",
    "Notice",
    "NoticeChoice",
    "Outbox",
    "ScheduleSlot",
    "SlackMember",
    "User",
]
