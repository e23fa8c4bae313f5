"""`manage.py demo_company`: make the demo company and load it, or only write its files."""

from argparse import ArgumentParser, ArgumentTypeError
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from data_collection.demo.calc.sizes import SIZES
from data_collection.demo.services import DemoRefused, Recipe, demo_load, demo_recipe, demo_write


def a_day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(f"“{text}” is no day; write it like 2026-03-31.") from None


class Command(BaseCommand):
    help = "Fill the database with an invented company of 36 months, or write its CSV files."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--seed", type=int, default=7, help="Another number, another company (default 7).")
        parser.add_argument("--size", choices=sorted(SIZES), default="small", help="Default: small.")
        parser.add_argument(
            "--until", type=a_day, metavar="DATE", help="Last day with data (default today, or the day loaded before)."
        )
        parser.add_argument("--out", type=Path, metavar="FOLDER", help="Only write the CSV files there.")
        parser.add_argument("--force", action="store_true", help="Also where other data is.")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["seed"] < 0:
            raise CommandError("--seed must not be negative.", returncode=2)
        today = timezone.localdate()
        if options["out"]:
            recipe = Recipe(options["seed"], options["size"], options["until"] or today)
            demo_write(recipe=recipe, folder=options["out"], say=self.say)
            self.say(f"written to {options['out']}")
            return
        recipe = demo_recipe(seed=options["seed"], size=options["size"], until=options["until"], today=today)
        try:
            demo_load(recipe=recipe, force=options["force"], say=self.say)
        except DemoRefused as why:
            raise CommandError(str(why)) from None
        self.stdout.write("manage.py demo_logins shows who can log in.")

    def say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()
