from datetime import timedelta
from decimal import localcontext
from fractions import Fraction

_TICK = timedelta(microseconds=1)
#: An estimate needs no more digits.
_DIGITS = 40


class Elapsed:
    """How much of a period is over, as an exact fraction.

    >>> from datetime import datetime
    >>> from decimal import Decimal
    >>> first, after = datetime(2026, 6, 1), datetime(2026, 7, 1)
    >>> june = Elapsed(first, after, now=datetime(2026, 6, 11))
    >>> june.share_of(Decimal(30)), june.project(Decimal(10))
    (Decimal('10'), Decimal('30'))
    """

    def __init__(self, start, end, now):
        self._now = now
        passed = min(max(now - start, timedelta()), end - start)
        #: From 0 to 1.
        self.share = Fraction(passed // _TICK, (end - start) // _TICK)

    def within(self, start, end):
        """What is over of a part of the period, half-open."""
        return Elapsed(start, end, self._now)

    def share_of(self, amount):
        """The part of an amount that falls in the time that is over."""
        return _times(amount, self.share)

    def project(self, amount):
        """What an amount of the time that is over comes to by the end, at this pace."""
        return _times(amount, 1 / self.share) if self.share else amount


def _times(amount, ratio):
    with localcontext() as context:
        context.prec = _DIGITS
        return amount * ratio.numerator / ratio.denominator
