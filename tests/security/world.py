"""A company in which the outsider's rows carry words and numbers nobody else may ever see in an answer."""

import re
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from data_collection.facts.services import facts_rebuild
from data_collection.models import Account, Activity, Lead, Opportunity, QualityFinding, Rep
from data_collection.quality.services.nightly import quality_night
from demand_planning.statistical.models import ForecastPoint, ForecastRun, ForecastSeries, Level, Measure
from salesops.company.selectors import company_today
from salesops.models import JobRun, User
from tests.builders import (
    make_account,
    make_activity,
    make_change,
    make_contact,
    make_fx_rate,
    make_hours,
    make_job,
    make_lead,
    make_line,
    make_manager,
    make_marketing_event,
    make_named_account,
    make_opportunity,
    make_order_line,
    make_owner,
    make_price,
    make_product,
    make_quota,
    make_ramp_profile,
    make_rep,
    make_segment,
    make_stage,
    make_team,
    make_territory,
    make_ticket,
    make_user,
    make_visit,
)

WORD = "zyzzogeton"  # in every name and text of the outsider's rows
AMOUNT = Decimal("876543219")  # of the outsider's deals and orders
QUOTA = Decimal("765432198")  # of the outsider and of the outsider's team
COST = Decimal("654321987")  # of every person but the reader
COMPACT = re.compile(r"\b(876\.5\d?|765\.4\d?|654\.3\d?)\s?(M|m|million)\b|\b(877|765|654)\s?M\b")


def leaks(text: str) -> list[str]:
    """What of the outsider's shows in an answer."""
    plain = re.sub(r"(?<=\d)[,\s\u00a0\u202f'](?=\d{3})", "", text)
    found = [str(secret) for secret in (AMOUNT, QUOTA, COST) if str(secret) in plain]
    found += [WORD] if WORD in text.lower() else []
    return found + [match.group(0) for match in COMPACT.finditer(text)]


@dataclass(slots=True)
class Side:
    """One team with its rep and manager, and a row of each kind."""

    rep: Rep
    manager: User
    account: Account
    lead: Lead
    deal: Opportunity
    activity: Activity
    ids: dict[str, int | str]  # API list name -> id (or code) of a row of this side
    job: JobRun


@dataclass(slots=True)
class World:
    ours: Side
    foreign: Side
    people: dict[str, User]  # actor -> login


def build_world() -> World:
    top = make_team("Whole company", code="company")
    shared = {
        "product": make_product("Suite", code="suite", family="Software", kind="subscription", unit_cost=COST),
        "segment": make_segment("Small", code="small"),
        "stages": [
            make_stage("Discovery", rank=1),
            make_stage("Proposal", rank=2),
            make_stage("Won", rank=90, kind="won"),
        ],
    }
    ours = _side("rui", "North", top, shared, "", Decimal(1000), Decimal(2000))
    foreign = _side("odd", "South", top, shared, WORD, AMOUNT, QUOTA)
    make_price(shared["product"], unit_cost=COST)
    make_ramp_profile(code="ramp")
    make_fx_rate()
    facts_rebuild()
    quality_night(day=company_today())
    for side in (ours, foreign):
        late = QualityFinding.objects.get(owner=side.rep, rule="open-past-close-date")
        side.ids["findings"] = late.pk
    _forecast(ours, foreign)
    people = {
        "rep": ours.rep.user,
        "other rep": foreign.rep.user,
        "manager": ours.manager,
        "other manager": foreign.manager,
        "ops": make_user("ops"),
        "finance": make_user("finance"),
        "executive": make_user("executive"),
        "viewer": make_user("viewer"),
    }
    return World(ours, foreign, people)


