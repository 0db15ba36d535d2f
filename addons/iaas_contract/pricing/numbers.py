"""Exact numbers: what may enter a calculation, and the context it runs in."""

from decimal import (
    ROUND_HALF_EVEN,
    Context,
    Decimal,
    DivisionByZero,
    Inexact,
    InvalidOperation,
    Overflow,
    localcontext,
)

ZERO = Decimal(0)
HUNDREDTH = Decimal("0.01")

#: Digits that an input may have, before and after its point.
MAX_DIGITS = 100

_EXACT = Context(
    prec=1000,
    rounding=ROUND_HALF_EVEN,
    traps=[DivisionByZero, Inexact, InvalidOperation, Overflow],
)


def exact():
    """A local context in which no operation on accepted inputs rounds.

    Independent of the caller's context; a result that would lose a digit raises.

    >>> with exact():
    ...     Decimal("1E+40") + Decimal("1E-40") - Decimal("1E+40")
    Decimal('1E-40')
    """
    return localcontext(_EXACT)


def to_decimal(value, name="value"):
    """The number, exactly. Binary floats are refused: their digits are not what
    was typed.

    >>> to_decimal("0.10"), to_decimal(3)
    (Decimal('0.10'), Decimal('3'))
    >>> to_decimal("NaN", "quantity")
    Traceback (most recent call last):
    ...
    ValueError: quantity must be a finite number, not 'NaN'
    """
    if isinstance(value, Decimal):
        number = value
    elif isinstance(value, (int, str)) and not isinstance(value, bool):
        try:
            # The constructor never rounds, whatever the caller's context.
            number = Decimal(value)
        except InvalidOperation:
            raise ValueError(f"{name} is not a number: {value!r}") from None
    else:
        raise TypeError(
            f"{name} must be a Decimal, an int or a text, "
            f"not {type(value).__name__} ({value!r})"
        )
    if not number.is_finite():
        raise ValueError(f"{name} must be a finite number, not {str(value)!r}")
    if number and (
        number.adjusted() >= MAX_DIGITS or number.as_tuple().exponent < -MAX_DIGITS
    ):
        raise ValueError(
            f"{name} has more than {MAX_DIGITS} digits before or after its point"
        )
    return number


def to_unsigned(value, name="value"):
    """The same, refusing what is below zero."""
    number = to_decimal(value, name)
    if number < 0:
        raise ValueError(f"{name} must not be negative: {number}")
    return number


def to_whole(value, name="value"):
    """The same as an ``int``, refusing fractions.

    >>> to_whole("3.0"), to_whole(0)
    (3, 0)
    """
    number = to_unsigned(value, name)
    if number != number.to_integral_value():
        raise ValueError(f"{name} must be a whole number: {number}")
    return int(number)
