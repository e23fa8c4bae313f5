"""History of every row that changes pay, plan, quota, territory or rules, kept by Postgres triggers."""

from typing import TypeVar

import pghistory
from django.db import models

M = TypeVar("M", bound=type[models.Model])


def audited(model: M) -> M:
    """Class decorator: each insert, update and delete leaves a full copy of the row, also from bulk and raw SQL."""
    trackers = (
        pghistory.InsertEvent(),
        pghistory.UpdateEvent(),
        pghistory.DeleteEvent(),
    )  # they keep state: one set each
    return pghistory.track(*trackers)(model)
