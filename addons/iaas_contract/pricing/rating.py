"""From a price and a quantity to an exact amount."""

from dataclasses import dataclass
from decimal import Decimal

from .models import Tier
from .numbers import HUNDREDTH, ZERO, exact, to_decimal, to_unsigned


@dataclass(frozen=True)
class TierCharge:
    """What one tier contributes: ``units`` priced, ``blocks`` begun, ``amount``."""

    tier: Tier
    units: Decimal
    amount: Decimal
    blocks: int = 0


def rate(
    price,
    quantity,
    events=(),
    *,
    discount_percent=ZERO,
    already_charged=ZERO,
    last_slice=True,
):
    """The exact charge for a quantity: free units, tiers or packages, contract
    discount, maximum charge, minimum charge, in this order.

    :param events: for the models that price an amount carried by events, their
        amounts in the order of time, or ``(time, amount, ...)`` in any order;
        without them the quantity is the amount
    :param discount_percent: the contract's discount, 0 to 100
    :param already_charged: what earlier slices of the same period came to; the
        maximum and the minimum hold for the period as a whole
    :param last_slice: whether this is the period's last slice, on which alone
        the minimum is due

    >>> from pricing import Price, Tier
    >>> first = Tier(up_to=10, unit_price=2, flat_fee=1)
    >>> rate(Price("graduated", tiers=[first, Tier(unit_price=1, flat_fee=5)]), 12)
    Decimal('28')
    >>> rate(Price("package", package_size=10, package_price=3, free_units=5), 26)
    Decimal('9')
    >>> percentage = Price("percentage", rate_percent=1, fixed_per_event="0.10")
    >>> rate(percentage, 500, [100, 150, 250])
    Decimal('5.30')
    >>> rate(Price(unit_price=2, max_amount=15), 10, discount_percent=50)
    Decimal('10.00')
    """
    discount = to_unsigned(discount_percent, "discount_percent")
    if discount > 100:
        raise ValueError(f"discount_percent must not be above 100: {discount}")
    charged = to_decimal(already_charged, "already_charged")
    quantity = to_unsigned(quantity, "quantity")
    amounts = _event_amounts(events)
    with exact():
        amount = _MODELS[price.charge_model](price, quantity, amounts)
        if discount:
            amount = amount * (100 - discount) * HUNDREDTH
        if price.max_amount is not None:
            amount = min(amount, max(price.max_amount - charged, ZERO))
        if last_slice:
            amount = max(amount, price.min_amount - charged)
        return amount


def base_amount(price, quantity, events=()):
    """The exact amount before discount, maximum and minimum charge."""
    quantity = to_unsigned(quantity, "quantity")
    amounts = _event_amounts(events)
    with exact():
        return _MODELS[price.charge_model](price, quantity, amounts)


def tier_charges(price, quantity, events=()):
    """What each entered tier of a tiered price contributes, adding up to
    :func:`base_amount`; nothing for the other models."""
    quantity = to_unsigned(quantity, "quantity")
    amounts = _event_amounts(events)
    split = _SPLITS.get(price.charge_model)
    with exact():
        return split(price, quantity, amounts) if split else []


def volume_dips(price):
    """The bounds of a volume price past which more units cost less in all.

    :return: list of ``(bound, amount at the bound, amount just above it)``

    >>> from pricing import Price, Tier
    >>> tiers = [Tier(up_to=10, unit_price=2), Tier(unit_price=1)]
    >>> volume_dips(Price("volume", tiers=tiers))
    [(Decimal('10'), Decimal('20'), Decimal('10'))]
    """
    if price.charge_model != "volume":
        return []
    dips = []
    with exact():
        for below, above in zip(price.tiers, price.tiers[1:], strict=False):
            at_bound = below.up_to * below.unit_price + below.flat_fee
            past_bound = below.up_to * above.unit_price + above.flat_fee
            if past_bound < at_bound:
                dips.append((below.up_to, at_bound, past_bound))
    return dips


def _event_amounts(events):
    """The amounts the events carry, in the order of time."""
    events = list(events)
    if events and isinstance(events[0], (tuple, list)):
        events = [event[1] for event in sorted(events, key=lambda event: event[0])]
    return [to_unsigned(amount, "event amount") for amount in events]


