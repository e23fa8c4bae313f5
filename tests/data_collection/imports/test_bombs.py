"""Files made to do harm: each is refused in words within two seconds of work and 256 MB, in a process of its own."""

import gzip
import json
import os
import resource
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from data_collection.imports.calc.reading import FileRefused, Limits, survey
from data_collection.imports.models import ImportBatch, SavedMapping
from data_collection.imports.services.uploads import upload_receive
from data_collection.models import Rep
from salesops.access.models import User
from salesops.jobs.services import job_work

SECONDS, MEGABYTES = 2.0, 256
#: Reads a file to its end and tells how that went.
READER = """
import json, resource, sys, time
from pathlib import Path
from data_collection.imports.calc.reading import FileRefused, Limits, survey
start, words = time.process_time(), ""
try:
    seen = survey(Path(sys.argv[1]), limits=Limits(**json.loads(sys.argv[2])))
    feed = seen.feed()
    while feed.read(1 << 16):
        pass
except FileRefused as why:
    words = str(why)
spent = time.process_time() - start
status = Path("/proc/self/status")  # the highest of this program; getrusage also counts the process it was forked from
lines = dict(line.split(":", 1) for line in status.read_text().splitlines()) if status.exists() else {}
most = int(lines["VmHWM"].split()[0]) if lines else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps([words, spent, most / 1024]))
"""
UPLOAD = {"size": 200 << 20, "unpacked": 1000 << 20, "rows": 5_000_000, "cells": 200_000_000}

CONTENT_TYPES = (
    '<Types><Override PartName="/xl/workbook.xml" ContentType='
    '"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/></Types>'
)
RELATIONS = (
    '<Relationships><Relationship Id="r1" Type="x/worksheet" Target="worksheets/sheet1.xml"/>'
    '<Relationship Id="r2" Type="x/sharedStrings" Target="sharedStrings.xml"/></Relationships>'
)
WORKBOOK = '<workbook xmlns:r="r"><sheets><sheet name="A" r:id="r1"/></sheets></workbook>'
SHEET = "<worksheet><sheetData>{}</sheetData></worksheet>"
PLAIN = {
    "[Content_Types].xml": CONTENT_TYPES,
    "xl/_rels/workbook.xml.rels": RELATIONS,
    "xl/workbook.xml": WORKBOOK,
    "xl/worksheets/sheet1.xml": SHEET.format('<row><c t="inlineStr"><is><t>a</t></is></c></row>'),
    "xl/sharedStrings.xml": "<sst><si><t>a</t></si></sst>",
}
ENTITIES = (
    '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaaaaaaaaaaaa">'
    + "".join(f'<!ENTITY {b} "{f"&{a};" * 20}">' for a, b in zip("abcdefg", "bcdefgh", strict=True))
    + "]>"
)


def workbook(path: Path, **parts: str | bytes) -> Path:
    """A workbook with some parts replaced; `sheet` and `texts` stand for the long names."""
    names = {"sheet": "xl/worksheets/sheet1.xml", "texts": "xl/sharedStrings.xml", "book": "xl/workbook.xml"}
    given = {names.get(name, name): content for name, content in parts.items()}
    with ZipFile(path, "w", ZIP_DEFLATED, compresslevel=1) as made:
        for name, content in {**PLAIN, **given}.items():
            made.writestr(name, content)
    return path


