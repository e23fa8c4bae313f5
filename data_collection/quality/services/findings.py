"""What a person does with a finding: accept it with a reason, take that back, or say it is fixed in its system."""

from datetime import date

from django.db import transaction

from data_collection.quality.models import STANDING, FindingEvent, QualityFinding
from salesops.access.models import Role, User

State = QualityFinding.State
WORKERS = frozenset({Role.REP, Role.MANAGER, Role.OPS})


class FindingRefused(Exception):
    """This cannot be done with the finding; the text is for a person."""


def may_work(user: User) -> bool:
    """Whether this person may accept findings and ask for checks; which ones is said by `visible_to`."""
    return user.is_superuser or user.role in WORKERS


def finding_accept(
    *, finding: QualityFinding, user: User, reason: str, today: date, until: date | None = None
) -> QualityFinding:
    """Keep a finding quiet until its value changes or, where a day is given, until that day has passed.

    Raises:
        FindingRefused: no reason, a day that has passed, or the finding no longer stands.
    """
    reason = " ".join(reason.split())
    if not reason:
        raise FindingRefused("Write why this is right as it is.")
    if until is not None and until < today:
        raise FindingRefused("Choose a day that is still to come, or none.")
    with transaction.atomic():
        row = QualityFinding.objects.select_for_update().get(pk=finding.pk)
        if row.state not in STANDING:
            raise FindingRefused(f"This finding is {row.get_state_display().lower()} already.")
        row.state, row.state_since = State.ACCEPTED, today
        row.accepted_by, row.accepted_reason, row.accepted_until = user, reason[:300], until
        row.accepted_value, row.claimed_on = row.value, None
        row.save()
        FindingEvent.objects.create(
            finding=row, day=today, state=State.ACCEPTED, step=-1, user=user, note=row.accepted_reason
        )
    return row


def finding_reopen(*, finding: QualityFinding, user: User, today: date) -> QualityFinding:
    """Take an acceptance back.

    Raises:
        FindingRefused: the finding is not accepted.
    """
    with transaction.atomic():
        row = QualityFinding.objects.select_for_update().get(pk=finding.pk)
        if row.state != State.ACCEPTED:
            raise FindingRefused("Only an accepted finding can be opened again.")
        row.state, row.state_since = State.OPEN, today
        row.save(update_fields=["state", "state_since"])
        FindingEvent.objects.create(finding=row, day=today, state=State.OPEN, step=1, user=user)
    return row


def finding_claim(*, finding: QualityFinding, user: User, today: date) -> None:
    """Note that somebody fixed it in its system; whether it is, the next check tells.

    Raises:
        FindingRefused: the finding no longer stands.
    """
    with transaction.atomic():
        changed = QualityFinding.objects.filter(pk=finding.pk, state__in=STANDING).update(claimed_on=today)
        if not changed:
            raise FindingRefused("This finding does not stand any more.")
        FindingEvent.objects.create(
            finding=finding, day=today, state=finding.state, step=0, user=user, note="Said to be fixed in its system."
        )
