"""`manage.py import_crm FOLDER_OR_FILE [--mapping NAME_OR_FILE]`: files into the tables; `--undo BATCH` back out."""

import json
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import yaml
from django.core.management.base import BaseCommand, CommandError
from django.utils.text import slugify

from data_collection.imports.calc.mapping import MappingError
from data_collection.imports.calc.reading import FileRefused
from data_collection.imports.models import ImportBatch, SavedMapping
from data_collection.imports.selectors import (
    NotFound,
    batch_refused,
    batch_result,
    files_at,
    files_must_fit,
    import_limits,
    mapping_document,
    mapping_parsed,
)
from data_collection.imports.services.batches import import_run
from data_collection.imports.services.drafts import guess_of_paths
from data_collection.imports.services.undoing import UndoPreview, UndoRefused, batch_undo, undo_preview

Paths = list[tuple[str, Path]]


class Command(BaseCommand):
    help = (
        "Import CSV, XLSX or JSON lines files by a mapping, or by a guess when none is named. "
        "Exit code 1 when a file was refused."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("place", metavar="FOLDER_OR_FILE", nargs="?")
        parser.add_argument("--mapping", help="Name of a shipped or saved mapping, or a YAML/JSON file; none: guessed.")
        parser.add_argument("--system", help="Name of the source system instead of the mapping's.")
        parser.add_argument("--dry-run", action="store_true", help="Count and check everything, write nothing.")
        parser.add_argument("--accept-suggestions", action="store_true", help="Apply sure near-miss references.")
        parser.add_argument("--json", action="store_true", help="Result as JSON on standard output.")
        parser.add_argument("--yes", action="store_true", help="Use the guessed mapping, or undo, without asking.")
        parser.add_argument("--save-mapping", metavar="NAME", help="Keep the guessed mapping by this name and use it.")
        parser.add_argument("--undo", metavar="BATCH", type=int, help="Take an import back instead.")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["undo"] is not None:
            self.undo(options)
            return
        if options["place"] is None:
            raise CommandError("Name a folder or file to import, or a batch with --undo.", returncode=2)
        try:
            paths, single = files_at(options["place"])
            document = self.document(paths, options)
            name = document.get("name") or Path(options["mapping"] or "guessed").stem
            mapping = mapping_parsed(document, name=name, system=options["system"])
            files_must_fit(mapping, paths)
        except (NotFound, FileRefused) as wrong:
            raise CommandError(str(wrong), returncode=2) from None
        except MappingError as wrong:
            problems = "\n".join(f"  {problem}" for problem in wrong.problems)
            raise CommandError(f"The mapping can't be used:\n{problems}", returncode=2) from None
        batch = ImportBatch.objects.create(
            mapping=mapping.name[:80],
            definition=document,
            system=mapping.system,
            source=Path(options["place"]).name[:300],
            dry_run=options["dry_run"],
            accept_suggestions=options["accept_suggestions"],
        )
        import_run(
            batch=batch,
            mapping=mapping,
            paths=paths,
            partial=single or not options["mapping"],
            progress=self.progress,
            limits=import_limits(by_page=False),
        )
        result = batch_result(batch)
        self.stdout.write(
            json.dumps(result, default=str, ensure_ascii=False, indent=2) if options["json"] else table(result)
        )
        if batch_refused(batch):
            sys.exit(1)

    # --- mapping -----------------------------------------------------------------------------
    def document(self, paths: Paths, options: dict[str, Any]) -> dict[str, Any]:
        """The mapping that is named, or the guessed one after a yes."""
        if options["mapping"]:
            return mapping_document(options["mapping"])
        document, told = guess_of_paths(paths, system=options["system"] or "")
        if not document.get("files"):
            raise NotFound("No table fits these files; name a mapping with --mapping.")
        self.stderr.write(explained(document, told))
        if options["save_mapping"]:
            return self.saved(document, options["save_mapping"])
        if not (options["yes"] or options["dry_run"] or self.agreed("Import by this mapping? [y/N] ")):
            raise CommandError("Nothing was imported. Use --yes, --save-mapping NAME or --dry-run.", returncode=2)
        return document

    def saved(self, document: dict[str, Any], name: str) -> dict[str, Any]:
        slug = slugify(name)[:80]
        if not slug:
            raise MappingError(["Give the mapping a name of letters and digits."])
        document = {**document, "name": slug}
        mapping_parsed(document, name=slug)
        SavedMapping.objects.update_or_create(name=slug, defaults={"definition": document})
        self.stderr.write(f"Kept as “{slug}”; use it by --mapping {slug}.")
        return document

    @staticmethod
    def agreed(question: str) -> bool:
        if not sys.stdin.isatty():
            return False
        return input(question).strip().lower() in ("y", "yes")

    # --- undo --------------------------------------------------------------------------------
    def undo(self, options: dict[str, Any]) -> None:
        batch = ImportBatch.objects.filter(pk=options["undo"]).first()
        if batch is None:
            raise CommandError(f"There is no import {options['undo']}.", returncode=2)
        try:
            if options["dry_run"]:
                self.stdout.write(undone(undo_preview(batch), "would be"))
                return
            if not options["yes"]:
                self.stderr.write(undone(undo_preview(batch), "would be"))
                if not self.agreed(f"Undo import {batch.pk}? [y/N] "):
                    raise CommandError("Nothing was undone. Use --yes or --dry-run.", returncode=2)
            self.stdout.write(undone(batch_undo(batch=batch, user=None, progress=self.progress), "was"))
        except UndoRefused as why:
            raise CommandError(str(why), returncode=2) from None

    def progress(self, done: int, total: int, message: str) -> None:
        self.stderr.write(f"[{min(done, total)}/{total}] {message}")
        self.stderr.flush()


def explained(document: dict[str, Any], told: dict[str, Any]) -> str:
    """The guessed mapping, and why each column is used so."""
    lines = [f"Recognised: {told['preset']}." if told["preset"] else "The mapping was guessed:"]
    for name, columns in told["columns"].items():
        lines.append(f"{name}:")
        for column in columns:
            use = f"{column['table']}.{column['field']}" if column["field"] else "kept as an attribute"
            sure = f" ({column['confidence']:.0%}, {column['why']})" if column["field"] else ""
            lines.append(f"  {column['header']} -> {use}{sure}")
    lines += [f"note: {note}" for note in told["notes"]]
    text = yaml.safe_dump(document, allow_unicode=True, sort_keys=False, width=110)
    return "\n".join([*lines, "", text])


def undone(found: UndoPreview, was: str) -> str:
    """What an undo does, by table."""
    names = dict.fromkeys([*found.remove, *found.restore])
    lines = [f"{'table':<24}{'removed':>12}{'restored':>12}"]
    lines += [f"{name:<24}{found.remove.get(name, 0):>12,}{found.restore.get(name, 0):>12,}" for name in names]
    lines += [f"kept: {one.table} {one.key}: {one.reason}" for one in found.kept[:20]]
    return "\n".join([*lines, f"{found.kept_count:,} rows that were changed since {was} kept."])


def table(result: dict[str, Any]) -> str:
    """The result as a person reads it in a terminal."""
    words = ("read", "new", "changed", "same", "rejected")
    lines = [f"{'table':<20}{'file':<34}" + "".join(f"{word:>10}" for word in words)]
    for row in result["tables"]:
        counts = row["error"] or "".join(f"{row[word]:>10,}" for word in words)
        lines.append(f"{row['table']:<20}{row['file'][:33]:<34}{counts}")
    lines.append(f"{'all':<54}" + "".join(f"{result['totals'][word]:>10,}" for word in words))
    lines += [f"refused: {f['name']}: {f['refused']}" for f in result["files"] if f["refused"]]
    for s in result["suggestions"]:
        meant = f"→ “{s['proposal']}” ({s['confidence']:.0%})" if s["proposal"] else "is unknown"
        done = ", applied" if s["applied"] else ""
        lines.append(f"{s['field']} “{s['value']}” {meant}, {s['rows']:,} rows{done}")
    for r in result["rejected"][:10]:
        why = "; ".join(f"{x['field']} “{x['value']}” {x['reason']}" for x in r["reasons"])
        lines.append(f"rejected: {r['file']} row {r['row']} ({r['table']}): {why}")
    lines += [f"note: {f['text']} {', '.join(f.get('values', [])[:5])}".rstrip() for f in result["findings"]]
    did = "nothing written (dry run)" if result["dry_run"] else "written"
    return "\n".join([*lines, f"Batch {result['batch']}: {did}, {result['seconds']} s."])
