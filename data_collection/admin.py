"""Gathers the admin of the stage's suites."""

from data_collection.crm import admin as crm
from data_collection.imports import admin as imports
from data_collection.kpis import admin as kpis
from data_collection.organisation import admin as organisation
from data_collection.organisation import login_admin as logins
from data_collection.privacy import admin as privacy
from data_collection.quality import admin as quality

__all__ = ["crm", "imports", "kpis", "logins", "organisation", "privacy", "quality"]
