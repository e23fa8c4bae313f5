"""Gathers the models of the stage's suites."""

from demand_planning.statistical.models import ForecastPoint, ForecastRun, ForecastSeries

__all__ = ["ForecastPoint", "ForecastRun", "ForecastSeries"]
