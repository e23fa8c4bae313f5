"""Gathers the addresses of the stage's suites."""

from data_collection.connectors import urls as connectors
from data_collection.dashboards import urls as dashboards
from data_collection.duplicates import urls as duplicates
from data_collection.imports import urls as imports
from data_collection.privacy import urls as privacy
from data_collection.quality import urls as quality
from data_collection.webhooks import urls as webhooks

urlpatterns: list = [
    *connectors.urlpatterns,
    *dashboards.urlpatterns,
    *duplicates.urlpatterns,
    *imports.urlpatterns,
    *privacy.urlpatterns,
    *quality.urlpatterns,
    *webhooks.urlpatterns,
]
