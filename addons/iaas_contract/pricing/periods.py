"""Billing periods: civil days of a time zone, as half-open pairs of UTC instants."""

from calendar import monthrange
from datetime import date, datetime, time, timezone, tzinfo
from itertools import count
from zoneinfo import ZoneInfo

#: Months in a cycle.
CYCLES = {"month": 1, "quarter": 3, "half-year": 6, "year": 12}


def billing_periods(start, end, cycle, anchor_day, timezone):
    """The periods that partition the civil days [start, end) of a time zone.

    The first and the last are cut at ``start`` and ``end``.

    :param end: first day after, None for a contract without end (then endless)
    :param cycle: ``month``, ``quarter``, ``half-year`` or ``year``
    :param anchor_day: None or 0 for the calendar's months, quarters and years; 1 to 31
        for an anniversary counted from the month of ``start``, where a day past the
        month's end means its last day
    :param timezone: name of an IANA zone, or a tzinfo
    :return: iterator of ``(start, end)`` aware UTC datetimes

    >>> from datetime import date
    >>> first, second = billing_periods(
    ...     date(2026, 1, 15), date(2026, 3, 1), "month", 0, "Asia/Tokyo")
    >>> str(first[0]), str(first[1])
    ('2026-01-14 15:00:00+00:00', '2026-01-31 15:00:00+00:00')
    >>> first[1] == second[0]
    True
    """
    _check_day(start, "start")
    if end is not None:
        _check_day(end, "end")
        if end < start:
            raise ValueError(f"the end {end} lies before the start {start}")
    anchor = _check_cycle(cycle, anchor_day)
    return _periods(start, end, cycle, anchor, _zone(timezone))


def full_period(day, cycle, anchor_day=0, start=None):
    """The whole, uncut period that holds a day, as ``(first day, first day after)``.

    :param start: day from whose month an anniversary counts; needed only for cycles
        longer than a month with an ``anchor_day``

    >>> full_period(date(2026, 2, 10), "month", 31)
    (datetime.date(2026, 1, 31), datetime.date(2026, 2, 28))
    >>> full_period(date(2026, 2, 10), "quarter")
    (datetime.date(2026, 1, 1), datetime.date(2026, 4, 1))
    """
    _check_day(day, "day")
    anchor = _check_cycle(cycle, anchor_day)
    if start is not None:
        _check_day(start, "start")
    elif anchor and cycle != "month":
        raise ValueError(f"an anniversary of a {cycle} needs the start it counts from")
    index = _period_index(day, cycle, anchor, start)
    return tuple(_bound(number, cycle, anchor, start) for number in (index, index + 1))


def day_start(day, timezone):
    """The first instant of a civil day, in UTC.

    Where the clocks skip midnight this is the instant of the change.
    """
    _check_day(day, "day")
    return _day_start(day, _zone(timezone))


def _periods(start, end, cycle, anchor, zone):
    if start == end:
        return
    lower = start
    for index in count(_period_index(start, cycle, anchor, start) + 1):
        upper = _bound(index, cycle, anchor, start)
        if end is not None:
            upper = min(upper, end)
        yield _day_start(lower, zone), _day_start(upper, zone)
        if upper == end:
            return
        lower = upper


def _bound(index, cycle, anchor, start):
    """First day of the period with that number, counted from the year 0 or, for an
    anniversary, from the month of the start."""
    month = index * CYCLES[cycle]
    if anchor and start:
        month += start.year * 12 + start.month - 1
    year, month = month // 12, month % 12 + 1
    return date(year, month, min(anchor or 1, monthrange(year, month)[1]))


def _period_index(day, cycle, anchor, start):
    month = day.year * 12 + day.month - 1
    if anchor and start:
        month -= start.year * 12 + start.month - 1
    index = month // CYCLES[cycle]
    return index if _bound(index, cycle, anchor, start) <= day else index - 1


def _day_start(day, zone):
    return datetime.combine(day, time(), zone).astimezone(timezone.utc)


def _zone(value):
    if isinstance(value, tzinfo):
        return value
    try:
        return ZoneInfo(value)
    except (OSError, TypeError, ValueError, KeyError):
        raise ValueError(f"unknown time zone: {value!r}") from None


def _check_day(value, name):
    if not isinstance(value, date) or isinstance(value, datetime):
        raise TypeError(f"{name} must be a date without time, not {value!r}")


def _check_cycle(cycle, anchor_day):
    if cycle not in CYCLES:
        raise ValueError(f"unknown cycle {cycle!r}: one of {', '.join(CYCLES)}")
    anchor = anchor_day or 0
    if anchor not in range(32):
        raise ValueError(f"anchor_day must lie between 0 and 31: {anchor_day}")
    return anchor
