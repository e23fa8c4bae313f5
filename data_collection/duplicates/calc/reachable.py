"""E-mail addresses, phone numbers and web addresses in one form each; what can't be read is empty."""

import re
from functools import cache

import phonenumbers
import tldextract

from data_collection.duplicates.calc.countries import region_of

#: Domains where anybody gets an address: they say nothing about the company.
FREE_MAIL = frozenset(
    "gmail.com googlemail.com yahoo.com yahoo.co.uk yahoo.co.jp yahoo.fr yahoo.de ymail.com hotmail.com hotmail.co.uk "
    "hotmail.fr outlook.com outlook.fr outlook.de live.com live.co.uk msn.com aol.com icloud.com me.com mac.com gmx.de "
    "gmx.net gmx.com gmx.at gmx.ch web.de t-online.de freenet.de mail.com mail.ru yandex.ru yandex.com proton.me "
    "protonmail.com pm.me zoho.com fastmail.com hey.com tutanota.com qq.com 163.com 126.com sina.com foxmail.com "
    "naver.com hanmail.net daum.net rediffmail.com orange.fr wanadoo.fr free.fr laposte.net sfr.fr libero.it "
    "virgilio.it tiscali.it uol.com.br bol.com.br terra.com.br comcast.net verizon.net att.net sbcglobal.net "
    "bellsouth.net cox.net btinternet.com sky.com ntlworld.com talktalk.net bigpond.com shaw.ca rogers.com "
    "seznam.cz wp.pl o2.pl onet.pl interia.pl abv.bg ukr.net hotmail.co.th example.com".split()
) - {"example.com"}  # fmt: skip
#: Mailboxes of a team, not of a person.
ROLES = frozenset(
    "info sales contact office hello support admin mail service kontakt team billing accounts accounting marketing "
    "enquiries inquiries hr jobs purchasing orders help noreply no-reply webmaster postmaster reception".split()
)
#: Sites that host pages of many companies.
_SHARED_HOSTS = frozenset({"facebook.com", "linkedin.com", "instagram.com", "google.com", "wordpress.com", "line.me"})
_EMAIL = re.compile(r"^[^@\s]+@[^@\s]+\.[^@\s]+$")
_extract = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)  # the bundled list; nothing is fetched


def email_key(text: str) -> str:
    """Lower case, without a plus-tag; at Gmail also without dots."""
    plain = text.strip().casefold().strip("<>;,")
    if not _EMAIL.match(plain):
        return ""
    local, _at, host = plain.rpartition("@")
    local = local.split("+", 1)[0] or local
    if host in {"gmail.com", "googlemail.com"}:
        local, host = local.replace(".", ""), "gmail.com"
    return f"{local}@{host}"[:254]


def is_role(email: str) -> bool:
    """A mailbox several people read."""
    return email.partition("@")[0] in ROLES


@cache
def _registered(host: str) -> str:
    return _extract(host).top_domain_under_public_suffix


def domain_key(text: str) -> str:
    """The registered domain of a web address or an e-mail address, empty for free mail and shared hosts.

    `https://www.shop.acme.co.th/x` is `acme.co.th`.
    """
    plain = text.strip().casefold().rpartition("@")[2]
    host = re.sub(r"^[a-z]+://", "", plain).split("/")[0].split("?")[0].split(":")[0]
    domain = _registered(host) if "." in host else ""
    return "" if domain in FREE_MAIL or domain in _SHARED_HOSTS else domain[:200]


def phone_key(text: str, country: str = "") -> str:
    """E.164 (`+6621234567`); a number whose country is unknown keeps its digits behind `~`; empty below 7 digits."""
    if not text:
        return ""
    region = region_of(country) if country else None
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        number = None
    if number is not None and phonenumbers.is_possible_number(number):
        number.extension = None
        return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))
    digits = "".join(c for c in text.lower().split("x")[0] if c.isdecimal() and c.isascii()).lstrip("0")
    return f"~{digits[:20]}" if len(digits) >= 7 else ""


def phone_tail(phone: str) -> str:
    """The last eight digits: the same line, written with or without its country."""
    return phone.lstrip("+~")[-8:]
