"""Values that cannot be right whatever the rest says: addresses, numbers, codes, names typed to get past a form."""

from decimal import Decimal

from django.db.models import F, Q, Value
from django.db.models.functions import Lower, Trim, Upper
from django.db.models.lookups import GreaterThan, In
from django.utils.translation import gettext_lazy as _

from data_collection.quality.calc.countries import COUNTRIES
from data_collection.quality.calc.currencies import CURRENCIES
from data_collection.quality.calc.shapes import EMAIL, ONE_DIGIT, PHONE, PLACEHOLDER, WEBSITE
from data_collection.quality.rules.base import MONEY, OPEN, Basis, Rule, every, filled, reporting_amount

MANY_TIMES = 10  # of what 99 of 100 won deals stay under, as the rule's title says
FEWEST_WON = 20  # fewer won deals say nothing about what is usual
FAR_OFF = Decimal("0.4")  # 40 points, as the rule's title says


def _not_like(field: str, pattern: str) -> Q:
    return ~Q(**{field: ""}) & ~Q(**{f"{field}__iregex": pattern})


def _bad_phone(basis: Basis) -> Q:
    return _not_like("phone", PHONE) | Q(phone__regex=ONE_DIGIT)


def _placeholder(*fields: str) -> Q:
    found = Q(pk__in=[])
    for field in fields:
        found |= Q(**{f"{field}__iregex": PLACEHOLDER})
    return found


def _absurd(basis: Basis) -> Q:
    if basis.usual_most is None or basis.won < FEWEST_WON:
        return Q(pk__in=[])
    limit = Value(basis.usual_most * MANY_TIMES, MONEY)
    return Q(GreaterThan(reporting_amount("close_date", basis.currency), limit))


def _probable(basis: Basis) -> Q:
    return OPEN & Q(probability__isnull=False)


def _unlike_stage(basis: Basis) -> Q:
    usual = F("stage__probability")
    far = Q(probability__gt=usual + FAR_OFF) | Q(probability__lt=usual - FAR_OFF)
    return _probable(basis) & (far | Q(probability=0) | Q(probability=1))


def _named(basis: Basis) -> Q:
    return Q(erased_at__isnull=True)


_EMAIL_WHY = _("Mail to it comes back, and the same person comes in twice.")
_EMAIL_FIX = _("Correct the address, for example name@company.com; clear it when nobody knows it.")
_PHONE_WHY = _("Nobody can call it, and duplicates are not found by it.")
_PHONE_FIX = _("Write the whole number with the country's code, for example +49 30 1234567.")
_NAME_WHY = _("Rows typed to get past a form count in every number and reach no customer.")
_NAME_FIX = _("Write the real name, or delete the row.")

