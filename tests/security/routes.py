"""Every address of the product, with what it needs to be walked. A new one must be added here.

`kwargs` gives the values for a side (ours or the outsider's). With `owned` the outsider's address must answer
404 to whoever may not see that row. `queries` are tried besides the plain address.
"""

from collections.abc import Callable
from dataclasses import dataclass

from tests.security.world import Side, World

Kwargs = Callable[[World, Side], dict]


@dataclass(frozen=True, slots=True)
class Route:
    kwargs: Kwargs = lambda world, side: {}
    owned: bool = False  # the row belongs to a side
    open: bool = False  # no login needed
    queries: tuple[str, ...] = ()
    ops_only: bool = False  # 403 or 404 for every other role


# Filters of the dashboards, among them a try to name the outsider's part of the company.
FILTERS = (
    "period=last_12m",
    "format=csv",
    "rep=odd",
    "team=south",
    "territory=south-land",
    "by=rep",
    "by=team&period=last_90",
    "rep=odd&format=csv",
    "by=rep&format=csv&period=last_12m",
    "format=csv&table=teams&period=last_12m",
    "format=csv&table=breakdown&by=rep",
)


def named(**values: object) -> Kwargs:
    return lambda world, side: dict(values)


def own(name: str, key: str = "pk") -> Kwargs:
    return lambda world, side: {key: side.ids[name]}


