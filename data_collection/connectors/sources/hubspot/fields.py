"""Which properties of which HubSpot objects are read, and what each object is to the mirror."""

from dataclasses import dataclass

LIFECYCLE = ("lead", "marketingqualifiedlead", "salesqualifiedlead", "opportunity", "customer")


@dataclass(frozen=True, slots=True)
class Kind:
    """One object of the CRM API. Its name is also the name of the file its rows go to."""

    name: str
    properties: tuple[str, ...]
    tables: tuple[str, ...]  # of the mirror: an archived record is taken out of them
    scope: str  # what an app needs to read it
    modified: str = "hs_lastmodifieddate"
    associations: tuple[str, ...] = ()
    history: tuple[str, ...] = ()
    required: bool = True  # without it a sync makes no sense
    prefix: str = ""  # of the external id, where several objects fill one table

    @property
    def page_size(self) -> int:
        """The API gives 100 records at a time, 50 with their history."""
        return 50 if self.history else 100


def _activity(name: str, prefix: str, *properties: str, scope: str = "crm.objects.contacts.read") -> Kind:
    return Kind(
        name,
        ("hs_timestamp", "hubspot_owner_id", "hs_createdate", "hs_lastmodifieddate", *properties),
        ("activity",),
        scope,
        associations=("deals", "companies", "contacts"),
        required=False,
        prefix=prefix,
    )


KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind(
            "products",
            tuple("name hs_sku price hs_cost_of_goods_sold hs_product_type hs_lastmodifieddate createdate".split()),
            (),  # a product stays for the lines that were sold
            "crm.objects.products.read",
            required=False,
        ),
        Kind(
            "companies",
            tuple(
                "name domain website industry country state city zip numberofemployees annualrevenue founded_year "
                "hubspot_owner_id hs_parent_company_id lifecyclestage hs_lifecyclestage_customer_date "
                "hs_v2_date_entered_customer createdate hs_lastmodifieddate hs_merged_object_ids".split()
            ),
            ("account",),
            "crm.objects.companies.read",
        ),
        Kind(
            "contacts",
            (
                *"firstname lastname email phone mobilephone jobtitle company country industry hubspot_owner_id "
                "associatedcompanyid lifecyclestage hs_lead_status hs_analytics_source hs_latest_source "
                "hubspotscore createdate lastmodifieddate hs_merged_object_ids hs_calculated_merged_vids "
                "hubspot_owner_assigneddate hs_sa_first_engagement_date".split(),
                *(f"hs_lifecyclestage_{stage}_date" for stage in LIFECYCLE),
                *(f"hs_v2_date_entered_{stage}" for stage in LIFECYCLE),
            ),
            ("contact", "lead"),
            "crm.objects.contacts.read",
            modified="lastmodifieddate",
        ),
        Kind(
            "leads",
            tuple(
                "hs_lead_name hs_lead_type hs_lead_label hs_lead_source hs_pipeline hs_pipeline_stage hubspot_owner_id "
                "hs_lead_disqualification_reason hs_associated_company_name hs_associated_contact_email "
                "hs_createdate hs_lastmodifieddate".split()
            ),
            ("lead",),
            "crm.objects.leads.read",
            associations=("contacts", "companies"),
            required=False,
            prefix="lead-",
        ),
        Kind(
            "deals",
            tuple(
                "dealname pipeline dealstage amount deal_currency_code closedate createdate dealtype hubspot_owner_id "
                "hs_deal_stage_probability hs_manual_forecast_category hs_next_step closed_lost_reason "
                "hs_analytics_source hs_is_closed hs_is_closed_won hs_lastmodifieddate hs_merged_object_ids".split()
            ),
            ("opportunity",),
            "crm.objects.deals.read",
            associations=("companies", "contacts"),
            history=("dealstage", "amount", "closedate", "hubspot_owner_id"),
        ),
        Kind(
            "line_items",
            tuple(
                "name hs_sku hs_product_id quantity price amount discount hs_discount_percentage "
                "hs_line_item_currency_code createdate hs_lastmodifieddate".split()
            ),
            ("opportunity_line",),
            "crm.objects.line_items.read",
            associations=("deals",),
            required=False,
        ),
        _activity(
            "calls",
            "call-",
            *"hs_call_title hs_call_duration hs_call_disposition hs_call_status hs_call_direction "
            "hs_activity_type".split(),
        ),
        _activity(
            "meetings",
            "meeting-",
            *"hs_meeting_title hs_meeting_start_time hs_meeting_end_time hs_meeting_outcome hs_activity_type".split(),
        ),
        _activity(
            "emails", "email-", "hs_email_subject", "hs_email_direction", "hs_email_status", scope="sales-email-read"
        ),
        _activity("notes", "note-"),
        _activity("tasks", "task-", *"hs_task_subject hs_task_status hs_task_type hs_task_completion_date".split()),
    )
}

OWNERS, PIPELINES = "owners", "pipelines"
OWNERS_SCOPE = "crm.objects.owners.read"