def packed_block(block: bytes, times: int) -> bytes:
    """Raw deflate data of a block written many times, without packing each."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    one = packer.compress(block) + packer.flush(zlib.Z_FULL_FLUSH)
    return one * times + zlib.compressobj(9, zlib.DEFLATED, -15).flush()


def with_huge_part(path: Path, name: str, block: bytes, times: int, declared: int | None = None) -> Path:
    """A workbook one part of which unpacks to a block written many times; its directory may lie about the size."""
    workbook(path)
    content = packed_block(block, times)
    with ZipFile(path) as old:
        parts = {info.filename: old.read(info) for info in old.infolist() if info.filename != name}
    with ZipFile(path, "w", ZIP_DEFLATED) as made:
        for other, text in parts.items():
            made.writestr(other, text)
        info = ZipInfo(name)
        info.compress_type, info.file_size = ZIP_DEFLATED, len(block) * times if declared is None else declared
        info.compress_size, info.header_offset, info.CRC = len(content), made.fp.tell(), 0
        made.fp.write(info.FileHeader() + content)
        made.filelist.append(info)
        made.NameToInfo[name] = info
        made.start_dir = made.fp.tell()
        made._didModify = True
    return path


def gzip_bomb(path: Path) -> Path:
    block = b"a,b\n1,2\n" * (1 << 17)
    path.write_bytes(b"\x1f\x8b\x08\0\0\0\0\0\0\x03" + packed_block(block, 1024) + struct.pack("<II", 0, 1 << 30))
    return path


def sparse(path: Path) -> Path:
    with path.open("wb") as raw:
        raw.write(b"a,b\n")
        raw.truncate(1 << 30)
    return path


def write(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def many_parts(path: Path) -> Path:
    workbook(path)
    with ZipFile(path, "a") as made:
        for number in range(3000):
            made.writestr(f"xl/media/{number}.png", b"")
    return path


def endless_directory(path: Path) -> Path:
    """The end of the directory says that four thousand million parts follow."""
    workbook(path)
    record = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, 1 << 32, 1 << 32, 1 << 38, 0)
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, path.stat().st_size, 1)
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 65535, 65535, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    with path.open("ab") as raw:
        raw.write(record + locator + end)
    return path


HEADER = '<row><c t="inlineStr"><is><t>a</t></is></c></row>'
BOMBS: dict[str, tuple[str, Callable[[Path], Path], str]] = {
    "shared texts of 1 GB": (
        "a.xlsx",
        lambda p: with_huge_part(p, "xl/sharedStrings.xml", b"<si><t>aaaaaaaaaaaa</t></si>" * (1 << 15), 1170),
        "unpacks to 1,024 MB, more than 200 times its packed size",
    ),
    "twenty million empty rows": (
        "a.xlsx",
        lambda p: with_huge_part(p, "xl/worksheets/sheet1.xml", b"<row/>" * (1 << 17), 160),
        "more than 200 times its packed size",
    ),
    "a directory that lies about sizes": (
        "a.xlsx",
        lambda p: with_huge_part(p, "xl/worksheets/sheet1.xml", b"<row/>" * (1 << 17), 1600, declared=1000),
        "The workbook is damaged",
    ),
    "a row beyond the last": (
        "a.xlsx",
        lambda p: workbook(p, sheet=SHEET.format(HEADER + '<row r="1048577"><c r="A1"><v>1</v></c></row>')),
        "more than 1,048,576 rows, the most a workbook holds",
    ),
    "rows that all reach the last column": (
        "a.xlsx",
        lambda p: workbook(p, sheet=SHEET.format(HEADER + '<row><c r="XFD1"><v>1</v></c></row>' * 10_000)),
        "The file has 16,384 columns; at most 1,000 can be read",
    ),
    "a row of a million cells": (
        "a.xlsx",
        lambda p: workbook(p, sheet=SHEET.format("<row>" + '<c r="A1"/>' * 1_000_000 + "</row>")),
        "more than 16,384 cells",
    ),
    "entities in the sheet": (
        "a.xlsx",
        lambda p: workbook(p, sheet=ENTITIES + SHEET.format("&h;")),
        "declares XML entities",
    ),
    "entities in the texts": (
        "a.xlsx",
        lambda p: workbook(p, texts=ENTITIES + "<sst><si><t>&h;</t></si></sst>"),
        "declares XML entities",
    ),
    "entities in the workbook": ("a.xlsx", lambda p: workbook(p, book=ENTITIES + WORKBOOK), "declares XML entities"),
    "tags without end inside each other": (
        "a.xlsx",
        lambda p: workbook(p, sheet="<a>" * 5_000_000),
        "its XML is nested too deeply",
    ),
    "a tag of many megabytes": (
        "a.xlsx",
        lambda p: workbook(p, sheet=b'<worksheet a="' + os.urandom(4_000_000).hex().encode() + b'"/>'),
        "a tag is longer than 1 MB",
    ),
    "a million names": (
        "a.xlsx",
        lambda p: workbook(p, sheet=SHEET.format("".join(f"<n{i}/>" for i in range(1_000_000)))),
        "too many names",
    ),
    "a million names of attributes": (
        "a.xlsx",
        lambda p: workbook(p, sheet=SHEET.format("".join(f'<c a{i}=""/>' for i in range(500_000)))),
        "too many names",
    ),
    "a text of many megabytes in a cell": (
        "a.xlsx",
        lambda p: workbook(
            p, sheet=SHEET.format('<row><c t="inlineStr"><is><t>' + os.urandom(4_000_000).hex() + "</t></is></c></row>")
        ),
        "a cell of more than 1,048,576 characters",
    ),
    "three thousand parts": ("a.xlsx", many_parts, "parts inside; at most 1,000 are read"),
    "a directory without end": ("a.xlsx", endless_directory, "has 4,294,967,296 parts inside"),
    "a gzip file of 1 GB": ("a.csv.gz", gzip_bomb, "more than 200 times as large as the packed file"),
    "a gzip file of JSON lines": ("a.jsonl.gz", gzip_bomb, "more than 200 times as large as the packed file"),
    "a CSV file of 1 GB": ("a.csv", sparse, "The file has 1,024 MB; at most 200 MB are read"),
    "a header of two million cells": (
        "a.csv",
        lambda p: write(p, b"a," * 2_000_000 + b"a\n1\n"),
        "2,000,001 columns; at most 1,000",
    ),
    "a row of two million cells": (
        "a.csv",
        lambda p: write(p, b"a,b\n" + b"1," * 2_000_000 + b"1\n"),
        "Row 2 has 2,000,001 cells, the header 2; at most 1,000 can be read",
    ),
    "a row of two million longer cells": (
        "a.csv",
        lambda p: write(p, b"a,b\n" + b"12345," * 2_000_000 + b"1\n"),
        "A row is longer than 4,194,304 characters",
    ),
    "a row of two million cells over as many lines": (
        "a.csv",
        lambda p: write(p, b"a,b\n" + b'"\n",' * 2_000_000 + b"1\n"),
        "A row is longer than 4,194,304 characters",
    ),
    "a line of 100 MB": (
        "a.csv",
        lambda p: write(p, b"a,b\n" + b"x" * 100_000_000),
        "is longer than 4,194,304 characters",
    ),
    "a JSON object of two million keys": (
        "a.jsonl",
        lambda p: write(p, b"{" + b",".join(b'"%d":1' % i for i in range(300_000)) + b"}\n"),
        "300,000 columns; at most 1,000",
    ),
    "JSON nested without end": ("a.jsonl", lambda p: write(p, b'{"a":' * 600_000 + b"\n"), "nested too deeply"),
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_quickly_and_in_little_memory(tmp_path: Path, name: str) -> None:
    file, make, words = BOMBS[name]
    path = make(tmp_path / file)
    told, seconds, megabytes = read_apart(path)
    assert words in told
    assert seconds < SECONDS and megabytes < MEGABYTES, f"{seconds:.2f} s, {megabytes:.0f} MB"


def read_apart(path: Path) -> tuple[str, float, float]:
    """Read a file in a process that may not take more than a gigabyte: words, seconds, megabytes."""

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
        resource.setrlimit(resource.RLIMIT_CPU, (20, 20))

    root = Path(__file__).parents[3]
    done = subprocess.run(
        [sys.executable, "-c", READER, str(path), json.dumps(UPLOAD)],
        cwd=root,
        capture_output=True,
        text=True,
        preexec_fn=limited,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    words, seconds, megabytes = json.loads(done.stdout)
    return words, seconds, megabytes


def test_an_ordinary_workbook_of_that_form_is_read(tmp_path: Path) -> None:
    """The same builder, without the bomb: refusals come from what is wrong, not from how it is built."""
    path = workbook(tmp_path / "a.xlsx", sheet=SHEET.format(HEADER + "<row><c><v>1</v></c></row>" * 3))
    assert list(survey(path).open_rows()) == [["1"]] * 3
    assert read_apart(path)[0] == ""


@pytest.mark.parametrize(
    ("file", "content", "words"),
    [
        ("a.csv", b"\x89PNG\r\n\x1a\n" + bytes(50), "This is a picture, not a CSV file."),
        ("a.csv", b"PK\x03\x04" + bytes(50), "Rename it to .xlsx if it is an Excel file."),
        ("a.jsonl", b"%PDF-1.7\n", "This is a PDF file, not a JSON lines file."),
        ("a.csv", gzip.compress(b"a,b\n1,2\n"), "This is a gzip file without the ending .gz, not a CSV file."),
        ("a.csv.gz", b"a,b\n1,2\n", "The file can't be read: Not a gzipped file"),
        ("a.csv.gz", gzip.compress(b"\x89PNG\r\n\x1a\n"), "This is a picture, not a CSV file."),
        ("a.xlsx", b"a,b\n1,2\n", "The name ends in .xlsx, but the content is no Excel file."),
        ("a.xlsx", b"%PDF-1.7\n" + bytes(50), "but the content is a PDF file"),
        ("a.xlsx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(512), "protected by a password"),
        ("a.xlsx", b"PK\x03\x04" + bytes(50), "The workbook is damaged"),
        ("a.csv", b"a,b\n1,\x00\n", "The file holds zero bytes"),
        ("a.csv", b"", "The file is empty."),
        ("a.csv", b"id," + b"x" * 301 + b"\n1,2\n", "The name of column 2 has 301 characters; at most 300"),
        ("a.jsonl", b'{"%s": 1}\n' % (b"x" * 301), "The name of column 1 has 301 characters; at most 300"),
        ("a.xlsx", b"", "The file is empty."),
    ],
)
def test_content_that_does_not_fit_its_name_is_refused(tmp_path: Path, file: str, content: bytes, words: str) -> None:
    with pytest.raises(FileRefused) as refused:
        survey(write(tmp_path / file, content))
    assert words in str(refused.value)


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({"xl/vbaProject.bin": b"x"}, "The workbook holds macros"),
        ({"[Content_Types].xml": CONTENT_TYPES.replace("sheet.main", "sheet.macroEnabled.main")}, "holds macros"),
        ({"../../etc/passwd": b"x"}, "which leads out of it"),
        ({"/etc/passwd": b"x"}, "which leads out of it"),
        ({"c:\\windows": b"x"}, "which leads out of it"),
        ({"XL/workbook.xml": b"x"}, "occurs twice"),
        ({"[Content_Types].xml": "<Types/>"}, "The file is a ZIP archive, but no Excel workbook."),
        ({"xl/workbook.xml": "<workbook/>"}, "it has no sheets"),
        ({"xl/workbook.xml": "no xml"}, "The workbook is damaged"),
        ({"xl/worksheets/sheet1.xml": "<worksheet><sheetData><row>"}, "The workbook is damaged"),
    ],
)
def test_a_workbook_that_is_none_or_holds_programs_is_refused(
    tmp_path: Path, parts: dict[str, bytes], words: str
) -> None:
    with pytest.raises(FileRefused) as refused:
        survey(workbook(tmp_path / "a.xlsx", **parts))
    assert words in str(refused.value)


def test_a_workbook_with_a_password_on_its_parts_is_refused(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx")
    content = bytearray(path.read_bytes())
    at = content.find(b"PK\x01\x02")
    content[at + 8] |= 1
    path.write_bytes(bytes(content))
    with pytest.raises(FileRefused, match="protected by a password"):
        survey(path)


def test_links_to_other_workbooks_are_not_followed(tmp_path: Path) -> None:
    linked = RELATIONS.replace(
        "</Relationships>",
        '<Relationship Id="r3" Type="x/externalLink" Target="externalLinks/externalLink1.xml"/></Relationships>',
    )
    path = workbook(
        tmp_path / "a.xlsx",
        **{
            "xl/_rels/workbook.xml.rels": linked,
            "xl/externalLinks/externalLink1.xml": "<externalLink/>",
            "xl/externalLinks/_rels/externalLink1.xml.rels": '<Relationships><Relationship Id="r1" '
            'Type="x/externalLinkPath" Target="file:///etc/passwd" TargetMode="External"/></Relationships>',
            "xl/worksheets/sheet1.xml": SHEET.format(HEADER + "<row><c><f>[1]A!A1</f><v>7</v></c></row>"),
        },
    )
    seen = survey(path)
    assert list(seen.open_rows()) == [["7"]]
    assert "Links to other workbooks were not followed; their last stored values were read." in seen.notes


def read_whole(path: Path, limits: Limits) -> None:
    feed = survey(path, limits=limits).feed()
    while feed.read():
        pass


WORD = "a word of some length"


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        (Limits(rows=5), "The file has more than 5 rows"),
        (Limits(cells=11), "The file has more than 11 cells (2 columns,"),
        (Limits(columns=1), "The file has 2 columns; at most 1 can be read"),
        (Limits(cell=20), "a cell of more than 20 characters"),
        (Limits(size=10), "at most 10 bytes are read"),
    ],
)
@pytest.mark.parametrize("ending", [".csv", ".xlsx", ".jsonl"])
def test_each_limit_holds_for_each_format(tmp_path: Path, limits: Limits, words: str, ending: str) -> None:
    path = tmp_path / f"a{ending}"
    if ending == ".csv":
        path.write_text("a,b\n" + "1,\n" * 5 + f"1,{WORD}\n" * 5)
    elif ending == ".jsonl":
        path.write_text('{"a": 1, "b": ""}\n' * 5 + f'{{"a": 1, "b": "{WORD}"}}\n' * 5)
    else:
        word = '<c t="inlineStr"><is><t>{}</t></is></c>'
        row = "<row><c><v>1</v></c>" + word.format(WORD) + "</row>"
        head = "<row>" + word.format("a") + word.format("b") + "</row>"
        workbook(path, sheet=SHEET.format(head + "<row><c><v>1</v></c></row>" * 5 + row * 5))
    with pytest.raises(FileRefused) as refused:
        read_whole(path, limits)
    assert words in str(refused.value)


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["shared texts of 1 GB", "a gzip file of 1 GB", "a row of two million cells"])
def test_the_worker_lives_through_a_bomb_and_tells_it(tmp_path: Path, analyst: User, name: str) -> None:
    """The job ends, the file carries its refusal, and the good file beside it goes in."""
    file, make, words = BOMBS[name]
    bomb = make(tmp_path / file)
    uploads = [
        SimpleUploadedFile(f"product{file[1:]}", bomb.read_bytes()),
        SimpleUploadedFile("rep.csv", b"code,name\na,A\n"),
    ]
    document = {
        "system": "t",
        "files": [
            {"file": "product*", "tables": [{"table": "product", "fields": {"code": "a", "name": "b"}}]},
            {"file": "rep.csv", "tables": [{"table": "rep", "fields": {"code": "code", "name": "name"}}]},
        ],
    }
    SavedMapping.objects.create(name="bombed", definition=document)
    batch = upload_receive(files=uploads, mapping_name="bombed", dry_run=False, accept_suggestions=False, user=analyst)
    job_work(batch.job)
    batch.refresh_from_db()
    assert batch.job.state == "succeeded" and batch.state == ImportBatch.State.APPLIED
    assert words in batch.files.get(name=f"product{file[1:]}").refused
    assert Rep.objects.filter(code="a").exists()
