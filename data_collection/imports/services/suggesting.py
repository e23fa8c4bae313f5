"""References nothing is known by: what they probably mean, and the names a person has confirmed."""

from collections.abc import Mapping as Dict
from dataclasses import dataclass, field

from django.db import connection, transaction

from data_collection.imports.calc import resemblance
from data_collection.imports.calc.plan import Filled, Plan
from data_collection.imports.calc.statements import similar_sql, unmatched_sql
from data_collection.imports.calc.tables import Table
from data_collection.imports.models import ImportBatch, ReferenceAlias, Suggestion
from data_collection.imports.services.outcome import Proposed
from salesops.access.models import User

MOST_VALUES = 200  # different unknown texts of one field that are looked at
MOST_COMPARED = 5_000_000  # texts times known names
NEAREST = 5


@dataclass(slots=True)
class Found:
    system: str
    proposed: list[Proposed] = field(default_factory=list)
    emptied: dict[str, tuple[int, list[str]]] = field(default_factory=dict)  # field -> rows, values
    clear: set[int] = field(default_factory=set)  # places of proposals sure enough to apply

    def accepted(self) -> list[Proposed]:
        """Apply the sure ones: each becomes an alias."""
        for place in self.clear:
            proposal = self.proposed[place]
            ReferenceAlias.objects.update_or_create(
                system=self.system,
                table=proposal.table,
                by=proposal.by,
                value=proposal.value,
                defaults={"target": proposal.target},
            )
            proposal.applied = True
        return self.proposed


def aliased_fields(plan: Plan, tables: Dict[str, Table]) -> frozenset[str]:
    """Reference fields of the plan for which aliases exist."""
    known = set(ReferenceAlias.objects.filter(system=plan.system).values_list("table", "by").distinct())
    return frozenset(f.field.name for f in plan.filled if f.field.refers and (f.field.refers, _by(f, tables)) in known)


def propose(*, plan: Plan, raw: str, file: str, tables: Dict[str, Table], wrong: frozenset[int]) -> Found:
    """Unknown references of a staged target, the likely meaning beside each. `wrong`: problems that occurred."""
    found = Found(plan.system)
    for filled in plan.filled:
        if filled.field.refers is None or filled.field.name in plan.selves:
            continue
        if filled.invalid is not None and filled.invalid not in wrong:
            continue
        values = _unknown(plan, filled, raw, tables)
        if not values:
            continue
        _propose_for(found, plan, filled, tables, file, values)
        if filled.invalid is None:
            found.emptied[filled.field.name] = (sum(values.values()), list(values)[:20])
    return found


def _by(filled: Filled, tables: Dict[str, Table]) -> str:
    return filled.source.by or tables[filled.field.refers or ""].lookup[0]


def _unknown(plan: Plan, filled: Filled, raw: str, tables: Dict[str, Table]) -> dict[str, int]:
    aliases = set(
        ReferenceAlias.objects.filter(
            system=plan.system, table=filled.field.refers, by=_by(filled, tables)
        ).values_list("value", flat=True)
    )
    with connection.cursor() as cursor:
        cursor.execute(unmatched_sql(plan, filled, raw=raw, tables=tables, limit=MOST_VALUES + len(aliases)))
        return {value: rows for value, rows in cursor.fetchall() if value not in aliases}


def _propose_for(
    found: Found, plan: Plan, filled: Filled, tables: Dict[str, Table], file: str, values: dict[str, int]
) -> None:
    table = tables[filled.field.refers or ""]
    near = _nearest(plan, filled, tables, list(values))
    for value, rows in values.items():
        proposal = resemblance.best(value, near.get(value, []), ids=_by(filled, tables) == "external_id")
        entry = Proposed(file, filled.field.name, table.name, _by(filled, tables), value, rows)
        if proposal is not None:
            entry.target, entry.shown, entry.confidence = proposal.target, proposal.shown, proposal.confidence
            if proposal.clear and proposal.confidence >= resemblance.ACCEPT:
                found.clear.add(len(found.proposed))
        found.proposed.append(entry)


def _nearest(
    plan: Plan, filled: Filled, tables: Dict[str, Table], values: list[str]
) -> dict[str, list[tuple[str, str]]]:
    """The known names most like each value, by trigrams; the final judgement is `resemblance`'s."""
    table = tables[filled.field.refers or ""]
    near: dict[str, list[tuple[str, str]]] = {}
    with connection.cursor() as cursor:
        cursor.execute("SELECT greatest(reltuples, 0)::bigint FROM pg_class WHERE oid = %s::regclass", [table.db_table])
        known = max(1, cursor.fetchone()[0])
        cursor.execute(similar_sql(plan, filled, tables=tables, values=values[: MOST_COMPARED // known], each=NEAREST))
        for text, target, shown in cursor.fetchall():
            near.setdefault(text, []).append((target, shown))
    return near


def suggestion_confirm(
    *, suggestion: Suggestion, user: User | None, target: str = "", shown: str = ""
) -> ReferenceAlias:
    """Remember that this text means that row; later imports of the system use it.

    Args:
        target, shown: another row than the one proposed, and its name.
    """
    batch: ImportBatch = suggestion.batch
    with transaction.atomic():
        alias, _created = ReferenceAlias.objects.update_or_create(
            system=batch.system,
            table=suggestion.table,
            by=suggestion.by,
            value=suggestion.value,
            defaults={"target": target or suggestion.target, "confirmed_by": user},
        )
        same = Suggestion.objects.filter(batch=batch, table=suggestion.table, by=suggestion.by, value=suggestion.value)
        same.update(state=Suggestion.State.APPLIED, target=alias.target, shown=shown or suggestion.shown)
    return alias
