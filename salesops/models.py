"""Gathers the models of the ground floor's suites."""

from salesops.access.models import User
from salesops.company.models import Company, FxRate, Holiday
from salesops.jobs.models import JobRun, ScheduleSlot

__all__ = ["Company", "FxRate", "Holiday", "JobRun", "ScheduleSlot", "User"]
