"""Make the demo company, load it through the importer, and give it people who log in."""

import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from django.db import transaction

from data_collection.demo.calc.clock import ZONE
from data_collection.demo.calc.company import company_of, tables
from data_collection.demo.calc.dirt import Dirt, dirtied
from data_collection.demo.calc.sizes import SIZES
from data_collection.demo.files import CsvFolder
from data_collection.demo.logins import LOGINS, PASSWORD
from data_collection.demo.truths import COMPANY
from data_collection.imports.models import ImportBatch
from data_collection.imports.selectors import batch_refused, batch_result, files_at, mapping_document, mapping_parsed
from data_collection.imports.services.batches import import_run
from data_collection.models import Account, Opportunity, Rep
from salesops.models import Company, User

Say = Callable[[str], None]
MAPPING = "native"
_SOURCE = "demo company, seed {seed}, {size}, until {until}"


class DemoRefused(Exception):
    """The demo company is not loaded here; the text is for a person."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """What decides every byte of the files."""

    seed: int
    size: str
    until: date

    @property
    def source(self) -> str:
        return _SOURCE.format(seed=self.seed, size=self.size, until=self.until.isoformat())


def demo_write(*, recipe: Recipe, folder: Path, say: Say) -> dict[str, int]:
    """Write the importer's CSV files into `folder`. Returns the rows of each table."""
    company = company_of(seed=recipe.seed, size=SIZES[recipe.size], until=recipe.until)
    files = CsvFolder(folder)
    files.add_all(dirtied(tables(company), Dirt(recipe.seed, recipe.until)), say)
    return files.rows


def demo_dirt(*, recipe: Recipe) -> dict[str, list[str]]:
    """External ids of the rows spoiled on purpose, by quality rule; other rows may break a rule by themselves."""
    company = company_of(seed=recipe.seed, size=SIZES[recipe.size], until=recipe.until)
    dirt = Dirt(recipe.seed, recipe.until)
    for _table, _frame in dirtied(tables(company), dirt):
        pass
    return dirt.rows


def demo_recipe(*, seed: int, size: str, until: date | None, today: date) -> Recipe:
    """The recipe asked for. Without a day: the one this database was filled with, so that again changes nothing."""
    known = demo_known()
    if until is None and known is not None and (known.seed, known.size) == (seed, size):
        return known
    return Recipe(seed, size, until or today)


def demo_known() -> Recipe | None:
    """The recipe of the demo company in this database, also when its loading was cut off."""
    batch = (
        ImportBatch.objects.filter(mapping=MAPPING, source__startswith="demo company, seed ").order_by("-pk").first()
    )
    if batch is None:
        return None
    _name, seed, size, until = batch.source.split(", ")
    return Recipe(int(seed.removeprefix("seed ")), size, date.fromisoformat(until.removeprefix("until ")))


def demo_load(*, recipe: Recipe, force: bool, say: Say) -> ImportBatch:
    """Fill this database with the demo company; doing it again changes nothing.

    Raises:
        DemoRefused: other data is here and `force` is not set, or rows were rejected.
    """
    if not force:
        _check_room(recipe)
    began = time.monotonic()
    _mark_company()
    with tempfile.TemporaryDirectory(prefix="salesops-demo-") as name:
        folder = Path(name)
        say(f"making {COMPANY}: seed {recipe.seed}, {recipe.size}, 36 months until {recipe.until}")
        rows = demo_write(recipe=recipe, folder=folder, say=lambda line: None)
        say(f"{sum(rows.values()):,} rows in {len(rows)} files made in {time.monotonic() - began:.1f} s; loading them")
        batch = _import(recipe, folder, rows, say)
    logins_create()
    say(f"demo company loaded in {time.monotonic() - began:.0f} s")
    return batch


def _check_room(recipe: Recipe) -> None:
    company, known = Company.objects.filter(pk=1).first(), demo_known()
    has_rows = any(model.objects.exists() for model in (Account, Opportunity, Rep))
    if has_rows and not (company and company.is_demo):
        raise DemoRefused(
            "This database holds data that is not the demo company's. Use an empty database, "
            "or --force to mix the demo company in."
        )
    if known is not None and known != recipe:
        raise DemoRefused(
            f"This database already holds another demo company ({known.source}). Use an empty database, "
            "or --force to load this one over it; rows only the old one has will stay."
        )


@transaction.atomic
def _mark_company() -> None:
    company = Company.objects.select_for_update().filter(pk=1).first() or Company.get()
    if not company.is_demo:
        company.name, company.reporting_currency, company.time_zone = COMPANY, "USD", ZONE
        company.is_demo = True
        company.save()


def _import(recipe: Recipe, folder: Path, rows: dict[str, int], say: Say) -> ImportBatch:
    document = mapping_document(MAPPING)
    mapping = mapping_parsed(document, name=MAPPING, system=None)
    batch = ImportBatch.objects.create(
        mapping=MAPPING, definition=document, system=mapping.system, source=recipe.source
    )
    paths, _single = files_at(str(folder))

    def progress(done: int, total: int, message: str) -> None:
        table = message.split(".csv")[0]
        if message.endswith(" filled"):
            say(f"[{done * 100 // total:3d} %] {table}: {rows.get(table, 0):,} rows")

    import_run(batch=batch, mapping=mapping, paths=paths, progress=progress)
    result = batch_result(batch)
    if batch_refused(batch) or result["totals"]["rejected"]:
        first = [f"{r['file']} row {r['row']}: {r['reasons'][0]['reason']}" for r in result["rejected"][:5]]
        refused = [f"{f['name']}: {f['refused']}" for f in result["files"] if f["refused"]]
        raise DemoRefused("The importer rejected rows of the demo company: " + "; ".join([*refused, *first]))
    return batch


@transaction.atomic
def logins_create() -> None:
    """The demo's people who log in, each linked to its rep. Those who exist keep their password and role."""
    for login in LOGINS:
        user = User.objects.filter(email=login.email).first()
        if user is None:
            user = User(username=login.email, email=login.email, role=login.role)
            user.first_name, user.last_name = login.first_name, login.last_name
            user.set_password(PASSWORD)
            user.save()
        if login.rep:
            Rep.objects.filter(code=login.rep, user__isnull=True).update(user=user)
