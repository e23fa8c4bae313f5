"""Which fields of which Salesforce objects are read, and what each object is to the mirror."""

from dataclasses import dataclass

MODIFIED = "SystemModstamp"


@dataclass(frozen=True, slots=True)
class Kind:
    """One object, by its API name."""

    name: str
    fields: tuple[str, ...]  # of Salesforce; read where the org has them and the user may see them
    tables: tuple[str, ...] = ()  # of the mirror: a deleted record is taken out of them
    custom: bool = False  # fields of the org's own are read too
    required: bool = False  # without it a sync makes no sense
    where: str = ""  # a condition every query has
    small: bool = False  # read whole each time
    prefix: str = ""  # of the external id, where several objects fill one table
    by_deal: bool = False  # a history: read in the order of the deals it belongs to


LIVING_DEALS = "Opportunity.IsDeleted = false"
ALWAYS = ("Id", "IsDeleted", MODIFIED, "CreatedDate")

KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind("User", ("Id", "Name", "Email", "IsActive", "UserType", MODIFIED), required=True, small=True),
        Kind("Product2", (*ALWAYS, "Name", "ProductCode", "Family", "CurrencyIsoCode", "IsActive"), custom=True),
        Kind(
            "PricebookEntry",
            ("Id", "IsDeleted", MODIFIED, "Product2Id", "UnitPrice", "CurrencyIsoCode"),
            where="Pricebook2.IsStandard = true AND IsActive = true",
        ),
        Kind(
            "OpportunityStage",
            tuple("Id MasterLabel IsActive SortOrder IsClosed IsWon DefaultProbability".split()),
            small=True,
        ),
        Kind(
            "Account",
            (
                *ALWAYS,
                *"MasterRecordId Name ParentId OwnerId Type Industry Website BillingCountry BillingState BillingCity "
                "BillingPostalCode BillingLatitude BillingLongitude NumberOfEmployees AnnualRevenue YearStarted "
                "CurrencyIsoCode".split(),
            ),
            ("account",),
            custom=True,
            required=True,
        ),
        Kind(
            "Contact",
            (
                *ALWAYS,
                *"MasterRecordId AccountId OwnerId FirstName LastName Email Phone MobilePhone Title LeadSource "
                "MailingCountry".split(),
            ),
            ("contact",),
            custom=True,
            required=True,
        ),
        Kind(
            "Lead",
            (
                *ALWAYS,
                *"MasterRecordId Name Company Email Phone MobilePhone Title Industry Country NumberOfEmployees "
                "LeadSource Status OwnerId IsConverted ConvertedDate ConvertedAccountId ConvertedContactId "
                "ConvertedOpportunityId FirstCallDateTime FirstEmailDateTime".split(),
            ),
            ("lead",),
            custom=True,
        ),
        Kind(
            "Opportunity",
            (
                *ALWAYS,
                *"Name AccountId ContactId OwnerId StageName Amount Probability CloseDate Type LeadSource IsClosed "
                "IsWon ForecastCategory ForecastCategoryName CampaignId NextStep CurrencyIsoCode".split(),
            ),
            ("opportunity",),
            custom=True,
            required=True,
        ),
        Kind(
            "OpportunityHistory",
            tuple("Id OpportunityId StageName Amount CloseDate ForecastCategory CreatedDate".split()),
            by_deal=True,
            where=LIVING_DEALS,
        ),
        Kind(
            "OpportunityFieldHistory",
            tuple("Id OpportunityId Field OldValue NewValue CreatedDate Opportunity.CreatedDate".split()),
            by_deal=True,
            where=f"Field = 'Owner' AND {LIVING_DEALS}",
        ),
        Kind(
            "OpportunityLineItem",
            (
                *ALWAYS,
                *"OpportunityId Product2Id Name ProductCode Quantity UnitPrice TotalPrice Discount "
                "CurrencyIsoCode".split(),
            ),
            ("opportunity_line",),
            custom=True,
        ),
        Kind(
            "Task",
            (
                *ALWAYS,
                *"Subject TaskSubtype Type Status ActivityDate CompletedDateTime CallDurationInSeconds CallDisposition "
                "OwnerId WhoId WhatId AccountId IsClosed".split(),
            ),
            ("activity",),
            custom=True,
            prefix="task-",
        ),
        Kind(
            "Event",
            (
                *ALWAYS,
                *"Subject Type ActivityDate ActivityDateTime DurationInMinutes IsAllDayEvent OwnerId WhoId WhatId "
                "AccountId IsChild IsRecurrence".split(),
            ),
            ("activity",),
            custom=True,
            prefix="event-",
        ),
    )
}
#: Types of fields that hold no text a cell could: files, and addresses whose parts are fields of their own.
UNREADABLE = frozenset({"base64", "address", "location", "complexvalue", "anyType"})
