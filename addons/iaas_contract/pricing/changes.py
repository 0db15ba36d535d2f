"""How much a price changes from one version to the next."""

from decimal import Decimal

from .curves import knots, reach
from .rating import rate


def change_range(old, new):
    """The lowest and the highest change in percent of what quantities come to, at
    one unit, at every bound of both prices and well past the last; None where
    nothing can be compared.

    >>> from pricing import Price, Tier
    >>> change_range(Price(unit_price=10), Price(unit_price=9))
    (Decimal('-10.00'), Decimal('-10.00'))
    >>> tiers = [Tier(up_to=10, unit_price=10), Tier(unit_price=5)]
    >>> change_range(Price(unit_price=10), Price("graduated", tiers=tiers))
    (Decimal('-25.00'), Decimal('0.00'))
    """
    furthest = max(reach(old), reach(new), Decimal(1))
    quantities = {Decimal(1), 2 * furthest}
    quantities.update(knots(old, furthest), knots(new, furthest))
    changes = []
    for quantity in quantities:
        try:
            before, after = rate(old, quantity), rate(new, quantity)
        except ValueError:
            # A price per event cannot be told from a total.
            return None
        if before:
            changes.append(round((after - before) / before * 100, 2))
    return (min(changes), max(changes)) if changes else None