PAGES: dict[str, Route] = {
    "home": Route(queries=FILTERS),
    "overview": Route(queries=FILTERS),
    "kpi_list": Route(queries=FILTERS),
    "kpi_detail": Route(named(name="bookings"), queries=FILTERS),
    "rows": Route(named(name="bookings"), queries=FILTERS),
    "funnel": Route(queries=FILTERS),
    "funnel_leak": Route(queries=FILTERS),
    "funnel_rows": Route(queries=FILTERS),
    "team_performance": Route(queries=FILTERS),
    "my_numbers": Route(queries=("format=csv", "period=last_12m", "rep=odd")),
    "rep_numbers": Route(own("rep"), owned=True),
    "deal_page": Route(own("opportunities"), owned=True),
    "account_page": Route(own("accounts"), owned=True),
    "glossary": Route(),
    "glossary_entry": Route(named(name="bookings")),
    "sources": Route(queries=("show=all", "system=x&by=x&days=x", "by=1&show=draft"), ops_only=True),
    "import_new": Route(ops_only=True),
    "import_batch": Route(named(pk=1), ops_only=True),
    "import_upload": Route(named(pk=1), ops_only=True),
    "import_discard": Route(named(pk=1), ops_only=True),
    "import_files": Route(named(pk=1), ops_only=True),
    "import_file": Route(named(pk=1, file=1), ops_only=True),
    "import_columns": Route(named(pk=1), queries=("file=1&page=2", "file=x&page=x"), ops_only=True),
    "import_mapping": Route(named(pk=1), ops_only=True),
    "import_document": Route(named(pk=1), ops_only=True),
    "import_cancel": Route(named(pk=1), ops_only=True),
    "import_reopen": Route(named(pk=1), ops_only=True),
    "import_apply": Route(named(pk=1), ops_only=True),
    "import_confirm": Route(named(pk=1), ops_only=True),
    "import_names": Route(named(pk=1), queries=("table=rep&by=code", "table=user&by=password"), ops_only=True),
    "import_rejected": Route(named(pk=1), queries=("file=x",), ops_only=True),
    "import_rejected_xlsx": Route(named(pk=1, file=1), ops_only=True),
    "import_corrected": Route(named(pk=1), ops_only=True),
    "import_undo": Route(named(pk=1), ops_only=True),
    "connections": Route(ops_only=True),
    "connection_new": Route(named(kind="pipedrive"), ops_only=True),
    "connection": Route(named(pk=1), ops_only=True),
    "connection_edit": Route(named(pk=1), ops_only=True),
    "connection_test": Route(named(pk=1), ops_only=True),
    "connection_sync": Route(named(pk=1), ops_only=True),
    "connection_pause": Route(named(pk=1), ops_only=True),
    "connection_mapping": Route(named(pk=1), ops_only=True),
    "connection_delete": Route(named(pk=1), ops_only=True),
    "connection_run": Route(named(pk=1, run=1), ops_only=True),
    "people_data": Route(queries=("page=99",), ops_only=True),
    "person": Route(lambda world, side: {"table": "lead", "pk": side.ids["leads"]}, ops_only=True),
    "person_export": Route(lambda world, side: {"table": "lead", "pk": side.ids["leads"]}, ops_only=True),
    "erasure": Route(named(pk=1), ops_only=True),
    "export_file": Route(named(pk=1), ops_only=True),
    "return_settle": Route(named(pk=1), ops_only=True),
    "duplicates": Route(queries=("format=csv", "kind=account&score=0.95&system=crm", "page=99"), ops_only=True),
    "duplicates_search": Route(ops_only=True),
    "duplicates_bulk": Route(queries=("kind=lead&score=0.9",), ops_only=True),
    "lead_matches": Route(queries=("format=csv",), ops_only=True),
    "merges": Route(queries=("format=csv",), ops_only=True),
    "merge": Route(named(pk=1), ops_only=True),
    "duplicate_group": Route(named(pk=1), ops_only=True),
    "duplicate_preview": Route(named(pk=1), queries=("winner=1&row=2", "winner=x"), ops_only=True),
    "duplicate_merge": Route(named(pk=1), ops_only=True),
    "duplicate_different": Route(named(pk=1), ops_only=True),
    "pair_reopen": Route(named(pk=1), ops_only=True),
    "data_quality": Route(queries=("format=csv",)),
    "data_quality_rows": Route(
        named(name="open-past-close-date"), queries=("format=csv", "state=all&format=csv", "rep=odd&format=csv")
    ),
    "worklist": Route(queries=("format=csv", "state=all&format=csv", "rep=odd&format=csv", "team=south", "rep=odd")),
    "quality_scores": Route(queries=("format=csv", "by=team&format=csv", "by=source", "by=company", "span=365")),
    "quality_note": Route(queries=("to=1",)),
    "quality_check_now": Route(ops_only=True),
    "rule_recheck": Route(named(name="open-past-close-date")),
    "finding_accept": Route(own("findings"), owned=True),
    "finding_reopen": Route(own("findings"), owned=True),
    "finding_recheck": Route(own("findings"), owned=True),
    "forecast": Route(queries=("format=csv", "format=series.csv", "territory=south-land", "measure=bookings")),
    "jobs": Route(queries=("state=queued",)),
    "job": Route(own("jobs"), owned=True),
    "job-steer": Route(own("jobs"), owned=True),
    "job-file": Route(own("jobs"), owned=True),
    "profile": Route(),
    "notices": Route(queries=("show=unread",)),
    "notices_read": Route(),
    "notice_choices": Route(),
    "notice_open": Route(named(pk=1)),
    "outgoing": Route(ops_only=True),
    "endpoint_new": Route(named(kind="webhook"), ops_only=True),
    "endpoint": Route(named(pk=1), ops_only=True),
    "endpoint_edit": Route(named(pk=1), ops_only=True),
    "endpoint_do": Route(named(pk=1), ops_only=True),
    "delivery": Route(named(pk=1, row=1), ops_only=True),
    "stage_supply": Route(),
    "stage_execute": Route(),
    "gallery": Route(),
    "theme_set": Route(open=True),
    "favicon": Route(open=True),
    "webhooks": Route(ops_only=True),
    "webhook_new": Route(named(recipe="generic"), ops_only=True),
    "webhook_source": Route(named(pk=1), ops_only=True),
    "webhook_edit": Route(named(pk=1), ops_only=True),
    "webhook_do": Route(named(pk=1), ops_only=True),
    "webhook_message": Route(named(pk=1, message=1), ops_only=True),
    "webhook_receive": Route(named(slug="web"), open=True),
    "healthz": Route(open=True),
    "readyz": Route(open=True),
}

