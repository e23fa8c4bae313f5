"""Forecast the series of a CSV file."""

import sys
from argparse import ArgumentParser, ArgumentTypeError
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from demand_planning.statistical.calc.buckets import FREQUENCIES, Frequency
from demand_planning.statistical.files import (
    BadRow,
    Regular,
    forecast_all,
    output_lines,
    read_series,
    regular,
    write_lines,
)

MOST_NAMED = 20  # bad rows listed one by one


def levels(text: str) -> list[int]:
    """80,95 as numbers in ascending order."""
    try:
        found = sorted({int(part) for part in text.split(",")})
    except ValueError:
        raise ArgumentTypeError(f"“{text}”: write levels like 80,95") from None
    if not found or not all(1 <= level <= 99 for level in found):
        raise ArgumentTypeError(f"“{text}”: a level is a whole number from 1 to 99")
    return found


def horizon(text: str) -> int:
    if not (text.isascii() and text.isdecimal()) or not 1 <= int(text) <= 400:
        raise ArgumentTypeError(f"“{text}”: the horizon is a number of periods from 1 to 400")
    return int(text)


class Command(BaseCommand):
    help = (
        "Forecast the series of a CSV file (columns series, date, value) with ranges; no database is used. "
        "The answer has the columns series, date, forecast, lo_80, hi_80, lo_95, hi_95."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--in", dest="source", required=True, metavar="FILE", help="CSV file, - for standard input")
        parser.add_argument("--out", dest="target", default="-", metavar="FILE", help="CSV file, - for standard output")
        parser.add_argument("--freq", choices=sorted(FREQUENCIES), default="M", help="day, week, month or quarter")
        parser.add_argument("--horizon", type=horizon, default=18, help="periods to forecast")
        parser.add_argument("--levels", type=levels, default=[80, 95], help="levels of the ranges, like 80,95")
        parser.add_argument(
            "--missing",
            choices=["fill", "zero", "refuse"],
            default="fill",
            help="a period without a value: on a line between its neighbours, 0, or an error",
        )
        parser.add_argument("--skip-bad", action="store_true", help="leave bad rows out instead of stopping")

    def handle(self, **options: Any) -> None:
        frequency = FREQUENCIES[options["freq"]]
        series = self._read(options, frequency)
        self.stderr.write(f"{len(series)} series, {sum(len(one.values) for one in series)} values")
        fitted = forecast_all(series, frequency, options["horizon"])
        lines = output_lines(series, fitted, frequency, options["levels"])
        try:
            with _opened(options["target"], "w") as target:
                count = write_lines(target, lines)
        except BrokenPipeError:
            sys.stderr.close()  # the reader of the pipe has gone; say nothing on the way out
            return
        except OSError as refused:
            raise CommandError(f"{options['target']} can't be written: {refused.strerror}") from None
        self.stderr.write(f"{count} forecasts written")

    def _read(self, options: dict[str, Any], frequency: Frequency) -> list[Regular]:
        """Regular series of the input; bad rows and gaps are named, and stop the run where asked."""
        try:
            with _opened(options["source"], "r") as source:
                observed, bad = read_series(source)
        except OSError as refused:
            raise CommandError(f"{options['source']} can't be read: {refused.strerror}") from None
        except UnicodeDecodeError:
            raise CommandError(f"{options['source']} is not UTF-8 text. Save it as CSV UTF-8.") from None
        except ValueError as refused:
            raise CommandError(str(refused)) from None
        series = []
        for one in observed:
            found, refused_rows = regular(one, frequency, zeros=options["missing"] == "zero")
            bad += refused_rows
            if found is None:
                self.stderr.write(f"{one.name}: no value at all, left out")
            else:
                series.append(found)
        self._report(bad, stop=not options["skip_bad"])
        self._report_gaps(series, options["missing"], frequency)
        if not series:
            raise CommandError("No series is left to forecast.")
        return series

    def _report(self, bad: list[BadRow], *, stop: bool) -> None:
        bad.sort(key=lambda one: one.row)
        for one in bad[:MOST_NAMED]:
            self.stderr.write(str(one))
        if len(bad) > MOST_NAMED:
            self.stderr.write(f"... and {len(bad) - MOST_NAMED} more")
        if bad and stop:
            raise CommandError(f"{len(bad)} bad rows; nothing was written. Correct them, or give --skip-bad.")

    def _report_gaps(self, series: list[Regular], missing: str, frequency: Frequency) -> None:
        how = {"fill": "filled on a line between the neighbours", "zero": "counted as 0", "refuse": "missing"}[missing]
        gaps = [one for one in series if one.filled]
        for one in gaps[:MOST_NAMED]:
            named = ", ".join(one.filled[:6]) + (", ..." if len(one.filled) > 6 else "")
            self.stderr.write(f"{one.name}: {len(one.filled)} {frequency.name}s without a value {how}: {named}")
        if len(gaps) > MOST_NAMED:
            self.stderr.write(f"... and {len(gaps) - MOST_NAMED} more series with gaps")
        if gaps and missing == "refuse":
            raise CommandError(f"{len(gaps)} series have gaps; nothing was written. Give --missing fill or zero.")


def _opened(name: str, mode: str) -> Any:
    if name == "-":
        return nullcontext(sys.stdin if mode == "r" else sys.stdout)
    return Path(name).open(mode, encoding="utf-8", newline="")
