"""CSV and XLSX from rows of text, dates and exact numbers."""

import csv
import io
from datetime import date
from decimal import Decimal
from typing import NamedTuple

import xlsxwriter
from xlsxwriter.utility import xl_col_to_name

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


class Column(NamedTuple):
    """A column of a sheet.

    :param form: how its values read: as ``text``, a ``quantity``, ``money`` or an
        ``exact`` amount
    :param is_summed: whether a row at the end adds it up
    """

    title: str
    width: int
    form: str = "text"
    is_summed: bool = False


class Fact(NamedTuple):
    """A row of the first sheet: cells, and whether they are a ``title``, ``fact``,
    ``head``, ``row`` or ``total``."""

    kind: str
    cells: tuple


class _Formats:
    """How cells look, each way made once."""

    def __init__(self, workbook, places):
        self._workbook = workbook
        decimals = "." + "0" * places if places else ""
        money = f"#,##0{decimals}"
        self._numbers = {
            "money": f"{money};[Red]-{money}",
            # At least the digits of the currency, then what there is.
            "exact": f"#,##0.{'0' * max(places, 1)}{'#' * 10}",
            "quantity": "#,##0.0#########",
            "whole": "#,##0",
            "date": "yyyy-mm-dd",
        }
        self._made = {}

    def get(self, form="text", **look):
        key = (form, *sorted(look.items()))
        if key not in self._made:
            number = self._numbers.get(form)
            properties = {"num_format": number} if number else {}
            self._made[key] = self._workbook.add_format(
                {"valign": "top", **properties, **look}
            )
        return self._made[key]

    def of(self, value, form, **look):
        """The format of a value in a column of the form."""
        if isinstance(value, date):
            return self.get("date", **{"align": "left"} | look)
        if isinstance(value, int) or (form == "quantity" and value == int(value)):
            form = "whole"
        return self.get(form, **look)


_HEAD = {"bold": True, "bg_color": "#EFEFEF", "bottom": 1, "text_wrap": True}
_TOTAL = {"bold": True, "top": 1}
_RIGHT = {"align": "right"}


def write_xlsx(facts, titles, columns, rows, places=2):
    """The bytes of a workbook: a sheet of facts, and one of rows that is written row
    by row, so that memory does not grow with it.

    :param titles: the names of both sheets and of the row that adds up
    :param columns: the ``Column`` of each value of a row
    :param places: decimal places of the currency
    """
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"constant_memory": True}) as workbook:
        formats = _Formats(workbook, places)
        _write_facts(workbook.add_worksheet(titles[0]), facts, formats)
        _write_rows(
            workbook.add_worksheet(titles[1]), columns, rows, titles[2], formats
        )
    return buffer.getvalue()


def _write_facts(sheet, facts, formats):
    sheet.hide_gridlines(2)
    sheet.set_portrait()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    sheet.set_column(0, 0, 34)
    sheet.set_column(1, 4, 20)
    looks = {
        "title": {"bold": True, "font_size": 14},
        "head": _HEAD,
        "total": _TOTAL,
    }
    for number, fact in enumerate(facts):
        look = looks.get(fact.kind, {})
        for index, value in enumerate(fact.cells):
            more = {}
            if fact.kind == "fact":
                more = {"align": "left"} if index else {"font_color": "#5F6368"}
            elif fact.kind == "head" and index:
                more = _RIGHT
            _write_cell(sheet, number, index, value, formats, "money", **look, **more)


def _write_rows(sheet, columns, rows, total_title, formats):
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0)
    sheet.set_footer("&R&P / &N")
    sheet.freeze_panes(1, 0)
    for index, column in enumerate(columns):
        sheet.set_column(index, index, column.width)
    for index, column in enumerate(columns):
        look = _HEAD if column.form == "text" else _HEAD | _RIGHT
        _write_cell(sheet, 0, index, column.title, formats, **look)
    sums = {index: Decimal(0) for index, one in enumerate(columns) if one.is_summed}
    last = 0
    for last, row in enumerate(rows, start=1):
        for index, value in enumerate(row):
            _write_cell(sheet, last, index, value, formats, columns[index].form)
        for index in sums:
            sums[index] += row[index]
    if not last:
        return
    sheet.autofilter(0, 0, last, len(columns) - 1)
    for index, column in enumerate(columns):
        if index in sums:
            letter = xl_col_to_name(index)
            # Of the rows that a filter leaves.
            formula = f"=SUBTOTAL(109,{letter}2:{letter}{last + 1})"
            look = formats.get(column.form, **_TOTAL)
            sheet.write_formula(last + 1, index, formula, look, sums[index])
        else:
            text = "" if index else total_title
            _write_cell(sheet, last + 1, index, text, formats, **_TOTAL)


def _write_cell(sheet, row, index, value, formats, form="text", **look):
    if isinstance(value, Decimal | int):
        sheet.write_number(row, index, value, formats.of(value, form, **look))
    elif isinstance(value, date):
        sheet.write_datetime(row, index, value, formats.of(value, form, **look))
    elif value:
        sheet.write_string(row, index, value, formats.get(**look))
    elif look:
        sheet.write_blank(row, index, None, formats.get(**look))
