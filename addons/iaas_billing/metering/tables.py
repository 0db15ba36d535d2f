"""Reads usage out of tables: CSV files and spreadsheets, in any columns.

A ``Layout`` says which column is what; ``NATIVE`` is the one of our own template.
Each line gives an ``Entry``, so that a file is read to its end whatever its lines
hold, and its refused lines can be written out, mended and sent again.
"""

import csv
import hashlib
import io
import json
import re
import zipfile
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from datetime import date, datetime, time, timezone, tzinfo
from typing import NamedTuple

import openpyxl

from .events import Refused
from .formats import CSV_REMARKS, Entry

# A spreadsheet has no more; one that says so would be read for ever.
_MOST_ROWS = 1_048_576
# What a compressed file may unpack to.
MAX_UNPACKED = 512 * 1024 * 1024
_ID_AT = len(CSV_REMARKS)
DELIMITERS = (",", ";", "\t", "|")
_ISO = re.compile(
    r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(?P<seconds>:\d\d(\.\d+)?)?"
    r"(?P<zone>[Zz]|[+-]\d\d:\d\d)?",
    re.ASCII,
)
# In error files of tables without ids: the id that was made for the line, since made
# anew from fewer lines it could be another.
REMARKED_ID = "refused_id"
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_COMMA_NUMBER = re.compile(r"[+-]?\d{1,3}(\.?\d{3})*(,\d*)?|[+-]?\d*,\d+", re.ASCII)


class Layout(NamedTuple):
    """Which column of a table holds what; empty where the table has none."""

    id: str = ""
    type: str = ""
    subject: str = ""
    time: str = ""
    value: str = ""
    source: str = ""
    #: the type of every line, for tables without a column for it
    fixed_type: str = ""
    #: how times are written (``strptime``); ISO 8601 is always understood
    time_format: str = ""
    #: the zone of times that don't name one; None refuses them
    zone: tzinfo | None = None
    decimal_comma: bool = False
    #: the columns kept as dimensions; None keeps all that are nothing else
    dimensions: tuple | None = None


NATIVE = Layout("id", "type", "subject", "time", "value", "source")


class Line(NamedTuple):
    """A line of a table: its cells, or the refusal that says what is wrong."""

    position: int
    raw: str
    cells: list
    refusal: Refused | None = None
    #: the id that an error file gave a line without one of its own
    event_id: str = ""


class Table(NamedTuple):
    """An opened table. ``lines`` can be gone through once."""

    names: list
    lines: Iterable[Line]
    delimiter: str = ","


def open_csv(text):
    """Open the text of a CSV file, whatever usual sign separates its cells.

    One line is one event: line breaks inside quotes are refused, so that a forgotten
    quote costs its own line and not the rest of the file.

    :raise Refused: malformed_event, when the header can't be read
    """
    lines = [line.rstrip("\r") for line in text.split("\n")]
    delimiter = max(DELIMITERS, key=lines[0].count)
    names = [name.strip() for name in _cells(lines[0], delimiter)]
    skipped = _remarks(names)
    return Table(
        _check_names(names[skipped:]),
        _csv_lines(lines[1:], delimiter, skipped, len(names) - skipped),
        delimiter,
    )


def _csv_lines(lines, delimiter, skipped, width):
    for position, raw in enumerate(lines, start=2):
        if not raw.strip(" " + delimiter):
            continue
        try:
            cells = _cells(raw, delimiter)
            event_id = cells[_ID_AT] if skipped > _ID_AT and len(cells) > _ID_AT else ""
            if skipped:
                cells = cells[skipped:]
                raw = _csv_text(cells, delimiter)
            if len(cells) != width:
                raise Refused(
                    "malformed_event",
                    f"the line has {len(cells)} cells where the header has "
                    f"{width} columns",
                )
        except Refused as refusal:
            yield Line(position, raw, [], refusal)
        else:
            cells = [cell.strip() for cell in cells]
            yield Line(position, raw, cells, event_id=event_id)


def open_xlsx(content):
    """Open the first sheet of a spreadsheet; its rows are written out as CSV lines.

    :raise Refused: malformed_event, when it is no spreadsheet or unpacks too large
    """
    _check_zip(content)
    try:
        book = openpyxl.load_workbook(
            io.BytesIO(content), read_only=True, data_only=True
        )
        sheet = book.worksheets[0]
        # A wrong size noted in the file would cut it off.
        sheet.reset_dimensions()
        rows = sheet.iter_rows(values_only=True)
        names = [_cell_text(cell) for cell in next(rows, ())]
    except Exception as error:
        raise Refused("malformed_event", f"not a spreadsheet: {error}") from error
    while names and not names[-1]:
        names.pop()
    skipped = _remarks(names)
    names = _check_names(names[skipped:])
    return Table(names, _xlsx_lines(rows, skipped, len(names)))


