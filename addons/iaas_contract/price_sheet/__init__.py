"""Price lists as tables, CSV or XLSX: exact, pure, free of Odoo.

One row is a price; a price with tiers takes one row per tier, one below the other.
What a price is for, beside its product, stands in a column per dimension.
"""

from .columns import COLUMNS, PRICED_BY, dimension_column
from .parse import SheetError, SheetPrice, parse
from .tables import read_table, write_csv, write_xlsx

__all__ = [
    "COLUMNS",
    "PRICED_BY",
    "SheetError",
    "SheetPrice",
    "dimension_column",
    "parse",
    "read_table",
    "write_csv",
    "write_xlsx",
]
