"""SQL that turns the text of a cell into a typed value, and says when it cannot.

Three levels, each a subquery of the next: the text (trimmed, value map, default), the normalised text (dates
in ISO order, numbers with a point), the value. Casts stand behind a check that they will work, so one bad
cell never ends the statement. Sums of money stay decimal: 731.9399999999999 is rounded half away from zero
to the scale of its field.
"""

from dataclasses import dataclass
from string import Formatter

from data_collection.imports.calc.formats import (
    BARE,
    DATES,
    EXCEL,
    FALSE,
    FIRST_DAY,
    GREENWICH,
    LAST_DAY,
    MIDNIGHT,
    MINUS,
    NEGATIVE,
    POWER,
    SIGNS,
    TIME,
    TRUE,
    ZULU_TIME,
    Formats,
    number_shape,
)
from data_collection.imports.calc.mapping import Source
from data_collection.imports.calc.tables import Field

ROW_NUMBER = "#"  # in a template: the row, as a spreadsheet counts
BLANKS = r"E' \t\r\n\u00a0\u2007\u202f\u3000\u200b\ufeff'"
INTEGER_RANGE = {"smallint": 32767, "integer": 2147483647, "bigint": 9223372036854775807}


@dataclass(frozen=True, slots=True)
class Reading:
    """How one field is read: SQL over `text`, then over the normalised text, and what may be wrong."""

    normal: str  # SQL over :text:; NULL where no pattern fits
    value: str  # SQL over :normal:; NULL where it is none
    reason: str  # why a text that gives no value is rejected
    fix: str
    limits: tuple[tuple[str, str, str], ...] = ()  # (SQL over :value: that is TRUE when wrong, reason, fix)


def literal(text: str) -> str:
    """A text as an SQL literal."""
    return (
        "'" + text.replace("'", "''") + "'"
        if "\\" not in text
        else " E'" + text.replace("\\", "\\\\").replace("'", "''") + "'"
    )


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def trimmed(column: str) -> str:
    """A cell as it came, as a text without blanks at its ends, NULL when nothing is left."""
    return f"nullif(btrim({column}, {BLANKS}), '')"


def source_text(source: Source, columns: dict[str, str]) -> str:
    """SQL of the text a source gives, NULL when there is none. `columns`: header -> its trimmed column."""
    if source.column is not None:
        text = columns.get(source.column, "NULL::text")
        if source.first_of:
            first = f"split_part(btrim({text}, {literal(source.first_of + ' ')}), {literal(source.first_of)}, 1)"
            text = trimmed(first)
    elif source.first_filled:
        text = f"coalesce({', '.join(columns[name] for name in source.first_filled if name in columns)}, NULL)"
    elif source.template is not None:
        text = _template(source.template, columns)
    else:
        text = f"{literal(source.constant or '')}::text"
    if source.empty:
        text = f"CASE WHEN {text} IN ({_list(source.empty)}) THEN NULL ELSE {text} END"
    for column, values in source.empty_when:
        if column not in columns:  # optional, and not in this file
            continue
        text = f"CASE WHEN {columns[column]} IN ({_list(values)}) THEN NULL ELSE {text} END"
    if source.values:
        whens = " ".join(f"WHEN {literal(a.lower())} THEN {literal(b)}" for a, b in source.values)
        text = f"CASE lower({text}) {whens} ELSE {_otherwise(source, text)} END"
    elif source.otherwise is not None:
        text = _otherwise(source, text)
    if source.default is not None:
        text = f"coalesce({text}, {literal(source.default)})"
    return text


def _otherwise(source: Source, text: str) -> str:
    """What a text without a meaning of its own is read as; an empty cell stays empty."""
    return text if source.otherwise is None else f"CASE WHEN {text} IS NOT NULL THEN {literal(source.otherwise)} END"


def columns_of(source: Source) -> tuple[str, ...]:
    """Columns of the file a source reads."""
    named = [source.column] if source.column is not None else list(source.first_filled)
    named += template_columns(source.template or "")
    return tuple(dict.fromkeys([*named, *(column for column, _ in source.empty_when)]))


def template_columns(template: str) -> list[str]:
    """Columns a template names, in order."""
    return [column for _text, column in _parts(template) if column is not None and column != ROW_NUMBER]


def _parts(template: str) -> list[tuple[str, str | None]]:
    """Literal text and the column after it, in order."""
    return [(text, column) for text, column, _spec, _conversion in Formatter().parse(template)]


def _template(template: str, columns: dict[str, str]) -> str:
    pieces = []
    if any(column not in (None, ROW_NUMBER) and column not in columns for _text, column in _parts(template)):
        return "NULL::text"
    for text, column in _parts(template):
        pieces += [literal(text)] if text else []
        if column is not None:
            pieces.append("n::text" if column == ROW_NUMBER else columns[column])
    return "(" + " || ".join(pieces or ["''"]) + ")"


