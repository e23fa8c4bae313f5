"""How people and systems call the fields of each table in the header of a file, the usual name first.

Compared by letters and digits only, in any case: `Close Date`, `CLOSEDATE`, `close_date` and `Close-Date*` are one.
"""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Words:
    """What files that fill one table are called, and their columns."""

    nouns: tuple[str, ...]  # in names of files and before "id"
    fields: dict[str, tuple[str, ...]]
    telling: tuple[str, ...] = field(default=())  # fields hardly another table has


def _phrases(text: str) -> tuple[str, ...]:
    return tuple(phrase.strip() for phrase in text.split(","))


def _words(nouns: str, telling: str, **fields: str) -> Words:
    return Words(_phrases(nouns), {name: _phrases(text) for name, text in fields.items()}, _phrases(telling))


PLACE = {
    "country": "country, billing country, country region, country code, ประเทศ",
    "city": "city, billing city, town, เมือง",
}
FULL_PLACE = {
    **PLACE,
    "region": "region, sales region, world region, ภูมิภาค",
    "state": "state, billing state, state region, province, county, จังหวัด",
    "postal_code": "postal code, zip, zip code, postcode, billing postal code, billing zip, รหัสไปรษณีย์",
}
CHANGED = "last modified date, modified at, updated at, update time, last updated, system modstamp, last activity date"
OWNER = "owner, owner name, owner full name, owner email, assigned to, sales rep, salesperson, sales agent, seller, rep"

