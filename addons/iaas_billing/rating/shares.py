"""What a share of the revenue of one statement comes to."""

from decimal import Decimal
from fractions import Fraction


def share_of(billed, cash, total, percent, digits):
    """The revenue shared so far and the share of it, each rounded once, half up.

    :param billed: the revenue of the statement that the share is for
    :param cash: what was paid of the invoice; None: all that was billed counts
    :param total: what the invoice comes to with tax; 0: there is nothing to pay

    >>> share_of(Decimal("100.00"), None, Decimal(0), Decimal("12.5"), 2)
    (Decimal('100.00'), Decimal('12.50'))
    >>> share_of(Decimal("100.00"), Decimal("36.67"), Decimal("110.00"), Decimal(10), 2)
    (Decimal('33.34'), Decimal('3.33'))
    >>> share_of(Decimal("-0.05"), None, Decimal(0), Decimal(10), 2)
    (Decimal('-0.05'), Decimal('-0.01'))
    """
    base = Fraction(billed)
    if cash is not None and total:
        base *= Fraction(cash) / Fraction(total)
    return _half_up(base, digits), _half_up(base * Fraction(percent) / 100, digits)


def _half_up(value, digits):
    whole = int(abs(value) * 10**digits + Fraction(1, 2))
    return Decimal(whole if value >= 0 else -whole).scaleb(-digits)
