"""Gathers the ground floor's Celery tasks."""

from salesops.jobs.tasks import sweep, tick, work
from salesops.notices.tasks import notices_tidy, relay

__all__ = ["notices_tidy", "relay", "sweep", "tick", "work"]
