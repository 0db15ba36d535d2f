"""The demo company's plan: the same for a seed, plausible, without doubles."""

from collections import Counter
from datetime import date
from decimal import Decimal

import pytest

from demo.plan import (
    agreements,
    calendar,
    market,
    people,
    planner,
    products,
    revenue,
    usage,
)

WINDOW = calendar.Window(date(2026, 10, 31), 12, date(2026, 11, 22))


@pytest.fixture(scope="module")
def plan():
    return planner.make_plan(19, 300, WINDOW)


def test_same_seed_same_plan(plan):
    assert planner.make_plan(19, 300, WINDOW) == plan


def test_other_seed_other_names(plan):
    other = planner.make_plan(20, 300, WINDOW)
    assert [c.name for c in other.customers] != [c.name for c in plan.customers]


def test_plan_does_not_depend_on_the_day_it_is_made(plan):
    later = planner.make_plan(
        19, 300, calendar.Window(date(2026, 10, 31), 12, date(2026, 11, 29))
    )
    assert later.orders == plan.orders
    assert later.customers == plan.customers


@pytest.mark.parametrize("seed", [1, 19, 77])
@pytest.mark.parametrize("count", [100, 300, 1000])
def test_ten_accounts_bring_55_percent(seed, count):
    totals = planner.make_plan(seed, count, WINDOW).expected_by_account()
    assert 0.54 <= planner.top_share(totals.values()) <= 0.56


@pytest.mark.parametrize("months", [3, 12])
def test_a_small_company_is_possible(months):
    window = calendar.Window(date(2026, 10, 31), months, date(2026, 11, 22))
    totals = planner.make_plan(19, 40, window).expected_by_account()
    assert 0.5 < planner.top_share(totals.values()) < 0.65


def test_rest_stays_below_the_top_ten():
    rest = revenue.rest_amounts(19, 280)
    top = revenue.top_amounts(sum(rest))
    assert rest == sorted(rest, reverse=True)
    assert rest[0] < top[-1]
    assert sum(top) / (sum(top) + sum(rest)) == pytest.approx(revenue.TOP_SHARE)


def test_too_few_accounts_are_refused():
    with pytest.raises(ValueError, match="too few"):
        revenue.rest_amounts(19, 10)


@pytest.mark.parametrize("count", [300, 3000])
def test_names_and_domains_are_unique(count):
    customers = people.make_customers(19, count)
    assert len(customers) == count
    assert len({customer.name for customer in customers}) == count
    assert len({customer.domain for customer in customers}) == count
    for customer in customers:
        emails = [contact.email for contact in customer.contacts]
        assert len(set(emails)) == len(emails)
        assert all(email.isascii() and email.endswith(".example") for email in emails)


def test_a_tenth_of_the_customers_is_in_groups(plan):
    heads = {c.parent for c in plan.customers if c.parent is not None}
    grouped = [c for c in plan.customers if c.parent is not None or c.index in heads]
    assert 0.08 <= len(grouped) / len(plan.customers) <= 0.13
    assert all(plan.customers[c.parent].parent is None for c in grouped if c.parent)


def test_catalogue():
    catalogue = products.make_products()
    assert 22 <= len(catalogue) <= 26
    families = {product.family for product in catalogue.values()}
    assert families == {
        "compute",
        "load_balancing",
        "elastic_scaling",
        "vpc",
        "block_storage",
        "object_storage",
        "eip",
        "database",
        "backup",
        "security",
        "iaas",
    }
    for product in catalogue.values():
        assert (product.price is None) != (not product.tiers)
        prices = [product.price] if product.price else [p for _, p in product.tiers]
        assert all(isinstance(price, Decimal) and price > 0 for price in prices)
        if product.tiers:
            assert product.tiers[-1][0] is None
    # dearer shapes cost more, and none is far from the market it was derived from
    assert (
        catalogue["ecs-g2"].price
        < catalogue["ecs-g4"].price
        < catalogue["ecs-g8"].price
    )
    assert Decimal("0.10") < catalogue["ecs-g2"].price < Decimal("0.13")


