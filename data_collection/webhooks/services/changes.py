"""From noted changes to messages: each to the endpoints that asked for it, and to the new owner as a notice."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import connection, transaction
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from data_collection.crm.models import Account, Lead, Opportunity
from data_collection.organisation.models import Rep
from data_collection.webhooks.models import ChangeEvent
from salesops.notices.kinds import event_kind, notice_kind
from salesops.notices.links import whole_url
from salesops.notices.models import Endpoint
from salesops.notices.services import event_queue, notice_queue
from salesops.notices.services.relay import collector

LOCK = 7_310_041  # advisory lock: one collects at a time, so that changes keep their order
AT_ONCE = 2000
DIGEST_OVER = 100  # more of a kind in one transaction become one message
MODELS: dict[str, type[Lead | Opportunity | Account]] = {"lead": Lead, "opportunity": Opportunity, "account": Account}

_SAMPLE_LEAD = {"id": 1, "system": "hubspot", "external_id": "901", "name": "Ann Lee", "company": "Lee & Co"}
_SAMPLE_OWNER = {"code": "mai", "name": "Mai Morn", "email": "mai@example.com"}
_SAMPLE = {"owner": _SAMPLE_OWNER, "previous_owner": None}
event_kind("lead.owner_changed", title=gettext_lazy("Lead has a new owner"), sample={"lead": _SAMPLE_LEAD} | _SAMPLE)
event_kind(
    "lead.score_changed",
    title=gettext_lazy("Lead has a new score"),
    sample={"lead": _SAMPLE_LEAD, "score": 72.5, "band": "A1", "previous_score": 48.0, "previous_band": "B2"},
)
event_kind("lead.created", title=gettext_lazy("New lead with an owner"), sample={"lead": _SAMPLE_LEAD} | _SAMPLE)
event_kind(
    "opportunity.owner_changed",
    title=gettext_lazy("Opportunity has a new owner"),
    sample={"opportunity": _SAMPLE_LEAD | {"name": "Lee & Co, 40 seats"}} | _SAMPLE,
)
event_kind(
    "account.owner_changed",
    title=gettext_lazy("Account has a new owner"),
    sample={"account": _SAMPLE_LEAD | {"name": "Lee & Co"}} | _SAMPLE,
)
ASSIGNED = {
    "lead": notice_kind("lead_assigned", title=gettext_lazy("A lead was assigned to you")),
    "opportunity": notice_kind("opportunity_assigned", title=gettext_lazy("An opportunity was assigned to you")),
    "account": notice_kind("account_assigned", title=gettext_lazy("An account was assigned to you")),
}


@dataclass(frozen=True, slots=True)
class _Known:
    """Rows the changes speak of, read once."""

    rows: dict[tuple[str, int], Any]
    reps: dict[int, Rep]
    endpoints: dict[str, list[Endpoint]]  # kind of event -> who listens


@collector
def changes_collect() -> int:
    """Turn noted changes into messages and notices; a change and its messages are one transaction."""
    if not ChangeEvent.objects.exists():
        return 0
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
            if not cursor.fetchone()[0]:
                return 0
        changes = list(ChangeEvent.objects.order_by("pk")[:AT_ONCE])
        known = _known(changes)
        for (kind, _xact), together in _together(changes).items():
            _tell(kind, together, known)
        ChangeEvent.objects.filter(pk__in=[change.pk for change in changes]).delete()
    return len(changes)


def _together(changes: Iterable[ChangeEvent]) -> dict[tuple[str, int], list[ChangeEvent]]:
    found: dict[tuple[str, int], list[ChangeEvent]] = defaultdict(list)
    for change in changes:
        found[change.kind, change.xact].append(change)
    return found


def _known(changes: list[ChangeEvent]) -> _Known:
    ids: dict[str, set[int]] = defaultdict(set)
    for change in changes:
        if change.object_id is not None:
            ids[_table(change.kind)].add(change.object_id)
    rows = {
        (table, row.pk): row for table, pks in ids.items() for row in MODELS[table].objects.present().filter(pk__in=pks)
    }
    rep_ids = {pk for change in changes for pk in (change.before_id, change.after_id) if pk is not None}
    reps = Rep.objects.select_related("user").in_bulk(rep_ids)
    kinds = {change.kind for change in changes}
    return _Known(rows, reps, {kind: list(Endpoint.objects.listening(kind)) for kind in kinds})


def _table(kind: str) -> str:
    return kind.partition(".")[0]


def _tell(kind: str, changes: list[ChangeEvent], known: _Known) -> None:
    if len(changes) > DIGEST_OVER or any(change.object_id is None for change in changes):
        _tell_digest(kind, changes, known)
        return
    for change in changes:
        row = known.rows.get((_table(kind), change.object_id or 0))
        if row is not None:
            _tell_one(kind, change, row, known)


def _tell_one(kind: str, change: ChangeEvent, row: Any, known: _Known) -> None:
    table = _table(kind)
    payload = {table: _described(row), "url": whole_url(path_of(row))} | _what(kind, change, row, known)
    listening = [endpoint for endpoint in known.endpoints[kind] if _far_enough(change, endpoint.min_points)]
    event_queue(
        kind=kind,
        payload=payload,
        key=f"change-{change.pk}",
        subject=f"{table}:{row.pk}",
        occurred_at=change.at,
        endpoints=listening,
    )
    owner = known.reps.get(change.after_id or 0)
    if kind.endswith(".owner_changed") and owner is not None and owner.user is not None and owner.user.is_active:
        assigned = ASSIGNED[table]
        words = {"subject": str(assigned.title), "text": _name(row), "url": path_of(row) or "/"}
        notice_queue(user=owner.user, kind=assigned.name, key=f"assigned-{change.pk}", **words)


def _far_enough(change: ChangeEvent, least: Decimal) -> bool:
    """A score is told when its band changed or it moved by at least the endpoint's points."""
    if change.kind != "lead.score_changed" or change.before_band != change.after_band:
        return True
    if change.before_score is None or change.after_score is None:
        return False
    return abs(change.after_score - change.before_score) >= least