RULES = (
    Rule(
        "lead-email-invalid",
        "lead",
        "validity",
        _("Lead's e-mail address cannot be right"),
        "medium",
        _EMAIL_WHY,
        _EMAIL_FIX,
        lambda basis: _not_like("email", EMAIL),
        filled("email"),
        ("email",),
        short=_("E-mail address cannot be right"),
    ),
    Rule(
        "contact-email-invalid",
        "contact",
        "validity",
        _("Contact's e-mail address cannot be right"),
        "medium",
        _EMAIL_WHY,
        _EMAIL_FIX,
        lambda basis: _not_like("email", EMAIL),
        filled("email"),
        ("email",),
        short=_("E-mail address cannot be right"),
    ),
    Rule(
        "lead-phone-invalid",
        "lead",
        "validity",
        _("Lead's phone number cannot be right"),
        "low",
        _PHONE_WHY,
        _PHONE_FIX,
        _bad_phone,
        filled("phone"),
        ("phone",),
        short=_("Phone number cannot be right"),
    ),
    Rule(
        "contact-phone-invalid",
        "contact",
        "validity",
        _("Contact's phone number cannot be right"),
        "low",
        _PHONE_WHY,
        _PHONE_FIX,
        _bad_phone,
        filled("phone"),
        ("phone",),
        short=_("Phone number cannot be right"),
    ),
    Rule(
        "account-website-invalid",
        "account",
        "validity",
        _("Account's web address cannot be right"),
        "low",
        _("Duplicates and new leads are matched by it."),
        _("Write the address as in the browser, for example www.company.com."),
        lambda basis: _not_like("website", WEBSITE),
        filled("website"),
        ("website",),
        short=_("Web address cannot be right"),
    ),
    Rule(
        "account-country-unknown",
        "account",
        "validity",
        _("Account's country is not a country"),
        "medium",
        _("No territory can claim it."),
        _("Write the country's English name or its two-letter code."),
        lambda basis: ~Q(country="") & ~Q(In(Lower(Trim("country")), COUNTRIES)),
        filled("country"),
        ("country",),
        short=_("Country not known"),
    ),
    Rule(
        "currency-unknown",
        "opportunity",
        "validity",
        _("Deal's currency does not exist"),
        "high",
        _("Its amount cannot be turned into the reporting currency and is left out of sums."),
        _("Choose the three-letter code of the currency, for example EUR."),
        lambda basis: ~Q(In(Upper(Trim("currency")), CURRENCIES)),
        every,
        ("currency",),
        short=_("Currency does not exist"),
    ),
    Rule(
        "amount-negative",
        "opportunity",
        "validity",
        _("Deal with a negative amount"),
        "high",
        _("It takes its amount away from the pipeline and from bookings."),
        _("Enter the amount without the minus; a credit is not a deal."),
        lambda basis: Q(amount__lt=0),
        lambda basis: Q(amount__isnull=False),
        ("amount",),
        short=_("Negative amount"),
    ),
    Rule(
        "amount-absurd",
        "opportunity",
        "validity",
        _("Deal far larger than any usual one"),
        "high",
        _("More than ten times what 99 of 100 won deals stay under: often a slip of a zero or a wrong currency."),
        _("Compare amount and currency with the offer."),
        _absurd,
        lambda basis: Q(amount__isnull=False),
        ("amount", "currency"),
        needs="wins",
        short=_("Amount far beyond the usual"),
    ),
    Rule(
        "amount-token",
        "opportunity",
        "validity",
        _("Open deal with an amount of 0 or 1"),
        "medium",
        _("Such an amount only gets past the form; the pipeline is too small by the real one."),
        _("Enter the expected amount; a rough one is better than none."),
        lambda basis: OPEN & Q(amount__gte=0, amount__lte=1),
        lambda basis: OPEN & Q(amount__isnull=False),
        ("amount",),
        short=_("Amount of 0 or 1"),
    ),
    Rule(
        "probability-unlike-stage",
        "opportunity",
        "validity",
        _("Probability does not fit the stage"),
        "medium",
        _("Open with 0 or 100 %, or more than 40 points off its stage: the weighted pipeline is wrong by it."),
        _("Set the probability of the stage, or move the deal to the stage that fits."),
        _unlike_stage,
        _probable,
        ("probability", "stage"),
        short=_("Probability does not fit the stage"),
    ),
    Rule(
        "deal-name-placeholder",
        "opportunity",
        "validity",
        _("Deal named “test” or alike"),
        "medium",
        _NAME_WHY,
        _NAME_FIX,
        lambda basis: _placeholder("name"),
        every,
        ("name",),
        short=_("Name is a placeholder"),
    ),
    Rule(
        "account-name-placeholder",
        "account",
        "validity",
        _("Account named “test” or alike"),
        "medium",
        _NAME_WHY,
        _NAME_FIX,
        lambda basis: _placeholder("name"),
        every,
        ("name",),
        short=_("Name is a placeholder"),
    ),
    Rule(
        "lead-name-placeholder",
        "lead",
        "validity",
        _("Lead or its company named “test” or alike"),
        "medium",
        _NAME_WHY,
        _NAME_FIX,
        lambda basis: _placeholder("name", "company") & _named(basis),
        _named,
        ("name", "company"),
        short=_("Name is a placeholder"),
    ),
    Rule(
        "contact-name-placeholder",
        "contact",
        "validity",
        _("Contact named “test” or alike"),
        "low",
        _NAME_WHY,
        _NAME_FIX,
        lambda basis: _placeholder("first_name", "last_name") & _named(basis),
        _named,
        ("first_name", "last_name"),
        short=_("Name is a placeholder"),
    ),
)
