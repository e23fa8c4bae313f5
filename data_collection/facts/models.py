"""Facts: sums by day and month with their dimensions, and the event views they are sums of.

The views and fact tables are made by `facts/sql/`; the models here only read them. Every row carries the rep,
team and territory in force on its own day, so a reorganisation leaves past numbers alone.
"""

from typing import Any, Self

from django.db import models
from django.db.models import Q

from data_collection.organisation.models import Product, Rep, Segment, Team, Territory
from data_collection.organisation.visibility import scope_of


def _link(to: Any, related: str = "+") -> models.ForeignKey:
    return models.ForeignKey(to, on_delete=models.DO_NOTHING, null=True, db_constraint=False, related_name=related)


def _count() -> models.IntegerField:
    return models.IntegerField(null=True)


def _money() -> models.DecimalField:
    return models.DecimalField(max_digits=22, decimal_places=4, null=True)


class FactQuerySet(models.QuerySet):
    def visible_to(self, user: Any) -> Self:
        """Own rows, and rows of the led teams on the row's own day: the rule of `scope_of`."""
        scope = scope_of(user)
        if scope.everything:
            return self
        own = Q(rep_id=scope.rep_id) if scope.rep_id is not None else Q(pk__in=[])
        return self.filter(own | Q(team_id__in=scope.team_ids))


class People(models.Model):
    """Abstract: who and where, on the row's day."""

    rep = _link(Rep)
    team = _link(Team)
    territory = _link(Territory)

    objects = FactQuerySet.as_manager()

    class Meta:
        abstract = True


class Dimensions(People):
    """Abstract: all six dimensions."""

    segment = _link(Segment)
    product = _link(Product)
    source = models.CharField(max_length=60, null=True)  # noqa: DJ001  a view's column, NULL where there is no deal

    class Meta:
        abstract = True


# --- measures ----------------------------------------------------------------------------
class ActivityMeasures(models.Model):
    activities_n = _count()
    emails_n = _count()
    calls_n = _count()
    meetings_n = _count()
    demos_n = _count()
    proposals_n = _count()
    others_n = _count()
    minutes = models.DecimalField(max_digits=14, decimal_places=1, null=True)

    class Meta:
        abstract = True


class DealMeasures(models.Model):
    created_n = _count()
    created_amount = _money()
    cohort_won_n = _count()
    cohort_lost_n = _count()
    cohort_open_n = _count()
    won_n = _count()
    won_amount = _money()
    won_amount_n = _count()
    won_days = _count()
    won_days_n = _count()
    lost_n = _count()
    lost_amount = _money()
    lost_amount_n = _count()
    lost_days = _count()
    lost_days_n = _count()
    pushed_n = _count()
    pushed_amount = _money()

    class Meta:
        abstract = True


class LeadMeasures(models.Model):
    leads_n = _count()
    leads_mql_n = _count()
    leads_sql_n = _count()
    leads_converted_n = _count()
    leads_won_n = _count()
    mqls_n = _count()
    sqls_n = _count()
    converted_n = _count()
    disqualified_n = _count()

    class Meta:
        abstract = True


class SaleMeasures(models.Model):
    sales_n = _count()
    revenue = _money()
    units = models.DecimalField(max_digits=18, decimal_places=3, null=True)
    profit = _money()
    profit_revenue = _money()
    list_amount = _money()
    discount_amount = _money()
    returned_amount = _money()

    class Meta:
        abstract = True


# --- facts -------------------------------------------------------------------------------
class KpiFact(models.Model):
    """Abstract: sums of one day (in the …Month tables: of one month, `day` its first)."""

    # No single column is unique; Django wants one named, and only sums are ever read.
    day = models.DateField(primary_key=True)

    class Meta:
        abstract = True


class ActivityFact(KpiFact, People, ActivityMeasures):
    class Meta:
        managed = False
        db_table = "data_collection_activityfact"
        default_permissions = ()


class ActivityMonth(KpiFact, People, ActivityMeasures):
    class Meta:
        managed = False
        db_table = "data_collection_activitymonth"
        default_permissions = ()


class DealFact(KpiFact, Dimensions, DealMeasures):
    class Meta:
        managed = False
        db_table = "data_collection_dealfact"
        default_permissions = ()


class DealMonth(KpiFact, Dimensions, DealMeasures):
    class Meta:
        managed = False
        db_table = "data_collection_dealmonth"
        default_permissions = ()


class LeadFact(KpiFact, Dimensions, LeadMeasures):
    class Meta:
        managed = False
        db_table = "data_collection_leadfact"
        default_permissions = ()


