"""Capacity and reorder arithmetic, free of Odoo, on ``Decimal`` and ``int`` only."""

from .capacity import (
    binding,
    host_effective,
    sellable,
    usable,
    utilisation,
)
from .reorder import (
    Demand,
    Need,
    servers_for_demand,
    servers_needed,
    stranded,
)

__all__ = [
    "Demand",
    "Need",
    "binding",
    "host_effective",
    "sellable",
    "servers_for_demand",
    "servers_needed",
    "stranded",
    "usable",
    "utilisation",
]
