"""Files that leave the house, free of Odoo: what stands in a row and how it is written.

Numbers are ``Decimal`` and are written with all their digits.
"""

from .chart import Bar, draw_bars
from .focus import FOCUS_COLUMNS, focus_row
from .tables import Column, Fact, number_text, plain_text, write_csv, write_xlsx

__all__ = [
    "FOCUS_COLUMNS",
    "Bar",
    "Column",
    "Fact",
    "draw_bars",
    "focus_row",
    "number_text",
    "plain_text",
    "write_csv",
    "write_xlsx",
]
