"""What a customer rents: orders of resources worth a given revenue."""

import random
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from .calendar import add_months
from .products import AWAY, HOME
from .usage import PATTERNS, Usage

# share of the bill per product, by the kind of business
MIXES = {
    "online": {
        "ecs-g8": 0.16,
        "ecs-c8": 0.13,
        "ecs-g4": 0.10,
        "ecs-g2": 0.06,
        "as-vcpu": 0.09,
        "rds-my4": 0.09,
        "dcs-r2": 0.04,
        "evs-ssd": 0.07,
        "obs-std": 0.06,
        "obs-req": 0.01,
        "net-out": 0.08,
        "lb-data": 0.01,
        "lb-app": 0.01,
        "eip": 0.01,
        "waf-pro": 0.03,
        "cbr-std": 0.02,
        "vpc-nat": 0.01,
        "ddos-adv": 0.02,
    },
    "enterprise": {
        "ecs-r8": 0.17,
        "ecs-m8": 0.12,
        "ecs-g8": 0.13,
        "ecs-g4": 0.10,
        "ecs-g2": 0.05,
        "rds-pg4": 0.13,
        "evs-ssd": 0.09,
        "evs-hdd": 0.04,
        "cbr-std": 0.05,
        "obs-std": 0.02,
        "vpc-vpn": 0.01,
        "vpc-nat": 0.01,
        "net-bw": 0.03,
        "waf-pro": 0.02,
        "lb-app": 0.01,
        "eip": 0.01,
        "net-out": 0.01,
    },
}
ONLINE = {"Software", "E-commerce", "Media and games", "Travel", "Education"}
# What is left of the budget after whole units: products sold in small steps.
FILLERS = {"online": "net-out", "enterprise": "cbr-std"}
STAGES_OF_FLEETS = ("production", "staging", "analytics")
# A customer of this monthly size is brought on board with a paid workshop.
ONBOARDING_FROM = 2500
# Of the customers so many rent in our second region too, and there so much of what
# is offered there.
ABROAD_CUSTOMERS, ABROAD_LINES = 0.3, 0.4
DAYS_PER_MONTH = Decimal("30.4")


@dataclass(frozen=True)
class Rented:
    """A line of an order: a quantity of one product from a day on."""

    key: str
    product: str
    label: str
    quantity: Decimal
    start: date
    end: date | None
    usage: Usage | None
    region: str | None = None


@dataclass(frozen=True)
class Order:
    """A call-off under a customer's contract."""

    customer: int
    date: date
    lines: tuple


def _is_measured_in_full(product):
    """Whether usage follows the quantity rented (hours, stored GiB) or stands alone."""
    return product.unit in ("hour", "gib_month") and product.code != "as-vcpu"


def _regions(seed, customer):
    """A function that tells in which region a customer rents a product."""
    rng = random.Random(f"{seed}:region:{customer.index}")
    is_abroad = rng.random() < ABROAD_CUSTOMERS

    def region(product):
        if not product.is_regional:
            return None
        return AWAY if is_abroad and rng.random() < ABROAD_LINES else HOME

    return region


def _quantity(product, budget, region):
    """Units that ``budget`` a month buys, and their usage per day."""
    price = product.month_price(region)
    if not product.is_usage:
        return budget / price, None
    if product.unit == "hour" and _is_measured_in_full(product):
        instances = budget / (price * 24 * DAYS_PER_MONTH * PATTERNS["fleet"].level)
        return instances, 24 * PATTERNS["fleet"].level
    if product.unit == "gib_month":
        return budget / price, 1 / DAYS_PER_MONTH
    return Decimal(1), budget / price / DAYS_PER_MONTH


def _whole(product, quantity):
    """Units as they are sold: whole ones, storage in steps that look chosen."""
    if product.capacity.get("disk"):
        step = 10 if quantity < 1000 else 100
        return Decimal(int(quantity / step + Decimal("0.5")) * step)
    return Decimal(int(quantity + Decimal("0.45")))


