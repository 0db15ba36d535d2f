"""How many whole servers close a shortage, and what they leave stranded."""

from dataclasses import dataclass
from decimal import Decimal
from math import ceil
from typing import NamedTuple

from .capacity import as_decimal, carried
from .numbers import count, exact, share


class Need(NamedTuple):
    """Servers to buy, and the dimension that asks for the most of them."""

    servers: int
    binding: str | None


@dataclass(frozen=True)
class Demand:
    """One dimension of a pool: what is taken, what carries it, what a server adds."""

    taken: Decimal | int
    hosts: tuple[int, ...]
    server: int
    fill_cap: Decimal


def servers_needed(short, effective, fill_cap):
    """Whole servers for a shortage per dimension, each filled up to its cap.

    >>> servers_needed(
    ...     {"vcpu": 300, "ram": 700},
    ...     {"vcpu": 368, "ram": 368},
    ...     {"vcpu": Decimal("0.8"), "ram": Decimal("0.8")},
    ... )
    Need(servers=3, binding='ram')
    """
    return _most(
        {
            dimension: _linear(
                dimension, amount, effective[dimension], fill_cap[dimension]
            )
            for dimension, amount in short.items()
        }
    )


def servers_for_demand(demands, spare_hosts=0):
    """Whole servers after which every dimension of the pool carries its demand.

    Starts from `servers_needed` and adds what the spare hosts swallow: a server larger
    than the present hosts becomes the spare one itself.

    >>> vcpu = Demand(taken=800, hosts=(368,) * 3, server=368, fill_cap=Decimal("0.8"))
    >>> servers_for_demand({"vcpu": vcpu}, spare_hosts=1)
    Need(servers=1, binding='vcpu')
    >>> empty = Demand(taken=10, hosts=(), server=368, fill_cap=Decimal("0.8"))
    >>> servers_for_demand({"vcpu": empty}, spare_hosts=1)
    Need(servers=2, binding='vcpu')
    """
    return _most(
        {
            dimension: _to_carry(dimension, demand, spare_hosts)
            for dimension, demand in demands.items()
        }
    )


def stranded(servers, effective, fill_cap, short):
    """Capacity bought beyond the shortage per dimension, so that shapes compare.

    >>> cap = {"vcpu": Decimal("0.8")}
    >>> stranded(2, {"vcpu": 368}, cap, {"vcpu": 300})
    {'vcpu': Decimal('288.8')}
    """
    count(servers, "servers")
    return {
        dimension: as_decimal(
            servers
            * count(effective[dimension], dimension)
            * share(fill_cap[dimension], "fill cap")
            - exact(amount, dimension)
        )
        for dimension, amount in short.items()
    }


def _most(needs):
    """The largest of the needs per dimension.

    Where they take as many whole servers, the one that fills them most binds; where
    even that is equal, the first one.

    :param needs: ``{dimension: (whole servers, servers before rounding)}``
    """
    dimension = max(needs, key=needs.get, default=None)
    servers = needs[dimension][0] if needs else 0
    return Need(servers, dimension) if servers else Need(0, None)


def _linear(dimension, short, server, fill_cap):
    """Servers for a shortage: whole ones, and the share before rounding."""
    short = exact(short, dimension)
    if not short:
        return 0, short
    if not count(server, dimension):
        raise ValueError(f"{dimension}: a server without it cannot close a shortage")
    filled = short / (server * share(fill_cap, "fill cap"))
    return ceil(filled), filled


def _to_carry(dimension, demand, spare_hosts):
    taken = exact(demand.taken, dimension)
    short = taken - carried(demand.hosts, spare_hosts, demand.fill_cap)
    if short <= 0:
        return 0, short
    servers, filled = _linear(
        dimension, as_decimal(short), demand.server, demand.fill_cap
    )
    hosts = list(demand.hosts) + [demand.server] * servers
    while carried(hosts, spare_hosts, demand.fill_cap) < taken:
        hosts.append(demand.server)
    return len(hosts) - len(demand.hosts), filled
