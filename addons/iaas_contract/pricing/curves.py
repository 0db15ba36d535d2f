"""The amount against the quantity, as the points of a curve to look at."""

from decimal import ROUND_DOWN, Context, Decimal, localcontext

from .numbers import MAX_DIGITS, ZERO, to_unsigned
from .rating import rate

#: Steps (packages, blocks) that a curve still shows one by one.
MAX_STEPS = 200
_JUST_PAST = Decimal("1E-9")
# Where to look may be rounded, what is seen there may not.
_PLACES = Context(prec=3 * MAX_DIGITS)


def curve(price, up_to, points=50, events=0, discount_percent=ZERO):
    """The curve of a price from 0 to ``up_to``: ``(quantity, amount)`` pairs in the
    order of the quantity. Where the amount jumps there are two, at the bound and
    just past it, so that a straight line between neighbours is the true curve.

    :param points: parts that the range is divided into, besides the bounds
    :param events: over how many equal events the quantity is spread; 0 for none

    >>> from pricing import Price
    >>> package = Price("package", package_size=10, package_price=3)
    >>> [(f"{q:.3f}", f"{a}") for q, a in curve(package, 20, points=1)]
    [('0.000', '0'), ('0.000', '3'), ('10.000', '3'), ('10.000', '6'), ('20.000', '6')]
    """
    up_to = to_unsigned(up_to, "up_to")
    with localcontext(_PLACES):
        quantities = {ZERO, up_to}
        step = round(up_to / points, 9)
        quantities.update(step * number for number in range(1, points))
        for knot in knots(price, up_to):
            quantities.update((knot, knot + up_to * _JUST_PAST))
    return [
        (
            quantity,
            rate(
                price,
                quantity,
                even_events(quantity, events),
                discount_percent=discount_percent,
            ),
        )
        for quantity in sorted(quantities)
        if quantity <= up_to
    ]


def knots(price, up_to):
    """The quantities from 0 to ``up_to`` past which the price changes its pace."""
    of_amount = price.charge_model in ("percentage", "graduated_percentage")
    start = price.free_amount if of_amount else price.free_units
    found = [start]
    if price.charge_model == "package":
        found += _steps(start, price.package_size, None, up_to)
    elif price.charge_model == "block":
        for tier in price.tiers:
            found += _steps(found[-1], tier.block_size, tier.max_blocks, up_to)
    else:
        found += [start + tier.up_to for tier in price.tiers if tier.up_to is not None]
    return [knot for knot in found if knot <= up_to]


def reach(price):
    """The quantity from which on the price keeps its pace (or its steps)."""
    start = price.free_units + price.free_amount
    if price.charge_model == "block":
        return start + sum(
            tier.max_blocks * tier.block_size
            for tier in price.tiers
            if tier.max_blocks is not None
        )
    return start + max((tier.up_to or ZERO for tier in price.tiers), default=ZERO)


def _steps(start, size, count, up_to):
    """The ends of equal steps; of too many to be seen only the last."""
    within = int(max(up_to - start, ZERO) // size)
    shown = within if count is None else min(within, count)
    if shown > MAX_STEPS:
        return [] if count is None else [start + size * count]
    ends = [start + size * number for number in range(1, shown + 1)]
    if count is not None and shown < count:
        ends.append(start + size * count)
    return ends


def even_events(total, count):
    """The total spread evenly over events, exactly; the last takes the remainder.

    >>> even_events(Decimal(1), 3)
    [Decimal('0.333333'), Decimal('0.333333'), Decimal('0.333334')]
    """
    if not count:
        return []
    with localcontext(_PLACES):
        smallest = Decimal(1).scaleb(min(total.as_tuple().exponent, 0) - 6)
        share = (total / count).quantize(smallest, ROUND_DOWN)
        return [share] * (count - 1) + [total - share * (count - 1)]