VOCABULARY: dict[str, Words] = {
    "rep": _words(
        "rep, reps, user, users, owner, owners, salespeople, sales team, agents, seller, sellers",
        "manager",
        code="user id, rep id, owner id, employee id, code, id, username, email, sales agent, rep",
        name="name, full name, user name, rep name, sales agent, sales rep, seller, salesperson",
        email="email, e-mail, user email",
        hired_on="hire date, hired on, start date, joined",
        left_on="leave date, left on, end date",
    ),
    "product": _words(
        "product, products, item, items, sku, price list",
        "list_price, family",
        code="product id, product code, sku, item id, id, record id, code, product",
        name="product name, item name, name, product, title, description",
        family="product family, family, category, product category, series, line, product line",
        list_price="list price, sales price, unit price, price, standard price",
        unit_cost="unit cost, cost, cost of goods sold",
        currency="currency, currency code, currency iso code",
    ),
    "stage": _words(
        "stage, stages, sales stage, sales stages, pipeline stage, deal stage",
        "probability",
        name="stage name, sales stage, stage, deal stage, name, label, master label",
        rank="rank, order, sort order, display order, order nr, position, sequence",
        probability="probability, win probability, default probability, deal probability",
        pipeline="pipeline, pipeline name",
    ),
    "account": _words(
        "account, accounts, company, companies, organization, organizations, organisation, customer, customers, client",
        "industry, employees, website, annual_revenue, parent",
        external_id="account id, company id, organization id, customer id, client id, record id, id, account number",
        name="account name, company name, organization name, customer name, name, account, company, "
        "organization, บริษัท, "
        "ชื่อบริษัท",
        parent="parent account id, parent id, parent account, parent company, subsidiary of, parent, "
        "associated company ids",
        owner=f"account owner, company owner, {OWNER}, owner id",
        segment="segment, customer segment, account segment, tier",
        industry="industry, sector, vertical, อุตสาหกรรม",
        website="website, web site, url, company domain name, domain, homepage",
        employees="employees, number of employees, num employees, num emp, employee count, headcount, company size",
        annual_revenue="annual revenue, revenue, yearly revenue, turnover",
        currency="currency, currency iso code",
        founded_year="year founded, founded year, year established, founded",
        customer_since="customer since, became customer",
        created_on="created date, create date, created at, created on, add time, account created date, created",
        modified_at=CHANGED,
        latitude="latitude, lat, billing latitude",
        longitude="longitude, lng, lon, long, billing longitude",
        **FULL_PLACE,
    ),
    "contact": _words(
        "contact, contacts, person, persons, people",
        "last_name",
        external_id="contact id, person id, record id, id",
        first_name="first name, given name, forename, ชื่อ",
        last_name="last name, surname, family name, name, full name, contact name, นามสกุล",
        email="email, e-mail, email address, work email, อีเมล",
        phone="phone, phone number, mobile, mobile phone, telephone, โทรศัพท์",
        title="job title, title, position, role",
        account="account id, company id, associated company ids, account name, company name, organization, "
        "company, account",
        modified_at=CHANGED,
        country=PLACE["country"],
    ),
    "lead": _words(
        "lead, leads, prospect, prospects, inquiry, inquiries, enquiries",
        "lead_source, status, campaign, mql_on, sql_on, converted_on, company",
        external_id="lead id, prospect id, record id, id, lead number",
        name="lead name, full name, name, contact name, title",
        company="company, company name, organization, account name, บริษัท",
        email="email, e-mail, email address, work email, อีเมล",
        phone="phone, phone number, mobile, telephone, โทรศัพท์",
        title="job title, position, role",
        industry="industry, sector",
        employees="number of employees, employees, company size",
        lead_source="lead source, source, original source, channel, original traffic source, source type",
        campaign="campaign, campaign name, most recent campaign, utm campaign",
        status="lead status, status, lifecycle stage, lead stage, converted, is converted",
        owner=f"lead owner, contact owner, {OWNER}, owner id",
        segment="segment",
        product="product, product interest, product of interest",
        created_on="created date, create date, created at, created on, lead created date, add time, date, "
        "created, submitted",
        mql_on="mql date, became a marketing qualified lead date, marketing qualified date",
        sql_on="sql date, became a sales qualified lead date, sales qualified date",
        converted_on="converted date, conversion date, became an opportunity date",
        disqualified_on="disqualified date, unqualified date",
        disqualified_reason="disqualified reason, unqualified reason, disqualification reason",
        score="lead score, hubspot score, score",
        modified_at=CHANGED,
        country=PLACE["country"],
    ),
    "opportunity": _words(
        "opportunity, opportunities, deal, deals, pipeline, sales pipeline, opp, fact, facts",
        "stage, close_date, status, forecast_category, next_step, lost_reason",
        external_id="opportunity id, deal id, opp id, record id, id",
        name="opportunity name, deal name, deal title, title, name, deal, opportunity, ชื่อดีล",
        account="account id, company id, organization id, associated company ids, account name, associated company, "
        "company name, organization, account, company, customer, customer name, client name",
        contact="contact id, person id, primary contact id",
        lead="lead id, original lead id",
        owner=f"opportunity owner, deal owner, {OWNER}, owner id",
        product="product id, product code, product name, product, primary product",
        stage="stage, deal stage, stage name, sales stage, sales stage id, opportunity stage, stage id",
        status="status, deal status, opportunity status, outcome, result, won lost",
        lead_source="lead source, source, original source, deal source, source channel",
        amount="amount, deal value, value, deal amount, opportunity amount, close value, deal size, product revenue, "
        "revenue, total, contract value, มูลค่า",
        currency="currency, currency of value, deal currency, currency code, currency iso code, amount currency",
        discount="discount, discount percent",
        probability="probability, deal probability, win probability, probability percent",
        forecast_category="forecast category, forecast category name",
        kind="opportunity type, deal type, type",
        created_on="created date, create date, created at, created on, deal created, engage date, open date, "
        "created, add time",
        close_date="close date, expected close date, estimated close date, closed date, won time, actual close date",
        next_step="next step, next steps, next activity",
        lost_reason="lost reason, closed lost reason, loss reason, reason lost",
        modified_at=CHANGED,
    ),
    "opportunity_line": _words(
        "line item, line items, deal products, opportunity products, opportunity lines, quote lines",
        "unit_price, quantity",
        external_id="line item id, line id, record id, id",
        opportunity="opportunity id, deal id, associated deal ids",
        product="product id, product code, product name, product",
        quantity="quantity, qty, units",
        unit_price="unit price, sales price, price",
        discount="discount, discount percent",
        amount="total price, line total, amount, net price, product revenue",
    ),
    "activity": _words(
        "activity, activities, task, tasks, event, events, call, calls, meeting, meetings, email log, engagements",
        "duration_minutes, subject, kind",
        external_id="activity id, task id, event id, record id, id",
        kind="activity type, type, kind, task subtype, activity kind",
        day="activity date, date, due date, start date, day, activity day",
        at="start time, activity time, date time, timestamp, start date time",
        duration_minutes="duration minutes, duration in minutes, duration, call duration, minutes",
        subject="subject, activity subject, title, name",
        outcome="outcome, call outcome, result, disposition",
        rep=f"activity assigned to, {OWNER}, owner id, user",
        account="account id, company id, associated company ids, account name, company, account",
        opportunity="opportunity id, deal id, associated deal ids, what id, deal, opportunity",
        lead="lead id, who id, lead",
    ),
    "marketing_event": _words(
        "marketing event, marketing events, web events, form submissions, email events, behaviour",
        "campaign, kind",
        external_id="event id, record id, id",
        kind="event, event type, event name, type, action",
        day="event date, date, timestamp, occurred at, submitted at",
        lead="lead id, prospect id, lead",
        contact="contact id, contact",
        campaign="campaign, campaign name, asset, form name",
    ),
    "order_line": _words(
        "order, orders, order line, order lines, invoice, invoices, sales orders, order details, transactions",
        "order_id, ordered_on, shipped_on, profit, quantity",
        external_id="row id, order line id, line id, invoice line id, record id, id",
        order_id="order id, order number, order no, invoice number, invoice no, order",
        account="customer id, account id, customer name, customer, account",
        product="product id, sku, product code, product name, product",
        owner=f"{OWNER}, region manager",
        segment="segment, customer segment",
        ordered_on="order date, invoice date, date, ordered on, purchase date",
        shipped_on="ship date, shipping date, delivery date, shipped on",
        quantity="quantity, qty, units, quantity ordered",
        amount="sales, net sales, amount, line total, total, revenue, net amount, price paid",
        profit="profit, margin, gross profit",
        discount="discount, discount percent",
        currency="currency, currency code",
        **{name: text for name, text in FULL_PLACE.items() if name != "region"},
    ),
    "support_ticket": _words(
        "ticket, tickets, case, cases, support tickets, support cases",
        "tier, opened_on, hours",
        external_id="ticket id, case id, case number, ticket number, record id, id",
        account="account id, company id, account name, company, customer",
        product="product id, product code, product name, product",
        subject="subject, ticket name, title",
        tier="tier, level, support tier",
        opened_on="opened date, create date, created date, opened on, date opened",
        closed_on="closed date, close date, closed on, date closed",
        hours="hours, hours spent, time spent",
    ),
}

