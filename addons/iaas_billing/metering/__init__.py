"""Turns usage events into billed quantities, without Odoo.

``aggregate`` computes the quantity of one meter over one period; ``read_event``
checks one CloudEvent and turns it into the row that is stored; the readers take
events out of the formats that senders use.
"""

from .aggregation import AGGREGATIONS, aggregate
from .events import REASONS, Meter, Refused, UsageRow, read_event
from .focus import NO_USAGE, is_focus, read_focus
from .formats import (
    Entry,
    decode_json,
    decode_text,
    read_csv,
    read_ndjson,
    write_csv_rejects,
)
from .preview import Preview
from .pulls import (
    Paths,
    Series,
    pick,
    read_cloudkitty,
    read_json,
    read_prometheus,
)
from .tables import (
    MAX_UNPACKED,
    NATIVE,
    Layout,
    open_csv,
    open_xlsx,
    read_table,
    storable,
    write_rejects,
)

__all__ = [
    "AGGREGATIONS",
    "MAX_UNPACKED",
    "NATIVE",
    "NO_USAGE",
    "REASONS",
    "Entry",
    "Layout",
    "Meter",
    "Paths",
    "Preview",
    "Refused",
    "Series",
    "UsageRow",
    "aggregate",
    "decode_json",
    "decode_text",
    "is_focus",
    "open_csv",
    "open_xlsx",
    "pick",
    "read_cloudkitty",
    "read_csv",
    "read_event",
    "read_focus",
    "read_json",
    "read_ndjson",
    "read_prometheus",
    "read_table",
    "storable",
    "write_csv_rejects",
    "write_rejects",
]
