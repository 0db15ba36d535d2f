"""What a customer commits to in a period, what is missing from it, and which spend
reaches a band. Days count the days of a period that a contract cuts short."""

from .numbers import ZERO, exact, to_unsigned, to_whole
from .proration import prorate


def committed(stretches, days_in_period):
    """What a period is committed to, prorated by days once over all stretches.

    :param stretches: ``(commitment of a whole period, days under it)`` pairs
    :param days_in_period: days of the whole period, which a first or a last one may
        not reach

    >>> committed([("3100", 31)], 31), committed([("3100", 10), ("6200", 11)], 31)
    (Decimal('3100'), Decimal('3200'))
    """
    pairs = [
        (to_unsigned(amount, "commitment"), to_whole(days, "days"))
        for amount, days in stretches
    ]
    period = to_whole(days_in_period, "days_in_period")
    used = sum(days for _amount, days in pairs)
    if used > period:
        raise ValueError(f"the stretches have {used} days, the period has {period}")
    with exact():
        weighted = sum((amount * days for amount, days in pairs), ZERO)
    return prorate(weighted, 1, period)


def shortfall(commitment, billed):
    """What is still due of a commitment: nothing when it was reached.

    >>> shortfall(1000, 640), shortfall(1000, 1000), shortfall(1000, "1200.50")
    (Decimal('360'), Decimal('0'), Decimal('0'))
    """
    with exact():
        return max(to_unsigned(commitment, "commitment") - billed, ZERO)


def reaches(spend, band, days, days_in_period):
    """Whether the spend of a period of so many days reaches the band of a whole one.

    >>> reaches(500, 1000, 15, 30), reaches("499.99", 1000, 15, 30)
    (True, False)
    """
    period = to_whole(days_in_period, "days_in_period")
    with exact():
        return to_unsigned(spend, "spend") * period >= to_unsigned(
            band, "band"
        ) * to_whole(days, "days")
