"""A small HubSpot account, with what real ones hold: accents, Thai, nulls, deals that went back, records long gone."""

from typing import Any

from tests.standins.hubspot import HubSpotStandin


def step(own: str, label: str, order: int, probability: str, *, closed: bool = False) -> dict[str, Any]:
    metadata = {"isClosed": "true" if closed else "false", "probability": probability}
    return {"id": own, "label": label, "displayOrder": order, "metadata": metadata, "archived": False}


PIPELINES: list[dict[str, Any]] = [
    {
        "id": "default",
        "label": "Sales Pipeline",
        "displayOrder": 0,
        "stages": [
            step("closedlost", "Closed Lost", 4, "0.0", closed=True),
            step("appointmentscheduled", "Appointment scheduled", 0, "0.2"),
            step("contractsent", "Contract sent", 1, "0.9"),
            step("closedwon", "Closed Won", 3, "1.0", closed=True),
        ],
    },
    {"id": "7001", "label": "พันธมิตร", "displayOrder": 1, "stages": [step("7101", "Erstgespräch", 0, "0.1")]},
]
OWNERS: list[dict[str, Any]] = [
    {"id": "41", "email": "rui@example.test", "firstName": "Rui", "lastName": "Rocha", "userId": 9, "archived": False},
    {"id": "42", "email": "una@example.test", "firstName": "Una", "lastName": "", "userId": 10, "archived": False},
    {"id": "43", "email": "", "firstName": None, "lastName": None, "userId": None, "archived": True},
]
CUSTOM = {
    "deals": [{"name": "competitors", "type": "enumeration", "hubspotDefined": False}],
    "companies": [
        {"name": "renewal_day", "type": "date", "hubspotDefined": False},
        {"name": "is_partner", "type": "bool", "hubspotDefined": False},
    ],
}


def fill(hub: HubSpotStandin, *, deals: int = 12) -> HubSpotStandin:
    """12 companies, contacts and deals (or as many deals as asked for), products, lines and activities."""
    hub.owners, hub.pipelines, hub.custom = [dict(owner) for owner in OWNERS], PIPELINES, dict(CUSTOM)
    for n in range(1, 13):
        hub.put(
            "companies",
            100 + n,
            name=f"Café N°{n} บริษัท",
            domain=f"c{n}.example.test",
            numberofemployees=f"{n}0",
            annualrevenue="1250000.5",
            hubspot_owner_id="41",
            country="Thailand",
            renewal_day="1796083200000",
            is_partner="true",
            hs_parent_company_id="101" if n == 2 else None,
            founded_year="1999" if n == 3 else "long ago",
        )
        hub.put(
            "contacts",
            200 + n,
            firstname="Zoë",
            lastname=f"Nguyễn {n} 🚀",
            email=f"zoe{n}@c{n}.example.test",
            associatedcompanyid=str(100 + n),
            lifecyclestage="salesqualifiedlead" if n % 2 else "subscriber",
            hs_lifecyclestage_lead_date="2026-01-05T09:00:00Z" if n % 2 else None,
            hs_lifecyclestage_salesqualifiedlead_date="1768000000000" if n % 2 else "",
        )
    for n in range(1, deals + 1):
        company = str(100 + (n - 1) % 12 + 1)
        hub.put(
            "deals",
            300 + n,
            dealname=f"Deal {n}",
            pipeline="default",
            dealstage="appointmentscheduled",
            amount=f"{n}000.50",
            closedate="2026-06-30T12:00:00Z",
            dealtype="newbusiness",
            hubspot_owner_id="41",
            competitors="Acme;Globex",
            links={"companies": [company, "101"], "contacts": [str(200 + (n - 1) % 12 + 1)]},
        )
    hub.put("products", 501, name="Widget", hs_sku="W-1", price="10.5", hs_product_type="inventory")
    hub.put(
        "line_items",
        601,
        name="Widget",
        hs_product_id="501",
        quantity="3",
        price="10.5",
        amount="31.5",
        hs_discount_percentage="20",
        links={"deals": ["301"]},
    )
    hub.put("line_items", 602, name="Workshop", quantity="1", price="900", amount="900", links={"deals": ["301"]})
    hub.put(
        "calls",
        701,
        hs_timestamp="2026-03-02T10:00:00Z",
        hs_call_title="Intro",
        hs_call_duration="150000",
        hs_call_disposition="f240bbac-87c9-4f6e-bf70-924b57d47db7",
        hubspot_owner_id="41",
        links={"deals": ["301"], "companies": ["101"], "contacts": ["201"]},
    )
    hub.put(
        "meetings",
        702,
        hs_timestamp="2026-03-03T09:00:00Z",
        hs_meeting_title="Show it",
        hs_meeting_start_time="2026-03-03T09:00:00Z",
        hs_meeting_end_time="2026-03-03T09:45:00Z",
        hs_meeting_outcome="COMPLETED",
        hs_activity_type="Product demo",
        hubspot_owner_id="42",
        links={"deals": ["302"]},
    )
    hub.put(
        "emails",
        703,
        hs_timestamp="2026-03-04T09:00:00Z",
        hs_email_subject="Offer ✉",
        hs_email_direction="EMAIL",
        hs_email_status="SENT",
        hubspot_owner_id="41",
        links={"deals": ["301"]},
    )
    hub.put(
        "emails",
        704,
        hs_timestamp="2026-03-04T11:00:00Z",
        hs_email_subject="Re: Offer",
        hs_email_direction="INCOMING_EMAIL",
        links={"deals": ["301"]},
    )
    hub.put("notes", 705, hs_timestamp="1772701200000", hubspot_owner_id="41", links={"deals": ["301"]})
    hub.put(
        "tasks",
        706,
        hs_timestamp="2026-03-05T09:00:00Z",
        hs_task_subject="Call back",
        hs_task_status="COMPLETED",
        hs_task_completion_date="2026-03-06T08:30:00Z",
        hubspot_owner_id="41",
    )
    hub.put("tasks", 707, hs_timestamp="2026-03-09T09:00:00Z", hs_task_subject="Later", hs_task_status="NOT_STARTED")
    return hub


def play(hub: HubSpotStandin) -> None:
    """Deal 301 went forward, back and was won, changed its amount, date and hands; 302 is in a pipeline long gone."""
    hub.put("deals", 301, dealstage="closedwon", amount="1500", closedate="2026-04-01T12:00:00Z", hubspot_owner_id="42")
    hub.history(
        "deals",
        301,
        "dealstage",
        [
            ("2026-03-01T08:00:00Z", "appointmentscheduled"),
            ("2026-03-05T08:00:00Z", "contractsent"),
            ("2026-03-09T08:00:00Z", "appointmentscheduled"),
            ("2026-04-01T12:00:00Z", "closedwon"),
        ],
    )
    hub.history("deals", 301, "amount", [("2026-03-01T08:00:00Z", "1000.50"), ("2026-03-09T08:00:00Z", "1500")])
    hub.history(
        "deals",
        301,
        "closedate",
        [
            ("2026-03-01T08:00:00Z", "1782820800000"),
            ("2026-03-02T08:00:00Z", "2026-06-30T18:00:00Z"),
            ("2026-04-01T12:00:00Z", "2026-04-01T12:00:00Z"),
        ],
    )
    hub.history("deals", 301, "hubspot_owner_id", [("2026-03-01T08:00:00Z", "41"), ("2026-03-20T23:30:00Z", "42")])
    hub.put("deals", 302, pipeline="gone", dealstage="9999", dealname="ข้อตกลง " + "x" * 300, amount="")
