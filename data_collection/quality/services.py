from datetime import date

from django.db import transaction

from data_collection.quality.models import QualityCount
from data_collection.quality.selectors import findings


def quality_count(*, day: date) -> int:
    """Store what each rule finds in the whole company on `day`; the day's earlier counts are replaced."""
    rows = [
        QualityCount(day=day, rule=f.rule.name, broken=f.broken, checked=f.checked, money=f.money)
        for f in findings(None, day)
    ]
    with transaction.atomic():
        QualityCount.objects.bulk_create(
            rows,
            update_conflicts=True,
            unique_fields=["day", "rule"],
            update_fields=["broken", "checked", "money"],
        )
    return sum(row.broken for row in rows)
