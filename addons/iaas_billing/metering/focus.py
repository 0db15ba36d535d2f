"""Reads the usage out of FOCUS 1.2 cost and usage files.

FOCUS rows are charges. Those of category ``Usage`` carry a consumed quantity and
become events; purchases, taxes, credits, adjustments and the unused part of a
commitment state no use and are passed over, counted. docs/usage-files.md explains
each column.
"""

from collections import Counter

from .events import Refused
from .formats import Entry
from .tables import check_columns, identity

#: The reason of rows that state no use; such a row is neither taken nor refused.
NO_USAGE = "no_usage"
REQUIRED = (
    "ChargeCategory",
    "ChargePeriodStart",
    "ChargePeriodEnd",
    "ConsumedQuantity",
    "ResourceId",
)
# Kept as dimensions of the event, under their own names.
DIMENSIONS = (
    "ChargePeriodEnd",
    "ConsumedUnit",
    "SkuId",
    "SkuPriceId",
    "ServiceName",
    "ResourceType",
    "RegionId",
    "AvailabilityZone",
    "SubAccountId",
    "PricingCategory",
    "CommitmentDiscountStatus",
    "ChargeClass",
)
# What makes two rows different charges. Names, prices, tags, the invoice's number and
# the quantities may change between two issues of a file; these don't.
IDENTITY = (
    "BillingAccountId",
    "BillingPeriodStart",
    "SubAccountId",
    "ResourceId",
    "ServiceName",
    "SkuId",
    "SkuPriceId",
    "SkuMeter",
    "ChargePeriodStart",
    "ChargePeriodEnd",
    "ChargeClass",
    "ChargeDescription",
    "PricingCategory",
    "RegionId",
    "AvailabilityZone",
    "CapacityReservationId",
    "CapacityReservationStatus",
    "CommitmentDiscountId",
    "CommitmentDiscountStatus",
)


def is_focus(names):
    """Whether a table with these columns is a FOCUS file."""
    return all(name in names for name in REQUIRED)


def read_focus(table, source, meters, type_column=""):
    """Yield the ``Entry`` of each row; rows without use have the reason ``NO_USAGE``.

    :param type_column: the column that names what was metered; by default
        ``SkuMeter``, where that is empty ``SkuId``
    :raise Refused: malformed_event, when a column is missing
    """
    check_columns(table.names, (*REQUIRED, type_column))
    return _read_rows(table, source, meters, type_column)


def _read_rows(table, source, meters, type_column):
    seen = Counter()
    for line in table.lines:
        event, refusal = None, line.refusal
        if not refusal:
            row = dict(zip(table.names, line.cells, strict=True))
            # Writers mark an absent value in either way.
            row = {name: "" if cell == "NULL" else cell for name, cell in row.items()}
            refusal = _no_usage(row)
            if not refusal:
                event = _event(row, source, meters, type_column)
                parts = [row.get(name, "") for name in IDENTITY]
                event["id"] = line.event_id or identity("focus", parts, seen)
        yield Entry(line.position, line.raw, event, refusal)


def _no_usage(row):
    if row["ChargeCategory"] != "Usage":
        return Refused(NO_USAGE, f"a charge of category {row['ChargeCategory']!r}")
    if row.get("CommitmentDiscountStatus") == "Unused":
        return Refused(NO_USAGE, "the unused part of a commitment")
    if not row["ConsumedQuantity"] and row.get("ChargeClass") == "Correction":
        return Refused(NO_USAGE, "a correction of an amount, without quantity")
    return None


def _event(row, source, meters, type_column):
    event_type = (
        row[type_column] if type_column else row.get("SkuMeter") or row.get("SkuId", "")
    )
    data = {name: row[name] for name in DIMENSIONS if row.get(name)}
    if row["ConsumedQuantity"]:
        meter = meters.get(event_type)
        data[meter.value_property if meter else "value"] = row["ConsumedQuantity"]
    return {
        "specversion": "1.0",
        "source": source,
        "type": event_type,
        # Use of a service as a whole is reported without a resource.
        "subject": row["ResourceId"] or row.get("SubAccountId", ""),
        "time": row["ChargePeriodStart"],
        "data": data,
    }