def _xlsx_lines(rows, skipped, width):
    position = 1
    while True:
        position += 1
        try:
            row = next(rows, None)
        except Exception as error:  # noqa: BLE001 whatever a damaged file makes of it
            yield Line(
                position,
                "",
                [],
                Refused("malformed_event", f"the sheet is damaged from here: {error}"),
            )
            return
        if row is None:
            return
        if position > _MOST_ROWS:
            yield Line(
                position,
                "",
                [],
                Refused(
                    "malformed_event", f"the sheet has more than {_MOST_ROWS} rows"
                ),
            )
            return
        cells = [_cell_text(cell) for cell in row]
        event_id = cells[_ID_AT] if skipped > _ID_AT and len(cells) > _ID_AT else ""
        cells = cells[skipped:]
        if not any(cells):
            continue
        beyond = any(cells[width:])
        cells = (cells + [""] * width)[:width] if not beyond else cells
        raw = _csv_text(cells)
        refusal = None
        if beyond:
            refusal = Refused(
                "malformed_event", f"there are cells beyond the {width} columns"
            )
        yield Line(position, raw, cells, refusal, event_id)


def _check_zip(content):
    """Refuse what would not fit into memory or would read files by an entity."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = archive.infolist()
            if sum(member.file_size for member in members) > MAX_UNPACKED:
                raise Refused(
                    "malformed_event",
                    f"it unpacks to more than {MAX_UNPACKED // 1024**2} MB",
                )
            for member in members:
                if member.filename.endswith((".xml", ".rels")):
                    with archive.open(member) as part:
                        if b"<!DOCTYPE" in part.read(1024):
                            raise Refused("malformed_event", "it holds a DTD")
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError) as error:
        raise Refused("malformed_event", f"not a spreadsheet: {error}") from error


def storable(text):
    """The text with what PostgreSQL can't keep made visible instead."""
    return _UNSTORABLE.sub("\N{REPLACEMENT CHARACTER}", text)


def _cell_text(cell):
    if cell is None:
        return ""
    if isinstance(cell, datetime | date | time):
        return cell.isoformat()
    # The shortest text of a number is what was typed.
    return cell.strip() if isinstance(cell, str) else str(cell)


def _cells(line, delimiter):
    try:
        return next(csv.reader([line], delimiter=delimiter, strict=True), [])
    except csv.Error as error:
        raise Refused("malformed_event", f"not a valid CSV line: {error}") from error


def _csv_text(cells, delimiter=","):
    output = io.StringIO()
    csv.writer(output, delimiter=delimiter, lineterminator="").writerow(cells)
    return output.getvalue()


def _remarks(names):
    """How many columns an error file that comes back mended has in front."""
    if tuple(names[:_ID_AT]) != CSV_REMARKS:
        return 0
    return _ID_AT + (names[_ID_AT : _ID_AT + 1] == [REMARKED_ID])


def _check_names(names):
    double = sorted({name for name in names if names.count(name) > 1})
    problems = []
    if double:
        problems.append(f"column(s) given twice: {', '.join(map(repr, double))}")
    if not any(names):
        problems.append("the first line names no columns")
    elif "" in names:
        problems.append(f"column {names.index('') + 1} has no name")
    if problems:
        raise Refused("malformed_event", "; ".join(problems))
    return names


def check_columns(names, needed):
    """Refuse a table that lacks columns.

    :raise Refused: malformed_event
    """
    missing = [name for name in needed if name and name not in names]
    if missing:
        raise Refused(
            "malformed_event",
            f"missing column(s): {', '.join(missing)}; found: {', '.join(names)}. Mend "
            "the first line of the file, or choose other columns for it",
        )


def write_rejects(table, rejects, with_ids=False):
    """Return the CSV text of refused lines that can be mended and sent in again.

    Each line stands as it came, behind its line number and the reason.

    :param rejects: (position, detail, raw, event id) per refused line
    :param with_ids: also write the ids, of lines that carry none themselves
    """
    sign = table.delimiter
    remarks = [*CSV_REMARKS, REMARKED_ID] if with_ids else CSV_REMARKS
    rows = [_csv_text([*remarks, *table.names], sign)]
    rows += [
        f"{_csv_text([position, detail, event_id][: len(remarks)], sign)}{sign}{raw}"
        for position, detail, raw, event_id in rejects
    ]
    return "".join(f"{row}\n" for row in rows)


