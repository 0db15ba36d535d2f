"""Price 100,000 quantities through graduated prices, against the bare arithmetic.

    python3 tests/load/pricing.py [quantities]

Prints, per number of tiers, how many times as long ``pricing.rate`` takes as a loop
that does nothing but the Decimal multiplications and additions of the same tiers.
A ratio says more than seconds: it is much the same on a fast and on a slow machine.
"""

import random
import sys
import time
from decimal import Decimal
from pathlib import Path

# Not this folder, whose file bears the package's name.
sys.path[0] = str(Path(__file__).resolve().parents[2] / "addons/iaas_contract")

from pricing import Price, Tier, rate  # noqa: E402

QUANTITIES = 100_000
ROUNDS = 3


def graduated(count):
    """A graduated price of ``count`` tiers, the last one open."""
    return Price(
        "graduated",
        tiers=[
            Tier(
                up_to=100 * (number + 1) if number + 1 < count else None,
                unit_price=Decimal("0.1200") - Decimal("0.0007") * number,
                flat_fee=Decimal("0.5"),
            )
            for number in range(count)
        ],
    )


def bare(price, quantity):
    """The least that can be done: no checks, no context, no free units, no limits."""
    amount = below = Decimal(0)
    for tier in price.tiers:
        top = tier.up_to
        if top is None or quantity <= top:
            return amount + (quantity - below) * tier.unit_price + tier.flat_fee
        amount += (top - below) * tier.unit_price + tier.flat_fee
        below = top
    return amount


def best_time(function, price, quantities):
    """The shortest of some rounds: the others were disturbed."""
    times = []
    for _round in range(ROUNDS):
        start = time.perf_counter()
        for quantity in quantities:
            function(price, quantity)
        times.append(time.perf_counter() - start)
    return min(times)


def main(count=QUANTITIES):
    source = random.Random(3)
    print(f"{count} quantities  bare arithmetic  pricing.rate  ratio")
    for tiers in (1, 3, 10, 50):
        price = graduated(tiers)
        quantities = [
            Decimal(source.randrange(1, tiers * 130_000)) / 1000 for _ in range(count)
        ]
        for quantity in quantities[:200]:
            assert rate(price, quantity) == bare(price, quantity)
        least = best_time(bare, price, quantities)
        taken = best_time(rate, price, quantities)
        print(
            f"{tiers:>3} tiers {least:>20.2f} s {taken:>11.2f} s {taken / least:>6.1f}"
        )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
