"""Rows of a page, fit to be stored and imported: text only, each with its id."""

from collections.abc import Mapping, Sequence

from data_collection.connectors.calc.source import RecordProblem

LONGEST = 100_000  # characters of one cell


def clean_rows(
    rows: Mapping[str, Sequence[Mapping[str, object]]], *, object: str
) -> tuple[dict[str, list[dict[str, str]]], list[RecordProblem]]:
    """Rows that can be stored, and what had to be changed or left out, each with its reason."""
    kept: dict[str, list[dict[str, str]]] = {}
    problems: list[RecordProblem] = []
    for file, given in rows.items():
        kept[file] = []
        for row in given:
            cells = {_text(name): _text(value) for name, value in row.items()}
            key = cells.get("id", "").strip()
            if not key:
                problems.append(RecordProblem(object, "", f"A row of “{file}” has no id.", str(cells)[:300]))
                continue
            too_long = [name for name, value in cells.items() if len(value) > LONGEST]
            for name in too_long:
                cells[name] = cells[name][:LONGEST]
                reason = f"“{name}” is longer than {LONGEST:,} characters; the rest was cut off."
                problems.append(RecordProblem(object, key, reason))
            kept[file].append({**cells, "id": key})
    return kept, problems


def _text(value: object) -> str:
    """Text a database and a CSV file take: no zero character, no half of a surrogate pair."""
    if value is None:
        return ""
    text = value if isinstance(value, str) else str(value).lower() if isinstance(value, bool) else str(value)
    if "\0" in text:
        text = text.replace("\0", "")
    if not text.isascii():
        text = text.encode("utf-8", "replace").decode("utf-8")
    return text
