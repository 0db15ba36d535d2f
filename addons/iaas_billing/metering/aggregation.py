"""The meters' aggregations: many events in, one exact quantity out.

All of them look at the half-open period [start, end): an event exactly at the start
counts, one exactly at the end belongs to the next period. Events may come in any
order; of two events of the same instant the greater counts as the later one, so the
result never depends on arrival. A period without events gives zero, except where a
level carries over (``latest`` and ``time_weighted``).
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone, tzinfo
from decimal import Decimal, Inexact, localcontext

_ZERO = Decimal(0)
_MICROSECOND = timedelta(microseconds=1)
_MICROSECONDS_PER_HOUR = 3_600_000_000
_FOURTH = 4
# Enough digits that every sum and product below is exact; only the final division
# of a time-weighted quantity by one hour may need an infinite expansion.
_EXACT_DIGITS = 200
_QUOTIENT_DIGITS = 60


@dataclass(frozen=True)
class _Period:
    """A half-open period; ``zone`` is the one its days are counted in."""

    start: datetime
    end: datetime
    zone: tzinfo | None


def aggregate(aggregation, events, start, end, initial=0):
    """Return the quantity of a meter over the period [start, end) as ``Decimal``.

    :param aggregation: one of ``AGGREGATIONS``
    :param events: ``(time, value)`` or ``(time, value, key)`` tuples in any order;
        times all aware or all naive (then read as UTC), like ``start`` and ``end``;
        values ``Decimal`` or ``int``, never negative
    :param initial: the level before the first event, for ``time_weighted`` (where a
        later event before ``start`` replaces it) and ``latest``
    :raise ValueError: on an unknown aggregation, mixed or missing time zones, a
        period that ends before it starts, a value that is not a finite number >= 0

    >>> day = datetime(2026, 3, 1)
    >>> hour = timedelta(hours=1)
    >>> aggregate("sum", [(day, 2), (day + hour, Decimal("0.5"))], day, day + hour)
    Decimal('2')
    >>> aggregate("time_weighted", [(day + hour, 4)], day, day + 3 * hour, initial=1)
    Decimal('9')
    """
    measure = _MEASURES.get(aggregation)
    if measure is None:
        known = ", ".join(AGGREGATIONS)
        raise ValueError(
            f"unknown aggregation {aggregation!r}, expected one of {known}"
        )
    period = _period(start, end)
    level = _number(initial, "initial level")
    before, inside = [], []
    for event in events:
        time, value, key = _event(event, period.zone is not None)
        if time < period.start:
            before.append((time, value))
        elif time < period.end:
            inside.append((time, value, key))
    if before:
        level = max(before)[1]
    with localcontext() as context:
        context.prec = _EXACT_DIGITS
        context.traps[Inexact] = True
        try:
            return measure(inside, period, level)
        except Inexact as error:
            raise ValueError(
                f"the result needs more than {_EXACT_DIGITS} digits"
            ) from error


def _period(start, end):
    for name, moment in (("start", start), ("end", end)):
        if not isinstance(moment, datetime):
            raise ValueError(f"{name} {moment!r} is not a datetime")  # noqa: TRY004
    if (start.tzinfo is None) != (end.tzinfo is None):
        raise ValueError("start and end must both have a time zone or both have none")
    period = _Period(_utc(start), _utc(end), start.tzinfo)
    if period.end < period.start:
        raise ValueError(f"the period ends at {end} before it starts at {start}")
    return period


def _utc(moment):
    # Aware datetimes of one zone compare and subtract as wall clocks, which is wrong
    # by an hour around a daylight saving change.
    return moment.astimezone(timezone.utc) if moment.tzinfo else moment


def _event(event, aware):
    """The checked (time, value, key) of an event; the key defaults to the value."""
    try:
        time, value, *rest = event
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"{event!r} is not (time, value) or (time, value, key)"
        ) from error
    if len(rest) > 1:
        raise ValueError(f"{event!r} is not (time, value) or (time, value, key)")
    if not isinstance(time, datetime):
        raise ValueError(f"event time {time!r} is not a datetime")  # noqa: TRY004
    if (time.tzinfo is not None) != aware:
        raise ValueError(
            f"event time {time} and the period must both have a time zone or both none"
        )
    value = _number(value, "event value")
    return _utc(time), value, rest[0] if rest else value


def _number(value, what):
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise ValueError(  # noqa: TRY004
            f"{what} {value!r} is neither a Decimal nor an int"
        )
    number = Decimal(value)
    if not number.is_finite() or number < 0:
        raise ValueError(f"{what} {value!r} is not a finite number >= 0")
    return number


def _sum(events, period, level):
    return sum((value for _time, value, _key in events), _ZERO)


def _max(events, period, level):
    return max((value for _time, value, _key in events), default=_ZERO)


def _count(events, period, level):
    return Decimal(len(events))


def _count_unique(events, period, level):
    return Decimal(len({key for _time, _value, key in events}))


def _latest(events, period, level):
    return max(((time, value) for time, value, _key in events), default=(None, level))[
        1
    ]


def _time_weighted(events, period, level):
    """The integral of the level over the period, in units x hours."""
    total = _ZERO
    since = period.start
    for time, value in sorted((time, value) for time, value, _key in events):
        total += level * _microseconds(time - since)
        since, level = time, value
    total += level * _microseconds(period.end - since)
    with localcontext() as context:
        context.prec = max(_QUOTIENT_DIGITS, len(total.as_tuple().digits))
        context.traps[Inexact] = False
        return total / _MICROSECONDS_PER_HOUR


def _microseconds(duration):
    return Decimal(duration // _MICROSECOND)


def _percentile_95(events, period, level):
    """Nearest rank: the samples sorted, the top 5 % dropped, the next one billed.

    Of n samples floor(n / 20) are dropped. Each event is one sample; the collector
    sends one per five minutes, zeros included.
    """
    values = sorted(value for _time, value, _key in events)
    return values[-1 - len(values) // 20] if values else _ZERO


def _peak_4th(events, period, level):
    """The fourth highest of the daily peaks, or the lowest when there are fewer.

    Days are civil days in the zone of the period's start (UTC when naive).
    """
    peaks = {}
    for time, value, _key in events:
        day = (time.astimezone(period.zone) if period.zone else time).date()
        peaks[day] = max(value, peaks.get(day, _ZERO))
    highest = sorted(peaks.values(), reverse=True)[:_FOURTH]
    return highest[-1] if highest else _ZERO


_MEASURES: dict[str, Callable[[list, _Period, Decimal], Decimal]] = {
    "sum": _sum,
    "max": _max,
    "count": _count,
    "count_unique": _count_unique,
    "latest": _latest,
    "time_weighted": _time_weighted,
    "percentile_95": _percentile_95,
    "peak_4th": _peak_4th,
}
AGGREGATIONS = tuple(_MEASURES)
