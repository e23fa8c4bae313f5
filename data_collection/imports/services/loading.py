"""Loads one target of one file: stage, judge, record what is wrong, write what is new or differs."""

import json
from collections.abc import Callable
from collections.abc import Mapping as Dict
from dataclasses import dataclass
from typing import Any

from django.db import DatabaseError, connection
from django.db.backends.utils import CursorWrapper

from data_collection.imports.calc import certain, upserts
from data_collection.imports.calc.expressions import literal, quoted, trimmed
from data_collection.imports.calc.plan import Plan, Problem
from data_collection.imports.calc.reading import Survey
from data_collection.imports.calc.statements import STAGE, stage_sql
from data_collection.imports.calc.tables import Table
from data_collection.imports.services.outcome import Outcome, TableCount
from data_collection.imports.services.suggesting import aliased_fields, propose
from data_collection.imports.services.trail import rows_added

SAMPLE = 20
MOST_CHANGES = 500  # rows of one target whose changes are shown value by value
LEAST_ROWS = 2_000  # fewer are staged at once
LOOKED_AT = 1_000  # rows that tell whether a file mostly repeats what is known
MOSTLY = 0.7  # share of certain rows from which looking for them all saves more than it costs
WORK_MEM = "64MB"  # of the database, for each sort and hash of a table being loaded


@dataclass(frozen=True, slots=True)
class RawFile:
    """A file's rows as text in a temporary table of this connection."""

    table: str
    name: str
    headers: tuple[str, ...]
    key: int  # place of the file in the batch
    padded: bool = True  # a cell may begin or end with a blank, or hold an empty text instead of NULL

    @property
    def rows(self) -> str:
        """What statements read the rows from: every cell trimmed, an empty one NULL."""
        if not self.padded:
            return self.table
        cells = ", ".join(f"{trimmed(f'c{i}')} AS c{i}" for i in range(len(self.headers)))
        return f"(SELECT n, bad, {cells} FROM {self.table}) r"


def raw_create(cursor: CursorWrapper, raw: str, width: int) -> None:
    columns = ", ".join(f"c{i} text" for i in range(width))
    cursor.execute(f"DROP TABLE IF EXISTS {raw}")
    cursor.execute(f"CREATE TEMP TABLE {raw} (n bigint, bad text, {columns})")


def raw_load(*, survey: Survey, raw: str, on_rows: Any = None) -> tuple[int, bool]:
    """Stream a file into a table by COPY. Returns the number of rows, and whether cells have blanks at their ends.

    Raises:
        FileRefused: the rows cannot be read to their end.
    """
    with connection.cursor() as cursor:
        raw_create(cursor, raw, len(survey.headers))
        feed = survey.feed(on_rows=on_rows)
        try:
            with connection.wrap_database_errors:
                mark = literal(feed.separator)
                cursor.copy_expert(f"COPY {raw} FROM STDIN WITH (FORMAT csv, DELIMITER {mark})", feed, 1 << 17)
        except DatabaseError:
            if feed.failure is not None:
                raise feed.failure from None
            raise
        cursor.execute(f"ANALYZE {raw} (n)")  # its size is what the planner needs; texts are never compared
    return feed.count, feed.padded


def raw_write(*, rows: list[list[str]], raw: str, width: int) -> None:
    """Rows written in a mapping, as if they came from a file."""
    with connection.cursor() as cursor:
        raw_create(cursor, raw, width)
        marks = ", ".join(["%s"] * (width + 1))
        for number, row in enumerate(rows, start=1):
            cursor.execute(f"INSERT INTO {raw} VALUES (%s, NULL, {marks[4:]})", [number, *row])


def target_load(
    *,
    plan: Plan,
    raw: RawFile,
    tables: Dict[str, Table],
    outcome: Outcome,
    batch: int,
    accept: bool,
    on_phase: Callable[[str], None] = lambda words: None,
) -> TableCount:
    """Everything for one table; the caller holds the transaction."""
    loader = _Loader(plan, raw, tables, outcome, batch, on_phase)
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL work_mem = '{WORK_MEM}'")
        loader.run(cursor, accept=accept)
    return loader.count


