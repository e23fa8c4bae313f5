"""Files as text rows: what a file is, its columns, then a stream of checked rows, in memory that does not grow.

Everything is read as text: leading zeros, `n/a` and quoted empties stay what they are until a field reads them.
"""

from data_collection.imports.calc.reading.feed import RowFeed
from data_collection.imports.calc.reading.readers import survey
from data_collection.imports.calc.reading.refusals import (
    ENDINGS,
    MAGIC,
    NO_LIMITS,
    FileRefused,
    Limits,
    check_size,
    ending_of,
    first_bytes_problem,
    format_of,
    name_problem,
)
from data_collection.imports.calc.reading.surveys import Survey

__all__ = [
    "ENDINGS",
    "MAGIC",
    "NO_LIMITS",
    "FileRefused",
    "Limits",
    "RowFeed",
    "Survey",
    "check_size",
    "ending_of",
    "first_bytes_problem",
    "format_of",
    "name_problem",
    "survey",
]
