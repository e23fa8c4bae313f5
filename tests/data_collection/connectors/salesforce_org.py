"""A small Salesforce org, with what real ones hold: own fields, queues, merged and deleted records, inactive stages."""

from dataclasses import dataclass, field

from tests.standins.salesforce import SalesforceStandin


@dataclass
class Org:
    """The ids of what was made."""

    users: list[str] = field(default_factory=list)
    accounts: list[str] = field(default_factory=list)
    contacts: list[str] = field(default_factory=list)
    deals: list[str] = field(default_factory=list)
    leads: list[str] = field(default_factory=list)
    product: str = ""


def fill(force: SalesforceStandin, *, deals: int = 12) -> Org:
    org = Org()
    for name, email, active, kind in (
        ("Rui Rocha", "RUI@example.test", True, "Standard"),
        ("Una Umbra", "una@example.test", False, "Standard"),
        ("Automated Process", "", True, "AutomatedProcess"),
    ):
        org.users.append(force.insert("User", Name=name, Email=email, IsActive=active, UserType=kind))
    for label, rank, closed, won, chance in (
        ("Prospecting", 1, False, False, 10),
        ("Negotiation", 2, False, False, 90),
        ("Closed Won", 3, True, True, 100),
        ("Closed Lost", 4, True, False, 0),
    ):
        force.insert(
            "OpportunityStage",
            MasterLabel=label,
            IsActive=True,
            SortOrder=rank,
            IsClosed=closed,
            IsWon=won,
            DefaultProbability=float(chance),
        )
    org.product = force.insert("Product2", Name="Widget", ProductCode="W-1", Family="Tools", IsActive=True)
    force.insert(
        "PricebookEntry", Product2Id=org.product, UnitPrice=10.5, IsActive=True, Pricebook2={"IsStandard": True}
    )
    for n in range(1, 13):
        org.accounts.append(
            force.insert(
                "Account",
                Name=f"Café N°{n} บริษัท",
                OwnerId=org.users[0],
                NumberOfEmployees=n * 10,
                BillingCountry="Thailand",
                AnnualRevenue=1250000.5,
                ParentId=org.accounts[0] if n == 2 else None,
                MasterRecordId=None,
                Tier__c="Gold;Silver",
                Partner__c=True,
                Since__c="2020-02-29",
                Signed__c=force.now if n == 1 else None,
            )
        )
        org.contacts.append(
            force.insert(
                "Contact",
                FirstName="Zoë",
                LastName=f"Nguyễn {n} 🚀",
                Email=f"zoe{n}@c{n}.example.test",
                AccountId=org.accounts[n - 1],
                MasterRecordId=None,
            )
        )
    for n in range(1, deals + 1):
        org.deals.append(
            force.insert(
                "Opportunity",
                Name=f"Deal {n}",
                AccountId=org.accounts[(n - 1) % 12],
                OwnerId=org.users[0],
                StageName="Prospecting",
                Amount=n * 1000.25,
                CloseDate="2026-06-30",
                Probability=10.0,
                Type="New Customer",
                ForecastCategory="Pipeline",
                ForecastCategoryName="Pipeline",
                Rival__c=None,
            )
        )
    for status, converted in (("Open - Not Contacted", False), ("Closed - Converted", True), ("Unqualified", False)):
        org.leads.append(
            force.insert(
                "Lead",
                Name="Ana Lópéz",
                Company="Ñandú",
                Status=status,
                IsConverted=converted,
                MasterRecordId=None,
                OwnerId="00G5e0000000001AAA",
                ConvertedDate="2026-02-01" if converted else None,
                ConvertedOpportunityId=org.deals[0] if converted else None,
                ConvertedAccountId=org.accounts[0] if converted else None,
                ConvertedContactId=org.contacts[0] if converted else None,
            )
        )
    force.insert(
        "OpportunityLineItem",
        OpportunityId=org.deals[0],
        Product2Id=org.product,
        Name="Deal 1 Widget",
        Quantity=3.0,
        UnitPrice=10.5,
        TotalPrice=25.2,
        Discount=20.0,
    )
    force.insert(
        "Task",
        Subject="Call",
        TaskSubtype="Call",
        Status="Completed",
        IsClosed=True,
        ActivityDate="2026-03-02",
        CompletedDateTime=force.now,
        CallDurationInSeconds=150,
        CallDisposition="Reached",
        OwnerId=org.users[0],
        WhoId=org.leads[0],
        WhatId=None,
        AccountId=None,
    )
    force.insert(
        "Task",
        Subject="E-mail: Offer ✉",
        TaskSubtype="Email",
        Status="Completed",
        IsClosed=True,
        ActivityDate="2026-03-04",
        CompletedDateTime=None,
        OwnerId=org.users[1],
        WhoId=org.contacts[0],
        WhatId=org.deals[0],
        AccountId=org.accounts[0],
    )
    force.insert(
        "Task",
        Subject="Later",
        TaskSubtype="Task",
        Status="Not Started",
        IsClosed=False,
        ActivityDate=None,
        OwnerId=org.users[0],
    )
    force.insert(
        "Event",
        Subject="Show it",
        Type="Demo",
        ActivityDate="2026-03-03",
        ActivityDateTime=force.now,
        DurationInMinutes=45,
        IsAllDayEvent=False,
        OwnerId=org.users[0],
        WhoId=None,
        WhatId=org.deals[1],
        AccountId=org.accounts[1],
        IsChild=False,
        IsRecurrence=False,
    )
    return org


def play(force: SalesforceStandin, org: Org) -> None:
    """Deal 1 went forward, back, was won, changed amount, date, category and hands; deal 2 is in an old stage."""
    deal = org.deals[0]
    for days, fields in (
        (4, {"StageName": "Negotiation", "ForecastCategory": "Forecast", "Probability": 90.0}),
        (4, {"StageName": "Prospecting", "Amount": 1500.0, "ForecastCategory": "Pipeline", "Probability": 10.0}),
        (2, {"NextStep": "call again"}),
        (
            20,
            {
                "StageName": "Closed Won",
                "IsWon": True,
                "IsClosed": True,
                "CloseDate": "2026-04-01",
                "ForecastCategory": "Closed",
                "Probability": 100.0,
            },
        ),
    ):
        force.tick(days * 86400)
        force.update("Opportunity", deal, **fields)
    force.update("Opportunity", deal, OwnerId=org.users[1])
    force.update("Opportunity", org.deals[1], StageName="Alte Phase", Name="ข้อตกลง " + "x" * 300, Amount=None)
