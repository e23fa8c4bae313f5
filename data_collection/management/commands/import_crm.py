"""`manage.py import_crm FOLDER_OR_FILE --mapping NAME_OR_FILE`: files into the tables."""

import json
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from data_collection.imports.calc.mapping import MappingError
from data_collection.imports.models import ImportBatch
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


class Command(BaseCommand):
    help = "Import CSV, XLSX or JSON lines files by a mapping. Exit code 1 when a file was refused."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("place", metavar="FOLDER_OR_FILE")
        parser.add_argument("--mapping", required=True, help="Name of a shipped or saved mapping, or a YAML/JSON file.")
        parser.add_argument("--system", help="Name of the source system instead of the mapping's.")
        parser.add_argument("--dry-run", action="store_true", help="Count and check everything, write nothing.")
        parser.add_argument("--accept-suggestions", action="store_true", help="Apply sure near-miss references.")
        parser.add_argument("--json", action="store_true", help="Result as JSON on standard output.")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            paths, single = files_at(options["place"])
            document = mapping_document(options["mapping"])
            name = document.get("name") or Path(options["mapping"]).stem
            mapping = mapping_parsed(document, name=name, system=options["system"])
            files_must_fit(mapping, paths)
        except NotFound as wrong:
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
        limits = import_limits(by_page=False)
        import_run(batch=batch, mapping=mapping, paths=paths, partial=single, progress=self.progress, limits=limits)
        result = batch_result(batch)
        self.stdout.write(
            json.dumps(result, default=str, ensure_ascii=False, indent=2) if options["json"] else table(result)
        )
        if batch_refused(batch):
            sys.exit(1)

    def progress(self, done: int, total: int, message: str) -> None:
        self.stderr.write(f"[{min(done, total)}/{total}] {message}")
        self.stderr.flush()


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
