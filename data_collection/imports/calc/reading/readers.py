"""One entry per format: how a file is looked through, how its rows are read."""

from collections.abc import Iterator
from pathlib import Path

from data_collection.imports.calc.reading.delimited import rows_delimited, survey_delimited
from data_collection.imports.calc.reading.jsonlines import rows_json_lines, survey_json_lines
from data_collection.imports.calc.reading.refusals import BROKEN, NO_LIMITS, FileRefused, Limits, check_size, format_of
from data_collection.imports.calc.reading.surveys import Survey
from data_collection.imports.calc.reading.workbook import rows_workbook, survey_workbook


def survey(
    path: Path,
    *,
    encoding: str | None = None,
    separator: str | None = None,
    limits: Limits = NO_LIMITS,
    whole: bool = True,
) -> Survey:
    """Look through a file once: what it is, how it is encoded, what its columns are. The ending says the format.

    Args:
        whole: False looks at the first rows of a workbook or of JSON lines only, quick enough for a page: their
            number, a footer and later keys stay unknown.

    Raises:
        FileRefused: it is not what its name says, over a limit, empty, or has an unusable header.
    """
    try:
        size = path.stat().st_size
        check_size(size, limits)
        if size == 0:
            raise FileRefused("The file is empty.")
        return _survey(path, encoding, separator, limits, whole)
    except BROKEN as broken:
        raise FileRefused(f"The file can't be read: {broken}.") from None


def _survey(path: Path, encoding: str | None, separator: str | None, limits: Limits, whole: bool) -> Survey:
    kind = format_of(path.name)
    if kind == "csv":
        return survey_delimited(path, encoding, separator, limits)
    if kind == "jsonl":
        return survey_json_lines(path, encoding, limits, whole=whole)
    return survey_workbook(path, limits, whole=whole)


def open_rows(survey: Survey, *, marked: bool = False) -> Iterator[list[str]]:
    """All rows after the header, as texts."""
    if survey.format == "csv":
        return rows_delimited(survey, marked=marked)
    return rows_json_lines(survey) if survey.format == "jsonl" else rows_workbook(survey)
