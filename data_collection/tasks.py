"""Gathers the job handlers of the stage's suites."""

from data_collection.connectors import tasks as connectors_tasks
from data_collection.duplicates import tasks as duplicates_tasks
from data_collection.facts import tasks as facts_tasks
from data_collection.imports import tasks as imports_tasks
from data_collection.privacy import tasks as privacy_tasks
from data_collection.quality import tasks as quality_tasks
from data_collection.webhooks import tasks as webhooks_tasks

__all__ = [
    "connectors_tasks",
    "duplicates_tasks",
    "facts_tasks",
    "imports_tasks",
    "privacy_tasks",
    "quality_tasks",
    "webhooks_tasks",
]
