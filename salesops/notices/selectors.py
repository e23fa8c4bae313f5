"""Reads for the pages of notices and outgoing messages."""

from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet

from salesops.access.models import User
from salesops.notices.kinds import NOTICE_KINDS
from salesops.notices.models import Endpoint, NoticeChoice, OutboxState


def endpoints_overview(user: User) -> QuerySet[Endpoint]:
    """Endpoints with how many messages wait and were given up."""
    return Endpoint.objects.visible_to(user).annotate(
        waiting=Count("outbox", filter=Q(outbox__state=OutboxState.QUEUED)),
        dead=Count("outbox", filter=Q(outbox__state=OutboxState.DEAD)),
    )


@dataclass(frozen=True, slots=True)
class Choice:
    """One line of the table of choices."""

    name: str
    title: object
    in_app: bool
    email: bool
    slack: bool


def choices_of(user: User) -> list[Choice]:
    """What a person gets by which way, for every kind there is."""
    chosen = {row.kind: row for row in NoticeChoice.objects.filter(user=user)}
    lines = []
    for kind in NOTICE_KINDS.values():
        row = chosen.get(kind.name, kind)
        lines.append(Choice(kind.name, kind.title, row.in_app, row.email, row.slack))
    return lines


def slack_reaches_people() -> bool:
    return Endpoint.objects.filter(kind=Endpoint.Kind.SLACK_BOT, is_active=True, for_people=True).exists()
