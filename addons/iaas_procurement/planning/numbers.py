"""Numbers as the planner takes them: exact, finite and never negative."""

from decimal import Decimal
from fractions import Fraction


def exact(value, name):
    """Return `value` as a fraction, on which no operation rounds.

    >>> exact(Decimal("0.8"), "fill cap")
    Fraction(4, 5)
    >>> exact(0.8, "fill cap")
    Traceback (most recent call last):
    ValueError: fill cap: 0.8 is neither an int nor a Decimal
    """
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise ValueError(f"{name}: {value!r} is neither an int nor a Decimal")
    if isinstance(value, Decimal) and not value.is_finite():
        raise ValueError(f"{name}: {value} is not a finite number")
    if value < 0:
        raise ValueError(f"{name}: {value} is negative")
    return Fraction(value)


def count(value, name):
    """Return `value` when it counts things: an int from zero up.

    >>> count(2, "spare hosts")
    2
    """
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError(f"{name}: {value!r} is not a whole number from zero up")
    return value


def share(value, name):
    """Return `value` as a fraction when it lies above 0 and up to 1."""
    ratio = exact(value, name)
    if not 0 < ratio <= 1:
        raise ValueError(f"{name}: {value} does not lie above 0 and up to 1")
    return ratio
