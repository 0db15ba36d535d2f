"""What the contracts of the crash tests come to."""

from decimal import Decimal

CONTRACTS = 12
SERVER = Decimal(80)
TRAFFIC = Decimal("0.085")


def used(month):
    """Units of traffic in a month of 2026."""
    return 100 * month


def expected(month):
    """What a contract comes to in a month, without tax."""
    return SERVER + TRAFFIC * used(month)
