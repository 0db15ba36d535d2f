"""Reads usage out of JSON bodies and of NDJSON and CSV files.

A file is read to the end whatever its lines hold: each line gives an ``Entry`` with
either an event or the refusal that says what is wrong with the line.
"""

import csv
import io
import json
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import NamedTuple

from .events import Refused

CSV_REQUIRED = ("id", "type", "subject", "time", "value")
CSV_OPTIONAL = ("source",)
# The columns an error file starts with; ignored when it comes back mended.
CSV_REMARKS = ("refused_line", "refused_because")


class Entry(NamedTuple):
    """One line of a file: ``position`` is its line number, ``raw`` its own text."""

    position: int
    raw: str
    event: dict | None
    refusal: Refused | None = None


def decode_json(text):
    """Decode JSON keeping numbers exact.

    ``NaN`` and ``Infinity``, which many writers emit, pass as ``Decimal`` so that the
    one event that carries them is refused by name rather than the whole body.

    :raise Refused: malformed_event, when the text is not JSON
    """
    try:
        return json.loads(text, parse_float=Decimal, parse_constant=Decimal)
    except (ValueError, RecursionError, InvalidOperation) as error:
        raise Refused("malformed_event", f"not valid JSON: {error}") from error


def decode_text(content):
    """Decode the UTF-8 bytes of a body or file, with or without a byte order mark.

    :raise Refused: malformed_event, saying where the first wrong byte stands
    """
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Refused(
            "malformed_event", f"not UTF-8 text: wrong byte at offset {error.start}"
        ) from error


def read_ndjson(text) -> Iterator[Entry]:
    """Read newline-delimited JSON; blank lines are skipped."""
    for position, raw in enumerate(text.split("\n"), start=1):
        if not raw.strip():
            continue
        try:
            yield Entry(position, raw, decode_json(raw))
        except Refused as refusal:
            yield Entry(position, raw, None, refusal)


def read_csv(text, source, meters) -> Iterator[Entry]:
    """Read a CSV file with the columns ``CSV_REQUIRED``, optionally ``source``.

    Every further column is a dimension of the event, named by its header. One line
    is one event: line breaks inside quotes are refused, so that a forgotten quote
    costs its own line and not the rest of the file.

    :param source: the source of lines that don't name one
    :param meters: ``Meter`` per event type; a line's value goes under the value
        property of its meter
    :raise Refused: malformed_event, when the header is not as it must be
    """
    lines = _csv_lines(text)
    header = read_csv_header(lines[0])
    for position, raw in enumerate(lines[1:], start=2):
        if raw.strip(" ,"):
            yield read_csv_line(header, position, raw, source, meters)


def read_csv_line(header, position, raw, source, meters) -> Entry:
    """Read one line of a CSV file, as ``read_csv`` does."""
    try:
        cells = _csv_cells(raw)
        if header.remarks:
            cells = cells[len(CSV_REMARKS) :]
            raw = _csv_text(cells)
        if len(cells) != len(header.names):
            raise Refused(
                "malformed_event",
                f"the line has {len(cells)} cells where the header has "
                f"{len(header.names)} columns",
            )
    except Refused as refusal:
        return Entry(position, raw, None, refusal)
    row = zip(header.names, map(str.strip, cells), strict=True)
    return Entry(position, raw, _csv_event(dict(row), source, meters))


def write_csv_rejects(text, rejects):
    """Return the CSV text of refused lines that can be mended and sent in again.

    Each line stands as it came, behind its line number and the reason.

    :param text: the text of the file they come from, whose header is taken
    :param rejects: (position, detail, raw) per refused line
    """
    header = read_csv_header(_csv_lines(text)[0])
    rows = [csv_reject_header(header)]
    rows += [csv_reject(position, detail, raw) for position, detail, raw in rejects]
    return "".join(f"{row}\n" for row in rows)


def csv_reject_header(header):
    """The first line of an error file."""
    return _csv_text([*CSV_REMARKS, *header.names])


def csv_reject(position, detail, raw):
    """The line of an error file for a refused one."""
    return f"{_csv_text([position, detail])},{raw}"


class CsvHeader(NamedTuple):
    """The columns of a CSV file, and whether remarks stand before them."""

    names: list
    remarks: bool


def _csv_lines(text):
    return [line.rstrip("\r") for line in text.split("\n")]


def _csv_cells(line):
    try:
        return next(csv.reader([line], strict=True), [])
    except csv.Error as error:
        raise Refused("malformed_event", f"not a valid CSV line: {error}") from error


def _csv_text(cells):
    output = io.StringIO()
    csv.writer(output, lineterminator="").writerow(cells)
    return output.getvalue()


def read_csv_header(line):
    """Read the first line of a CSV file.

    :raise Refused: malformed_event, when a column is missing or given twice
    """
    names = [name.strip() for name in _csv_cells(line)]
    remarks = tuple(names[: len(CSV_REMARKS)]) == CSV_REMARKS
    if remarks:
        names = names[len(CSV_REMARKS) :]
    _check_header(names)
    return CsvHeader(names, remarks)


def _check_header(header):
    missing = [name for name in CSV_REQUIRED if name not in header]
    double = sorted({name for name in header if header.count(name) > 1})
    problems = []
    if missing:
        problems.append(f"missing column(s): {', '.join(missing)}")
    if double:
        problems.append(f"column(s) given twice: {', '.join(double)}")
    if problems or "" in header:
        problems.append(f"found: {', '.join(name or '(no name)' for name in header)}")
        raise Refused("malformed_event", "; ".join(problems))


def _csv_event(row, source, meters):
    """The CloudEvent that a CSV line stands for; empty cells count as absent."""
    known = {*CSV_REQUIRED, *CSV_OPTIONAL}
    data = {name: cell for name, cell in row.items() if name not in known and cell}
    if row["value"]:
        meter = meters.get(row["type"])
        data[meter.value_property if meter else "value"] = row["value"]
    return {
        "specversion": "1.0",
        "id": row["id"],
        "source": row.get("source") or source,
        "type": row["type"],
        "subject": row["subject"],
        "time": row["time"],
        "data": data,
    }