def test_orders_lie_inside_their_contract(plan):
    signed = {agreement.customer: agreement for agreement in plan.agreements}
    keys = [rented.key for order in plan.orders for rented in order.lines]
    assert len(keys) == len(set(keys))
    for order in plan.orders:
        agreement = signed[order.customer]
        assert agreement.start <= order.date <= min(agreement.end, WINDOW.until)
        for rented in order.lines:
            assert rented.quantity > 0
            assert rented.start == order.date
            assert rented.end is None or rented.start < rented.end <= agreement.end


def test_contracts_stand_everywhere(plan):
    stages = Counter(agreement.stage for agreement in plan.agreements)
    assert set(stages) == set(agreements.STAGES) - {"prospect"}
    assert stages["running"] > 0.8 * len(plan.customers)
    soon = [
        agreement
        for agreement in plan.agreements
        if agreement.stage == "running"
        and 0 < (agreement.end - WINDOW.today).days <= 60
    ]
    assert soon, "no contract is about to expire"


@pytest.mark.parametrize(
    ("cycle", "anchor", "until", "through"),
    [
        ("month", 0, date(2026, 10, 31), date(2026, 10, 31)),
        ("quarter", 0, date(2026, 10, 31), date(2026, 9, 30)),
        ("half-year", 0, date(2026, 10, 31), date(2026, 6, 30)),
        ("month", 15, date(2026, 10, 31), date(2026, 10, 14)),
    ],
)
def test_billed_through(cycle, anchor, until, through):
    agreement = agreements.Agreement(
        0, "running", "", WINDOW.start, date(2028, 1, 1), cycle, anchor, "postpaid", 30
    )
    assert agreement.billed_through(until) == through


def test_usage_is_a_prefix_of_a_longer_year():
    profile = usage.Usage(48.0, 0.02, "office", 0.05, None)
    short = list(usage.daily(19, "a", profile, date(2026, 1, 1), date(2026, 1, 31)))
    long = list(usage.daily(19, "a", profile, date(2026, 1, 1), date(2026, 3, 31)))
    assert long[:31] == short
    total = sum(Decimal(units) for _, units in long)
    expected = profile.expected(date(2026, 1, 1), date(2026, 1, 1), date(2026, 3, 31))
    assert float(total) == pytest.approx(expected, rel=0.03)


def test_usage_of_a_fleet_stays_under_its_hours():
    profile = usage.Usage(23.04, 0.0, "fleet", 0.09, 24)
    days = usage.daily(19, "b", profile, date(2026, 1, 1), date(2026, 12, 31))
    assert max(Decimal(units) for _, units in days) <= 24


def test_event_volume(plan):
    last = WINDOW.usage_end
    days = sum(
        (min(rented.end or last, last) - rented.start).days + 1
        for order in plan.orders
        for rented in order.lines
        if rented.usage
    )
    assert 500_000 <= days <= 1_000_000


def test_window():
    assert WINDOW.start == date(2025, 11, 1)
    assert len(WINDOW.month_ends) == 12
    assert WINDOW.month_ends[-1] == WINDOW.until
    assert WINDOW.usage_end == date(2026, 11, 21)
    with pytest.raises(ValueError, match="last day of a month"):
        calendar.Window(date(2026, 10, 30), 12, date(2026, 11, 22))


def test_two_regions(plan):
    """Hong Kong is dearer by what the public prices say, and some rent there."""
    assert market.hong_kong_factor() == Decimal("1.10")
    catalogue = plan.products
    general = catalogue["ecs-g4"]
    assert general.price_in("sg1") == general.price
    assert abs(general.price_in("hk1") / general.price - Decimal("1.10")) < Decimal(
        "0.002"
    )
    assert catalogue["eip"].price_in("hk1") == catalogue["eip"].price
    regions = Counter()
    for order in plan.orders:
        for rented in order.lines:
            assert (rented.region is None) != catalogue[rented.product].is_regional
            regions[rented.region] += 1
    assert 0.05 < regions["hk1"] / (regions["hk1"] + regions["sg1"]) < 0.25
