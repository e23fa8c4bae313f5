"""Reads for duplicates: the money behind rows, records side by side."""

from decimal import Decimal

from django.db import connection


def money_touched(kind: str, rows: list[int], currency: str) -> dict[int, Decimal]:
    """Row id -> sum of its open and won deals in the reporting currency, at the rate of each deal's close date.

    Deals in a currency without a rate are left out.
    """
    column = {"account": "account_id", "contact": "contact_id", "lead": "lead_id"}[kind]
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT o.{column}, sum(round(o.amount * CASE WHEN o.currency = %(currency)s THEN 1 ELSE "
            "(SELECT x.rate FROM salesops_fxrate x WHERE x.currency = o.currency "
            "AND x.day <= coalesce(o.close_date, o.created_on) ORDER BY x.day DESC LIMIT 1) END, 2)) "
            f"FROM data_collection_opportunity o WHERE o.{column} = ANY(%(rows)s) AND o.deleted_at IS NULL "
            "AND o.status <> 'lost' GROUP BY 1",
            {"currency": currency, "rows": rows},
        )
        return {row: money for row, money in cursor.fetchall() if money is not None}
