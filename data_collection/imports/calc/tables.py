"""What an import may fill: a table seen as fields with types, keys, references and rules.

Plain data, built from the models by `imports.targets`, so that mappings and SQL can be made and tested
without Django or a database.
"""

from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["text", "integer", "decimal", "float", "date", "datetime", "boolean", "json", "reference"]


@dataclass(frozen=True, slots=True)
class Field:
    """One fillable field of a table."""

    name: str  # as mappings and native files call it
    column: str  # as the database calls it
    kind: Kind
    sql_type: str  # e.g. numeric(20, 4)
    required: bool = False  # a row without it is rejected
    nullable: bool = False  # empty becomes NULL; otherwise the default, or '' for text
    default: str | None = None  # as text, for rows or files that do not say
    max_length: int | None = None
    digits: int | None = None  # decimal: all digits
    scale: int | None = None  # decimal: digits after the point
    minimum: str | None = None
    maximum: str | None = None
    choices: tuple[str, ...] = ()
    refers: str | None = None  # table a reference points to
    upper: bool = False  # currency codes are written in capitals


@dataclass(frozen=True, slots=True)
class Check:
    """A check constraint, as SQL over the table's column names."""

    sql: str
    fields: tuple[str, ...]
    message: str


@dataclass(frozen=True, slots=True)
class NoOverlap:
    """At most one row per `columns` on any day of [valid_from, valid_to)."""

    columns: tuple[str, ...]
    condition: str | None  # SQL over column names, or None
    message: str


@dataclass(frozen=True, slots=True)
class Table:
    """One table an import may fill."""

    name: str
    db_table: str
    key: tuple[str, ...]  # field names that know a row
    fields: dict[str, Field]
    mirror: bool = False  # has system, external_id, attributes, batch_id
    merges: bool = False  # has merged_into_id: a reference to a merged row means the row it was merged into
    personal: frozenset[str] = frozenset()  # columns that stay as they are in a row whose erased_at is set
    lookup: tuple[str, ...] = ()  # fields a reference may name it by; the first is the default
    checks: tuple[Check, ...] = ()
    overlaps: tuple[NoOverlap, ...] = field(default=())

    @property
    def self_references(self) -> tuple[Field, ...]:
        return tuple(f for f in self.fields.values() if f.refers == self.name)

    @property
    def depends_on(self) -> frozenset[str]:
        return frozenset(f.refers for f in self.fields.values() if f.refers) - {self.name}