class LeadMonth(KpiFact, Dimensions, LeadMeasures):
    class Meta:
        managed = False
        db_table = "data_collection_leadmonth"
        default_permissions = ()


class SaleFact(KpiFact, Dimensions, SaleMeasures):
    class Meta:
        managed = False
        db_table = "data_collection_salefact"
        default_permissions = ()


class SaleMonth(KpiFact, Dimensions, SaleMeasures):
    class Meta:
        managed = False
        db_table = "data_collection_salemonth"
        default_permissions = ()


# --- events ------------------------------------------------------------------------------
class Event(models.Model):
    """Abstract: one row per thing that happened."""

    id = models.BigIntegerField(primary_key=True)
    kind = models.CharField(max_length=20)
    day = models.DateField()
    account = _link("data_collection.Account")

    class Meta:
        abstract = True


class ActivityEvent(Event, People, ActivityMeasures):
    activity = _link("data_collection.Activity")
    opportunity = _link("data_collection.Opportunity")
    lead = _link("data_collection.Lead")

    class Meta:
        managed = False
        db_table = "data_collection_activityevent"
        default_permissions = ()


class DealEvent(Event, Dimensions, DealMeasures):
    """Kinds: created, won, lost, pushed (close date moved into a later month)."""

    opportunity = _link("data_collection.Opportunity")
    currency = models.CharField(max_length=3)
    amount = _money()
    fx_missing = models.BooleanField()
    days = _count()  # created to closed; for a push: days moved
    was_on = models.DateField(null=True)
    now_on = models.DateField(null=True)

    class Meta:
        managed = False
        db_table = "data_collection_dealevent"
        default_permissions = ()


class LeadEvent(Event, Dimensions, LeadMeasures):
    """Kinds: created, mql, sql, converted, disqualified."""

    lead = _link("data_collection.Lead")
    response_minutes = models.DecimalField(max_digits=14, decimal_places=1, null=True)

    class Meta:
        managed = False
        db_table = "data_collection_leadevent"
        default_permissions = ()


class SaleEvent(Event, Dimensions, SaleMeasures):
    """Kinds: order (an order line), deal (a won deal of a system that sends no order lines)."""

    order_line = _link("data_collection.OrderLine")
    opportunity = _link("data_collection.Opportunity")
    order_id = models.CharField(max_length=80, null=True)  # noqa: DJ001  a view's column, NULL for a deal
    currency = models.CharField(max_length=3)
    fx_missing = models.BooleanField()

    class Meta:
        managed = False
        db_table = "data_collection_saleevent"
        default_permissions = ()


class StageEvent(Event, Dimensions):
    """A stay in a stage, on the day it ended."""

    opportunity = _link("data_collection.Opportunity")
    stage = _link("data_collection.Stage")
    entered_on = models.DateField()
    days = _count()

    class Meta:
        managed = False
        db_table = "data_collection_stageevent"
        default_permissions = ()


class OpenDealQuerySet(FactQuerySet):
    def on(self, day: Any) -> Self:
        """The deals open on this day, each once."""
        still_open = Q(status="open") | Q(close_date__gt=day)  # follows from span_to, yet an index knows it
        return self.filter(still_open, span_from__lte=day, span_to__gt=day)


class OpenDeal(Dimensions):
    """A deal while open, with the same owner, team and territory. Amount and close date are today's."""

    id = models.BigIntegerField(primary_key=True)  # of the opportunity: unique on any one day
    opportunity = _link("data_collection.Opportunity")
    account = _link("data_collection.Account")
    stage = _link("data_collection.Stage")
    status = models.CharField(max_length=4)
    created_on = models.DateField(null=True)
    close_date = models.DateField(null=True)
    span_from = models.DateField()
    span_to = models.DateField()
    currency = models.CharField(max_length=3)
    fx_missing = models.BooleanField()
    probability = models.DecimalField(max_digits=5, decimal_places=4)
    open_n = _count()
    open_amount = _money()
    weighted_amount = _money()

    objects = OpenDealQuerySet.as_manager()

    class Meta:
        managed = False
        db_table = "data_collection_opendeal"
        default_permissions = ()


# --- bookkeeping -------------------------------------------------------------------------
class FactDirty(models.Model):
    """Days whose facts a change has touched and no refresh has redone. Written by triggers only."""

    area = models.CharField(max_length=10)  # '*' = every area
    day_from = models.DateField()
    day_to = models.DateField()  # first day not touched; infinity = all later days

    class Meta:
        default_permissions = ()


class OrderSystem(models.Model):
    """Systems that send order lines: their revenue comes from these, not from won deals."""

    system = models.CharField(max_length=40, primary_key=True)

    class Meta:
        default_permissions = ()
