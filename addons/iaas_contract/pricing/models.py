"""What is agreed: a price, its tiers, and what makes them sound."""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from decimal import Decimal

from .numbers import ZERO, to_unsigned, to_whole

CHARGE_MODELS = (
    "standard",
    "package",
    "graduated",
    "volume",
    "percentage",
    "graduated_percentage",
    "dynamic",
    "block",
)
#: Models that read a list of tiers.
TIERED_MODELS = ("graduated", "volume", "graduated_percentage", "block")
#: Models that price an amount of money carried by events, not a number of units.
EVENT_MODELS = ("percentage", "graduated_percentage", "dynamic")
BLOCK_POLICIES = ("all_tiers", "top_tier")

_WHOLE = ("free_events", "max_blocks")
_TEXT = ("charge_model", "block_policy")


class _Exact:
    """Turns the numbers of a frozen dataclass into exact ones, or refuses them."""

    def __post_init__(self):
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name in _TEXT or field.type is bool or value is None:
                continue
            if field.name == "tiers":
                number = tuple(value)
            else:
                convert = to_whole if field.name in _WHOLE else to_unsigned
                number = convert(value, field.name)
            object.__setattr__(self, field.name, number)


@dataclass(frozen=True)
class Tier(_Exact):
    """One step of a tiered price; what its model does not use is ignored.

    :param up_to: last quantity inside the tier, None for the last tier
    :param unit_price: price of a unit, in a block tier the price of a block
    :param flat_fee: charged once as soon as the tier is entered
    :param rate_percent: share of the amount, in percent
    :param block_size: units in a block
    :param max_blocks: blocks the tier holds, None for the last tier
    """

    up_to: Decimal | None = None
    unit_price: Decimal = ZERO
    flat_fee: Decimal = ZERO
    rate_percent: Decimal = ZERO
    block_size: Decimal = ZERO
    max_blocks: int | None = None


@dataclass(frozen=True)
class Price(_Exact):
    """One price under one of the charge models; refuses to exist when unsound.

    Fields that the charge model does not use are ignored. ``None`` means no limit
    for the maxima; zero means none for everything else.
    """

    charge_model: str = "standard"
    unit_price: Decimal = ZERO
    package_size: Decimal = ZERO
    package_price: Decimal = ZERO
    free_units: Decimal = ZERO
    rate_percent: Decimal = ZERO
    fixed_per_event: Decimal = ZERO
    min_per_event: Decimal = ZERO
    max_per_event: Decimal | None = None
    free_events: int = 0
    free_amount: Decimal = ZERO
    flat_fee_at_zero: bool = False
    block_policy: str = "all_tiers"
    min_amount: Decimal = ZERO
    max_amount: Decimal | None = None
    tiers: Iterable[Tier] = ()

    def __post_init__(self):
        super().__post_init__()
        check_price(self)


def check_price(price):
    """Raise a ValueError that says what is wrong with the price.

    >>> Price("graduated", tiers=[Tier(up_to=10), Tier(up_to=5), Tier()])
    Traceback (most recent call last):
    ...
    ValueError: tier 2: its bound 5 must be above the bound 10 of the tier before it
    """
    if price.charge_model not in CHARGE_MODELS:
        raise ValueError(f"unknown charge model: {price.charge_model!r}")
    if price.block_policy not in BLOCK_POLICIES:
        raise ValueError(f"unknown block policy: {price.block_policy!r}")
    if price.max_amount is not None and price.max_amount < price.min_amount:
        raise ValueError(
            f"the maximum charge {price.max_amount} is below "
            f"the minimum charge {price.min_amount}"
        )
    if price.charge_model == "package" and not price.package_size:
        raise ValueError("a package must hold more than 0 units")
    if (
        price.charge_model == "percentage"
        and price.max_per_event is not None
        and price.max_per_event < price.min_per_event
    ):
        raise ValueError(
            f"the maximum per event {price.max_per_event} is below "
            f"the minimum per event {price.min_per_event}"
        )
    if price.charge_model in TIERED_MODELS:
        if not price.tiers:
            raise ValueError(f"a {price.charge_model} price needs at least one tier")
        if price.charge_model == "block":
            _check_blocks(price.tiers)
        else:
            _check_bounds(price.tiers)


def _check_bounds(tiers):
    """Every quantity meets exactly one tier: bounds rise, and only the last is open."""
    previous = ZERO
    for number, tier in enumerate(tiers[:-1], start=1):
        if tier.up_to is None:
            raise ValueError(
                f"tier {number}: only the last tier may have no bound, "
                f"the tiers after it would never be met"
            )
        if tier.up_to <= previous:
            raise ValueError(
                f"tier {number}: its bound {tier.up_to} must be above "
                + (f"the bound {previous} of the tier before it" if number > 1 else "0")
            )
        previous = tier.up_to
    if tiers[-1].up_to is not None:
        raise ValueError(
            f"tier {len(tiers)}: the last tier must have no bound, "
            f"quantities above {tiers[-1].up_to} would meet no tier"
        )


def _check_blocks(tiers):
    """The same for blocks, whose bound is a number of blocks."""
    for number, tier in enumerate(tiers, start=1):
        if not tier.block_size:
            raise ValueError(f"tier {number}: a block must hold more than 0 units")
        last = number == len(tiers)
        if tier.max_blocks is None and not last:
            raise ValueError(
                f"tier {number}: only the last tier may hold any number of blocks, "
                f"the tiers after it would never be met"
            )
        if tier.max_blocks is not None and last:
            raise ValueError(
                f"tier {number}: the last tier must hold any number of blocks, "
                f"units beyond {tier.max_blocks} blocks would meet no tier"
            )
        if tier.max_blocks == 0:
            raise ValueError(f"tier {number}: it must hold at least one block")
