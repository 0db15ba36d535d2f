"""Turns usage events into billed quantities, without Odoo.

``aggregate`` computes the quantity of one meter over one period; ``read_event``
checks one CloudEvent and turns it into the row that is stored; the readers take
events out of the formats that senders use.
"""

from .aggregation import AGGREGATIONS, aggregate
from .events import REASONS, Meter, Refused, UsageRow, read_event
from .formats import (
    Entry,
    decode_json,
    decode_text,
    read_csv,
    read_ndjson,
    write_csv_rejects,
)

__all__ = [
    "AGGREGATIONS",
    "REASONS",
    "Entry",
    "Meter",
    "Refused",
    "UsageRow",
    "aggregate",
    "decode_json",
    "decode_text",
    "read_csv",
    "read_event",
    "read_ndjson",
    "write_csv_rejects",
]
