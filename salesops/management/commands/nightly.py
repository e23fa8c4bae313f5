"""Run the night now."""

import time
from argparse import ArgumentParser
from datetime import date

from django.core.management.base import BaseCommand, CommandError

from salesops.company.selectors import company_today
from salesops.jobs.models import JobRun, JobState
from salesops.jobs.nightly import nightly_start
from salesops.jobs.services import job_work


class Command(BaseCommand):
    help = "Run every nightly step, here or (--enqueue) on the workers."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--as-of", type=date.fromisoformat, help="the day the night belongs to; default today")
        parser.add_argument("--enqueue", action="store_true", help="leave the work to the running workers")
        parser.add_argument("--wait", action="store_true", help="with --enqueue: show progress until it has ended")

    def handle(self, *args: object, **options: object) -> None:
        night = nightly_start(as_of=options["as_of"] or company_today())
        if options["enqueue"] and not options["wait"]:
            self.stdout.write(f"Queued: {night.title} (job {night.pk}).")
            return
        night = self._wait(night) if options["enqueue"] else job_work(night, on_progress=self._show)
        if night.state != JobState.SUCCEEDED:
            raise CommandError(f"{night.title}: {night.error or night.get_state_display()}")
        self.stdout.write(f"{night.title}: done in {night.seconds:.1f} s.")

    def _show(self, row: JobRun) -> None:
        counts = f", {row.rows_out:,} rows" if row.rows_out is not None else ""
        self.stdout.write(
            f"  {row.title}: {row.get_state_display()} in {row.seconds or 0:.1f} s{counts} {row.error}".rstrip()
        )

    def _wait(self, night: JobRun) -> JobRun:
        shown: set[int] = set()
        while True:
            ended = night.children.filter(ended_at__isnull=False).exclude(pk__in=shown).order_by("ended_at")
            for row in ended:
                shown.add(row.pk)
                self._show(row)
            night.refresh_from_db()
            if not night.is_live:
                return night
            time.sleep(0.5)
