"""The ground floor: settings and what every stage uses."""

from salesops.celery import app as celery_app

__all__ = ["celery_app"]
