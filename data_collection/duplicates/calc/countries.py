"""The two-letter code of a country as people write it: code, English or own name."""

from functools import cache

from data_collection.duplicates.calc.folding import fold, words

_NAMES = """
AE united arab emirates|uae|emirates
AR argentina
AT austria|osterreich
AU australia
BE belgium|belgie|belgique
BG bulgaria
BR brazil|brasil
CA canada
CH switzerland|schweiz|suisse|svizzera
CL chile
CN china|peoples republic of china|prc
CO colombia
CZ czech republic|czechia|ceska republika
DE germany|deutschland|federal republic of germany
DK denmark|danmark
EE estonia|eesti
EG egypt
ES spain|espana
FI finland|suomi
FR france
GB united kingdom|uk|great britain|england|scotland|wales|northern ireland
GR greece|hellas
HK hong kong
HR croatia|hrvatska
HU hungary|magyarorszag
ID indonesia
IE ireland|eire
IL israel
IN india
IS iceland
IT italy|italia
JP japan|nippon
KE kenya
KH cambodia
KR south korea|korea|republic of korea
KW kuwait
LA laos
LT lithuania
LU luxembourg
LV latvia
MA morocco
MM myanmar|burma
MX mexico
MY malaysia
NG nigeria
NL netherlands|the netherlands|holland|nederland
NO norway|norge
NZ new zealand
PE peru
PH philippines|the philippines
PK pakistan
PL poland|polska
PT portugal
QA qatar
RO romania
RS serbia
RU russia|russian federation
SA saudi arabia
SE sweden|sverige
SG singapore
SI slovenia
SK slovakia
TH thailand|ประเทศไทย|ไทย
TR turkey|turkiye
TW taiwan
UA ukraine
US united states|united states of america|usa|u s a|america
VN vietnam|viet nam
ZA south africa
"""
_CODES: dict[str, str] = {}
for _line in _NAMES.strip().splitlines():
    _code, _rest = _line.split(" ", 1)
    _CODES[_code.casefold()] = _code
    _CODES |= {" ".join(words(fold(name))): _code for name in _rest.split("|")}


@cache
def country_code(text: str) -> str:
    """`TH` for “Thailand”, “thailand ”, “TH”; the folded text itself where the country is not listed."""
    plain = " ".join(words(fold(text)))
    return _CODES.get(plain, plain)


def region_of(country: str) -> str | None:
    """A code phone numbers know, or None."""
    code = country_code(country)
    return code if len(code) == 2 and code.isupper() else None
