"""The one place where amounts are rounded."""

from decimal import ROUND_HALF_UP, Context, Decimal

from .numbers import MAX_DIGITS, ZERO, exact, to_decimal

_ROUNDING = Context(prec=1000, rounding=ROUND_HALF_UP)


def round_half_up(amount, digits):
    """The amount at so many decimal places, halves away from zero.

    >>> round_half_up("2.675", 2), round_half_up("-0.5", 0)
    (Decimal('2.68'), Decimal('-1'))
    """
    if not 0 <= digits <= MAX_DIGITS:
        raise ValueError(f"digits must lie between 0 and {MAX_DIGITS}: {digits}")
    number = to_decimal(amount, "amount")
    return number.quantize(Decimal(1).scaleb(-digits), context=_ROUNDING)


def allocate(rounded_total, parts):
    """The rounded parts, mended so that they add up to the rounded total.

    The difference goes to the largest part, the first of equals.

    >>> allocate("10.00", ["3.33", "3.34", "3.32"])
    [Decimal('3.33'), Decimal('3.35'), Decimal('3.32')]
    """
    total = to_decimal(rounded_total, "rounded_total")
    numbers = [to_decimal(part, "part") for part in parts]
    with exact():
        difference = total - sum(numbers, ZERO)
        if difference:
            if not numbers:
                raise ValueError(f"nothing to allocate {total} to")
            largest = max(range(len(numbers)), key=lambda index: abs(numbers[index]))
            numbers[largest] += difference
    return numbers
