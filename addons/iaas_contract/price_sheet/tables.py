"""Files as rows of texts, and rows of values as files."""

import csv
import io
import zlib
from datetime import date, datetime
from decimal import Decimal
from itertools import zip_longest
from zipfile import BadZipFile, ZipFile

import xlsxwriter
from openpyxl import load_workbook
from openpyxl.utils import get_column_letter

from .columns import all_columns

# No price list is longer; what is, was not meant to be one.
MAX_ROWS = 20_000
MAX_BYTES = 20_000_000
# A workbook is packed: this is how large it may become.
MAX_UNPACKED = 200_000_000
# The digits that a spreadsheet shows of a number.
SHOWN_DIGITS = 15


def read_table(content, file_name):
    """The filled rows of a file: ``(row number, {column: text})``, the first row
    being the header. A ValueError says why the file cannot be read.

    >>> list(read_table(b"product;unit_price\\nA-1;0.10\\n", "prices.csv"))
    [(2, {'product': 'A-1', 'unit_price': '0.10'})]
    """
    if len(content) > MAX_BYTES:
        raise ValueError(f"the file is too large: at most {MAX_BYTES:,} bytes")
    suffix = file_name.rpartition(".")[2].lower()
    if suffix == "csv":
        rows = _csv_rows(content)
    elif suffix == "xlsx":
        rows = _xlsx_rows(content)
    else:
        raise ValueError("choose a file whose name ends in .csv or .xlsx")
    header = [name.strip().lower() for name in next(rows, [])]
    if not any(header):
        raise ValueError("the first row must hold the names of the columns")
    repeated = {name for name in header if name and header.count(name) > 1}
    if repeated:
        raise ValueError(f"column {', '.join(sorted(repeated))} is there twice")
    filled = 0
    for number, cells in enumerate(rows, start=2):
        texts = [cell.strip() for cell in cells]
        if len(texts) > len(header) and any(texts[len(header) :]):
            raise ValueError(f"row {number} has more cells than the header")
        row = dict(zip(header, texts, strict=False))
        if any(row.values()):
            filled += 1
            if filled > MAX_ROWS:
                raise ValueError(
                    f"the file has more than {MAX_ROWS:,} rows; split it into several"
                )
            yield number, row


def _csv_rows(content):
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError("the file is not UTF-8; save it as CSV UTF-8") from None
    if "\0" in text:
        raise ValueError("the file is not a text; save it as CSV UTF-8")
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        yield from reader
    except csv.Error as error:
        raise ValueError(f"line {reader.line_num} cannot be read: {error}") from None


def _xlsx_rows(content):
    try:
        with ZipFile(io.BytesIO(content)) as archive:
            unpacked = sum(part.file_size for part in archive.infolist())
        if unpacked > MAX_UNPACKED:
            raise ValueError("the workbook is too large once it is unpacked")
        # What formulas came to, and beside it the formulas.
        results, formulas = (_sheet_rows(content, data_only) for data_only in (1, 0))
        for number, (row, typed) in enumerate(
            zip(results, formulas, strict=False), start=1
        ):
            _check_calculated(number, row, typed)
            yield [_cell_text(value) for value in row]
    except (
        BadZipFile,
        zlib.error,
        SyntaxError,
        LookupError,
        TypeError,
        AttributeError,
        EOFError,
        OSError,
    ):
        raise ValueError("the file is not a readable XLSX workbook") from None


def _sheet_rows(content, data_only):
    book = load_workbook(io.BytesIO(content), read_only=True, data_only=bool(data_only))
    return book.worksheets[0].iter_rows(values_only=True)


def _check_calculated(number, row, typed):
    """Programs save formulas without their results, which is not the same as empty."""
    for column, (value, formula) in enumerate(zip_longest(row, typed), start=1):
        if value is None and formula is not None:
            raise ValueError(
                f"cell {get_column_letter(column)}{number} is a formula without its "
                "result; open the file in a spreadsheet program and save it"
            )


def _cell_text(value):
    """What was typed: a spreadsheet's number is the shortest text that gives it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float):
        return f"{Decimal(f'{value:.{SHOWN_DIGITS}g}'):f}"
    return str(value)


def write_csv(rows, dimensions=()):
    """The rows (dicts by column) as a CSV file, with a column per dimension."""
    stream = io.StringIO(newline="")
    writer = csv.DictWriter(
        stream, fieldnames=list(all_columns(dimensions)), lineterminator="\r\n"
    )
    writer.writeheader()
    for row in rows:
        writer.writerow({name: _value_text(value) for name, value in row.items()})
    return stream.getvalue().encode("utf-8-sig")


def _value_text(value):
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@"):
        return f"'{value}"
    return str(value)


def write_xlsx(rows, dimensions=()):
    """The rows as a workbook. A number that a spreadsheet would round is a text."""
    stream = io.BytesIO()
    columns = list(all_columns(dimensions))
    with xlsxwriter.Workbook(stream, {"in_memory": True}) as book:
        sheet = book.add_worksheet("Prices")
        bold = book.add_format({"bold": True})
        as_day = book.add_format({"num_format": "yyyy-mm-dd"})
        sheet.freeze_panes(1, 1)
        for column, name in enumerate(columns):
            sheet.write_string(0, column, name, bold)
            sheet.set_column(column, column, max(len(name) + 2, 10))
        for number, row in enumerate(rows, start=1):
            for column, name in enumerate(columns):
                value = row.get(name)
                if isinstance(value, (Decimal, int)) and not isinstance(value, bool):
                    if _survives(value):
                        sheet.write_number(number, column, value)
                    else:
                        sheet.write_string(number, column, f"{value:f}")
                elif isinstance(value, date):
                    sheet.write_datetime(number, column, value, as_day)
                elif value is not None:
                    text = "yes" if value is True else "no" if value is False else value
                    sheet.write_string(number, column, text)
    return stream.getvalue()


def _survives(number):
    """Whether the 15 digits that a spreadsheet keeps are enough."""
    return len(Decimal(number).normalize().as_tuple().digits) <= 15
