"""Write the field lists of the native format into docs/guide/import.md, from the models."""

import os
import sys
from pathlib import Path

import django

ROOT = Path(__file__).parents[1]
BEGIN, END = "<!-- native tables: written from the models, checked by a test -->\n", "<!-- end of native tables -->\n"


def main() -> None:
    sys.path.insert(0, str(ROOT))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "salesops.settings")
    django.setup()
    from data_collection.imports.calc.native import native_reference
    from data_collection.imports.targets import tables

    guide = ROOT / "docs/guide/import.md"
    text = guide.read_text()
    start, end = text.index(BEGIN) + len(BEGIN), text.index(END)
    guide.write_text(f"{text[:start]}\n{native_reference(tables())}\n{text[end:]}")


main()
