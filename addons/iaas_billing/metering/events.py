"""Checks one usage event as senders write it and turns it into the row to store.

The form is CloudEvents 1.0 in its structured JSON mode. What only the database can
know (does the resource exist, was the id used before) is checked where rows are
stored; everything else is refused here, one event at a time, with a reason code a
program can act on and a sentence a person can.
"""

import json
import re
from datetime import datetime, timedelta, timezone
from decimal import Decimal, InvalidOperation
from typing import NamedTuple

REASONS = (
    "malformed_event",
    "unknown_source",
    "source_not_allowed",
    "unknown_meter",
    "unknown_resource",
    "invalid_time",
    "time_without_zone",
    "not_a_number",
    "negative_quantity",
    "duplicate_id",
)

_SPEC_VERSION = "1.0"
_MAX_TEXT = 512
# Times outside are slips of unit or century; each month also costs a partition.
_EARLIEST = datetime(2000, 1, 1)
_FURTHEST_AHEAD = timedelta(days=366)
_MAX_INTEGER_DIGITS = 30
_MAX_DECIMALS = 60
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,4})?", re.ASCII)
# RFC 3339: seconds and the zone are not optional, as they are in ISO 8601.
_TIME = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(\.\d+)?([Zz]|[+-]\d\d:\d\d)?", re.ASCII
)
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_ESCAPED_NUL = re.compile(r"(?<!\\)(\\\\)*\\u0000")
# A Decimal among the dimensions becomes text: nothing is computed from it.
_encode = json.JSONEncoder(ensure_ascii=False, default=str, sort_keys=True).encode


class Refused(ValueError):
    """An event that can't be taken: ``reason`` from ``REASONS`` and a sentence."""

    def __init__(self, reason, detail):
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


class Meter(NamedTuple):
    """What reading an event must know about its meter."""

    id: int
    aggregation: str
    value_property: str = "value"


class UsageRow(NamedTuple):
    """A checked event. ``time`` is naive UTC, ``dimensions`` JSON text or None."""

    position: int
    event_id: str
    source: str
    meter_id: int
    subject: str
    time: datetime
    time_given: bool
    value: Decimal
    dimensions: str | None


def read_event(event, position, meters, now=None):
    """Check a decoded CloudEvent and return its ``UsageRow``.

    :param event: the decoded JSON object, numbers as ``int`` or ``Decimal``
    :param position: where the sender finds it again: index in the batch,
        line of the file
    :param meters: ``Meter`` per event type
    :param now: naive UTC instant an event without time happened at; None refuses it
    :raise Refused: with the reason
    """
    if not isinstance(event, dict):
        raise Refused("malformed_event", "the event is not a JSON object")
    if event.get("specversion") != _SPEC_VERSION:
        raise Refused(
            "malformed_event", f"specversion must be the text {_SPEC_VERSION!r}"
        )
    event_id, source, type_, subject = (
        _text(event, name) for name in ("id", "source", "type", "subject")
    )
    meter = meters.get(type_)
    if meter is None:
        raise Refused("unknown_meter", f"no active meter has the code {type_!r}")
    time = _time(event.get("time"), now)
    value, dimensions = _measure(event, meter)
    return UsageRow(
        position,
        event_id,
        source,
        meter.id,
        subject,
        time,
        event.get("time") is not None,
        value,
        dimensions,
    )


def _text(event, name):
    text = event.get(name)
    if not isinstance(text, str) or not text.strip():
        raise Refused("malformed_event", f"{name} is missing or not a text")
    if len(text) > _MAX_TEXT:
        raise Refused(
            "malformed_event", f"{name} is longer than {_MAX_TEXT} characters"
        )
    if _UNSTORABLE.search(text):
        raise Refused("malformed_event", f"{name} holds a character that is not text")
    return text


def _time(text, now):
    if text is None and now is not None:
        return now
    return read_time(text)


def read_time(text):
    """The naive UTC instant of an RFC 3339 time.

    :raise Refused: invalid_time or time_without_zone
    """
    match = _TIME.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise Refused(
            "invalid_time",
            f"time {text!r} is not an RFC 3339 time like 2026-03-01T00:00:00Z",
        )
    day, clock, fraction, zone = match.groups()
    if zone is None:
        raise Refused(
            "time_without_zone", f"time {text!r} has no zone: end it with Z or +01:00"
        )
    # PostgreSQL keeps microseconds; finer digits are cut, never rounded into the
    # next period.
    fraction = (fraction or ".0")[:7].ljust(7, "0")
    zone = "+00:00" if zone in "Zz" else zone
    try:
        time = datetime.fromisoformat(f"{day}T{clock}{fraction}{zone}")
        time = time.astimezone(timezone.utc).replace(tzinfo=None)
    except (ValueError, OverflowError) as error:
        raise Refused("invalid_time", f"time {text!r}: {error}") from error
    latest = datetime.now(timezone.utc).replace(tzinfo=None) + _FURTHEST_AHEAD
    if not _EARLIEST <= time <= latest:
        raise Refused(
            "invalid_time",
            f"time {text!r} is before {_EARLIEST:%Y} or more than a year ahead",
        )
    return time


def _measure(event, meter):
    """The value and the dimensions of an event.

    A ``count`` meter needs no value. A ``count_unique`` meter counts what stands
    under its value property, which therefore stays among the dimensions.
    """
    data = event.get("data")
    if data is None and meter.aggregation == "count":
        data = {}
    if not isinstance(data, dict):
        raise Refused("malformed_event", "data is missing or not a JSON object")
    dimensions = dict(data)
    value = Decimal(1)
    if meter.aggregation == "count_unique":
        if dimensions.get(meter.value_property) in (None, ""):
            raise Refused(
                "malformed_event", f"data has no {meter.value_property!r} to count"
            )
    else:
        carried = dimensions.pop(meter.value_property, None)
        if meter.aggregation != "count":
            value = _value(carried, meter.value_property)
    return value, _dimensions(dimensions)


def _value(carried, name):
    if isinstance(carried, str) and _NUMBER.fullmatch(carried.strip()):
        carried = Decimal(carried.strip())
    if isinstance(carried, bool) or not isinstance(carried, int | Decimal):
        raise Refused("not_a_number", f"{name} {carried!r} is not a number")
    try:
        value = Decimal(carried)
    except InvalidOperation as error:
        raise Refused("not_a_number", f"{name} {carried!r} is not a number") from error
    if not value.is_finite():
        raise Refused("not_a_number", f"{name} {carried} is not a finite number")
    if value < 0:
        raise Refused("negative_quantity", f"{name} {carried} is negative")
    if value.adjusted() >= _MAX_INTEGER_DIGITS or -value.as_tuple().exponent > (
        _MAX_DECIMALS
    ):
        raise Refused("not_a_number", f"{name} {carried} is out of range")
    # -0 is 0; abs() would round to the context.
    return value.copy_abs()


def _dimensions(dimensions):
    if not dimensions:
        return None
    text = _encode(dimensions)
    if _ESCAPED_NUL.search(text) or _UNSTORABLE.search(text):
        raise Refused("malformed_event", "data holds a character that is not text")
    return text
