"""Gathers the ground floor's Celery tasks."""

from salesops.jobs.tasks import sweep, tick, work

__all__ = ["sweep", "tick", "work"]