def read_table(table, layout, source, meters):
    """Yield the ``Entry`` of each line.

    :param source: the source of lines that don't name one
    :param meters: ``Meter`` per event type; a line's value goes under the value
        property of its meter
    :raise Refused: malformed_event, when a column is missing
    """
    check_columns(
        table.names,
        (layout.id, layout.type, layout.subject, layout.time, layout.value),
    )
    return _read_lines(table, layout, source, meters)


def _read_lines(table, layout, source, meters):
    used = {layout.id, layout.type, layout.subject, layout.time, layout.value}
    used.add(layout.source)
    dimensions = layout.dimensions
    if dimensions is None:
        dimensions = [name for name in table.names if name not in used]
    seen = Counter()
    for line in table.lines:
        if line.refusal:
            yield Entry(line.position, line.raw, None, line.refusal)
            continue
        row = dict(zip(table.names, line.cells, strict=True))
        try:
            event = _event(row, layout, dimensions, source, meters)
        except Refused as refusal:
            yield Entry(line.position, line.raw, None, refusal)
            continue
        if not layout.id:
            parts = [event["type"], event["subject"], event["time"]]
            parts += [row.get(name, "") for name in dimensions]
            event["id"] = line.event_id or identity("row", parts, seen)
        yield Entry(line.position, line.raw, event)


def identity(prefix, parts, seen=None):
    """An id made of what identifies a line or sample that carries none.

    The quantity is no part of it: a quantity that was changed later is refused as
    another content of the same id, never added to the first.

    :param seen: counter of the ids of this file; lines that are equal in all parts
        are told apart by their number
    """
    text = json.dumps(parts, ensure_ascii=True, default=str, separators=(",", ":"))
    key = f"{prefix}-{hashlib.sha256(text.encode()).hexdigest()[:40]}"
    if seen is None:
        return key
    seen[key] += 1
    return key if seen[key] == 1 else f"{key}-{seen[key]}"


def _event(row, layout, dimensions, source, meters):
    """The CloudEvent that a line stands for; empty cells count as absent."""
    event_type = row.get(layout.type) or layout.fixed_type
    data = {name: row[name] for name in dimensions if row.get(name)}
    value = row[layout.value] if layout.value else ""
    if value:
        if layout.decimal_comma and _COMMA_NUMBER.fullmatch(value):
            value = value.replace(".", "").replace(",", ".")
        meter = meters.get(event_type)
        data[meter.value_property if meter else "value"] = value
    return {
        "specversion": "1.0",
        "id": row.get(layout.id, ""),
        "source": row.get(layout.source) or source,
        "type": event_type,
        "subject": row.get(layout.subject, ""),
        "time": time_text(row.get(layout.time, ""), layout.time_format, layout.zone),
        "data": data,
    }


def time_text(text, time_format="", zone=None):
    """A time as RFC 3339, where format and zone allow to understand it; else as is,
    to be refused by its reader.

    :raise Refused: invalid_time, for an hour that the clock change left out
    """
    moment = _parse(text, time_format)
    if moment is None:
        return text
    if moment.tzinfo is None:
        if zone is None:
            return text
        moment = moment.replace(tzinfo=zone)
        there = moment.astimezone(timezone.utc).astimezone(zone)
        if there.replace(tzinfo=None) != moment.replace(tzinfo=None):
            raise Refused(
                "invalid_time",
                f"time {text!r} does not exist in {zone}: clocks were put forward",
            )
    try:
        utc = moment.astimezone(timezone.utc)
    except OverflowError:
        return text
    return utc.replace(tzinfo=None).isoformat() + "Z"


def _parse(text, time_format):
    """The datetime that stands in a cell, or None."""
    if time_format:
        with suppress(ValueError):
            return datetime.strptime(text, time_format)  # noqa: DTZ007
    match = _ISO.fullmatch(text)
    # What is RFC 3339 already is left alone: its reader knows finer fractions.
    whole = match and match["seconds"] and match["zone"]
    if whole or not (match or _DAY.fullmatch(text)):
        return None
    with suppress(ValueError):
        return datetime.fromisoformat(text.upper().replace("Z", "+00:00"))
    return None
