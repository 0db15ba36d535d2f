"""How the yearly revenue is spread over the accounts: ten of them bring 55 %."""

import random

TOP_SHARE = 0.55
# The ten largest accounts, as shares of all revenue; they add up to TOP_SHARE.
TOP = (0.118, 0.089, 0.072, 0.061, 0.052, 0.044, 0.036, 0.031, 0.026, 0.021)
MINIMUM_ACCOUNTS = 30
# Revenue of an average account outside the top ten, in USD a year.
REST_YEARLY_MEAN = 38_000
REST_YEARLY_LEAST = 1_400


def rest_amounts(seed, count):
    """Yearly USD of ``count`` accounts outside the top ten, the largest first.

    Log-normal, as customers' spending is, and well under the tenth account's.
    """
    if count + len(TOP) < MINIMUM_ACCOUNTS:
        raise ValueError(
            f"{count + len(TOP)} accounts are too few for ten of them to bring "
            f"{TOP_SHARE:.0%} of the revenue plausibly; at least {MINIMUM_ACCOUNTS}"
        )
    rng = random.Random(f"{seed}:revenue")
    weights = sorted((rng.lognormvariate(0, 1.0) for _ in range(count)), reverse=True)
    mean = sum(weights) / count
    ceiling = 0.5 * top_amounts(REST_YEARLY_MEAN * count)[-1]
    return [
        min(ceiling, max(REST_YEARLY_LEAST, REST_YEARLY_MEAN * weight / mean))
        for weight in weights
    ]


def top_amounts(rest_total):
    """Yearly USD of the ten largest accounts beside a ``rest_total``."""
    total = rest_total / (1 - TOP_SHARE)
    return [share * total for share in TOP]