def _what(kind: str, change: ChangeEvent, row: Any, known: _Known) -> dict[str, Any]:
    """What changed, and the sentence that says so."""
    before, after = known.reps.get(change.before_id or 0), known.reps.get(change.after_id or 0)
    if kind == "lead.score_changed":
        was, now = _score(change.before_score, change.before_band), _score(change.after_score, change.after_band)
        return {
            "text": _("%(name)s: %(was)s → %(now)s") % {"name": _name(row), "was": was, "now": now},
            "score": _number(change.after_score),
            "band": change.after_band,
            "previous_score": _number(change.before_score),
            "previous_band": change.before_band,
            "owner": _owner(after),
        }
    nobody = _("nobody")
    text = _("%(name)s: %(was)s → %(now)s") % {"name": _name(row), "was": before or nobody, "now": after or nobody}
    if kind == "lead.created":
        text = _("%(name)s, owner %(now)s") % {"name": _name(row), "now": after or nobody}
    return {"text": text, "owner": _owner(after), "previous_owner": _owner(before)}


def _score(score: Decimal | None, band: str) -> str:
    points = "" if score is None else f"{score.normalize():f}"
    return " ".join(part for part in (band, points) if part) or _("no score")


def _number(value: Decimal | None) -> float | None:
    return None if value is None else float(value)


def _owner(rep: Rep | None) -> dict[str, str] | None:
    return None if rep is None else {"code": rep.code, "name": rep.name, "email": rep.email}


def _described(row: Any) -> dict[str, Any]:
    parts = {"id": row.pk, "system": row.system, "external_id": row.external_id, "name": row.name}
    if isinstance(row, Lead):
        parts |= {"company": row.company, "email": row.email, "status": row.status}
    if isinstance(row, Opportunity):
        amount = None if row.amount is None else str(row.amount)
        parts |= {"amount": amount, "currency": row.currency, "status": row.status}
    return parts


def _name(row: Any) -> str:
    company = row.company if isinstance(row, Lead) else ""
    return ", ".join(part for part in (row.name, company) if part) or row.external_id


def path_of(row: Any) -> str:
    """The page that shows a row; of a lead its account's, where it has one."""
    name, pk = ("deal_page", row.pk) if isinstance(row, Opportunity) else ("account_page", row.pk)
    if isinstance(row, Lead):
        pk = row.account_id
    try:
        return reverse(name, args=[pk]) if pk else ""
    except NoReverseMatch:
        return ""


# --- many at once --------------------------------------------------------------------------------------------------
def _tell_digest(kind: str, changes: list[ChangeEvent], known: _Known) -> None:
    """One message with counts instead of thousands."""
    by_band = kind == "lead.score_changed"
    counts: dict[Any, int] = defaultdict(int)
    for change in changes:
        counts[change.after_band if by_band else change.after_id] += change.rows
    total, first = sum(counts.values()), changes[0]
    parts = [
        {"band": to, "rows": n} if by_band else {"owner": _owner(known.reps.get(to or 0)), "rows": n}
        for to, n in sorted(counts.items(), key=lambda item: -item[1])
    ]
    event_queue(
        kind=kind,
        payload={"digest": True, "rows": total, "parts": parts, "text": _digest_words(kind, total)},
        key=f"changes-{first.pk}",
        occurred_at=first.at,
        endpoints=known.endpoints[kind],
    )
    for rep_id, n in counts.items() if kind.endswith(".owner_changed") else ():
        owner = known.reps.get(rep_id or 0)
        if owner is not None and owner.user is not None and owner.user.is_active:
            _notice_digest(_table(kind), owner, n, first)


def _digest_words(kind: str, total: int) -> str:
    words = {
        "lead.owner_changed": _("%(n)s leads have a new owner"),
        "lead.score_changed": _("%(n)s leads have a new score"),
        "lead.created": _("%(n)s new leads have an owner"),
        "opportunity.owner_changed": _("%(n)s opportunities have a new owner"),
        "account.owner_changed": _("%(n)s accounts have a new owner"),
    }
    return words[kind] % {"n": f"{total:,}"}


def _notice_digest(table: str, owner: Rep, n: int, first: ChangeEvent) -> None:
    subjects = {
        "lead": ngettext("%(n)s lead was assigned to you", "%(n)s leads were assigned to you", n),
        "opportunity": ngettext("%(n)s opportunity was assigned to you", "%(n)s opportunities were assigned to you", n),
        "account": ngettext("%(n)s account was assigned to you", "%(n)s accounts were assigned to you", n),
    }
    notice_queue(
        user=owner.user,  # type: ignore[arg-type]
        kind=ASSIGNED[table].name,
        subject=subjects[table] % {"n": n},
        text="",
        key=f"assigned-many-{first.pk}",
        url="/me/",
    )
