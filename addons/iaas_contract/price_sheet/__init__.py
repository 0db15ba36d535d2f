"""Price lists as tables, CSV or XLSX: exact, pure, free of Odoo.

One row is a price; a price with tiers takes one row per tier, one below the other.
"""

from .columns import COLUMNS
from .parse import SheetError, SheetPrice, parse
from .tables import read_table, write_csv, write_xlsx

__all__ = [
    "COLUMNS",
    "SheetError",
    "SheetPrice",
    "parse",
    "read_table",
    "write_csv",
    "write_xlsx",
]
