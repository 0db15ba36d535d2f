"""The share of an amount that falls on some days of a period."""

from decimal import ROUND_HALF_EVEN, Context, Decimal

from .numbers import ZERO, exact, to_decimal, to_whole

#: Digits that the quotient keeps beyond those of the amount.
_GUARD_DIGITS = 60


def prorate(amount, days_used, days_in_period):
    """``amount × days_used / days_in_period``, multiplied before it is divided.

    Exact where the result ends, otherwise with sixty digits more than the amount.

    >>> prorate("3100", 10, 31), prorate("91", 30, 30)
    (Decimal('1000'), Decimal('91'))
    """
    amount = to_decimal(amount, "amount")
    used = to_whole(days_used, "days_used")
    period = to_whole(days_in_period, "days_in_period")
    if not period:
        raise ValueError("days_in_period must be above 0")
    if used > period:
        raise ValueError(
            f"days_used ({used}) must not be above days_in_period ({period})"
        )
    with exact():
        product = amount * used
    digits = len(product.as_tuple().digits)
    context = Context(prec=digits + _GUARD_DIGITS, rounding=ROUND_HALF_EVEN)
    return context.divide(product, Decimal(period))


def prorate_segments(amount, segment_days, days_in_period=None):
    """The shares of consecutive segments, given by their days.

    Each share is the difference of two cumulated shares, so that together they are
    exactly the share of all their days: the full amount when they fill the period.

    :param days_in_period: days of the whole period, by default those of the segments

    >>> shares = prorate_segments(100, [10, 11, 10])
    >>> from pricing.numbers import exact
    >>> with exact():
    ...     sum(shares) == 100
    True
    """
    days = [to_whole(value, "segment days") for value in segment_days]
    period = sum(days) if days_in_period is None else days_in_period
    shares = []
    total_days, cumulated = 0, ZERO
    for value in days:
        total_days += value
        reached = prorate(amount, total_days, period)
        with exact():
            shares.append(reached - cumulated)
        cumulated = reached
    return shares
