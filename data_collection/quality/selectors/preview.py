"""What a condition would find, before it becomes a rule."""

from dataclasses import dataclass
from datetime import date

from django.db import OperationalError, connection, transaction

from data_collection.quality.calc.conditions import parse_condition
from data_collection.quality.rules.base import Basis
from data_collection.quality.rules.custom import condition_query
from data_collection.quality.visibility import MODELS

EXAMPLES = 5
LONGEST_MS = 5_000
SAMPLE_ROWS = 5_000  # looked at for names of attributes


@dataclass(frozen=True, slots=True)
class Preview:
    found: int | None  # None: it took too long to count
    rows: int
    examples: tuple[str, ...]


def condition_preview(*, document: object, table: str, today: date, currency: str) -> Preview:
    """Rows the condition finds now, with a few of them.

    Raises:
        ConditionError: the condition cannot be read.
    """
    condition = condition_query(parse_condition(document, table), Basis(today, currency))
    rows = MODELS[table].objects.present().order_by()
    found = rows.filter(condition)
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT set_config('statement_timeout', %s, true)", [str(LONGEST_MS)])
            count = found.count()
            return Preview(count, rows.count(), tuple(str(row) for row in found.order_by("-pk")[:EXAMPLES]))
    except OperationalError:  # cancelled by the time limit
        return Preview(None, rows.count(), ())


def attribute_names(table: str) -> list[str]:
    """Names of attributes among the newest rows, so that a person need not remember them."""
    rows = MODELS[table].objects.order_by("-pk").values_list("attributes", flat=True)[:SAMPLE_ROWS]
    return sorted({str(name) for attributes in rows if isinstance(attributes, dict) for name in attributes})[:200]