class _Loader:
    def __init__(
        self,
        plan: Plan,
        raw: RawFile,
        tables: Dict[str, Table],
        outcome: Outcome,
        batch: int,
        on_phase: Callable[[str], None],
    ) -> None:
        self.tell = on_phase
        self.plan, self.raw, self.tables, self.outcome, self.batch = plan, raw, tables, outcome, batch
        self.count = TableCount(plan.table.name, raw.name)
        self.notes: dict[tuple[int, int], str] = {}  # (row, problem) -> what exactly
        self.hints: dict[tuple[str, str], str] = {}  # (field, value) -> proposed name
        self.rows = raw.rows  # what the rows to be staged are read from
        self.whole = 0  # rows of the target, where certain ones are set aside

    def run(self, cursor: CursorWrapper, *, accept: bool) -> None:
        self.set_aside(cursor)
        self.tell("reading values, resolving references")
        self.stage(cursor, accept=accept)
        if self.whole:
            self.count.same, self.count.read = self.whole - self.count.read, self.whole
        self.tell(f"checking {self.count.read:,} rows against each other")
        self.duplicates(cursor)
        self.overlaps(cursor)
        self.orphans(cursor)
        self.unknown(cursor)
        self.good = self.take_out(cursor)
        if self.good:
            self.write(cursor)
            self.tell("checking references")
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("SET CONSTRAINTS ALL DEFERRED")
        self.count.same += self.good - self.count.new - self.count.changed
        cursor.execute(f"DROP TABLE {STAGE}")
        cursor.execute(f"DROP TABLE IF EXISTS {certain.REST}")

    def set_aside(self, cursor: CursorWrapper) -> None:
        """Leave rows that certainly are as their known row out of all that follows, where most of the file is so."""
        if not certain.is_applicable(self.plan):
            return
        aliased, raw = aliased_fields(self.plan, self.tables), self.raw.rows
        cursor.execute(f"SELECT EXISTS (SELECT 1 FROM {quoted(self.plan.table.db_table)})")
        if not cursor.fetchone()[0]:
            return
        cursor.execute(certain.rows_sql(self.plan, raw=raw))
        rows = cursor.fetchone()[0]
        if rows < LEAST_ROWS:
            return
        every = max(1, rows // LOOKED_AT)
        cursor.execute(certain.share_sql(self.plan, raw=raw, every=every, tables=self.tables, aliased=aliased))
        seen, same = cursor.fetchone()
        if same < MOSTLY * seen:
            return
        self.tell(f"comparing {rows:,} rows with the known ones")
        cursor.execute(f"DROP TABLE IF EXISTS {certain.REST}")
        cursor.execute("SET LOCAL enable_nestloop = off")  # whole tables meet; without statistics it loops over them
        cursor.execute(certain.rest_sql(self.plan, raw=raw, tables=self.tables, aliased=aliased))
        if cursor.rowcount:
            cursor.execute(f"ANALYZE {certain.REST}")
            cursor.execute(certain.put_back_sql(self.plan, raw=raw))
        cursor.execute("SET LOCAL enable_nestloop = on")
        self.rows, self.whole = certain.rest_of(raw), rows

    def stage(self, cursor: CursorWrapper, *, accept: bool) -> None:
        self.count.read = self.build(cursor)
        found = propose(plan=self.plan, raw=self.rows, file=self.raw.name, tables=self.tables, wrong=self.wrong(cursor))
        if accept and any(p.applied for p in found.accepted()):
            self.count.read = self.build(cursor)
        self.outcome.proposed += found.proposed
        for proposal in found.proposed:
            if proposal.target and not proposal.applied:
                self.hints[proposal.field, proposal.value] = proposal.shown
        for name, (rows, values) in found.emptied.items():
            self.outcome.note(
                f"{rows:,} rows of {self.plan.table.name} name an unknown {name}; it was left empty.",
                values=values,
                file=self.raw.name,
            )

    def build(self, cursor: CursorWrapper) -> int:
        cursor.execute(f"DROP TABLE IF EXISTS {STAGE}")
        cursor.execute(
            stage_sql(self.plan, raw=self.rows, tables=self.tables, aliased=aliased_fields(self.plan, self.tables))
        )
        rows = cursor.rowcount
        cursor.execute(f"ANALYZE {STAGE} ({', '.join(map(quoted, upserts.compared_columns(self.plan)))})")
        return rows

    def wrong(self, cursor: CursorWrapper) -> frozenset[int]:
        cursor.execute(f"SELECT DISTINCT unnest(err) FROM {STAGE} WHERE err <> '{{}}'")
        return frozenset(index for (index,) in cursor.fetchall())

    def mark(self, cursor: CursorWrapper, problem: int, rows: list[int]) -> None:
        if rows:
            cursor.execute(f"UPDATE {STAGE} SET err = err || %s WHERE n = ANY(%s)", [[problem], rows])

    def duplicates(self, cursor: CursorWrapper) -> None:
        cursor.execute(f"DROP TABLE IF EXISTS {upserts.DUPLICATES}")
        cursor.execute(upserts.duplicates_sql(self.plan))
        if cursor.rowcount == 0:
            return
        cursor.execute(f"ANALYZE {upserts.DUPLICATES}")
        if upserts.summed_columns(self.plan):
            cursor.execute(upserts.sum_sql(self.plan))
        cursor.execute(f"DROP TABLE IF EXISTS {upserts.REPEATED}")
        cursor.execute(upserts.repeated_sql(self.plan))
        if self.plan.target.duplicates == "first":
            self.note_first_kept(cursor)
            self.count.read -= self.drop_repeated(cursor, "true")
            return
        self.count.same += self.drop_repeated(cursor, "differs = '{}'")
        cursor.execute(
            f"UPDATE {STAGE} s SET err = err || %s FROM {upserts.REPEATED} r WHERE r.n = s.n AND r.differs <> '{{}}'",
            [[self.plan.duplicate]],
        )
        room = max(0, self.outcome.rejected.room)
        cursor.execute(f"SELECT * FROM {upserts.REPEATED} WHERE differs <> '{{}}' ORDER BY n LIMIT {room}")
        for n, first, differs in cursor.fetchall():
            self.notes[n, self.plan.duplicate] = f"row {first} has the same key; other values in {', '.join(differs)}"

    def drop_repeated(self, cursor: CursorWrapper, which: str) -> int:
        cursor.execute(f"DELETE FROM {STAGE} s USING {upserts.REPEATED} r WHERE r.n = s.n AND {which}")
        return cursor.rowcount

    def note_first_kept(self, cursor: CursorWrapper) -> None:
        cursor.execute(
            "SELECT count(DISTINCT first), array_agg(DISTINCT name ORDER BY name) "
            f"FROM {upserts.REPEATED}, unnest(differs) AS name"
        )
        rows, columns = cursor.fetchone()
        if not rows:
            return
        key = quoted(self.plan.table.fields[self.plan.table.key[-1]].column)
        cursor.execute(
            f"SELECT s.{key}::text FROM {STAGE} s WHERE s.n IN (SELECT DISTINCT first FROM {upserts.REPEATED} "
            f"WHERE differs <> '{{}}' ORDER BY 1 LIMIT {SAMPLE}) ORDER BY s.n"
        )
        self.outcome.note(
            f"{rows:,} of {self.plan.table.name} carry more than one {' or '.join(columns)}; the first is kept.",
            values=[value for (value,) in cursor.fetchall()],
            file=self.raw.name,
        )

    def overlaps(self, cursor: CursorWrapper) -> None:
        for rule, problem in enumerate(self.plan.overlaps):
            for sql, words in (
                (upserts.overlap_in_file_sql(self.plan, rule), "overlaps row {}"),
                (upserts.overlap_with_known_sql(self.plan, rule), "overlaps the known row from {}"),
            ):
                cursor.execute(sql)
                found = cursor.fetchall()
                self.mark(cursor, problem, [n for n, _other in found])
                self.notes |= {(n, problem): words.format(other) for n, other in found}

    def orphans(self, cursor: CursorWrapper) -> None:
        """Rows under a parent that is not there; taking one out may orphan others, so until none is left."""
        for filled in self.plan.filled:
            if filled.field.name not in self.plan.selves:
                continue
            problem = self.plan.selves[filled.field.name]
            while True:
                cursor.execute(upserts.orphans_sql(self.plan, filled))
                rows = [n for (n,) in cursor.fetchall()]
                if not rows:
                    break
                if problem is None:
                    column = quoted("self_" + filled.field.name)
                    cursor.execute(f"UPDATE {STAGE} SET {column} = NULL WHERE n = ANY(%s)", [rows])
                else:
                    self.mark(cursor, problem, rows)

    def unknown(self, cursor: CursorWrapper) -> None:
        if self.plan.target.known_by:
            cursor.execute(upserts.unknown_sql(self.plan))
            self.mark(cursor, self.plan.unknown, [n for (n,) in cursor.fetchall()])

    def take_out(self, cursor: CursorWrapper) -> int:
        """Record the bad rows and drop them from the stage. Returns the number of good ones."""
        spool = self.outcome.rejected
        cells = ", ".join(f"r.c{i}" for i in range(len(self.raw.headers)))
        cursor.execute(
            f"SELECT s.n, s.err, r.bad, {cells} FROM {STAGE} s JOIN {self.raw.table} r USING (n) "
            f"WHERE s.err <> '{{}}' ORDER BY s.n LIMIT {max(0, spool.room)}"
        )
        while rows := cursor.fetchmany(1000):
            for n, err, bad, *values in rows:
                spool.add(self.rejected(n, err, bad, values))
        cursor.execute(f"DELETE FROM {STAGE} WHERE err <> '{{}}'")
        self.count.rejected = cursor.rowcount
        spool.count += cursor.rowcount
        cursor.execute(f"SELECT count(*) FROM {STAGE}")
        return cursor.fetchone()[0]

    def rejected(self, n: int, err: list[int], bad: str | None, values: list[str | None]) -> dict[str, Any]:
        shape = json.loads(bad) if bad else [value or "" for value in values]
        cells = shape["cells"] if isinstance(shape, dict) else shape
        named = dict(zip(self.raw.headers, cells, strict=False))
        broken = f"the row has {len(cells)} cells, the header {len(self.raw.headers)}", "Check quotes and separators."
        if isinstance(shape, dict):
            broken = (shape["reason"], shape["fix"]) if "reason" in shape else _quote_left_open(shape["swallowed"])
        return {
            "file": self.raw.key,
            "table": self.plan.table.name,
            "row": n,
            "cells": cells,
            "reasons": [self.reason(n, self.plan.problems[i], named, broken) for i in dict.fromkeys(err)],
        }

    def reason(self, n: int, problem: Problem, named: dict[str, str], broken: tuple[str, str]) -> dict[str, str]:
        value = " ".join(named.get(column, "") for column in problem.columns) or problem.constant or ""
        reason, fix = self.notes.get((n, problem.index), problem.reason), problem.fix
        hint = self.hints.get((problem.field, value))
        if hint:
            fix = f"Did you mean “{hint}”? Confirm the suggestion, or correct the value."
        if problem.index == self.plan.ragged:
            reason, fix = broken
        return {"field": problem.field, "value": value, "reason": reason, "fix": fix}

    def write(self, cursor: CursorWrapper) -> None:
        if self.plan.selves:
            self.write_tree(cursor)
            return
        self.tell(f"comparing {self.good:,} rows with the known ones")
        known, differing = self.match(cursor)
        if differing:
            self.tell(f"writing {differing:,} changed rows")
            self.sample(cursor)
            cursor.execute(upserts.update_sql(self.plan, batch=self.batch))
            self.count.changed = cursor.fetchone()[0]
        if known < self.good and not self.plan.target.known_by:
            self.tell(f"writing {self.good - known:,} new rows")
            self.insert(cursor)

    def match(self, cursor: CursorWrapper) -> tuple[int, int]:
        """Find the known rows. Returns how many staged rows are known, and how many known rows differ."""
        cursor.execute(f"DROP TABLE IF EXISTS {upserts.MATCH}")
        cursor.execute(upserts.match_sql(self.plan, tables=self.tables))
        cursor.execute(f"ANALYZE {upserts.MATCH}")
        known = "DISTINCT n" if self.plan.target.known_by else "*"
        cursor.execute(f"SELECT count({known}), count(*) FILTER (WHERE differs) FROM {upserts.MATCH}")
        return cursor.fetchone()

    def write_tree(self, cursor: CursorWrapper) -> None:
        """New rows first, then their parents; a row that would become its own ancestor is taken out and all redone."""
        table = quoted(self.plan.table.db_table)
        cursor.execute("SAVEPOINT import_tree")
        cursor.execute(f"SELECT coalesce(max(id), 0) FROM {table}")
        after = cursor.fetchone()[0]
        self.match(cursor)
        self.sample(cursor)
        self.insert(cursor)
        update = upserts.parents_sql(self.plan, batch=self.batch, tables=self.tables, after=after)
        if update:
            cursor.execute(update)
            self.count.changed = cursor.fetchone()[0]
        circle = self.circle(cursor)
        if not circle:
            cursor.execute("RELEASE SAVEPOINT import_tree")
            return
        cursor.execute("ROLLBACK TO SAVEPOINT import_tree")
        self.count.new = self.count.changed = 0
        before = self.count.rejected
        self.mark(cursor, self.plan.circle, circle)
        self.orphans(cursor)
        self.good = self.take_out(cursor)
        self.count.rejected += before
        if self.good:
            self.write_tree(cursor)

    def insert(self, cursor: CursorWrapper) -> None:
        with rows_added(cursor, self.plan.table, batch=self.batch):
            cursor.execute(upserts.insert_sql(self.plan, batch=self.batch))
            self.count.new = cursor.rowcount

    def circle(self, cursor: CursorWrapper) -> list[int]:
        rows: set[int] = set()
        for filled in self.plan.filled:
            if filled.field.name in self.plan.selves:
                cursor.execute(upserts.circle_sql(self.plan, filled))
                rows |= {n for (n,) in cursor.fetchall()}
        return sorted(rows)

    def sample(self, cursor: CursorWrapper) -> None:
        sql = upserts.changes_sql(self.plan, tables=self.tables, limit=MOST_CHANGES)
        if sql is None or len(self.outcome.changes) >= MOST_CHANGES * 4:
            return
        cursor.execute(sql)
        for n, old, new in cursor.fetchall():
            old, new = _record(old), _record(new)
            for field in new:
                if old.get(field) != new[field]:
                    self.outcome.changes.append(
                        {
                            "table": self.plan.table.name,
                            "file": self.raw.name,
                            "row": n,
                            "field": field,
                            "old": old.get(field),
                            "new": new[field],
                        }
                    )


def _record(value: Any) -> dict[str, Any]:
    return json.loads(value) if isinstance(value, str) else value


def _quote_left_open(swallowed: int) -> tuple[str, str]:
    """Reason and fix."""
    reason = 'a quote (") opened in this row is never closed'
    if swallowed:
        lines = "line after it was" if swallowed == 1 else f"{swallowed:,} lines after it were"
        reason += f"; the {lines} read as part of this row"
    return reason, "Close the quote, then import the file again."
