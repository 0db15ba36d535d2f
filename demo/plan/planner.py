"""The whole plan of the demo company, calibrated to its revenue."""

import random
from dataclasses import dataclass
from datetime import timedelta

from . import agreements, people, portfolio, products, revenue
from .calendar import month_end

LARGE_YEARLY = 60_000
PASSES = 4


@dataclass(frozen=True)
class Plan:
    """Everything that the demo will create, and how revenue is expected to fall."""

    seed: int
    window: object
    products: dict
    customers: list
    agreements: list
    orders: list
    # yearly revenue in USD expected of each customer, by index
    expected: dict

    def account(self, customer):
        """The index of the customer that heads the group of ``customer``."""
        return customer.index if customer.parent is None else customer.parent

    def expected_by_account(self):
        """Expected revenue by the index of the group's head."""
        totals = {}
        for customer in self.customers:
            account = self.account(customer)
            amount = self.expected.get(customer.index, 0.0)
            totals[account] = totals.get(account, 0.0) + amount
        return totals

    def is_large(self, customer, by_account):
        """Whether the customer is served one-to-one: its group brings enough."""
        return by_account[self.account(customer)] >= LARGE_YEARLY


def top_share(totals, count=10):
    """The share of the ``count`` largest of ``totals``."""
    amounts = sorted(totals, reverse=True)
    return float(sum(amounts[:count])) / float(sum(amounts))


def graduated(tiers, quantity):
    """The amount of ``quantity`` over ``tiers``, each pricing what falls in it."""
    amount, lower = 0.0, 0.0
    for up_to, price in tiers:
        upper = quantity if up_to is None else min(quantity, float(up_to))
        amount += max(0.0, upper - lower) * float(price)
        lower = upper
    return amount


def expected_revenue(agreement, orders, window, catalogue):
    """What periods that ended by the end of the window will have billed, in USD."""
    through = agreement.billed_through(window.until)
    total = 0.0
    for order in orders:
        for rented in order.lines:
            product = catalogue[rented.product]
            off = 1 - agreement.discount(product.family) / 100
            last = through if rented.end is None else min(through, rented.end)
            total += off * _resource_revenue(product, rented, last)
    return total


def _resource_revenue(product, rented, last):
    total, first = 0.0, rented.start
    price = product.price_in(rented.region)
    if product.kind == "one_time":
        return float(price * rented.quantity) if first <= last else 0.0
    while first <= last:
        end = min(month_end(first), last)
        if product.is_usage:
            units = rented.usage.expected(rented.start, first, end)
            if price is None:
                total += graduated(product.tiers, units)
            else:
                total += units * float(price)
        else:
            share = ((end - first).days + 1) / month_end(first).day
            total += share * float(price * rented.quantity)
        first = end + timedelta(days=1)
    return total


def _accounts(customers):
    """Members of each account: first the top ten, groups among them, then the rest."""
    members = {}
    for customer in customers:
        head = customer.index if customer.parent is None else customer.parent
        members.setdefault(head, []).append(customer)
    groups = [group for group in members.values() if len(group) > 1]
    singles = [group for group in members.values() if len(group) == 1]
    groups.sort(key=lambda group: (-len(group), group[0].index))
    top = [
        (groups if place % 3 == 0 and groups else singles).pop(0)
        for place in range(len(revenue.TOP))
    ]
    return top, sorted(groups + singles, key=lambda group: group[0].index)


def _by_customer(accounts, amounts):
    """The amount of each account, spread over its members, the head first."""
    wanted = {}
    for amount, group in zip(amounts, accounts, strict=True):
        weights = [3.0] + [2.0 / place for place in range(1, len(group))]
        for weight, customer in zip(weights, group, strict=True):
            wanted[customer] = amount * weight / sum(weights)
    return wanted


class _Planner:
    def __init__(self, seed, window):
        self.seed, self.window = seed, window
        self.catalogue = products.make_products()
        self.agreements, self.orders, self.expected = [], [], {}

    def add(self, customer, yearly, is_top):
        """Plan what ``customer`` signs and orders; the top ten reach their amount."""
        stage = agreements.stage_of(self.seed, customer.index, is_top)
        agreement = agreements.make_agreement(
            self.seed, customer, stage, self.window, yearly, is_top
        )
        if agreement is None:
            return
        self.agreements.append(agreement)
        if stage not in ("running", "ended"):
            return
        monthly = yearly / 12
        for _ in range(PASSES if is_top else 1):
            orders = portfolio.make_orders(
                self.seed, customer, agreement, self.window, self.catalogue, monthly
            )
            amount = expected_revenue(agreement, orders, self.window, self.catalogue)
            monthly *= yearly * self.window.months / 12 / amount if amount else 1
        self.orders += orders
        self.expected[customer.index] = amount


def make_plan(seed, count, window):
    """The plan for ``count`` customers over ``window``."""
    customers = people.make_customers(seed, count)
    top, rest = _accounts(customers)
    random.Random(f"{seed}:accounts").shuffle(rest)
    planner = _Planner(seed, window)
    amounts = revenue.rest_amounts(seed, len(rest))
    for customer, yearly in _by_customer(rest, amounts).items():
        planner.add(customer, yearly, False)
    rest_yearly = sum(planner.expected.values()) * 12 / window.months
    for customer, yearly in _by_customer(top, revenue.top_amounts(rest_yearly)).items():
        planner.add(customer, yearly, True)
    return Plan(
        seed,
        window,
        planner.catalogue,
        customers,
        sorted(planner.agreements, key=lambda agreement: agreement.customer),
        sorted(planner.orders, key=lambda order: (order.date, order.customer)),
        planner.expected,
    )
