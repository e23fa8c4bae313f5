"""A company or a person as it is compared, and the blocks it falls into."""

from dataclasses import dataclass

from data_collection.duplicates.calc.companies import COMMON
from data_collection.duplicates.calc.folding import is_thai
from data_collection.duplicates.calc.reachable import is_role, phone_tail


@dataclass(frozen=True, slots=True)
class Record:
    """Keys of one row; empty text = missing."""

    name: str = ""  # company words in order, person's words in alphabetical order
    company: str = ""  # of a person: company words
    email: str = ""
    phone: str = ""  # E.164, or ~digits
    domain: str = ""  # registered, not of free mail
    country: str = ""  # two letters where known
    place: str = ""  # "postal code|city", either may be empty
    account: int | None = None  # of a contact
    namesakes: int = 1  # rows of the same table with the same name, this one included
    phone_users: int = 1  # rows with the same number


def blocks_of(kind: str, record: Record) -> list[str]:
    """Texts such that two rows for the same thing probably share one.

    A first letter tells what is shared: e-mail, m (the part before @), phone, domain, name, skeleton, word, z (postal
    code), city and beginning, account, k (company and beginning).
    """
    found = [f"e:{record.email}"] if record.email and not is_role(record.email) else []
    found += [f"p:{phone_tail(record.phone)}"] if record.phone else []
    compact = record.name.replace(" ", "")
    if compact:
        found += [f"n:{compact}", f"s:{skeleton(compact)}"]
    if kind == "account":
        found += _company_blocks(record, compact)
    elif record.name:
        found += _person_blocks(record)
    return list(dict.fromkeys(block[:300] for block in found))


def _company_blocks(record: Record, compact: str) -> list[str]:
    found = [f"d:{record.domain}"] if record.domain else []
    found += [f"w:{word}" for word in record.name.split() if len(word) >= 4 and word not in COMMON]
    postal, _bar, city = record.place.partition("|")
    found += [f"z:{postal}"] if postal else []
    if city and compact:
        found += [f"c:{city}|{compact[:2]}", f"c:{city}|{compact[-2:]}"]
    initials = "".join(word[0] for word in record.name.split())
    if record.domain and 3 <= len(initials) <= 6:
        found += [f"d:{record.domain}"]
    return found


def _person_blocks(record: Record) -> list[str]:
    local = record.email.partition("@")[0]
    found = [f"m:{local}"] if len(local) >= 6 and not is_role(record.email) else []
    parts = record.name.split()
    for part in parts:
        sound = skeleton(part)[:4]
        found += [f"a:{record.account}|{sound}"] if record.account else []
        found += [f"d:{record.domain}|{sound}"] if record.domain else []
        found += [f"k:{record.company.replace(' ', '')[:12]}|{sound}"] if record.company else []
    if len(parts) >= 2:  # one word whole, of the others the beginnings
        found += [f"w:{part}|{''.join(sorted(p[0] for p in parts))}" for part in parts if len(part) >= 3]
    return found


def skeleton(word: str) -> str:
    """First letter and the consonants after it, doubled ones once: `smith` and `smyth` are both `smt`."""
    if is_thai(word):
        return "".join(c for c in word if "ก" <= c <= "ฮ")[:12]
    kept = word[:1]
    for letter in word[1:]:
        if letter not in "aeiouyhw" and letter != kept[-1:]:
            kept += letter
    return kept[:12]
