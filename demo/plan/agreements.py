"""Framework contracts of the demo: terms, discounts and where each stands."""

import random
from dataclasses import dataclass, field
from datetime import date, timedelta

from .calendar import add_months, month_end

STAGES = ("prospect", "draft", "sent", "overdue", "running", "ended")
STAGE_WEIGHTS = (2, 3, 2, 2, 87, 4)
# USD a year from which a customer gets these weights of cycles.
CYCLES = (
    (60_000, {"month": 45, "quarter": 50, "half-year": 5}),
    (12_000, {"month": 22, "quarter": 58, "half-year": 20}),
    (0, {"month": 8, "quarter": 52, "half-year": 40}),
)
CYCLE_MONTHS = {"month": 1, "quarter": 3, "half-year": 6}
COMPUTE_DISCOUNTS = ((200_000, 18), (60_000, 14), (20_000, 10), (6_000, 6), (0, 0))


@dataclass(frozen=True)
class Agreement:
    """A framework contract; ``stage`` is one of ``STAGES``."""

    customer: int
    stage: str
    title: str
    start: date
    end: date
    cycle: str
    anchor_day: int
    settlement: str
    payment_days: int
    signature_deadline: date | None = None
    # product family -> percent, "" for the whole catalogue
    discounts: dict = field(default_factory=dict, hash=False)

    def discount(self, family):
        """The percentage off the list price of a product of ``family``."""
        return self.discounts.get(family, self.discounts.get("", 0))

    def billed_through(self, until):
        """The last day that periods ended on or before ``until`` cover."""
        last = min(until, self.end)
        if self.anchor_day:
            end = add_months(last.replace(day=1), 0).replace(day=self.anchor_day)
            end -= timedelta(days=1)
            end = end if end <= last else add_months(end, -1)
        else:
            end = month_end(last)
            while end > last or end.month % CYCLE_MONTHS[self.cycle]:
                end = month_end(add_months(end.replace(day=1), -1))
        return last if last == self.end else end


def stage_of(seed, customer, is_top):
    """Where the customer's contract stands; the largest accounts all run."""
    if is_top:
        return "running"
    rng = random.Random(f"{seed}:stage:{customer}")
    return rng.choices(STAGES, STAGE_WEIGHTS)[0]


def _discounts(rng, yearly):
    compute = next(rate for least, rate in COMPUTE_DISCOUNTS if yearly >= least)
    if not compute:
        return {}
    discounts = {"compute": compute, "database": max(compute - 4, 2)}
    if yearly >= 60_000:
        discounts["block_storage"] = 8
        discounts["eip"] = 12
    if yearly >= 200_000:
        discounts[""] = 5
    return discounts


def _term(rng, stage, window, is_top):
    """First and last day: most began with the window, some came in its course."""
    if stage == "ended":
        start = window.start
        ends = window.month_ends[len(window.month_ends) // 3 : -1]
        return start, rng.choice(ends or window.month_ends)
    if is_top:
        # Some of the largest come up for renewal now, which is what sales works on.
        months = window.months + rng.choice((1, 3, 12, 24, 24))
        return window.start, add_months(window.start, months) - timedelta(1)
    if rng.random() < 0.62:
        months = rng.choice((24, 36))
        return window.start, add_months(window.start, months) - timedelta(1)
    start = add_months(window.start, rng.randrange(1, max(2, window.months - 1)))
    return start, add_months(start, rng.choice((12, 12, 24))) - timedelta(1)


def make_agreement(seed, customer, stage, window, yearly, is_top):
    """The contract of ``customer``, worth ``yearly`` USD; none for a prospect."""
    if stage == "prospect":
        return None
    rng = random.Random(f"{seed}:agreement:{customer.index}")
    large = yearly >= 60_000
    cycle = "month"
    if not is_top:
        weights = next(weights for least, weights in CYCLES if yearly >= least)
        cycle = rng.choices(list(weights), list(weights.values()))[0]
    start, end = _term(rng, stage, window, is_top)
    anchor_day = 0
    if stage == "running" and cycle == "month" and not is_top and rng.random() < 0.15:
        anchor_day = rng.choice((5, 10, 15, 20))
        if start > window.start:
            start, end = start.replace(day=anchor_day), end + timedelta(anchor_day - 1)
    deadline = None
    if stage in ("draft", "sent", "overdue"):
        start = add_months(window.until.replace(day=1), rng.choice((2, 2, 3)))
        end = add_months(start, rng.choice((12, 24))) - timedelta(1)
        days = rng.randrange(5, 30)
        deadline = window.today + timedelta(-days if stage == "overdue" else days)
    return Agreement(
        customer=customer.index,
        stage=stage,
        title="Cloud services framework" if large else "Cloud services agreement",
        start=start,
        end=end,
        cycle=cycle,
        anchor_day=anchor_day,
        settlement="postpaid" if large or rng.random() < 0.9 else "prepaid",
        payment_days=rng.choice((30, 45) if large else (15, 30, 30)),
        signature_deadline=deadline,
        discounts=_discounts(rng, yearly),
    )