API: dict[str, Route] = {
    "api-schema": Route(),
    "api-docs": Route(),
    "api-me": Route(),
    "api-token": Route(),
    "api-company": Route(),
    "api-forecasts": Route(queries=("territory=south-land",)),
    "api-forecast": Route(own("forecasts"), owned=True),
    "api-forecast-runs": Route(),
    "api-kpis": Route(queries=("by=rep&period=last_12m", "rep=odd", "team=south", "by=team")),
    "api-kpi-catalogue": Route(),
    "api-kpi-rows": Route(named(name="bookings"), queries=("rep=odd", "team=south", "period=last_12m")),
    "api-kpi-series": Route(named(name="bookings"), queries=("rep=odd", "team=south", "period=last_12m")),
    "api-funnel": Route(queries=("rep=odd", "team=south", "period=last_12m")),
    "api-finding-list": Route(queries=("state=all", "rep=odd", "team=south", "page_size=1000")),
    "api-finding-detail": Route(own("findings"), owned=True),
    "api-finding-accept": Route(own("findings"), owned=True),
    "api-connection-list": Route(ops_only=True),
    "api-connection-detail": Route(named(pk=1), ops_only=True),
    "api-connection-test": Route(named(pk=1), ops_only=True),
    "api-connection-sync": Route(named(pk=1), ops_only=True),
    "api-connection-syncs": Route(named(pk=1), ops_only=True),
    "api-job-list": Route(),
    "api-job-detail": Route(own("jobs"), owned=True),
    "api-job-cancel": Route(own("jobs"), owned=True),
    "api-job-retry": Route(own("jobs"), owned=True),
    "api-team-set-manager": Route(named(code="north")),
    "api-rep-move-team": Route(own("reps", "code"), owned=True),
    "api-rep-set-territory": Route(own("reps", "code"), owned=True),
    "api-quota-copy": Route(own("quotas"), owned=True),
    "api-import-list": Route(ops_only=True),
    "api-import-detail": Route(named(pk=1), ops_only=True),
    "api-import-apply": Route(named(pk=1), ops_only=True),
    "api-import-undo": Route(named(pk=1), ops_only=True),
    "api-import-rejected": Route(named(pk=1), ops_only=True),
    "api-import-suggestions": Route(named(pk=1), ops_only=True),
    "api-import-confirm": Route(named(pk=1), ops_only=True),
}

# Lists with rows of a side: basename of the router, name in Side.ids.
OWNED_LISTS = {
    "team-member": "team-members",
    "team-manager": "team-managers",
    "territory-member": "territory-members",
    "named-account": "named-accounts",
    "quota": "quotas",
    "account": "accounts",
    "contact": "contacts",
    "lead": "leads",
    "opportunity": "opportunities",
    "opportunity-line": "opportunity-lines",
    "stage-visit": "stage-visits",
    "opportunity-owner": "opportunity-owners",
    "opportunity-change": "opportunity-changes",
    "activity": "activities",
    "marketing-event": "marketing-events",
    "order-line": "order-lines",
    "support-ticket": "support-tickets",
    "delivered-hours": "delivered-hours",
}
# Lists that are the same for everyone: basename, kwargs of one row.
COMMON_LISTS = {
    "team": {"code": "north"},
    "territory": {"code": "north-land"},
    "segment": {"code": "small"},
    "product": {"code": "suite"},
    "ramp-profile": {"code": "ramp"},
    "product-price": {"pk": 1},
    "stage": {"pk": 1},
    "exchange-rate": {"pk": 1},
    "holiday": {"pk": 1},
}

for _base, _name in OWNED_LISTS.items():
    API[f"api-{_base}-list"] = Route(queries=("page_size=1000",))
    API[f"api-{_base}-bulk"] = Route()
    API[f"api-{_base}-detail"] = Route(own(_name), owned=True)
for _base, _values in COMMON_LISTS.items():
    API[f"api-{_base}-list"] = Route()
    API[f"api-{_base}-bulk"] = Route()
    API[f"api-{_base}-detail"] = Route(named(**_values))
API["api-rep-list"] = Route(queries=("code=odd",))
API["api-rep-bulk"] = Route()
API["api-rep-detail"] = Route(own("reps", "code"), owned=True)

ROUTES: dict[str, Route] = {**PAGES, **API}

# Addresses of libraries: the admin lets only operations in, allauth's pages show one's own login.
ADMIN = "admin:"
LIBRARIES = frozenset({"allauth"})
