"""Turns usage events into billed quantities, without Odoo.

``aggregate`` computes the quantity of one meter over one period; ``read_event``
checks one CloudEvent and turns it into the row that is stored; the readers take
events out of the formats that senders use.
"""

from .aggregation import AGGREGATIONS, aggregate
from .bodies import MEDIA_TYPES, read_body
from .bulk import SPACES, CsvChunk, read_csv_chunks
from .events import REASONS, Meter, Refused, UsageRow, read_event, read_time
from .focus import NO_USAGE, is_focus, read_focus
from .formats import (
    Entry,
    csv_reject,
    csv_reject_header,
    decode_json,
    decode_text,
    read_csv,
    read_ndjson,
    write_csv_rejects,
)
from .limits import Bucket, TooLarge, inflate
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
    "Bucket",
    "CsvChunk",
    "Entry",
    "Layout",
    "MAX_UNPACKED",
    "MEDIA_TYPES",
    "Meter",
    "NATIVE",
    "NO_USAGE",
    "Paths",
    "Preview",
    "REASONS",
    "Refused",
    "SPACES",
    "Series",
    "TooLarge",
    "UsageRow",
    "aggregate",
    "csv_reject",
    "csv_reject_header",
    "decode_json",
    "decode_text",
    "inflate",
    "is_focus",
    "open_csv",
    "open_xlsx",
    "pick",
    "read_body",
    "read_cloudkitty",
    "read_csv",
    "read_csv_chunks",
    "read_event",
    "read_focus",
    "read_json",
    "read_ndjson",
    "read_prometheus",
    "read_table",
    "read_time",
    "storable",
    "write_csv_rejects",
    "write_rejects",
]
