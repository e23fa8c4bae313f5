"""Is the installation ready? Real checks for whoever runs it, and what waits to be worked on."""

from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Count, Exists, OuterRef, Q
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from data_collection.crm.models import Activity, Lead, Opportunity, OrderLine
from data_collection.organisation.models import Quota, Rep, Team, TeamManager, TeamMembership
from salesops.access.models import Role, User
from salesops.company.models import Company, FxRate
from salesops.frame.navigation import url_of
from salesops.jobs.models import JobRun, JobState

SELLERS = (Rep.Job.ACCOUNT_EXECUTIVE, Rep.Job.ACCOUNT_MANAGER)
RECENT = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that must be in place. `state`: good, warn or bad."""

    title: str | Promise
    state: str
    words: str  # what was found
    action: str | Promise = ""
    href: str = ""

    @property
    def done(self) -> bool:
        return self.state == "good"


@dataclass(frozen=True, slots=True)
class Work:
    """One line of the worklist."""

    words: str
    href: str
    level: str  # good, warn, bad


def setup_checks(today: date, company: Company, night: JobRun | None) -> list[Check]:
    """The checklist, in the order somebody would work through it."""
    people, loaded = _people(today), _loaded()
    return [
        _company(company),
        _data(loaded),
        _rates(today, company.reporting_currency),
        _teams(today),
        _membership(people),
        _quotas(people),
        _logins(people, loaded["unlinked"]),
        _night(night),
    ]


def recent_jobs(most: int = 5) -> tuple[JobRun | None, list[JobRun]]:
    """The latest night, and the jobs that failed in the last days, newest first."""
    nights = JobRun.objects.filter(kind="nightly").order_by("-created_at")[:1]
    failed = JobRun.objects.filter(state=JobState.FAILED, created_at__gte=timezone.now() - RECENT)
    jobs = list(nights.union(failed.exclude(kind="nightly").order_by("-created_at")[:most]))
    others = [job for job in jobs if job.kind != "nightly"]
    night = next((job for job in jobs if job.kind == "nightly"), None)
    return night, sorted(others, key=lambda job: job.created_at, reverse=True)


def _admin(model: str, query: str = "") -> str:
    found = url_of(f"admin:{model}_changelist")
    return f"{found}{query}" if found else ""


def _check(title: str, ok: bool, good: str, wrong: str, action: str, href: str, *, bad: str = "warn") -> Check:
    return Check(title, "good" if ok else bad, good if ok else wrong, action, href or "")


def _company(company: Company) -> Check:
    months = ["", *(date(2000, m, 1).strftime("%B") for m in range(1, 13))]
    good = _("%(name)s, %(currency)s, fiscal year from %(month)s, %(zone)s") % {
        "name": company.name,
        "currency": company.reporting_currency,
        "month": months[company.fiscal_first_month],
        "zone": company.time_zone,
    }
    words = _("Name, reporting currency, time zone and fiscal year are not set; defaults are used.")
    return _check(
        _("Company and calendar"), not company._state.adding, good, words, _("Edit"), _admin("salesops_company")
    )


def _loaded() -> dict[str, int]:
    """Which tables hold rows, and how many logins that should be somebody's are nobody's, in one query."""
    tables = {"deals": Opportunity, "leads": Lead, "activities": Activity, "orders": OrderLine}
    unlinked = Q(role__in=(Role.REP, Role.MANAGER), is_active=True, rep__isnull=True)
    exists = {name: Exists(model.objects.order_by()) for name, model in tables.items()}
    counted = User.objects.aggregate(
        unlinked=Count("pk", filter=unlinked), **{name: Count("pk", filter=test) for name, test in exists.items()}
    )
    return {name: counted[name] for name in (*tables, "unlinked")}


def _data(loaded: dict[str, int]) -> Check:
    names = {"deals": _("deals"), "leads": _("leads"), "activities": _("activities"), "orders": _("order lines")}
    with_rows = [words for name, words in names.items() if loaded[name]]
    return _check(
        _("Data loaded"),
        bool(with_rows),
        _("Found: %(what)s") % {"what": ", ".join(with_rows)},
        _("No deals, leads, activities or orders yet."),
        _("Sources & imports"),
        url_of("sources") or "",
        bad="bad",
    )


def _rates(today: date, currency: str) -> Check:
    known = FxRate.objects.filter(currency=OuterRef("currency"), day__lte=today)
    missing = list(
        Opportunity.objects.present()
        .exclude(currency=currency)
        .filter(~Exists(known))
        .order_by()
        .values_list("currency", flat=True)
        .distinct()[:5]
    )
    return _check(
        _("Exchange rates"),
        not missing,
        _("Every currency in use has a rate to %(currency)s.") % {"currency": currency},
        _("No rate for %(missing)s; those amounts are left out of sums.") % {"missing": ", ".join(missing)},
        _("Exchange rates"),
        _admin("salesops_fxrate"),
        bad="bad",
    )


def _teams(today: date) -> Check:
    managed = TeamManager.objects.on(today).filter(team=OuterRef("pk"))
    with_people = TeamMembership.objects.on(today).filter(team=OuterRef("pk"))
    counts = Team.objects.aggregate(all=Count("pk"), without=Count("pk", filter=~Exists(managed) & Exists(with_people)))
    words = _("No teams yet.")
    if counts["all"]:
        words = _("%(n)d teams with people have no manager today.") % {"n": counts["without"]}
    return _check(
        _("Teams and managers"),
        bool(counts["all"]) and not counts["without"],
        _("%(n)d teams; each with people has a manager.") % {"n": counts["all"]},
        words,
        _("Teams"),
        _admin("data_collection_team"),
    )


def _people(today: date) -> dict[str, int]:
    """Counts over everybody employed today, and over sellers with quota duty."""
    employed = Rep.objects.filter(Q(left_on__isnull=True) | Q(left_on__gt=today))
    in_team = TeamMembership.objects.on(today).filter(rep=OuterRef("pk"))
    with_quota = Quota.objects.on(today).filter(rep=OuterRef("pk"))
    seller = Q(job__in=SELLERS)
    return employed.aggregate(
        all=Count("pk"),
        teamless=Count("pk", filter=~Exists(in_team) & seller),
        no_login=Count("pk", filter=Q(user__isnull=True)),
        sellers=Count("pk", filter=seller),
        no_quota=Count("pk", filter=seller & ~Exists(with_quota)),
    )


def _membership(counts: dict[str, int]) -> Check:
    words = _("%(n)d of %(all)d sellers are in no team today.") % {"n": counts["teamless"], "all": counts["sellers"]}
    return _check(
        _("Everybody in a team"),
        bool(counts["all"]) and not counts["teamless"],
        _("%(n)d people; every seller is in a team.") % {"n": counts["all"]},
        words if counts["all"] else _("No reps yet."),
        _("Reps"),
        _admin("data_collection_rep"),
    )


def _quotas(counts: dict[str, int]) -> Check:
    words = _("%(n)d of %(all)d sellers have no quota today; their attainment is a dash.") % {
        "n": counts["no_quota"],
        "all": counts["sellers"],
    }
    return _check(
        _("Quotas"),
        bool(counts["sellers"]) and not counts["no_quota"],
        _("All %(n)d sellers have a quota today.") % {"n": counts["sellers"]},
        words if counts["sellers"] else _("No sellers yet."),
        _("Quotas"),
        _admin("data_collection_quota"),
    )


def _logins(counts: dict[str, int], unlinked: int) -> Check:
    words = []
    if counts["no_login"]:
        words.append(_("%(n)d of %(all)d people cannot log in yet.") % {"n": counts["no_login"], "all": counts["all"]})
    if unlinked:
        words.append(_("%(n)d logins of reps or managers are linked to nobody and see nothing.") % {"n": unlinked})
    return _check(
        _("Logins"),
        bool(counts["all"]) and not words,
        _("Everybody has a login, and every login its person."),
        " ".join(words) or _("No reps yet."),
        _("Reps"),
        _admin("data_collection_rep", "?user__isempty=1" if counts["no_login"] else ""),
    )


def _night(night: JobRun | None) -> Check:
    href = url_of("jobs") or ""
    if night is None:
        return Check(_("Nightly run"), "warn", _("It has never run."), _("Jobs"), href)
    when = timezone.localtime(night.ended_at or night.created_at)
    words = f"{night.title}: {night.get_state_display()}, {when.day} {when:%b %H:%M}."
    old = night.created_at < timezone.now() - timedelta(hours=36)
    state = "bad" if night.state == JobState.FAILED else "warn" if old or night.is_live else "good"
    if old and state != "bad":
        words += " " + _("That is more than a day and a half ago.")
    return Check(_("Nightly run"), state, words, _("Open the run"), (url_of("jobs") and f"{href}{night.pk}/") or "")


def failed_work(jobs: list[JobRun]) -> list[Work]:
    """Failed jobs as lines of the worklist."""
    return [
        Work(
            _("%(title)s failed: %(error)s") % {"title": job.title, "error": (job.error or _("no reason given"))[:140]},
            f"{url_of('jobs')}{job.pk}/",
            "bad",
        )
        for job in jobs
    ]
