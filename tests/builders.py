"""Small builders with defaults: a test names only what it is about.

Each returns a saved row. Natural keys, codes and e-mail addresses count up, so rows never clash.
"""

from datetime import date
from decimal import Decimal
from itertools import count
from typing import Any

from data_collection.models import (
    Account,
    Activity,
    Contact,
    DeliveredHours,
    Lead,
    MarketingEvent,
    Opportunity,
    OpportunityChange,
    OpportunityLine,
    OpportunityOwner,
    OrderLine,
    Product,
    ProductPrice,
    Quota,
    RampProfile,
    Rep,
    Segment,
    Stage,
    StageVisit,
    SupportTicket,
    Team,
    TeamManager,
    TeamMembership,
    Territory,
    TerritoryAccount,
    TerritoryMember,
)
from salesops.models import FxRate, JobRun, User

_numbers = count(1)

LONG_AGO = date(2020, 1, 1)


def _mirror(prefix: str, fields: dict[str, Any]) -> dict[str, Any]:
    fields.setdefault("system", "crm")
    fields.setdefault("external_id", f"{prefix}-{next(_numbers)}")
    return fields


def _named(prefix: str, fields: dict[str, Any]) -> dict[str, Any]:
    number = next(_numbers)
    fields.setdefault("code", f"{prefix}-{number}")
    fields.setdefault("name", f"{prefix.title()} {number}")
    return fields


# --- people and organisation --------------------------------------------------------------
def make_user(role: str = "viewer", email: str = "", *, password: str | None = None, **fields: Any) -> User:
    """A login; without a password only `force_login` opens it, which is fast."""
    email = email or f"{role}{next(_numbers)}@example.test"
    user = User(username=email, email=email, role=role, **fields)
    if password is None:
        user.set_unusable_password()
    else:
        user.set_password(password)
    user.save()
    return user


def make_team(name: str = "", *, parent: Team | None = None, **fields: Any) -> Team:
    if name:
        fields["name"] = name
    return Team.objects.create(parent=parent, **_named("team", fields))


def make_rep(
    name: str = "",
    *,
    team: Team | None = None,
    since: date = LONG_AGO,
    territory: Territory | None = None,
    **fields: Any,
) -> Rep:
    """A rep; with `team` and `territory` also the open-ended memberships from `since`."""
    if name:
        fields["name"] = name
    fields.setdefault("hired_on", since)
    rep = Rep.objects.create(**_named("rep", fields))
    if team:
        make_membership(rep, team, since)
    if territory:
        make_territory_member(rep, territory, since)
    return rep


def make_membership(rep: Rep, team: Team, valid_from: date = LONG_AGO, valid_to: date | None = None) -> TeamMembership:
    return TeamMembership.objects.create(rep=rep, team=team, valid_from=valid_from, valid_to=valid_to)


def make_manager(rep: Rep, team: Team, valid_from: date = LONG_AGO, valid_to: date | None = None) -> TeamManager:
    return TeamManager.objects.create(rep=rep, team=team, valid_from=valid_from, valid_to=valid_to)


def make_territory(name: str = "", *, parent: Territory | None = None, **fields: Any) -> Territory:
    if name:
        fields["name"] = name
    return Territory.objects.create(parent=parent, **_named("territory", fields))


def make_territory_member(
    rep: Rep,
    territory: Territory,
    valid_from: date = LONG_AGO,
    valid_to: date | None = None,
    *,
    is_primary: bool = True,
) -> TerritoryMember:
    return TerritoryMember.objects.create(
        rep=rep,
        territory=territory,
        valid_from=valid_from,
        valid_to=valid_to,
        is_primary=is_primary,
    )


def make_named_account(
    territory: Territory,
    account: Account,
    valid_from: date = LONG_AGO,
    valid_to: date | None = None,
) -> TerritoryAccount:
    return TerritoryAccount.objects.create(
        territory=territory, account=account, valid_from=valid_from, valid_to=valid_to
    )


def make_ramp_profile(shares: list[float] | None = None, **fields: Any) -> RampProfile:
    return RampProfile.objects.create(shares=shares or [0, 0.25, 0.5, 0.75, 1], **_named("ramp", fields))


def make_segment(name: str = "", **fields: Any) -> Segment:
    if name:
        fields["name"] = name
    return Segment.objects.create(**_named("segment", fields))


def make_product(name: str = "", **fields: Any) -> Product:
    if name:
        fields["name"] = name
    return Product.objects.create(**_named("product", fields))


def make_price(product: Product, price: str | Decimal = "100", **fields: Any) -> ProductPrice:
    fields = {"valid_from": LONG_AGO, "currency": "USD"} | fields
    return ProductPrice.objects.create(product=product, price=Decimal(price), **fields)


def make_quota(
    owner: Rep | Team | Territory,
    amount: str | Decimal = "100000",
    start: date = LONG_AGO,
    end: date | None = None,
    **fields: Any,
) -> Quota:
    """A quota of `owner` over `[start, end)`; without `end` one year."""
    kind = type(owner).__name__.lower()
    end = end or start.replace(year=start.year + 1)
    return Quota.objects.create(
        **{kind: owner},
        amount=Decimal(amount),
        valid_from=start,
        valid_to=end,
        **fields,
    )


