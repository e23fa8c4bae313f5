from django.urls import path
from rest_framework.routers import SimpleRouter

from data_collection.connectors.api import ConnectionApi
from data_collection.crm import api as crm
from data_collection.funnel.api import FunnelView
from data_collection.imports.api import ImportApi
from data_collection.kpis import api as kpis
from data_collection.organisation import api as organisation
from data_collection.quality.api import FindingApi

rows = SimpleRouter()
rows.register("teams", organisation.TeamApi, "api-team")
rows.register("team-members", organisation.MembershipApi, "api-team-member")
rows.register("team-managers", organisation.ManagerApi, "api-team-manager")
rows.register("reps", organisation.RepApi, "api-rep")
rows.register("ramp-profiles", organisation.RampProfileApi, "api-ramp-profile")
rows.register("territories", organisation.TerritoryApi, "api-territory")
rows.register("territory-members", organisation.TerritoryMemberApi, "api-territory-member")
rows.register("named-accounts", crm.NamedAccountApi, "api-named-account")
rows.register("segments", organisation.SegmentApi, "api-segment")
rows.register("products", organisation.ProductApi, "api-product")
rows.register("product-prices", organisation.PriceApi, "api-product-price")
rows.register("quotas", organisation.QuotaApi, "api-quota")
rows.register("stages", crm.StageApi, "api-stage")
rows.register("connections", ConnectionApi, "api-connection")
rows.register("accounts", crm.AccountApi, "api-account")
rows.register("contacts", crm.ContactApi, "api-contact")
rows.register("leads", crm.LeadApi, "api-lead")
rows.register("opportunities", crm.OpportunityApi, "api-opportunity")
rows.register("opportunity-lines", crm.LineApi, "api-opportunity-line")
rows.register("stage-visits", crm.VisitApi, "api-stage-visit")
rows.register("opportunity-owners", crm.OwnerApi, "api-opportunity-owner")
rows.register("opportunity-changes", crm.ChangeApi, "api-opportunity-change")
rows.register("activities", crm.ActivityApi, "api-activity")
rows.register("marketing-events", crm.MarketingEventApi, "api-marketing-event")
rows.register("order-lines", crm.OrderLineApi, "api-order-line")
rows.register("support-tickets", crm.TicketApi, "api-support-ticket")
rows.register("delivered-hours", crm.HoursApi, "api-delivered-hours")
rows.register("quality/findings", FindingApi, "api-finding")
rows.register("imports", ImportApi, "api-import")

urlpatterns: list = [
    *rows.urls,
    path("kpis/", kpis.KpisView.as_view(), name="api-kpis"),
    path("kpis/catalogue/", kpis.KpiCatalogueView.as_view(), name="api-kpi-catalogue"),
    path("kpis/<str:name>/rows/", kpis.KpiRowsView.as_view(), name="api-kpi-rows"),
    path("kpis/<str:name>/series/", kpis.KpiSeriesView.as_view(), name="api-kpi-series"),
    path("funnel/", FunnelView.as_view(), name="api-funnel"),
]
