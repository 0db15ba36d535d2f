"""CSV and XLSX from rows of text, dates and exact numbers."""

import csv
import io
from datetime import date
from decimal import Decimal

import xlsxwriter

#: A spreadsheet takes a cell that begins so for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def number_text(number):
    """All digits, without exponent or trailing zeros.

    >>> number_text(Decimal("1E+2")), number_text(Decimal("0.850"))
    ('100', '0.85')
    """
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def plain_text(value):
    """Text that no spreadsheet takes for a formula.

    >>> plain_text("=1+1"), plain_text("web-1")
    ("'=1+1", 'web-1')
    """
    return f"'{value}" if value.startswith(_FORMULA) else value


def _csv_cell(value):
    if isinstance(value, Decimal):
        return number_text(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, str):
        return plain_text(value)
    return "" if value is None else value


def write_csv(columns, rows, cell=_csv_cell):
    """The bytes of a CSV file with a row of titles, in UTF-8."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow([cell(value) for value in row])
    return buffer.getvalue().encode()


def write_xlsx(sheet_name, columns, rows):
    """The bytes of a workbook, written row by row: memory does not grow with it.

    :param columns: ``(title, width)`` pairs
    """
    buffer = io.BytesIO()
    workbook = xlsxwriter.Workbook(
        buffer, {"constant_memory": True, "default_date_format": "yyyy-mm-dd"}
    )
    sheet = workbook.add_worksheet(sheet_name[:31])
    bold = workbook.add_format({"bold": True, "bottom": 1})
    sheet.freeze_panes(1, 0)
    for index, (_title, width) in enumerate(columns):
        sheet.set_column(index, index, width)
    for index, (title, _width) in enumerate(columns):
        sheet.write_string(0, index, title, bold)
    for number, row in enumerate(rows, start=1):
        for index, value in enumerate(row):
            if isinstance(value, Decimal | int):
                sheet.write_number(number, index, value)
            elif isinstance(value, date):
                sheet.write_datetime(number, index, value)
            elif value:
                sheet.write_string(number, index, value)
    workbook.close()
    return buffer.getvalue()