#: Texts drop-downs and spreadsheets leave behind; as a cell they mean that nothing is known.
PLACEHOLDERS = frozenset(
    [
        "select",
        "-- select --",
        "--select--",
        "please select",
        "--none--",
        "-- none --",
        "n/a",
        "#n/a",
        "null",
        "(blank)",
    ]
    + ["(empty)", "undefined", "nan"]
)

WON = ("Won", "Closed Won", "Closed - Won", "Closed/Won", "closedwon", "Signed", "Gewonnen", "ชนะ", "ปิดการขายได้")
LOST = ("Lost", "Closed Lost", "Closed - Lost", "Closed/Lost", "closedlost", "Abandoned", "Verloren", "แพ้")
OPEN = ("Open", "Offen", "In progress", "Pending", "เปิด")

CATEGORIES = {
    "pipeline": ("Pipeline", "Most Likely"),
    "best_case": ("Best Case", "BestCase", "Upside"),
    "commit": ("Commit", "Forecast"),
    "closed": ("Closed", "Won", "Closed Won"),
    "omitted": ("Omitted", "Lost", "Closed Lost"),
}
LEAD_STATES = {
    "new": ("New", "Open", "Open - Not Contacted", "Not contacted", "Subscriber", "Lead", "0", "No", "False"),
    "working": (
        "Working",
        "Contacted",
        "Working - Contacted",
        "Attempted to contact",
        "In progress",
        "Connected",
        "Open deal",
    ),
    "mql": ("MQL", "Marketing qualified lead", "marketingqualifiedlead", "Marketing qualified"),
    "sql": ("SQL", "Qualified", "Sales qualified lead", "salesqualifiedlead", "Sales qualified"),
    "converted": ("Converted", "Closed - Converted", "Opportunity", "Customer", "1", "Yes", "True"),
    "disqualified": ("Disqualified", "Unqualified", "Closed - Not Converted", "Bad fit", "Bad timing", "Junk"),
}
ACTIVITY_KINDS = {
    "email": ("Email", "E-mail", "Mail", "Email sent", "อีเมล"),
    "call": ("Call", "Phone call", "Outbound call", "Inbound call", "โทร"),
    "meeting": ("Meeting", "Visit", "Appointment", "Event", "ประชุม"),
    "demo": ("Demo", "Demonstration", "Product demo"),
    "proposal": ("Proposal", "Quote", "Offer", "Proposal sent"),
}
DEAL_KINDS = {
    "new": ("New", "New business", "New Customer", "newbusiness", "Opportunity"),
    "expansion": (
        "Expansion",
        "Upsell",
        "Existing business",
        "existingbusiness",
        "Existing Customer - Upgrade",
        "Cross-sell",
    ),
    "renewal": ("Renewal", "Existing Customer - Renewal"),
}