def _pattern(product, rng, kind):
    if product.unit == "hour" and product.code != "as-vcpu":
        return "fleet"
    if product.unit == "gib_month":
        return "stored"
    return "office" if kind == "enterprise" else rng.choice(("shop", "steady"))


def _split(rng, product, budget):
    """Large fleets are several groups, so that staging shows beside production."""
    if product.family in ("compute", "database") and budget > 9000:
        return zip(STAGES_OF_FLEETS, (0.62, 0.2, 0.18), strict=True)
    if product.family in ("compute", "database") and budget > 3000:
        return zip(STAGES_OF_FLEETS[:2], (0.75, 0.25), strict=True)
    return [("production", 1)]


def _order_dates(rng, agreement, window):
    """The first order starts the contract; later ones let the customer grow."""
    dates = [agreement.start]
    last = min(agreement.end, window.until)
    for _ in range(rng.choice((0, 1, 1, 2))):
        day = add_months(agreement.start, rng.randrange(1, 9)) + timedelta(
            days=rng.randrange(0, 20)
        )
        if day < last - timedelta(days=20):
            dates.append(day)
    return sorted(set(dates))


def make_orders(seed, customer, agreement, window, products, monthly):
    """Orders whose resources cost about ``monthly`` USD a month once all run."""
    rng = random.Random(f"{seed}:portfolio:{customer.index}")
    kind = "online" if customer.industry in ONLINE else "enterprise"
    dates = _order_dates(rng, agreement, window)
    budget, lines = Decimal(str(round(monthly, 2))), {day: [] for day in dates}
    left = budget
    region_of = _regions(seed, customer)

    def add(product, label, share_of_budget, whole=True):
        nonlocal left
        day = dates[0] if rng.random() < 0.72 else rng.choice(dates)
        stops = rng.random()
        growth = rng.choice((-0.01, 0, 0, 0.01, 0.015, 0.02, 0.03))
        spread = rng.uniform(0.03, 0.09)
        off = 1 - Decimal(agreement.discount(product.family)) / 100
        region = region_of(product)
        price = product.month_price(region)
        quantity, per_unit = _quantity(product, share_of_budget / off, region)
        quantity = _whole(product, quantity) if whole else quantity
        if quantity <= 0:
            return
        usage = None
        if product.is_usage:
            pattern = _pattern(product, rng, kind)
            scale = quantity if _is_measured_in_full(product) else 1
            usage = Usage(
                float(per_unit * scale),
                0.0 if pattern == "fleet" else growth,
                pattern,
                spread,
                24 * int(quantity) if pattern == "fleet" else None,
            )
            left -= off * price * per_unit * scale * DAYS_PER_MONTH
        else:
            left -= off * price * quantity
        end = agreement.end if agreement.stage == "ended" else None
        if end is None and stops < 0.04 and label != "production":
            end = min(window.until, add_months(day, 5)) - timedelta(days=9)
        lines[day].append(
            Rented(
                f"{customer.index}.{product.code}.{label}",
                product.code,
                label,
                quantity,
                day,
                end if end is None or end > day else None,
                usage,
                region,
            )
        )

    for code, share in MIXES[kind].items():
        product = products[code]
        amount = (
            budget * Decimal(str(share)) * Decimal(str(round(rng.uniform(0.7, 1.3), 3)))
        )
        for label, part in _split(rng, product, amount):
            add(product, label, amount * Decimal(str(part)))
    if left > 2:
        filler = products[FILLERS[kind]]
        if filler.unit == "gib_month":
            left = max(left, filler.month_price() * 10)
        add(filler, "archive" if filler.code == "cbr-std" else "edge", left)
    if monthly > ONBOARDING_FROM and rng.random() < 0.6:
        lines[dates[0]].append(
            Rented(
                f"{customer.index}.svc-onb",
                "svc-onb",
                "onboarding",
                Decimal(1),
                dates[0],
                None,
                None,
            )
        )
    return [
        Order(customer.index, day, tuple(rented))
        for day, rented in lines.items()
        if rented
    ]
