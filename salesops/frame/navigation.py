"""What the navigation shows: one list, filtered by what exists and by the role.

Adding a page to the navigation is adding one line here. A page whose URL name does not resolve is left out.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

REP, MANAGER, OPS, EXECUTIVE, FINANCE, VIEWER = "rep", "manager", "ops", "executive", "finance", "viewer"
ALL = frozenset({REP, MANAGER, OPS, EXECUTIVE, FINANCE, VIEWER})
LEADS = ALL - {REP}
Text = str | Promise


@dataclass(frozen=True, slots=True)
class Page:
    """One entry: the words, the URL name, the icon of the sprite, who may open it."""

    label: Text
    url_name: str
    icon: str
    roles: frozenset[str] = ALL
    under: tuple[str, ...] = ()  # URL names of pages that belong to this entry, e.g. its details


@dataclass(frozen=True, slots=True)
class Stage:
    """One step of the loop."""

    key: str
    label: Text
    icon: str
    pages: tuple[Page, ...]


@dataclass(frozen=True, slots=True)
class Link:
    """An entry as the template shows it."""

    label: Text
    url: str
    icon: str
    active: bool


@dataclass(frozen=True, slots=True)
class Group:
    """A stage as the template shows it."""

    key: str
    label: Text
    icon: str
    links: list[Link] = field(default_factory=list)

    @property
    def active(self) -> bool:
        return any(link.active for link in self.links)


HOME = Page(_("Home"), "home", "home")
#: Pages of one connection.
WEBHOOK = ("webhook_new", "webhook_source", "webhook_edit", "webhook_message")
OUTGOING = ("endpoint_new", "endpoint", "endpoint_edit", "delivery")
CONNECTION = tuple(f"connection{part}" for part in ("", "_new", "_edit", "_mapping", "_delete", "_run"))

STAGES = (
    Stage(
        "collect",
        _("Collect"),
        "database-import",
        (
            Page(_("Overview"), "overview", "layout-dashboard"),
            Page(_("My numbers"), "my_numbers", "target", frozenset({REP})),
            Page(_("KPIs & glossary"), "kpi_list", "report-analytics", under=("kpi_detail", "glossary")),
            Page(_("Funnel"), "funnel", "chart-funnel"),
            Page(_("Team performance"), "team_performance", "users", frozenset({MANAGER, OPS, EXECUTIVE, VIEWER})),
            Page(
                _("Data quality"),
                "data_quality",
                "shield-check",
                frozenset({REP, MANAGER, OPS}),
                under=("worklist", "quality_scores", "duplicates", "data_quality_rows"),
            ),
            Page(
                _("Sources & imports"),
                "sources",
                "upload",
                frozenset({OPS}),
                under=(
                    "import_batch",
                    "connections",
                    *CONNECTION,
                    "webhooks",
                    *WEBHOOK,
                    "outgoing",
                    *OUTGOING,
                    "people_data",
                ),
            ),
        ),
    ),
    Stage("demand", _("Demand"), "trending-up", (Page(_("Forecast"), "forecast", "chart-line"),)),
    Stage("supply", _("Supply"), "stack-2", (Page(_("Capacity & supply"), "stage_supply", "stack-2"),)),
    Stage("execute", _("Execute"), "target-arrow", (Page(_("Plan & sign-off"), "stage_execute", "clipboard-check"),)),
    Stage(
        "setup",
        _("Setup"),
        "settings",
        (
            Page(_("Jobs & exports"), "jobs", "subtask", under=("job",)),
            Page(_("API"), "api-docs", "api", frozenset({OPS, FINANCE})),
            Page(_("Admin"), "admin:index", "settings", frozenset({OPS})),
        ),
    ),
)
#: Pages that belong together, shown as tabs on each of them: `{% tabs "sources" %}`.
TABS: dict[str, tuple[Page, ...]] = {
    "sources": (
        Page(_("Imports"), "sources", "upload", frozenset({OPS})),
        Page(_("Connections"), "connections", "plug", frozenset({OPS}), under=CONNECTION),
        Page(_("Webhooks in"), "webhooks", "webhook", frozenset({OPS}), under=WEBHOOK),
        Page(_("Outgoing"), "outgoing", "send", frozenset({OPS}), under=OUTGOING),
        Page(_("People's data"), "people_data", "user-shield", frozenset({OPS})),
    ),
    "quality": (
        Page(_("Findings"), "data_quality", "shield-check"),
        Page(_("Worklist"), "worklist", "list-check"),
        Page(_("Scores"), "quality_scores", "chart-line", LEADS),
        Page(_("Duplicates"), "duplicates", "copy", frozenset({OPS})),
    ),
}
# Bottom bar of the phone: the first of each tuple that exists; the fourth place is always "More".
PHONE: dict[str, tuple[tuple[Page, ...], ...]] = {
    REP: (
        (Page(_("My numbers"), "my_numbers", "target", under=("home",)),),
        (Page(_("Pipeline"), "pipeline", "list-details"), Page(_("Funnel"), "funnel", "chart-funnel")),
        (Page(_("Forecast"), "forecast", "chart-line"),),
    ),
    OPS: (
        (Page(_("Home"), "home", "home"),),
        (Page(_("Imports"), "sources", "upload"),),
        (Page(_("Jobs"), "jobs", "subtask"),),
    ),
}
PHONE_OTHERS = (
    (Page(_("Overview"), "overview", "layout-dashboard", under=("home",)),),
    (Page(_("Team"), "team_performance", "users"), Page(_("Funnel"), "funnel", "chart-funnel")),
    (Page(_("Forecast"), "forecast", "chart-line"),),
)


def role_of(user: object) -> str:
    """The role word of a user; a superuser sees what ops sees."""
    return OPS if getattr(user, "is_superuser", False) else str(getattr(user, "role", VIEWER))


def url_of(name: str) -> str | None:
    """Address of a URL name, None while that page does not exist."""
    try:
        return reverse(name)
    except NoReverseMatch:
        return None


def groups(request: HttpRequest) -> list[Group]:
    """The stages with the entries this user may open; stages without any are left out."""
    role, current = role_of(request.user), _current(request)
    shown = [Group(s.key, s.label, s.icon, _links(s.pages, role, current)) for s in STAGES]
    return [group for group in shown if group.links]


def phone_bar(request: HttpRequest) -> list[Link]:
    """Up to three entries for the bottom bar, by role."""
    role, current = role_of(request.user), _current(request)
    places = PHONE.get(role, PHONE_OTHERS)
    return [links[0] for place in places if (links := _links(place, role, current))]


def tabs(request: HttpRequest, name: str) -> list[Link]:
    """The tabs of a set this user may open; none where only one is left."""
    links = _links(TABS[name], role_of(request.user), _current(request))
    return links if len(links) > 1 else []


def _links(pages: Iterable[Page], role: str, current: str) -> list[Link]:
    found = ((page, url_of(page.url_name)) for page in pages if role in page.roles)
    return [
        Link(page.label, url, page.icon, current in (page.url_name, *page.under))
        for page, url in found
        if url is not None
    ]


def _current(request: HttpRequest) -> str:
    match = request.resolver_match
    return match.view_name if match else ""
