"""Gathers the admin of the stage's suites."""

from demand_planning.statistical import admin  # noqa: F401  (registers on import)
