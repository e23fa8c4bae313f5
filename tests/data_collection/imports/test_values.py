"""Text of a cell -> value of a field, through a real import: formats, rounding, and what is no value."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from data_collection.models import Account, Activity, OrderLine
from tests.data_collection.imports.conftest import counts, reasons, run_import

pytestmark = pytest.mark.django_db


def order_mapping(**source: Any) -> dict[str, Any]:
    fields = {"external_id": "id", "order_id": "id", "ordered_on": "day", "quantity": "quantity", "amount": "amount"}
    entry = {"file": "orders.csv", "tables": [{"table": "order_line", "fields": fields}]}
    return {"system": "test", "files": [entry], "formats": source}


def read_amount(folder: Callable[..., Path], text: str, **formats: Any) -> Decimal | str:
    """The amount a text is read as, or the reason why not."""
    quoted = '"' + text.replace('"', '""') + '"'
    batch = run_import(folder(orders=f"id,day,quantity,amount\n1,2026-01-31,1,{quoted}\n"), order_mapping(**formats))
    found = reasons(batch)
    return found[0][3] if found else OrderLine.objects.get().amount


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("731.9399999999999", "731.9400"),
        ("0.00005", "0.0001"),  # half away from zero
        ("-0.00005", "-0.0001"),
        ("2.00015", "2.0002"),
        ("1,234,567.5", "1234567.5"),
        ("$ 1,234.50", "1234.5"),
        ("(12.50)", "-12.5"),
        ("USD 7", "7"),
        ("7 €", "7"),
        ("1\u00a0234.5", "1234.5"),
        ("+3", "3"),
        ("1e3", "1000"),
        ("2.5E-1", "0.25"),
        ("9999999999999999.9999", "9999999999999999.9999"),
    ],
)
def test_numbers_with_a_point(folder: Callable[..., Path], text: str, value: str) -> None:
    assert read_amount(folder, text) == Decimal(value)


@pytest.mark.parametrize(
    ("text", "value"),
    [("1 234,56", "1234.56"), ("1.234,56", "1234.56"), ("-0,5", "-0.5"), ("1.000.000", "1000000"), ("12,5 €", "12.5")],
)
def test_numbers_with_a_comma(folder: Callable[..., Path], text: str, value: str) -> None:
    assert read_amount(folder, text, decimal=",") == Decimal(value)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("n/a", "is not a number"),
        ("1,23", "is not a number"),
        ("12.34.56", "is not a number"),
        ("NaN", "is not a number"),
        ("Infinity", "is not a number"),
        ("0x1F", "is not a number"),
        ("1_000", "is not a number"),
        ("=1+1", "is not a number"),
        ("10000000000000000", "has more than 16 digits before the point"),
        ("", "is empty but required"),
        ("  \u00a0 ", "is empty but required"),
    ],
)
def test_what_is_no_amount(folder: Callable[..., Path], text: str, reason: str) -> None:
    assert read_amount(folder, text) == reason


@pytest.mark.parametrize(
    ("text", "order", "day"),
    [
        ("2026-03-31", "iso", date(2026, 3, 31)),
        ("2026-3-1", "iso", date(2026, 3, 1)),
        ("2026-03-31 23:30", "iso", date(2026, 3, 31)),
        ("2026-03-31T23:30:00.000Z", "iso", date(2026, 3, 31)),
        ("31.12.2026", "dmy", date(2026, 12, 31)),
        ("3/4/2026", "dmy", date(2026, 4, 3)),
        ("3/4/2026", "mdy", date(2026, 3, 4)),
        ("12/31/2026 11:59 PM", "mdy", date(2026, 12, 31)),
        ("2026/03/31", "ymd", date(2026, 3, 31)),
        ("46022", "excel", date(2025, 12, 31)),
        ("2024-02-29", "iso", date(2024, 2, 29)),
    ],
)
def test_days(folder: Callable[..., Path], text: str, order: str, day: date) -> None:
    batch = run_import(folder(orders=f"id,day,quantity,amount\n1,{text},1,1\n"), order_mapping(date=order))
    assert reasons(batch) == []
    assert OrderLine.objects.get().ordered_on == day


@pytest.mark.parametrize(
    "text", ["2017-02-30", "31/31/2017", "2026-13-01", "2025-02-29", "today", "infinity", "20260331", "0000-00-00", "x"]
)
def test_days_the_calendar_does_not_have(folder: Callable[..., Path], text: str) -> None:
    batch = run_import(folder(orders=f"id,day,quantity,amount\n1,{text},1,1\n"), order_mapping())
    assert reasons(batch) == [(2, "ordered_on", text, "is no date (YYYY-MM-DD)")]
    assert counts(batch, "order_line") == (1, 0, 0, 0, 1)


def test_the_day_of_an_instant_is_that_of_the_company_zone(folder: Callable[..., Path]) -> None:
    place = folder(orders="id,day,quantity,amount\n1,2026-03-31T20:00:00Z,1,1\n")
    run_import(place, order_mapping(time_zone="Asia/Bangkok"))
    assert OrderLine.objects.get().ordered_on == date(2026, 4, 1)  # 03:00 there


def test_instants_and_their_zones(folder: Callable[..., Path]) -> None:
    place = folder(
        activity="external_id,kind,day,at\n"
        "1,call,2026-03-31,2026-03-31T09:15:00+07:00\n"
        "2,call,2026-03-31,2026-03-31T09:15:00Z\n"
        "3,call,2026-03-31,2026-03-31 09:15\n"
        "4,call,2026-03-31,2026-03-31T25:15:00Z\n"
    )
    batch = run_import(place)
    found = dict(Activity.objects.values_list("external_id", "at"))
    assert found == {
        "1": datetime(2026, 3, 31, 2, 15, tzinfo=UTC),
        "2": datetime(2026, 3, 31, 9, 15, tzinfo=UTC),
        "3": datetime(2026, 3, 31, 9, 15, tzinfo=UTC),
    }
    assert [(row, field) for row, field, _v, _r in reasons(batch)] == [(5, "at")]


def test_texts_stay_texts(folder: Callable[..., Path]) -> None:
    """Leading zeros, n/a, NULL, quoted empties and formulas are text, not guesses."""
    place = folder(
        account="external_id,name,postal_code,industry,city,Unknown column\n"
        '007,n/a,01234,NULL,"",=1+1\n  008 , NaN ,1,,x,\n'
    )
    run_import(place)
    first, second = Account.objects.order_by("external_id")
    assert (first.external_id, first.name, first.postal_code, first.industry, first.city) == (
        "007",
        "n/a",
        "01234",
        "NULL",
        "",
    )
    assert first.attributes == {"Unknown column": "=1+1"}
    assert (second.external_id, second.name, second.attributes) == ("008", "NaN", {})


def test_percent_values_words_and_scale(folder: Callable[..., Path]) -> None:
    fields = {
        "external_id": "id",
        "name": {"template": "{first} {last}"},
        "annual_revenue": {"column": "revenue", "multiply": 1000000},
        "industry": {"column": "branch", "values": {"IT": "software"}, "default": "other"},
        "employees": {"column": "people", "empty": ["-", "n/a"]},
    }
    mapping = {"system": "t", "files": [{"file": "a.csv", "tables": [{"table": "account", "fields": fields}]}]}
    run_import(folder(a="id,first,last,revenue,branch,people\n1,A,B,1100.04,it,n/a\n2,C,D,,,12\n"), mapping)
    one, two = Account.objects.order_by("external_id")
    assert (one.name, one.annual_revenue, one.industry, one.employees) == (
        "A B",
        Decimal("1100040000"),
        "software",
        None,
    )
    assert (two.annual_revenue, two.industry, two.employees) == (None, "other", 12)
