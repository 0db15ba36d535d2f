"""What the hosts of a pool can carry, one dimension (vCPU, RAM, disk) at a time."""

from decimal import Decimal, localcontext
from fractions import Fraction
from math import floor

from .numbers import count, exact, share


def host_effective(spec, reserved=0, overcommit=1):
    """Capacity that one host offers: what it has, less its own needs, overcommitted.

    Rounded down per host, as a scheduler places instances on hosts, not on sums.

    >>> host_effective(96, 4, Decimal(4))
    368
    >>> host_effective(384, 16, Decimal("1.05"))
    386
    >>> host_effective(8, 16)
    0
    """
    free = exact(spec, "spec") - exact(reserved, "reserved")
    ratio = exact(overcommit, "overcommit")
    if not ratio:
        raise ValueError("overcommit: 0 would leave the host without capacity")
    return max(0, floor(free * ratio))


def usable(hosts, spare_hosts=0):
    """Capacity left when the `spare_hosts` largest hosts stand by for a failure.

    >>> usable([368, 368, 368], spare_hosts=1)
    736
    >>> usable([368, 500], spare_hosts=1)
    368
    >>> usable([368], spare_hosts=2)
    0
    """
    effective = sorted(count(host, "host") for host in hosts)
    kept = len(effective) - count(spare_hosts, "spare hosts")
    return sum(effective[: max(0, kept)])


def sellable(usable, fill_cap):
    """Part of the usable capacity that may be sold before large orders no longer fit.

    >>> sellable(736, Decimal("0.80"))
    588
    """
    return floor(count(usable, "usable") * share(fill_cap, "fill cap"))


def utilisation(taken, sellable):
    """Share of the sellable capacity that is taken; None when there is none to sell.

    >>> utilisation(Decimal(294), 588)
    Decimal('0.5')
    >>> utilisation(1, 0) is None
    True
    """
    exact(taken, "taken")
    if not count(sellable, "sellable"):
        return None
    with localcontext(prec=60):
        return Decimal(taken) / sellable


def binding(taken, sellable):
    """The dimension that runs out first: the largest share of sellable that is taken.

    Both are mappings by dimension. None when nothing is taken. A dimension in which
    something is taken and nothing can be sold comes before all others.

    >>> binding({"vcpu": 300, "ram": 900}, {"vcpu": 588, "ram": 1177})
    'ram'
    """
    load = {}
    for dimension, amount in taken.items():
        amount = exact(amount, dimension)
        capacity = count(sellable[dimension], dimension)
        if amount:
            load[dimension] = (
                not capacity,
                amount / capacity if capacity else amount,
            )
    return max(load, key=load.get, default=None)


def carried(hosts, spare_hosts, fill_cap):
    """Sellable capacity of a set of hosts: `usable`, then `sellable`.

    >>> carried([368, 368, 368], 1, Decimal("0.80"))
    588
    """
    return sellable(usable(hosts, spare_hosts), fill_cap)


def as_decimal(fraction: Fraction):
    """The decimal of a fraction whose denominator divides a power of ten."""
    with localcontext(prec=60):
        return Decimal(fraction.numerator) / fraction.denominator
