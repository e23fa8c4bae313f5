"""Exports of known systems, recognised by the columns only they have."""

from collections.abc import Sequence
from copy import deepcopy
from typing import Any

from data_collection.imports.calc.detect import Detection
from data_collection.imports.calc.resemblance import plain

File = tuple[str, Detection]


def preset_of(files: Sequence[File], presets: Sequence[dict[str, Any]]) -> dict[str, Any] | None:
    """The preset that knows most of the files, None where none knows any."""
    known = [(len(preset_entries(files, preset)), _certainty(files, preset), preset) for preset in presets]
    best = max(known, key=lambda row: (row[0], row[1]), default=None)
    return best[2] if best is not None and best[0] else None


def preset_entries(files: Sequence[File], preset: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The entry of the preset for each file it knows, under the file's own name."""
    found: dict[str, dict[str, Any]] = {}
    for name, seen in files:
        entry = _entry(seen, preset)
        if entry is not None:
            found[name] = deepcopy(entry) | {"file": "".join(f"[{s}]" if s in "[*?" else s for s in name)}
    return found


def _entry(seen: Detection, preset: dict[str, Any]) -> dict[str, Any] | None:
    """Of the entries whose columns the file has, the one that asks for most."""
    headers = {plain(header) for header in seen.headers}
    fitting = [
        entry
        for entry in preset.get("files", [])
        if entry.get("headers") and all(plain(column) in headers for column in entry["headers"])
    ]
    return max(fitting, key=lambda entry: len(entry["headers"]), default=None)


def _certainty(files: Sequence[File], preset: dict[str, Any]) -> int:
    return sum(len(entry["headers"]) for _name, seen in files if (entry := _entry(seen, preset)))
