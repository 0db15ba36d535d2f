"""What a quantity costs and when a period ends: exact, pure, free of Odoo.

Importable as ``odoo.addons.iaas_contract.pricing`` or, with the addon's folder on
the path, as ``pricing``. The rules are those of ``billing_rules.md``.
"""

from .changes import change_range
from .commitment import committed, reaches, shortfall
from .curves import curve, even_events, knots, reach
from .models import (
    CHARGE_MODELS,
    EVENT_MODELS,
    TIERED_MODELS,
    Price,
    Tier,
    check_price,
)
from .periods import CYCLES, billing_periods, day_start, full_period
from .proration import prorate, prorate_segments
from .rating import TierCharge, base_amount, rate, tier_charges, volume_dips
from .resolution import (
    Rule,
    Stretch,
    dimension_key,
    find_price,
    parse_dimension_key,
    prices_in_force,
    timeline,
)
from .rounding import allocate, round_half_up

__all__ = [
    "CHARGE_MODELS",
    "CYCLES",
    "EVENT_MODELS",
    "TIERED_MODELS",
    "Price",
    "Rule",
    "Stretch",
    "Tier",
    "TierCharge",
    "allocate",
    "base_amount",
    "billing_periods",
    "change_range",
    "check_price",
    "committed",
    "curve",
    "day_start",
    "dimension_key",
    "even_events",
    "find_price",
    "full_period",
    "knots",
    "parse_dimension_key",
    "prices_in_force",
    "prorate",
    "prorate_segments",
    "rate",
    "reach",
    "reaches",
    "round_half_up",
    "shortfall",
    "tier_charges",
    "timeline",
    "volume_dips",
]