def _list(values: tuple[str, ...]) -> str:
    return ", ".join(literal(v) for v in values)


def reading(field: Field, source: Source) -> Reading:
    """How the text of `source` becomes a value of `field`."""
    if field.kind == "decimal":
        return _decimal(field, source)
    if field.kind == "integer":
        return _integer(field, source)
    if field.kind == "date":
        return _date(field, source.formats)
    if field.kind == "datetime":
        return _datetime(field, source.formats)
    if field.kind == "float":
        pattern = literal(r"^[+-]?\d{1,20}(\.\d{1,20})?([eE][+-]?\d{1,2})?$")
        value = f"CASE WHEN :normal: ~ {pattern} THEN :normal:::float8 END"
        return Reading(_number(source.formats.decimal), value, "is not a number", "Write a number such as 12.5.")
    if field.kind == "boolean":
        value = f"CASE WHEN :normal: IN ({_list(TRUE)}) THEN true WHEN :normal: IN ({_list(FALSE)}) THEN false END"
        return Reading("lower(:text:)", value, "is neither true nor false", "Write true or false.")
    if field.kind == "json":
        value = "CASE WHEN pg_input_is_valid(:normal:, 'jsonb') THEN :normal:::jsonb END"
        return Reading(":text:", value, "is not valid JSON", 'Write JSON text, for example {"key": "value"}.')
    return _text(field)


def _text(field: Field) -> Reading:
    if field.choices:
        whens = " ".join(f"WHEN {literal(c.lower())} THEN {literal(c)}" for c in field.choices)
        known = ", ".join(field.choices)
        return Reading(f"CASE lower(:text:) {whens} END", ":normal:", f"is none of: {known}", "Use one of these words.")
    if field.upper:
        value = "CASE WHEN :normal: ~ '^[A-Z]{3}$' THEN :normal: END"
        return Reading("upper(:text:)", value, "is not a currency code", "Write three letters such as USD.")
    if field.max_length is None:
        return Reading(":text:", ":normal:", "", "")
    return Reading(
        ":text:",
        f"CASE WHEN char_length(:normal:) <= {field.max_length} THEN :normal: END",
        f"is longer than {field.max_length} characters",
        "Shorten it.",
    )


def _number(mark: str) -> str:
    """Number text with a decimal point: currency signs and codes, blanks and grouping removed."""
    bare = f"regexp_replace(:text:, {literal(BARE)}, '', 'g')"
    bare = f"regexp_replace({bare}, {literal(NEGATIVE)}, {literal(MINUS)})"
    shape = literal(number_shape(mark))
    swap = f"translate({bare}, ',', '')" if mark == "." else f"translate(translate({bare}, '.', ''), ',', '.')"
    # The usual case by what is left without digits: three times as fast as a pattern.
    left = "CASE WHEN octet_length(:text:) <= 31 THEN translate(:text:, '0123456789', '') END"
    usual = "" if mark == "." else ", ',', '.'"
    plain = f"translate(:text:{usual})" if usual else ":text:"
    fast = f"WHEN {left} IN ('', '{mark}') AND :text: <> '{mark}' THEN {plain} "
    power = f"WHEN :text: ~ {literal(POWER)} THEN :text: "
    return f"CASE {fast}{power}WHEN {bare} ~ {shape} AND {bare} ~ '[0-9]' THEN {swap} END"


def _decimal(field: Field, source: Source) -> Reading:
    digits, scale = field.digits or 20, field.scale or 0
    factor = f" * {source.multiply}" if source.multiply else ""
    text = ":text:"
    if source.percent:
        text, factor = "rtrim(rtrim(:text:, '%'))", f"{factor} / 100.0"
    normal = _number(source.formats.decimal).replace(":text:", text)
    value = f"CASE WHEN :normal: IS NOT NULL THEN round(:normal:::numeric{factor}, {scale}) END"
    whole = digits - scale
    example = "1234.50" if source.formats.decimal == "." else "1234,50"
    return Reading(
        normal,
        value,
        "is not a number",
        f"Write a number such as {example}.",
        (
            (f"abs(:value:) >= 1e{whole}", f"has more than {whole} digits before the point", "Check the unit."),
            *_limits(field),
        ),
    )


def _integer(field: Field, source: Source) -> Reading:
    value = "CASE WHEN :normal: IS NOT NULL AND :normal:::numeric = trunc(:normal:::numeric) THEN :normal:::numeric END"
    top = INTEGER_RANGE.get(field.sql_type, INTEGER_RANGE["bigint"])
    limits = _limits(field) or ((f":value: < -{top}", "is too small", "Check the number."),)
    if field.maximum is None:
        limits = (*limits, (f":value: > {top}", "is too large", "Check the number."))
    return Reading(_number(source.formats.decimal), value, "is not a whole number", "Write a whole number.", limits)


