"""API of the CRM mirror: rows as visible; operations load many at once by (system, external_id)."""

from django.db import models

from data_collection.crm import serializers as rows
from data_collection.crm.models import (
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
    Stage,
    StageVisit,
    SupportTicket,
)
from data_collection.organisation.models import TerritoryAccount
from salesops.tables.api import WriteRows
from salesops.tables.filters import dated_filters, row_filters

KEY = ("system", "external_id")
OF_DEAL = {"opportunity": "opportunity__external_id"}


class MirrorRows(WriteRows):
    natural_key = {"system": "system", "external_id": "external_id"}


class StageApi(WriteRows):
    model = Stage
    serializer_class = rows.StageRow
    filterset_class = row_filters(Stage, exact=("pipeline", "kind"))
    ordering_fields = ("id", "rank")
    natural_key = {"pipeline": "pipeline", "name": "name"}

    def visible(self) -> models.QuerySet:
        return Stage.objects.all()


class AccountApi(MirrorRows):
    model = Account
    serializer_class = rows.AccountRow
    filterset_class = row_filters(
        Account,
        exact=(*KEY, "industry", "country"),
        links={"owner": "owner__code", "segment": "segment__code"},
        dates=("created_on", "customer_since"),
    )
    ordering_fields = ("id", "name", "created_on")


class ContactApi(MirrorRows):
    model = Contact
    serializer_class = rows.ContactRow
    filterset_class = row_filters(Contact, exact=(*KEY, "email"), links={"account": "account__external_id"})


class LeadApi(MirrorRows):
    model = Lead
    serializer_class = rows.LeadRow
    filterset_class = row_filters(
        Lead,
        exact=(*KEY, "status", "lead_source", "campaign"),
        links={"owner": "owner__code", "segment": "segment__code", "product": "product__code"},
        dates=("created_on", "mql_on", "sql_on", "converted_on"),
    )
    ordering_fields = ("id", "created_on")


class OpportunityApi(MirrorRows):
    model = Opportunity
    serializer_class = rows.OpportunityRow
    filterset_class = row_filters(
        Opportunity,
        exact=(*KEY, "status", "kind", "forecast_category", "lead_source"),
        links={
            "owner": "owner__code",
            "product": "product__code",
            "stage": "stage__name",
            "account": "account__external_id",
        },
        dates=("created_on", "close_date"),
        numbers=("amount",),
    )
    ordering_fields = ("id", "close_date", "created_on", "amount")


class LineApi(MirrorRows):
    model = OpportunityLine
    serializer_class = rows.LineRow
    filterset_class = row_filters(
        OpportunityLine, exact=KEY, links={**OF_DEAL, "product": "product__code"}, numbers=("amount",)
    )


class VisitApi(MirrorRows):
    model = StageVisit
    serializer_class = rows.VisitRow
    filterset_class = row_filters(
        StageVisit, exact=KEY, links={**OF_DEAL, "stage": "stage__name"}, dates=("entered_on", "left_on")
    )
    ordering_fields = ("id", "entered_on")


class OwnerApi(MirrorRows):
    model = OpportunityOwner
    serializer_class = rows.OwnerRow
    filterset_class = dated_filters(OpportunityOwner, exact=KEY, links={**OF_DEAL, "rep": "rep__code"})
    ordering_fields = ("id", "valid_from")


class ChangeApi(MirrorRows):
    model = OpportunityChange
    serializer_class = rows.ChangeRow
    filterset_class = row_filters(OpportunityChange, exact=(*KEY, "field"), links=OF_DEAL, dates=("changed_on",))
    ordering_fields = ("id", "changed_on")


class ActivityApi(MirrorRows):
    model = Activity
    serializer_class = rows.ActivityRow
    filterset_class = row_filters(
        Activity,
        exact=(*KEY, "kind", "outcome"),
        links={
            **OF_DEAL,
            "rep": "rep__code",
            "account": "account__external_id",
            "lead": "lead__external_id",
        },
        dates=("day",),
    )
    ordering_fields = ("id", "day")


class MarketingEventApi(MirrorRows):
    model = MarketingEvent
    serializer_class = rows.MarketingEventRow
    filterset_class = row_filters(
        MarketingEvent, exact=(*KEY, "kind", "campaign"), links={"lead": "lead__external_id"}, dates=("day",)
    )
    ordering_fields = ("id", "day")


class OrderLineApi(MirrorRows):
    model = OrderLine
    serializer_class = rows.OrderLineRow
    filterset_class = row_filters(
        OrderLine,
        exact=(*KEY, "order_id", "currency", "is_returned"),
        links={"owner": "owner__code", "product": "product__code", "segment": "segment__code"},
        dates=("ordered_on", "shipped_on"),
        numbers=("amount",),
    )
    ordering_fields = ("id", "ordered_on", "amount")


class TicketApi(MirrorRows):
    model = SupportTicket
    serializer_class = rows.TicketRow
    filterset_class = row_filters(
        SupportTicket,
        exact=(*KEY, "tier"),
        links={"account": "account__external_id", "product": "product__code"},
        dates=("opened_on", "closed_on"),
    )
    ordering_fields = ("id", "opened_on")


class HoursApi(MirrorRows):
    model = DeliveredHours
    serializer_class = rows.HoursRow
    filterset_class = row_filters(
        DeliveredHours, exact=(*KEY, "skill"), links={**OF_DEAL, "account": "account__external_id"}, dates=("day",)
    )
    ordering_fields = ("id", "day")


class NamedAccountApi(WriteRows):
    model = TerritoryAccount
    serializer_class = rows.NamedAccountRow
    filterset_class = dated_filters(TerritoryAccount, links={"territory": "territory__code"})
    ordering_fields = ("id", "valid_from")
    natural_key = {"account": "account_id", "valid_from": "valid_from"}

    def visible(self) -> models.QuerySet:
        return TerritoryAccount.objects.filter(account__in=Account.objects.visible_to(self.request.user))