def make_fx_rate(currency: str = "EUR", rate: str | Decimal = "1.1", day: date = LONG_AGO) -> FxRate:
    return FxRate.objects.create(currency=currency, day=day, rate=Decimal(rate))


def make_job(kind: str = "import", **fields: Any) -> JobRun:
    fields.setdefault("title", f"{kind.title()} {next(_numbers)}")
    return JobRun.objects.create(kind=kind, **fields)


# --- CRM mirror ---------------------------------------------------------------------------
def make_stage(name: str = "Discovery", *, rank: int = 1, kind: str = "open", **fields: Any) -> Stage:
    """The stage of this name, made when it is missing."""
    pipeline = fields.pop("pipeline", "default")
    found, _created = Stage.objects.get_or_create(
        pipeline=pipeline, name=name, defaults={"rank": rank, "kind": kind, **fields}
    )
    return found


def make_account(name: str = "", **fields: Any) -> Account:
    fields = _mirror("account", fields)
    return Account.objects.create(name=name or f"Account {next(_numbers)}", **fields)


def make_contact(account: Account | None = None, **fields: Any) -> Contact:
    return Contact.objects.create(account=account, **_mirror("contact", fields))


def make_lead(
    name: str = "",
    *,
    owner: Rep | None = None,
    created_on: date = date(2026, 1, 15),
    **fields: Any,
) -> Lead:
    name = name or f"Lead {next(_numbers)}"
    return Lead.objects.create(name=name, owner=owner, created_on=created_on, **_mirror("lead", fields))


def make_opportunity(
    name: str = "",
    *,
    owner: Rep | None = None,
    amount: str | Decimal | None = "1000",
    status: str = "open",
    **fields: Any,
) -> Opportunity:
    """An opportunity created 2026-01-15; closed ones close on 2026-02-15 in the stage of their status."""
    if "stage" not in fields:
        rank = {"open": 1, "won": 90, "lost": 91}[status]
        fields["stage"] = make_stage(
            {"open": "Discovery", "won": "Won", "lost": "Lost"}[status],
            rank=rank,
            kind=status,
        )
    fields.setdefault("created_on", date(2026, 1, 15))
    fields.setdefault("close_date", date(2026, 2, 15))
    return Opportunity.objects.create(
        name=name or f"Deal {next(_numbers)}",
        owner=owner,
        amount=None if amount is None else Decimal(amount),
        status=status,
        **_mirror("opportunity", fields),
    )


def make_line(opportunity: Opportunity, product: Product | None = None, **fields: Any) -> OpportunityLine:
    fields.setdefault("amount", Decimal(100))
    product = product or make_product()
    return OpportunityLine.objects.create(opportunity=opportunity, product=product, **_mirror("line", fields))


def make_visit(
    opportunity: Opportunity,
    stage: Stage,
    entered_on: date,
    left_on: date | None = None,
    **fields: Any,
) -> StageVisit:
    return StageVisit.objects.create(
        opportunity=opportunity,
        stage=stage,
        entered_on=entered_on,
        left_on=left_on,
        **_mirror("visit", fields),
    )


def make_owner(
    opportunity: Opportunity,
    rep: Rep,
    valid_from: date,
    valid_to: date | None = None,
    **fields: Any,
) -> OpportunityOwner:
    return OpportunityOwner.objects.create(
        opportunity=opportunity,
        rep=rep,
        valid_from=valid_from,
        valid_to=valid_to,
        **_mirror("owner", fields),
    )


def make_change(opportunity: Opportunity, field: str = "amount", **fields: Any) -> OpportunityChange:
    fields.setdefault("changed_on", date(2026, 1, 20))
    return OpportunityChange.objects.create(opportunity=opportunity, field=field, **_mirror("change", fields))


def make_activity(
    rep: Rep | None = None,
    *,
    kind: str = "call",
    day: date = date(2026, 1, 20),
    **fields: Any,
) -> Activity:
    return Activity.objects.create(rep=rep, kind=kind, day=day, **_mirror("activity", fields))


def make_marketing_event(
    lead: Lead | None = None,
    *,
    kind: str = "form",
    day: date = date(2026, 1, 20),
    **fields: Any,
) -> MarketingEvent:
    return MarketingEvent.objects.create(lead=lead, kind=kind, day=day, **_mirror("event", fields))


def make_order_line(
    owner: Rep | None = None,
    *,
    amount: str | Decimal = "500",
    ordered_on: date = date(2026, 1, 20),
    **fields: Any,
) -> OrderLine:
    fields = {"quantity": Decimal(1)} | _mirror("order", fields)
    fields.setdefault("order_id", fields["external_id"])
    return OrderLine.objects.create(owner=owner, amount=Decimal(amount), ordered_on=ordered_on, **fields)


def make_ticket(
    account: Account | None = None,
    *,
    opened_on: date = date(2026, 1, 20),
    **fields: Any,
) -> SupportTicket:
    return SupportTicket.objects.create(account=account, opened_on=opened_on, **_mirror("ticket", fields))


def make_hours(account: Account | None = None, *, day: date = date(2026, 1, 20), **fields: Any) -> DeliveredHours:
    fields.setdefault("hours", Decimal(2))
    return DeliveredHours.objects.create(account=account, day=day, **_mirror("hours", fields))