def _limits(field: Field) -> tuple[tuple[str, str, str], ...]:
    low = "can't be negative" if field.minimum == "0" else f"is less than {field.minimum}"
    found = [(f":value: < {field.minimum}", low, "Check sign and unit.")] if field.minimum is not None else []
    if field.maximum is not None:
        found.append((f":value: > {field.maximum}", f"is more than {field.maximum}", "Check the unit."))
    return tuple(found)


OFFSET = r":\d{2}.*(Z|UTC|GMT|[+-]\d{2}:?\d{2})$"
CAPTURED = r"\1"
PLAIN_DAY = ":text: LIKE '____-__-__' AND translate(:text:, '0123456789', '') = '--'"


def _iso(formats: Formats, time: str) -> str:
    """Date text in ISO order, its time kept as it is."""
    whens: list[str] = []
    rare: list[str] = []  # after all others, so that they cost nothing
    for order in formats.date:
        if order == "excel":
            day = "(timestamp '1899-12-30' + :text:::float8 * interval '1 day')"
            whens.append(f"WHEN :text: ~ {literal(EXCEL)} THEN to_char({day}, 'YYYY-MM-DD HH24:MI:SS')")
            continue
        pattern, into, _ = DATES[order]
        if order == "iso":
            whens.append(f"WHEN {PLAIN_DAY} THEN :text:")  # the usual case, without a pattern
        start = literal(pattern)
        turned = f"regexp_replace(:text:, {start}, {literal(into)})"
        valid = f"pg_input_is_valid(substring({turned} from '^[0-9-]+'), 'date')"
        fits = f":text: ~ {literal(pattern + time + '$')}"
        several = f" AND {valid}" if len(formats.date) > 1 else ""
        if order != "iso":  # whose pattern names its sign
            fits += f" AND left(translate(:text:, '0123456789', ''), 2) IN ({_list(SIGNS)})"
        whens.append(f"WHEN {fits}{several} THEN {turned}")
        zulu = f":text: ~ {literal(pattern + ZULU_TIME + '$')}"
        rare.append(f"WHEN {zulu}{several} THEN regexp_replace({turned}, 'Z([+-])', {literal(CAPTURED)})")
    return f"CASE {' '.join(whens + rare)} END"


def _written(formats: Formats) -> str:
    return " or ".join(DATES[order][2] if order in DATES else "an Excel day number" for order in formats.date)


def _date(field: Field, formats: Formats) -> Reading:
    zone = literal(formats.time_zone)
    offset, midnight = f":normal: ~ {literal(OFFSET)}", f":normal: ~ {literal(MIDNIGHT + GREENWICH + '$')}"
    day = "substring(:normal: from '^[0-9-]+')"
    value = (
        f"CASE WHEN char_length(:normal:) <= 10 THEN CASE WHEN pg_input_is_valid(:normal:, 'date') "
        f"THEN :normal:::date END WHEN {midnight} THEN CASE WHEN pg_input_is_valid({day}, 'date') THEN {day}::date END "
        f"WHEN {offset} THEN CASE WHEN pg_input_is_valid(:normal:, 'timestamptz') "
        f"THEN (:normal:::timestamptz AT TIME ZONE {zone})::date END "
        f"WHEN pg_input_is_valid(:normal:, 'timestamp') THEN (:normal:::timestamp)::date END"
    )
    reason = f"is no date ({_written(formats)})"
    limits = _days(field, f"date '{FIRST_DAY}'", f"date '{LAST_DAY}' + 1")
    return Reading(_iso(formats, TIME + "?"), value, reason, "Write a day of the calendar.", limits)


def _datetime(field: Field, formats: Formats) -> Reading:
    value = (
        f"CASE WHEN :normal: ~ {literal(OFFSET)} THEN CASE WHEN pg_input_is_valid(:normal:, 'timestamptz') "
        f"THEN :normal:::timestamptz END WHEN pg_input_is_valid(:normal:, 'timestamp') "
        f"THEN :normal:::timestamp AT TIME ZONE {literal(formats.time_zone)} END"
    )
    reason = f"is no date with time ({_written(formats)} and HH:MM)"
    first, end = (
        f"{day} AT TIME ZONE {literal(formats.time_zone)}"
        for day in (f"timestamp '{FIRST_DAY}'", f"(timestamp '{LAST_DAY}' + interval '1 day')")
    )
    limits = _days(field, first, end)
    return Reading(_iso(formats, TIME + "?"), value, reason, "Write for example 2026-03-31T09:15:00+07:00.", limits)


def _days(field: Field, first: str, end: str) -> tuple[tuple[str, str, str], ...]:
    fix = "Write a real date" + (" or leave the cell empty." if field.nullable else ".")
    return (
        (f":value: < {first}", f"is a date before {FIRST_DAY}", fix),
        (f":value: >= {end}", f"is a date after {LAST_DAY}", fix),
    )
