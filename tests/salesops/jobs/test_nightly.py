"""The night starts once per slot, however many beats tick; a missed night is caught up."""

from datetime import UTC, date, datetime

import pytest

from salesops.jobs import nightly
from salesops.jobs.models import JobRun, ScheduleSlot
from salesops.jobs.nightly import nightly_slot, nightly_start, nightly_step, nightly_tick
from salesops.jobs.registry import KINDS
from salesops.models import Company

pytestmark = pytest.mark.django_db


def test_slot_follows_the_companys_zone_across_a_clock_change(company: Company, settings: object) -> None:
    """02:00 in Berlin is 01:00 UTC in winter, 00:00 UTC in summer (clocks go back on 25 October 2026)."""
    settings.NIGHTLY_HOUR = 2
    company.time_zone = "Europe/Berlin"
    company.save()
    assert nightly_slot(datetime(2026, 11, 23, 12, tzinfo=UTC)).astimezone(UTC) == datetime(2026, 11, 23, 1, tzinfo=UTC)
    assert nightly_slot(datetime(2026, 7, 1, 12, tzinfo=UTC)).astimezone(UTC) == datetime(2026, 7, 1, 0, tzinfo=UTC)
    before = nightly_slot(datetime(2026, 11, 23, 0, 30, tzinfo=UTC))
    assert before.astimezone(UTC) == datetime(2026, 11, 22, 1, tzinfo=UTC)


def test_many_ticks_start_one_night(company: Company) -> None:
    now = datetime(2026, 11, 23, 12, tzinfo=UTC)
    first = nightly_tick(now=now)
    assert first is not None and first.params == {"as_of": "2026-11-23"}
    assert [nightly_tick(now=now) for _beat in range(5)] == [None] * 5
    assert JobRun.objects.filter(kind="nightly").count() == 1


def test_missed_nights_are_caught_up_by_one_run(company: Company) -> None:
    nightly_tick(now=datetime(2026, 11, 20, 12, tzinfo=UTC))
    JobRun.objects.update(state="succeeded")
    late = nightly_tick(now=datetime(2026, 11, 23, 12, tzinfo=UTC))
    assert late is not None and late.params == {"as_of": "2026-11-23"}
    assert ScheduleSlot.objects.count() == 2


def test_a_running_night_is_not_started_twice(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nightly, "STEPS", {})
    monkeypatch.setattr(nightly, "load_kinds", lambda: None)
    nightly_step("a-step", title="A step")(lambda job: None)
    first = nightly_start(as_of=date(2026, 11, 23))
    assert first.is_live
    assert nightly_start(as_of=date(2026, 11, 24)).pk == first.pk
    KINDS.pop("a-step")


def test_a_night_run_by_hand_since_the_planned_time_counts_for_it(company: Company) -> None:
    now = datetime(2026, 11, 23, 12, tzinfo=UTC)
    by_hand = JobRun.objects.create(kind="nightly", title="by hand", state="succeeded", created_at=now)
    assert nightly_tick(now=now) == by_hand
    assert JobRun.objects.filter(kind="nightly").count() == 1
