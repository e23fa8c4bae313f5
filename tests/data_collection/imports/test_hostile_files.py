"""Files with bytes changed at random are read or refused in words; nothing else ever comes of them."""

import gzip
import io
import random
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import openpyxl
import pytest

from data_collection.imports.calc.detect import detect
from data_collection.imports.calc.reading import FileRefused, survey

CSV = 'id;name;"q ""x"""\n1;Zoë;"a\nb"\n2;ไทย;1,5\n31.12.2026;1.234,5;"x'
JSON = '{"a": 1, "b": {"c": [1, 2, {"d": null}]}}\n{"a": "\\u00e9", "z": true}\n'
PIECES = [b'"', b"\0", b"\r", b"9" * 400, b"1e400", b"<", b">", b"&#0;", b"&x;", b"\xff\xfe", b"]]>"]
PIECES += [b"encoding='utf-7'", b"A1:", b"{", b"[", b"\\ud800", b"\x1f\x8b"]


def damaged(signs: random.Random, content: bytes) -> bytes:
    changed = bytearray(content)
    for _ in range(signs.randint(1, 6)):
        place, how = signs.randrange(len(changed) + 1), signs.random()
        if how < 0.3:
            changed[place : place + 1] = bytes([signs.randrange(256)])
        elif how < 0.5:
            del changed[place : place + signs.randint(1, 30)]
        elif how < 0.8:
            changed[place:place] = changed[place : place + signs.randint(1, 50)]
        else:
            changed[place:place] = signs.choice(PIECES)
    return bytes(changed)


@pytest.fixture(scope="module")
def book() -> bytes:
    made = openpyxl.Workbook()
    made.active.append(["id", "name", "at", "share"])
    for day in range(1, 9):
        made.active.append([day, f"n{day}", datetime(2026, 1, day, 3, 4, 5), day / 7])
    made.active["A3"], made.active["D4"].number_format = "=1+1", "0%"
    held = io.BytesIO()
    made.save(held)
    return held.getvalue()


def inside(signs: random.Random, book: bytes) -> bytes:
    """A workbook, sound as an archive, with one part damaged."""
    with ZipFile(io.BytesIO(book)) as old:
        parts = {name: old.read(name) for name in old.namelist()}
    chosen = signs.choice(sorted(parts))
    held = io.BytesIO()
    with ZipFile(held, "w", ZIP_DEFLATED) as new:
        for name, content in parts.items():
            new.writestr(name, damaged(signs, content) if name == chosen else content)
    return held.getvalue()


@pytest.mark.parametrize("seed", range(4))
def test_damaged_files_are_read_or_refused(tmp_path: Path, book: bytes, seed: int) -> None:
    signs = random.Random(seed)
    kinds: list[tuple[str, Callable[[], bytes]]] = [
        ("a.csv", lambda: damaged(signs, CSV.encode(signs.choice(["utf-8", "utf-16", "utf-16-le"])))),
        ("a.jsonl", lambda: damaged(signs, JSON.encode())),
        ("a.csv.gz", lambda: damaged(signs, gzip.compress(CSV.encode()))),
        ("a.xlsx", lambda: damaged(signs, book)),
        ("a.xlsx", lambda: inside(signs, book)),
    ]
    ends = {"read": 0, "refused": 0}
    for number in range(200):
        name, make = kinds[number % len(kinds)]
        path = tmp_path / name
        path.write_bytes(make())
        ends[end_of(path)] += 1
    assert ends["read"] > 20 and ends["refused"] > 20


def end_of(path: Path) -> str:
    try:
        seen = survey(path)
        detect(seen)
        feed = seen.feed()
        while feed.read():
            pass
    except FileRefused:
        return "refused"
    return "read"
