"""The KPIs as JSON or as a table: the same numbers as the pages.

`manage.py kpis --from 2026-01-01 --to 2026-04-01 --by team --kpi win_rate --json` prints
`{"from", "to", "currency", "by", "rows": [{"key", "label", "values": {name: {"value", "n", "reason", "unit"}}}]}`.
Dates are half-open: `--to` is the first day no longer in. Rates are shares (0.25), money is in the reporting
currency, `key` is the code of the rep, team, …, the first day of the month, or null for the one row without `--by`.
"""

import json
from argparse import ArgumentParser
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from data_collection.facts.services import facts_refresh
from data_collection.kpis.catalogue import CATALOGUE
from data_collection.kpis.filters import DIMENSIONS, between
from data_collection.kpis.selectors import GROUPINGS, KpiRow, KpiValue, kpi_values
from salesops.access.models import Role, User
from salesops.company.models import Company


def iso_day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise CommandError(f"“{text}” is no date; write it as 2026-07-31.") from None


class Command(BaseCommand):
    help = "Print KPIs over a range of days, for the whole company or as one person sees them."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--from", dest="start", required=True, metavar="DATE", help="first day, 2026-01-01")
        parser.add_argument("--to", dest="end", required=True, metavar="DATE", help="first day no longer in")
        parser.add_argument("--by", choices=GROUPINGS)
        parser.add_argument("--kpi", nargs="+", action="extend", metavar="NAME", help="only these; default all")
        parser.add_argument("--rollup", action="store_true", help="teams and territories with all below them")
        parser.add_argument("--user", metavar="EMAIL", help="as this person sees them; default the whole company")
        parser.add_argument("--json", action="store_true")
        for name in DIMENSIONS:
            parser.add_argument(f"--{name}", action="append", default=[], metavar="CODE", help=f"only this {name}")

    def handle(self, *args: Any, **options: Any) -> None:
        names = options["kpi"] or list(CATALOGUE)
        unknown = [name for name in names if name not in CATALOGUE]
        if unknown:
            raise CommandError(f"There is no KPI “{unknown[0]}”. Known: {', '.join(CATALOGUE)}.")
        start, end = iso_day(options["start"]), iso_day(options["end"])
        if end <= start:
            raise CommandError("--to must be later than --from.")
        chosen = {name: options[name] for name in DIMENSIONS if options[name]}
        filters = between(start, end, **chosen)
        if filters.errors:
            raise CommandError(" ".join(filters.errors))
        facts_refresh()
        try:
            rows = kpi_values(_reader(options["user"]), filters, names, options["by"], rollup=options["rollup"])
        except ValueError as error:
            raise CommandError(str(error)) from None
        currency = Company.get().reporting_currency
        if options["json"]:
            head = {"from": str(start), "to": str(end), "currency": currency, "by": options["by"]}
            self.stdout.write(json.dumps(head | {"rows": [_as_json(row) for row in rows]}, indent=2))
        else:
            self.stdout.write(_as_table(rows, names, currency))


def _reader(email: str | None) -> User:
    if email is None:
        return User(role=Role.VIEWER, email="the whole company")
    user = User.objects.filter(email__iexact=email).first()
    if user is None:
        raise CommandError(f"There is no user “{email}”.")
    return user


def _as_json(row: KpiRow) -> dict[str, Any]:
    return {"key": row.key, "label": row.label, "values": {name: _value(v) for name, v in row.values.items()}}


def _value(value: KpiValue) -> dict[str, Any]:
    number = None if value.value is None else float(value.value)
    if number is not None and number.is_integer():
        number = int(number)
    return {"value": number, "n": value.n, "reason": value.reason, "unit": value.unit}


def _as_table(rows: list[KpiRow], names: list[str], currency: str) -> str:
    """One line per row and KPI, in columns."""
    width = max([len(name) for name in names], default=0)
    lines = [f"Money in {currency}"]
    for row in rows:
        lines.append(f"\n{row.label}")
        for name in names:
            value = row.values[name]
            shown = f"- ({value.reason})" if value.value is None else f"{value.value:,.4f}".rstrip("0").rstrip(".")
            n = "" if value.n is None else f"  n = {value.n:,}"
            lines.append(f"  {name:<{width}}  {shown}{n}")
    return "\n".join(lines)
