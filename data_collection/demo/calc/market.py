"""What the demo company sells, to whom, where, and by which steps. Amounts in USD unless said."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    city: str
    state: str
    country: str
    iso: str
    latitude: float
    longitude: float
    culture: str  # of the names of people there


@dataclass(frozen=True, slots=True)
class Leaf:
    """A lowest territory: countries one or more reps work in."""

    code: str
    name: str
    places: tuple[Place, ...]
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Region:
    code: str
    name: str
    currency: str
    rate: float  # USD for one unit, at the first day
    price_factor: float  # list price in this currency per USD of list price
    teams: tuple[tuple[str, tuple[Leaf, Leaf]], ...]  # named teams with their territories
    cultures: tuple[str, ...]  # of the people who work here


@dataclass(frozen=True, slots=True)
class Segment:
    code: str
    name: str
    share: float  # of accounts
    amount: float  # median of a new deal
    cycle_days: float  # of a won deal, mean
    employees: tuple[int, int]
    steps: tuple[float, float, float, float, float]  # chance to pass each open stage, ordinary rep


@dataclass(frozen=True, slots=True)
class Product:
    code: str
    name: str
    family: str
    kind: str
    price: float
    cost_share: float
    mix: tuple[float, float, float, float]  # weight as a deal's main product, by segment
    attach: float = 0.0  # chance to be added to a deal of another product


def _us(city: str, state: str, latitude: float, longitude: float) -> Place:
    return Place(city, state, "United States", "US", latitude, longitude, "us")


_US_EAST = Leaf(
    "US-EAST",
    "United States East",
    (
        _us("Boston", "Massachusetts", 42.36, -71.06),
        _us("Philadelphia", "Pennsylvania", 39.95, -75.17),
        _us("Atlanta", "Georgia", 33.75, -84.39),
        _us("Charlotte", "North Carolina", 35.23, -80.84),
    ),
    1.6,
)
_CANADA = Leaf(
    "CANADA",
    "Canada",
    (
        Place("Toronto", "Ontario", "Canada", "CA", 43.65, -79.38, "us"),
        Place("Calgary", "Alberta", "Canada", "CA", 51.05, -114.07, "indian"),
    ),
)
_US_WEST = Leaf(
    "US-WEST",
    "United States West",
    (
        _us("Denver", "Colorado", 39.74, -104.99),
        _us("Seattle", "Washington", 47.61, -122.33),
        _us("Phoenix", "Arizona", 33.45, -112.07),
        _us("Portland", "Oregon", 45.52, -122.68),
    ),
    1.5,
)
_LATIN = Leaf(
    "LATAM",
    "Latin America",
    (
        Place("Monterrey", "Nuevo Leon", "Mexico", "MX", 25.69, -100.32, "spanish"),
        Place("Bogota", "", "Colombia", "CO", 4.71, -74.07, "spanish"),
        Place("Curitiba", "Parana", "Brazil", "BR", -25.43, -49.27, "brazilian"),
    ),
)
_NORTH = Leaf(
    "NORTHSEA",
    "Nordics, UK and Benelux",
    (
        Place("Gothenburg", "", "Sweden", "SE", 57.71, 11.97, "swedish"),
        Place("Leeds", "England", "United Kingdom", "GB", 53.80, -1.55, "us"),
        Place("Rotterdam", "", "Netherlands", "NL", 51.92, 4.48, "german"),
        Place("Aarhus", "", "Denmark", "DK", 56.16, 10.20, "swedish"),
    ),
    1.3,
)
_DACH = Leaf(
    "DACH",
    "Germany, Austria and Switzerland",
    (
        Place("Hamburg", "", "Germany", "DE", 53.55, 9.99, "german"),
        Place("Stuttgart", "Baden-Wuerttemberg", "Germany", "DE", 48.78, 9.18, "german"),
        Place("Linz", "", "Austria", "AT", 48.31, 14.29, "german"),
        Place("Basel", "", "Switzerland", "CH", 47.56, 7.59, "german"),
    ),
    1.5,
)
_WEST = Leaf(
    "FR-IBERIA",
    "France and Iberia",
    (
        Place("Lyon", "", "France", "FR", 45.76, 4.84, "french"),
        Place("Valencia", "", "Spain", "ES", 39.47, -0.38, "spanish"),
        Place("Porto", "", "Portugal", "PT", 41.15, -8.61, "brazilian"),
    ),
)
_EAST = Leaf(
    "CEE-MED",
    "Central Europe and Mediterranean",
    (
        Place("Wroclaw", "", "Poland", "PL", 51.11, 17.04, "polish"),
        Place("Turin", "Piedmont", "Italy", "IT", 45.07, 7.69, "spanish"),
        Place("Izmir", "", "Turkey", "TR", 38.42, 27.14, "arabic"),
    ),
)
_MEKONG = Leaf(
    "MEKONG",
    "Thailand and Vietnam",
    (
        Place("Bangkok", "", "Thailand", "TH", 13.76, 100.50, "thai"),
        Place("Chiang Mai", "", "Thailand", "TH", 18.79, 98.98, "thai"),
        Place("Da Nang", "", "Vietnam", "VN", 16.05, 108.21, "vietnamese"),
    ),
    1.4,
)
_ISLANDS = Leaf(
    "ISLANDS",
    "Singapore, Malaysia and Indonesia",
    (
        Place("Singapore", "", "Singapore", "SG", 1.35, 103.82, "chinese"),
        Place("Penang", "", "Malaysia", "MY", 5.41, 100.33, "chinese"),
        Place("Surabaya", "", "Indonesia", "ID", -7.26, 112.75, "indonesian"),
    ),
)
_INDIA = Leaf(
    "INDIA",
    "India",
    (
        Place("Pune", "Maharashtra", "India", "IN", 18.52, 73.86, "indian"),
        Place("Chennai", "Tamil Nadu", "India", "IN", 13.08, 80.27, "indian"),
        Place("Jaipur", "Rajasthan", "India", "IN", 26.91, 75.79, "indian"),
    ),
    1.2,
)
_OCEANIA = Leaf(
    "OCEANIA",
    "Australia, New Zealand and Japan",
    (
        Place("Adelaide", "South Australia", "Australia", "AU", -34.93, 138.60, "us"),
        Place("Wellington", "", "New Zealand", "NZ", -41.29, 174.78, "us"),
        Place("Nagoya", "Aichi", "Japan", "JP", 35.18, 136.91, "japanese"),
    ),
)

REGIONS = (
    Region(
        "AMER", "Americas", "USD", 1.0, 1.0,
        (("Americas East", (_US_EAST, _CANADA)), ("Americas West", (_US_WEST, _LATIN))),
        ("us", "spanish", "nigerian", "chinese", "indian", "brazilian"),
    ),
    Region(
        "EUR", "Europe", "EUR", 1.075, 0.92,
        (("Europe North", (_DACH, _NORTH)), ("Europe South", (_WEST, _EAST))),
        ("german", "swedish", "french", "polish", "spanish", "arabic"),
    ),
    Region(
        "APAC", "Asia-Pacific", "THB", 0.0282, 34.0,
        (("South-East Asia", (_MEKONG, _ISLANDS)), ("India and Pacific", (_INDIA, _OCEANIA))),
        ("thai", "indian", "chinese", "vietnamese", "japanese", "indonesian"),
    ),
)  # fmt: skip

STAGES = ("Discovery", "Qualification", "Demo", "Proposal", "Negotiation")
WON, LOST = "Won", "Lost"
STAGE_PROBABILITY = (0.10, 0.20, 0.35, 0.55, 0.75)
STAGE_TIME_SHARE = (0.18, 0.20, 0.22, 0.22, 0.18)  # of the time to a win

SEGMENTS = (
    Segment("SMB", "Small business", 0.44, 11_000, 38, (8, 99), (0.80, 0.76, 0.77, 0.77, 0.80)),
    Segment("MID", "Mid-market", 0.30, 38_000, 62, (100, 999), (0.83, 0.79, 0.36, 0.80, 0.83)),
    Segment("ENT", "Enterprise", 0.16, 120_000, 96, (1_000, 40_000), (0.79, 0.77, 0.76, 0.74, 0.77)),
    Segment("PUB", "Public sector", 0.10, 75_000, 108, (150, 9_000), (0.78, 0.76, 0.76, 0.73, 0.79)),
)

PRODUCTS = (
    Product("FCS", "Fleet Cloud Starter", "Subscription", "subscription", 180, 0.18, (5.0, 1.0, 0.2, 0.4)),
    Product("FCT", "Fleet Cloud Team", "Subscription", "subscription", 320, 0.18, (2.2, 4.0, 1.4, 2.0)),
    Product("FCE", "Fleet Cloud Enterprise", "Subscription", "subscription", 540, 0.16, (0.2, 1.6, 5.0, 2.6)),
    Product("INS", "Insight Analytics", "Subscription", "subscription", 260, 0.15, (0.9, 2.4, 2.4, 1.0), 0.16),
    Product("ONB", "Onboarding Package", "Services", "service", 2_400, 0.62, (0.3, 0.2, 0.1, 0.1), 0.26),
    Product("INT", "Integration Project", "Services", "service", 7_800, 0.66, (0.1, 0.6, 1.3, 0.8), 0.16),
    Product("TRN", "Training Day", "Services", "service", 1_350, 0.58, (0.2, 0.3, 0.2, 0.6), 0.12),
    Product("GW1", "Gateway G1", "Hardware", "goods", 420, 0.55, (2.6, 2.0, 1.2, 1.8), 0.08),
    Product("GW2", "Gateway G2", "Hardware", "goods", 690, 0.52, (1.4, 2.0, 2.2, 1.6), 0.08),
    Product("SEN", "Sensor Kit", "Hardware", "goods", 150, 0.50, (2.0, 1.6, 1.4, 2.0), 0.14),
    Product("SUP", "Standard Support", "Support", "support", 950, 0.48, (0.7, 0.4, 0.1, 0.4), 0.20),
    Product("PRE", "Premium Support", "Support", "support", 4_600, 0.45, (0.1, 0.5, 0.9, 0.6), 0.14),
)
SUCCESSOR = {"GW1": "GW2", "INS": "FCT"}  # sold instead, outside the days the product is on sale
SKILLS = {"ONB": "Onboarding", "INT": "Integration", "TRN": "Training"}

#: Lead sources: share of all leads, share of them that becomes a deal, change of the log-odds of each later step.
SOURCES = (
    ("Website", 0.25, 0.21, 0.00),
    ("Webinar", 0.13, 0.24, 0.05),
    ("Referral", 0.09, 0.36, 0.22),
    ("Partner", 0.11, 0.30, 0.12),
    ("Trade fair", 0.13, 0.18, -0.04),
    ("Search ads", 0.16, 0.16, -0.10),
    ("Purchased list", 0.13, 0.01, -0.30),
)
UNLED_SOURCES = (("Outbound", 0.62), ("Referral", 0.22), ("Partner", 0.16))  # deals no lead stands behind
CUSTOMER_SOURCE = "Customer base"

#: Industries: share of accounts, share of leads that come to nothing (the ideal customer shows in the difference).
INDUSTRIES = (
    ("Logistics", 0.20, 0.09),
    ("Manufacturing", 0.18, 0.11),
    ("Food and drink", 0.12, 0.11),
    ("Construction", 0.11, 0.12),
    ("Energy", 0.10, 0.08),
    ("Retail", 0.09, 0.15),
    ("Health care", 0.07, 0.10),
    ("Agriculture", 0.07, 0.09),
    ("Education", 0.06, 0.15),
)
PUBLIC_INDUSTRIES = (("Public transport", 0.4), ("Municipality", 0.35), ("Utilities", 0.25))
TITLES = (  # share of contacts, share of leads that come to nothing
    ("Operations manager", 0.22, 0.14),
    ("Head of logistics", 0.18, 0.07),
    ("Plant manager", 0.14, 0.08),
    ("IT manager", 0.14, 0.14),
    ("Procurement lead", 0.12, 0.10),
    ("Managing director", 0.10, 0.07),
    ("Fleet coordinator", 0.07, 0.17),
    ("Student", 0.01, 0.13),
    ("Consultant", 0.02, 0.10),
)
LOST_REASONS = (
    ("Price", 0.26), ("No decision", 0.24), ("Competitor", 0.20), ("Missing feature", 0.12),
    ("Timing", 0.11), ("Contact left", 0.07),
)  # fmt: skip
NEXT_STEPS = (
    "Call with the buyer", "Send the revised offer", "Demo with operations", "Security questionnaire",
    "Meet procurement", "Reference call", "Legal review of the contract", "Site visit",
)  # fmt: skip
DISQUALIFIED = (("No budget", 0.3), ("No answer", 0.34), ("Wrong fit", 0.22), ("Duplicate", 0.06), ("Student", 0.08))
CAMPAIGNS = ("Spring fleet days", "Warehouse week", "Cost calculator", "Winter roadshow", "Partner month", "")
EVENT_KINDS = ("visit", "email_open", "email_click", "download", "form", "webinar")

LEAVES = tuple(leaf for region in REGIONS for _name, pair in region.teams for leaf in pair)
SEGMENT_CODES = tuple(segment.code for segment in SEGMENTS)
PRODUCT_CODES = tuple(product.code for product in PRODUCTS)
