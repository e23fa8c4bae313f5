"""Loads a generated world, lets the product search, and measures what it found against the truth."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from itertools import combinations

from data_collection.duplicates.services.search import duplicates_search
from data_collection.models import Account, Contact, DuplicatePair, Lead
from tests.data_collection.duplicates.generator import Entity, World


@dataclass
class Measured:
    kind: str
    precision: float
    recall: float
    by_way: dict[str, tuple[int, int]]  # way -> found, all
    missed: list[tuple[Entity, Entity]] = field(default_factory=list)
    wrong: list[tuple[Entity, Entity]] = field(default_factory=list)

    def __str__(self) -> str:
        ways = ", ".join(f"{way or 'twice'} {found}/{of}" for way, (found, of) in sorted(self.by_way.items()))
        return f"{self.kind}: precision {self.precision:.3f}, recall {self.recall:.3f}; {ways}"


def load_accounts(world: World) -> dict[int, Entity]:
    rows = [
        Account(
            system="crm" if not e.how else "shop", external_id=f"a{i}", name=e.name, website=e.website, city=e.city,
            postal_code=e.postal, country=e.country, attributes={"phone": e.phone} if e.phone else {},
        )
        for i, e in enumerate(world.companies)
    ]  # fmt: skip
    made = Account.objects.bulk_create(rows, batch_size=2000)
    return {row.pk: e for row, e in zip(made, world.companies, strict=True)}


def load_contacts(world: World, accounts: dict[int, Entity]) -> dict[int, Entity]:
    """Each person at its company; a duplicate at a duplicate of the company where there is one."""
    homes: dict[int, list[int]] = {}
    for pk, company in accounts.items():
        homes.setdefault(company.truth, []).append(pk)
    rows = [
        Contact(
            system="crm" if not e.how else "mail", external_id=f"c{i}", first_name=e.first, last_name=e.last,
            email=e.email, phone=e.phone, country=e.country, account_id=homes[e.home][-1 if e.how else 0],
        )
        for i, e in enumerate(world.people)
    ]  # fmt: skip
    made = Contact.objects.bulk_create(rows, batch_size=2000)
    return {row.pk: e for row, e in zip(made, world.people, strict=True)}


def load_leads(world: World) -> dict[int, Entity]:
    last = {e.truth: e for e in world.companies}  # the duplicate of a company, where there is one
    rows = [
        Lead(
            system="web" if not e.how else "fair", external_id=f"l{i}", name=f"{e.first} {e.last}", email=e.email,
            phone=e.phone, country=e.country, created_on=date(2026, 1, 15),
            company=last[e.home].name if e.how else world.companies[e.home].name,
        )
        for i, e in enumerate(world.people)
    ]  # fmt: skip
    made = Lead.objects.bulk_create(rows, batch_size=2000)
    return {row.pk: e for row, e in zip(made, world.people, strict=True)}


def measure(kind: str, rows: dict[int, Entity]) -> Measured:
    duplicates_search(kind=kind)
    pairs = DuplicatePair.objects.filter(kind=kind, state=DuplicatePair.State.OPEN)
    found = set(pairs.values_list("left_id", "right_id"))
    clusters: dict[int, list[int]] = {}
    for pk, entity in rows.items():
        clusters.setdefault(entity.truth, []).append(pk)
    truth = {tuple(sorted(pair)) for pks in clusters.values() for pair in combinations(pks, 2)}
    ways_found: Counter[str] = Counter()
    ways_all: Counter[str] = Counter()
    for left, right in truth:
        original = rows[left].how == "" or rows[right].how == ""
        way = (rows[left].how or rows[right].how) if original else "two copies"
        ways_all[way] += 1
        ways_found[way] += (left, right) in found
    return Measured(
        kind=kind,
        precision=len(found & truth) / max(1, len(found)),
        recall=len(found & truth) / len(truth),
        by_way={way: (ways_found[way], n) for way, n in ways_all.items()},
        missed=[(rows[a], rows[b]) for a, b in sorted(truth - found)],
        wrong=[(rows[a], rows[b]) for a, b in sorted(found - truth)],
    )
