"""JSON lines: one object a line. Columns are the union of all keys, in the order they come.

Objects inside become columns `a.b`, lists of plain values one text joined by `;`, other lists JSON text. Numbers stay
as they are written.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from data_collection.imports.calc.reading.encodings import look, open_text
from data_collection.imports.calc.reading.feed import BrokenRow
from data_collection.imports.calc.reading.refusals import FileRefused, Limits, check_columns, check_names
from data_collection.imports.calc.reading.surveys import PREVIEW, Survey, digest

DEEPEST = 20  # objects inside objects
FIX = "Write one JSON object a line."
_DECODER = json.JSONDecoder(parse_float=str, parse_int=str, parse_constant=lambda word: _refuse_constant(word))


class _NoObject(ValueError):
    """The line holds no usable object; the text says why."""


@dataclass(slots=True)
class _Keys:
    """What the lines hold together."""

    headers: dict[str, None] = field(default_factory=dict)
    rows: int = 0
    broken: int = 0
    fault: str = ""  # of the first broken line
    ended: bool = True


def survey_json_lines(path: Path, encoding: str | None, limits: Limits, *, whole: bool = True) -> Survey:
    seen = look(path, encoding, limits)
    keys = _keys(path, seen.encoding, limits, None if whole else PREVIEW)
    if not keys.rows:
        raise FileRefused("The file is empty.")
    if not keys.headers:
        advice = "The file is one JSON list; write each object on a line of its own." if keys.fault == _LIST else FIX
        raise FileRefused(f"No line of the file holds a JSON object: {keys.fault or 'they are empty'}. {advice}")
    check_names(list(keys.headers))
    broken = f"{keys.broken:,} of {keys.rows:,} lines hold no JSON object; they are rejected."
    return Survey(
        path=path,
        size=path.stat().st_size,
        sha256=digest(path),
        encoding=seen.encoding,
        separator="",
        headers=tuple(keys.headers),
        format="jsonl",
        rows=keys.rows if keys.ended else None,
        notes=(*seen.notes, broken) if keys.broken else seen.notes,
        header_row=0,
        limits=limits,
    )


def _keys(path: Path, encoding: str, limits: Limits, most: int | None) -> _Keys:
    """The keys of the first `most` lines, of all where it is None."""
    found = _Keys()
    for number, line in enumerate(_lines(path, encoding, limits), start=1):
        if most is not None and number > most:
            found.ended = False
            break
        if not line.strip():
            continue
        found.rows += 1
        try:
            cells = _flat(line)
        except _NoObject as why:
            found.broken, found.fault = found.broken + 1, found.fault or str(why)
            continue
        found.headers.update(dict.fromkeys(cells))
        check_columns(len(found.headers), limits)
        if len(line) > limits.cell and any(len(text) > limits.cell for text in cells.values()):
            raise FileRefused(f"Line {number:,} holds a cell of more than {limits.cell:,} characters. Shorten it.")
    return found


def rows_json_lines(survey: Survey) -> Iterator[list[str]]:
    """Cells of every line in the order of the headers; a line that is no object comes as it is."""
    headers = survey.headers
    for line in _lines(survey.path, survey.encoding, survey.limits):
        text = line.strip()
        if not text:
            yield []
            continue
        try:
            cells = _flat(line)
        except _NoObject as why:
            yield BrokenRow(text, f"the line {why}", FIX)
            continue
        row = [cells.get(header, "") for header in headers]
        yield row if any(row) else []


def _lines(path: Path, encoding: str, limits: Limits) -> Iterator[str]:
    with open_text(path, encoding) as text:
        for number, line in enumerate(text, start=1):
            if len(line) > limits.row:
                raise FileRefused(f"Line {number:,} is longer than {limits.row:,} characters. {FIX}")
            yield line


_LIST = "begins with a list"


def _flat(line: str) -> dict[str, str]:
    """Flat texts of the object on a line.

    Raises:
        _NoObject: it is none.
    """
    text = line.strip()
    try:
        found = _DECODER.decode(text)
    except RecursionError:
        raise _NoObject("is nested too deeply") from None
    except ValueError as wrong:
        raise _NoObject(_LIST if text.startswith("[") else f"is no valid JSON ({_said(wrong)})") from None
    if not isinstance(found, dict):
        raise _NoObject(_LIST if isinstance(found, list) else "holds no object in braces")
    flat: dict[str, str] = {}
    _flatten(found, "", flat, 0)
    if "\\u" in text and (fault := _unstorable(flat)):
        raise _NoObject(fault)
    return flat


def _said(wrong: ValueError) -> str:
    return f"{wrong.msg}, character {wrong.colno}" if isinstance(wrong, json.JSONDecodeError) else str(wrong)


def _flatten(found: dict[str, Any], prefix: str, flat: dict[str, str], depth: int) -> None:
    if depth > DEEPEST:
        raise _NoObject("is nested too deeply")
    for key, value in found.items():
        name = prefix + (key.strip() or "column")
        if isinstance(value, dict):
            _flatten(value, f"{name}.", flat, depth + 1)
        else:
            flat[name] = _text(value)


def _text(value: Any) -> str:
    if isinstance(value, str):  # numbers too
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if all(part is None or isinstance(part, str | bool) for part in value):
        return ";".join(_text(part) for part in value)
    try:
        return json.dumps(value, ensure_ascii=False)
    except RecursionError:
        raise _NoObject("is nested too deeply") from None


def _unstorable(flat: dict[str, str]) -> str:
    """Signs that can be written as \\u.... and that no text holds."""
    joined = "".join(flat) + "".join(flat.values())
    if "\0" in joined:
        return "holds the zero character (U+0000), which is no text"
    return "holds half of a character (a lone surrogate)" if any("\ud800" <= s <= "\udfff" for s in joined) else ""


def _refuse_constant(word: str) -> str:
    raise ValueError(f"{word} is no number")
