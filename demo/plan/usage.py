"""Daily usage of a resource: a level, its growth, the week and some weather."""

import random
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal


@dataclass(frozen=True)
class Pattern:
    """Factors of the days of a week, Monday first, one on average."""

    week: tuple
    level: Decimal = Decimal(1)


PATTERNS = {
    "fleet": Pattern((1, 1, 1, 1, 1, 1, 1), Decimal("0.96")),
    "stored": Pattern((1, 1, 1, 1, 1, 1, 1)),
    "steady": Pattern((1.02, 1.03, 1.02, 1.02, 1.01, 0.95, 0.95)),
    "office": Pattern((1.2, 1.24, 1.23, 1.2, 1.13, 0.52, 0.48)),
    "shop": Pattern((0.94, 0.92, 0.93, 0.97, 1.06, 1.11, 1.07)),
}
SCALE = 10_000


@dataclass(frozen=True)
class Usage:
    """``per_day`` units on an average day at the start, never above ``ceiling``."""

    per_day: float
    growth: float
    pattern: str
    spread: float
    ceiling: int | None

    def expected(self, start, first, last):
        """The units of the days ``first`` to ``last`` without weather."""
        days = (last - first).days + 1
        if days <= 0:
            return 0.0
        middle = ((first - start).days + days / 2) / 30.4
        return self.per_day * days * (1 + self.growth) ** middle


def daily(seed, key, usage, start, last):
    """Pairs of a day and the text of the units used on it, the same for a seed.

    The text has four decimals. A day's value depends on the days before it only
    through the sequence of draws, so a longer year begins with the same days.
    """
    rng = random.Random(f"{seed}:usage:{key}")
    week = PATTERNS[usage.pattern].week
    step = (1 + usage.growth) ** (1 / 30.4)
    level = usage.per_day * SCALE
    ceiling = None if usage.ceiling is None else usage.ceiling * SCALE
    low, span = 1 - usage.spread, 2 * usage.spread
    draw, weekday = rng.random, start.weekday()
    for offset in range((last - start).days + 1):
        units = int(level * week[(weekday + offset) % 7] * (low + span * draw()))
        if ceiling is not None and units > ceiling:
            units = ceiling
        yield start + timedelta(days=offset), f"{units // SCALE}.{units % SCALE:04d}"
        level *= step