def _ceil_div(dividend, divisor):
    return int(dividend // divisor) + (1 if dividend % divisor else 0)


def _chargeable(price, quantity):
    return max(quantity - price.free_units, ZERO)


def _chargeable_amount(price, quantity, amounts):
    total = sum(amounts, ZERO) if amounts else quantity
    return max(total - price.free_amount, ZERO)


def _standard(price, quantity, amounts):
    return _chargeable(price, quantity) * price.unit_price


def _package(price, quantity, amounts):
    packages = _ceil_div(_chargeable(price, quantity), price.package_size)
    return packages * price.package_price


def _percentage(price, quantity, amounts):
    if not amounts:
        return _percentage_of_total(price, quantity)
    total = ZERO
    free = price.free_amount
    for amount in amounts[price.free_events :]:
        if free and amount <= free:
            free -= amount
            continue
        fee = (amount - free) * price.rate_percent * HUNDREDTH + price.fixed_per_event
        free = ZERO
        fee = max(fee, price.min_per_event)
        if price.max_per_event is not None:
            fee = min(fee, price.max_per_event)
        total += fee
    return total


def _percentage_of_total(price, quantity):
    counts_events = (
        price.fixed_per_event
        or price.min_per_event
        or price.max_per_event is not None
        or price.free_events
    )
    if quantity and counts_events:
        raise ValueError(
            "this percentage price charges per event: "
            "it needs the events, not only their total"
        )
    return _chargeable_amount(price, quantity, ()) * price.rate_percent * HUNDREDTH


def _dynamic(price, quantity, amounts):
    return sum(amounts, ZERO) if amounts else quantity


def _slices(price, quantity):
    """The entered tiers with the units that fall in each."""
    if not quantity and price.flat_fee_at_zero:
        yield price.tiers[0], ZERO
    below = ZERO
    for tier in price.tiers:
        if quantity <= below:
            return
        top = quantity if tier.up_to is None else min(quantity, tier.up_to)
        yield tier, top - below
        below = top


def _graduated(price, quantity, amounts):
    # The sum of _split_graduated, without making its records: the busiest model.
    amount = ZERO
    for tier, units in _slices(price, _chargeable(price, quantity)):
        amount += units * tier.unit_price + tier.flat_fee
    return amount


def _split_graduated(price, quantity, amounts):
    return [
        TierCharge(tier, units, units * tier.unit_price + tier.flat_fee)
        for tier, units in _slices(price, _chargeable(price, quantity))
    ]


def _split_graduated_percentage(price, quantity, amounts):
    amount = _chargeable_amount(price, quantity, amounts)
    return [
        TierCharge(tier, part, part * tier.rate_percent * HUNDREDTH + tier.flat_fee)
        for tier, part in _slices(price, amount)
    ]


def _split_volume(price, quantity, amounts):
    quantity = _chargeable(price, quantity)
    slices = list(_slices(price, quantity))
    if not slices:
        return []
    tier = slices[-1][0]
    return [TierCharge(tier, quantity, quantity * tier.unit_price + tier.flat_fee)]


def _split_block(price, quantity, amounts):
    quantity = _chargeable(price, quantity)
    charges = []
    if not quantity and price.flat_fee_at_zero:
        charges.append(TierCharge(price.tiers[0], ZERO, price.tiers[0].flat_fee))
    left = quantity
    for tier in price.tiers:
        if not left:
            break
        blocks = _ceil_div(left, tier.block_size)
        if tier.max_blocks is not None:
            blocks = min(blocks, tier.max_blocks)
        units = min(left, blocks * tier.block_size)
        left -= units
        amount = blocks * tier.unit_price + tier.flat_fee
        charges.append(TierCharge(tier, units, amount, blocks))
    if price.block_policy == "top_tier" and quantity:
        top = charges[-1].tier
        blocks = _ceil_div(quantity, top.block_size)
        amount = blocks * top.unit_price + top.flat_fee
        return [TierCharge(top, quantity, amount, blocks)]
    return charges


def _tiered(price, quantity, amounts):
    charges = _SPLITS[price.charge_model](price, quantity, amounts)
    return sum((charge.amount for charge in charges), ZERO)


_SPLITS = {
    "graduated": _split_graduated,
    "graduated_percentage": _split_graduated_percentage,
    "volume": _split_volume,
    "block": _split_block,
}
_MODELS = {
    "standard": _standard,
    "package": _package,
    "percentage": _percentage,
    "dynamic": _dynamic,
    **dict.fromkeys(_SPLITS, _tiered),
    "graduated": _graduated,
}