def _side(code: str, name: str, top: object, shared: dict, word: str, amount: Decimal, quota: Decimal) -> Side:
    today = company_today()
    day = today - timedelta(days=1)
    start = date(today.year, (today.month - 1) // 3 * 3 + 1, 1)
    end = date(start.year + start.month // 10, (start.month + 2) % 12 + 1, 1)
    team = make_team(name, code=name.lower(), parent=top)
    territory = make_territory(f"{name} land", code=f"{name.lower()}-land")
    user = make_user("rep", f"{code}@example.test", first_name=code.title())
    rep = make_rep(code.title(), code=code, team=team, territory=territory, user=user, annual_cost=COST)
    boss = make_rep(f"{code} boss", code=f"{code}-boss", team=top, user=make_user("manager"), annual_cost=COST)
    managed = make_manager(boss, team)
    text = f"{word} {code}".strip()
    account = make_account(f"Account {text}", owner=rep, segment=shared["segment"], industry=f"Industry {text}")
    contact = make_contact(account, first_name=f"Contact {text}", email=f"{word or code}@customer.test")
    lead = make_lead(
        f"Lead {text}", owner=rep, account=account, created_on=day, company=f"Company {text}", lead_source="Web"
    )
    common = {"owner": rep, "account": account, "product": shared["product"], "amount": amount, "created_on": day}
    deal = make_opportunity(
        f"Deal {text}", **common, status="won", stage=shared["stages"][2], close_date=day, next_step=f"Next {text}"
    )
    open_deal = make_opportunity(
        f"Open {text}", **common, stage=shared["stages"][1], close_date=today + timedelta(days=5), lead=lead
    )
    stale = {**common, "created_on": day - timedelta(days=400)}
    make_opportunity(f"Stale {text}", **stale, stage=shared["stages"][0], close_date=day - timedelta(days=90))
    activity = make_activity(rep, day=day, subject=f"Call {text}", opportunity=open_deal, account=account)
    rows = {
        "accounts": account, "contacts": contact, "leads": lead, "opportunities": deal, "activities": activity,
        "opportunity-lines": make_line(deal, shared["product"], amount=amount),
        "stage-visits": make_visit(open_deal, shared["stages"][1], day),
        "opportunity-owners": make_owner(deal, rep, day),
        "opportunity-changes": make_change(deal, changed_on=day, old_amount=1, new_amount=amount),
        "marketing-events": make_marketing_event(lead, day=day, campaign=f"Campaign {text}"),
        "order-lines": make_order_line(
            rep, account=account, product=shared["product"], amount=amount, ordered_on=day, order_id=f"Order {text}"
        ),
        "support-tickets": make_ticket(account, opened_on=day, subject=f"Ticket {text}"),
        "delivered-hours": make_hours(account, day=day, skill=f"Skill {text}"),
        "named-accounts": make_named_account(territory, account),
        "quotas": make_quota(rep, quota, start, end),
        "team-members": rep.memberships.get(), "territory-members": rep.territories.get(), "team-managers": managed,
    }  # fmt: skip
    make_quota(team, quota, start, end)
    job = make_job(title=f"Job {text}", started_by=user, message=text, params={"note": text})
    ids = {name: row.pk for name, row in rows.items()} | {"reps": code, "rep": rep.pk, "jobs": job.pk}
    return Side(rep, boss.user, account, lead, deal, activity, ids, job)


def _forecast(ours: Side, foreign: Side) -> None:
    month = company_today().replace(day=1)
    run = ForecastRun.objects.create(
        as_of=month, state=ForecastRun.State.PUBLISHED, is_current=True, horizon=1, origins=1, currency="USD"
    )
    for position, (side, value) in enumerate(((ours, Decimal(100)), (foreign, AMOUNT))):
        place = side.rep.territories.get().territory
        series = ForecastSeries.objects.create(
            run=run, position=position, measure=Measure.BOOKINGS, level=Level.TERRITORY,
            territory=place, place=place.code, place_name=place.name, item_kind=ForecastSeries.ItemKind.PRODUCT,
            first_month=month.replace(year=month.year - 1), forecast_from=month, data_to=month,
            history=[float(value)] * 12, next_year=value, kind="short", method="theta",
            fit={"models": ["theta"], "scores": {}, "is_guarded": False, "shape": ["short", 12, 0, 12, 1]},
        )  # fmt: skip
        bounds = dict.fromkeys(("expected", "lo_80", "hi_80", "lo_95", "hi_95"), value)
        ForecastPoint.objects.create(series=series, month=month, **bounds)
        side.ids["forecasts"] = series.pk
