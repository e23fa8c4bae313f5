"""Gathers the job handlers of the stage's suites."""

from demand_planning.statistical import tasks  # noqa: F401  (registers on import)
