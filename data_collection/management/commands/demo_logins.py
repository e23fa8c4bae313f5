"""`manage.py demo_logins`: who can log in to the demo company; prints nothing where there is none."""

from typing import Any

from django.core.management.base import BaseCommand

from data_collection.demo.logins import logins_table


class Command(BaseCommand):
    help = "Show the logins of the demo company, if it is loaded."

    def handle(self, *args: Any, **options: Any) -> None:
        if table := logins_table():
            self.stdout.write(table)
