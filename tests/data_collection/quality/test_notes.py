"""The weekly note: what it says, to whom, and never twice for the same week."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.test import Client

from data_collection.models import Opportunity, Rep
from data_collection.quality.services import notes
from data_collection.quality.services.checking import quality_check
from data_collection.quality.services.notes import note_of, notes_send
from salesops.company.selectors import company_today
from salesops.jobs.models import ScheduleSlot
from salesops.models import User
from salesops.notices.models import Notice, NoticeChoice, Outbox
from tests.builders import make_opportunity

MONDAY = date(2026, 3, 2)
RULES = ["open-past-close-date"]


@pytest.fixture
def dirty(rep: Rep, rep_user: User, outsider_rep: Rep, manager: User, outsider_manager: User) -> None:
    for owner, name, amount in ((rep, "Small", "100"), (rep, "Large", "90000"), (outsider_rep, "Odd deal", "2000")):
        make_opportunity(name, owner=owner, close_date=date(2026, 2, 1), amount=amount)
    quality_check(day=MONDAY, names=RULES)


def test_a_rep_is_told_own_findings_most_money_first(dirty: None, rep_user: User) -> None:
    note = note_of(rep_user, MONDAY)
    assert note is not None and note.subject == "Your CRM data: 2 findings to put right"
    assert note.text.splitlines() == [
        "First to put right:",
        "- Large (90,000 USD): Close date has passed",
        "- Small (100 USD): Close date has passed",
    ]


def test_a_manager_is_told_the_team_by_person(dirty: None, manager: User) -> None:
    note = note_of(manager, MONDAY)
    assert note is not None and note.subject == "Your team's data: 2 findings"
    assert "- Rui Rocha: 2 findings, 90,100 USD" in note.text and "Odd" not in note.text


def test_what_was_fixed_is_said_and_nothing_says_nothing(dirty: None, rep_user: User) -> None:
    Opportunity.objects.filter(name="Large").update(close_date=date(2026, 4, 1))
    quality_check(day=date(2026, 3, 4), names=RULES)
    note = note_of(rep_user, date(2026, 3, 9))
    assert note is not None and note.text.startswith("You fixed 1 finding in the last week.")
    Opportunity.objects.update(close_date=date(2026, 4, 1))
    quality_check(day=date(2026, 3, 5), names=RULES)
    note = note_of(rep_user, date(2026, 3, 9))
    assert note is not None and "Nothing is left to put right" in note.text
    assert note_of(rep_user, date(2026, 3, 12)) is None  # fixed more than a week ago


def test_once_a_week_on_the_weekday_or_the_first_night_after(dirty: None, settings: Any) -> None:
    settings.QUALITY_NOTE_WEEKDAY = 3
    assert notes_send(today=MONDAY) == 0 and notes_send(today=date(2026, 3, 3)) == 0
    assert notes_send(today=date(2026, 3, 5)) == 4  # Wednesday's night was missed
    assert notes_send(today=date(2026, 3, 5)) == notes_send(today=date(2026, 3, 6)) == 0
    assert Notice.objects.filter(kind=notes.KIND).count() == 4
    assert notes_send(today=date(2026, 3, 11)) == 4
    settings.QUALITY_NOTE_WEEKDAY = 0
    assert notes_send(today=date(2026, 3, 18)) == 0


def test_cut_off_and_run_again_tells_nobody_twice(dirty: None, monkeypatch: pytest.MonkeyPatch) -> None:
    send, calls = notes.note_send, []

    def dies_at_the_third(**given: object) -> bool:
        calls.append(given)
        if len(calls) == 3:
            raise RuntimeError("killed")
        return send(**given)

    monkeypatch.setattr(notes, "note_send", dies_at_the_third)
    with pytest.raises(RuntimeError):
        notes_send(today=MONDAY)
    assert Notice.objects.count() == 2 and not ScheduleSlot.objects.filter(schedule=notes.KIND).exists()
    assert notes_send(today=MONDAY) == 2
    assert Notice.objects.count() == 4 == Notice.objects.values("user").distinct().count()


def test_switched_off_is_not_sent(dirty: None, rep_user: User) -> None:
    NoticeChoice.objects.create(user=rep_user, kind=notes.KIND, in_app=False, email=False, slack=False)
    notes_send(today=MONDAY)
    assert not Notice.objects.visible_to(rep_user).exists()
    assert not Outbox.objects.filter(notice__user=rep_user).exists() and Outbox.objects.count() == 3


def test_operations_try_it_on_themselves(
    dirty: None, client_of: Callable, analyst: User, rep_user: User, outsider: User
) -> None:
    quality_check(day=company_today(), names=RULES)
    client: Client = client_of(analyst)
    url = f"/collect/quality/note/?to={rep_user.pk}"
    assert "Large (90,000 USD)" in client.get(url).content.decode()
    client.post(url)
    notice = Notice.objects.get()
    assert notice.user == analyst and "Large" in notice.text
    assert client.get("/collect/quality/note/?to=999999").status_code == 404
    mine = client_of(rep_user)
    assert "Odd" not in mine.get(f"/collect/quality/note/?to={outsider.pk}").content.decode()
    assert mine.post("/collect/quality/note/").status_code == 403
