"""Charge models: the examples of billing_rules.md and properties of each model."""

import ast
from decimal import Decimal, getcontext, localcontext
from pathlib import Path

import pricing
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pricing import (
    CHARGE_MODELS,
    Price,
    Tier,
    base_amount,
    rate,
    tier_charges,
    volume_dips,
)
from pricing.numbers import exact

D = Decimal
quantities = st.decimals(0, 10**9, places=6)
prices = st.decimals(0, 10**4, places=8)
percents = st.decimals(0, 100, places=4)


@st.composite
def bounded_tiers(draw):
    bounds = sorted(draw(st.sets(st.decimals("0.001", 10**6, places=3), max_size=5)))
    return [
        Tier(
            up_to=bound,
            unit_price=draw(prices),
            flat_fee=draw(prices),
            rate_percent=draw(percents),
        )
        for bound in [*bounds, None]
    ]


@st.composite
def block_tiers(draw):
    size = st.decimals("0.5", 1000, places=2)
    count = draw(st.integers(1, 4))
    return [
        Tier(
            block_size=draw(size),
            max_blocks=draw(st.integers(1, 50)) if number < count else None,
            unit_price=draw(prices),
            flat_fee=draw(prices),
        )
        for number in range(1, count + 1)
    ]


@st.composite
def any_price(draw, **values):
    model = draw(st.sampled_from(CHARGE_MODELS))
    tiers = draw(block_tiers() if model == "block" else bounded_tiers())
    if model == "percentage":
        # Without the events only the plain rate can be charged.
        values.setdefault("rate_percent", draw(percents))
    return Price(
        charge_model=model,
        unit_price=draw(prices),
        package_size=draw(st.decimals("0.1", 1000, places=1)),
        package_price=draw(prices),
        free_units=draw(st.decimals(0, 1000, places=3)),
        free_amount=draw(st.decimals(0, 1000, places=2)),
        tiers=tiers,
        block_policy=draw(st.sampled_from(["all_tiers", "top_tier"])),
        **values,
    )


class TestExamples:
    def test_graduated(self):
        tiers = [
            Tier(up_to=10, unit_price=2, flat_fee=1),
            Tier(unit_price=1, flat_fee=5),
        ]
        price = Price("graduated", tiers=tiers)
        assert rate(price, 12) == 28
        assert rate(price, 10) == 21, "the bound belongs to the lower tier"
        assert rate(price, D("10.5")) == D("26.5")
        assert rate(price, 0) == 0
        at_zero = Price("graduated", tiers=tiers, flat_fee_at_zero=True)
        assert rate(at_zero, 0) == 1
        assert rate(at_zero, 12) == 28

    def test_volume(self):
        price = Price(
            "volume", tiers=[Tier(up_to=10, unit_price=2), Tier(unit_price=1)]
        )
        assert rate(price, 12) == 12
        assert rate(price, 10) == 20
        assert volume_dips(price) == [(10, 20, 10)]
        rising = [Tier(up_to=10, unit_price=2), Tier(unit_price=1, flat_fee=10)]
        assert volume_dips(Price("volume", tiers=rising)) == []
        with_fee = [Tier(up_to=5, flat_fee=3), Tier(unit_price=1)]
        assert rate(Price("volume", tiers=with_fee, flat_fee_at_zero=True), 0) == 3

    def test_package(self):
        price = Price("package", package_size=10, package_price=3, free_units=5)
        assert rate(price, 26) == 9
        assert rate(price, 5) == 0
        assert rate(price, D("5.0000001")) == 3
        assert rate(price, 15) == 3

    def test_standard(self):
        assert rate(Price(unit_price="0.0125"), "720") == 9
        assert rate(Price(unit_price=2, free_units=10), 12) == 4
        assert rate(Price(unit_price=2, free_units=10), 3) == 0

    def test_percentage(self):
        price = Price("percentage", rate_percent=1, fixed_per_event="0.10")
        assert rate(price, 500, [100, 150, 250]) == D("5.30")
        assert rate(price, 0) == 0
        assert rate(Price("percentage", rate_percent=1), 500) == 5
        with pytest.raises(ValueError, match="needs the events"):
            rate(price, 500)

    def test_percentage_limits_per_event(self):
        price = Price("percentage", rate_percent=10, min_per_event=1, max_per_event=20)
        assert rate(price, 0, [5, 50, 500]) == 1 + 5 + 20

    def test_percentage_free_events_come_first_in_time(self):
        price = Price("percentage", rate_percent=10, fixed_per_event=1, free_events=1)
        assert rate(price, 0, [(2, D(100)), (1, D(900), "key")]) == 11

    def test_percentage_free_amount(self):
        price = Price("percentage", rate_percent=10, fixed_per_event=1, free_amount=150)
        # 100 is covered whole, 50 of the next 80 too, the fee of that one is due.
        assert rate(price, 0, [100, 80, 10]) == 4 + 2

    def test_graduated_percentage(self):
        price = Price(
            "graduated_percentage",
            tiers=[Tier(up_to=1000, rate_percent=2, flat_fee=5), Tier(rate_percent=1)],
        )
        assert rate(price, 1500) == 5 + 20 + 5
        assert rate(price, 0, [600, 900]) == 30

    def test_dynamic(self):
        assert rate(Price("dynamic"), 2, ["1.10", "2.205"]) == D("3.305")

    def test_block(self):
        tiers = [
            Tier(block_size=10, max_blocks=2, unit_price=5),
            Tier(block_size=100, unit_price=30),
        ]
        price = Price("block", tiers=tiers)
        assert rate(price, 1) == 5, "a block is charged whole once begun"
        assert rate(price, 20) == 10
        assert rate(price, D("20.01")) == 40
        assert rate(price, 121) == 70
        top = Price("block", tiers=tiers, block_policy="top_tier")
        assert rate(top, 20) == 10
        assert rate(top, 121) == 60

    def test_order_of_steps(self):
        price = Price(unit_price=1, free_units=10, min_amount=20, max_amount=50)
        assert rate(price, 110, discount_percent=40) == 50, "discount, then maximum"
        assert rate(price, 35, discount_percent=50) == 20, "discount, then minimum"
        assert rate(price, 35, discount_percent=50, last_slice=False) == D("12.5")
        assert rate(price, 60, already_charged=30) == 20, "one maximum for a period"
        assert rate(price, 10, already_charged=15) == 5, "one minimum for a period"
        assert rate(price, 10, already_charged=60) == 0


class TestRefusals:
    @pytest.mark.parametrize("quantity", ["NaN", "Infinity", "-1", D("-0.001"), "x"])
    def test_quantity(self, quantity):
        with pytest.raises(ValueError, match="quantity"):
            rate(Price(unit_price=1), quantity)

    def test_binary_float(self):
        with pytest.raises(TypeError, match="quantity"):
            rate(Price(unit_price=1), 0.5)
        with pytest.raises(TypeError, match="unit_price"):
            Price(unit_price=0.1)

    @pytest.mark.parametrize("model", ["graduated", "volume", "graduated_percentage"])
    @pytest.mark.parametrize(
        "bounds",
        [[], [10], [None, None], [None, 10], [10, 10, None], [10, 5, None], [0, None]],
    )
    def test_bounds(self, model, bounds):
        with pytest.raises(ValueError, match="tier"):
            Price(model, tiers=[Tier(up_to=bound) for bound in bounds])

    @pytest.mark.parametrize(
        "blocks",
        [[], [(1, 2)], [(1, None), (1, None)], [(1, 0), (1, None)], [(0, None)]],
    )
    def test_blocks(self, blocks):
        with pytest.raises(ValueError, match="tier"):
            Price(
                "block",
                tiers=[Tier(block_size=size, max_blocks=most) for size, most in blocks],
            )

    @pytest.mark.parametrize(
        "values",
        [
            {"charge_model": "magic"},
            {"charge_model": "package"},
            {"unit_price": -1},
            {"min_amount": 2, "max_amount": 1},
            {"charge_model": "percentage", "min_per_event": 2, "max_per_event": 1},
            {"free_events": "1.5"},
            {"block_policy": "none"},
        ],
    )
    def test_price(self, values):
        with pytest.raises(ValueError):
            Price(**values)

    def test_discount(self):
        with pytest.raises(ValueError, match="discount"):
            rate(Price(unit_price=1), 1, discount_percent=101)


class TestProperties:
    @given(any_price(), quantities)
    def test_never_negative_and_exact_in_any_context(self, price, quantity):
        amount = rate(price, quantity)
        assert amount >= 0
        with localcontext() as context:
            context.prec = 3
            assert str(rate(price, quantity)) == str(amount)

    @given(any_price(), quantities)
    def test_tiers_add_up(self, price, quantity):
        charges = tier_charges(price, quantity)
        if charges:
            with exact():
                total = sum(charge.amount for charge in charges)
            assert total == base_amount(price, quantity)

    @given(bounded_tiers(), quantities)
    def test_graduated_units_partition_the_quantity(self, tiers, quantity):
        charges = tier_charges(Price("graduated", tiers=tiers), quantity)
        assert sum(charge.units for charge in charges) == quantity

    @given(bounded_tiers(), quantities, quantities)
    def test_graduated_never_falls(self, tiers, one, other):
        price = Price("graduated", tiers=tiers)
        assert rate(price, min(one, other)) <= rate(price, max(one, other))

    @given(bounded_tiers(), quantities, quantities)
    def test_volume_never_falls_without_a_dip(self, tiers, one, other):
        price = Price("volume", tiers=tiers)
        if not volume_dips(price):
            assert rate(price, min(one, other)) <= rate(price, max(one, other))

    @given(block_tiers(), quantities)
    def test_block_equals_the_blocks_begun(self, tiers, quantity):
        charges = tier_charges(Price("block", tiers=tiers), quantity)
        assert sum(charge.units for charge in charges) == quantity
        for charge in charges:
            begun = charge.blocks * charge.tier.block_size
            assert begun - charge.tier.block_size < charge.units <= begun

    @given(prices, quantities)
    def test_models_agree_where_they_mean_the_same(self, unit_price, quantity):
        tier = [Tier(unit_price=unit_price)]
        expected = rate(Price(unit_price=unit_price), quantity)
        assert rate(Price("graduated", tiers=tier), quantity) == expected
        assert rate(Price("volume", tiers=tier), quantity) == expected
        one_unit_blocks = Price(
            "block", tiers=[Tier(unit_price=unit_price, block_size=1)]
        )
        package = Price("package", package_size=1, package_price=unit_price)
        assert rate(one_unit_blocks, quantity) == rate(package, quantity)

    @given(any_price(), quantities, st.decimals(0, 100, places=3))
    def test_discount_is_exact(self, price, quantity, discount):
        amount = rate(price, quantity, discount_percent=discount)
        with exact():
            assert amount * 100 == base_amount(price, quantity) * (100 - discount)

    @given(
        st.lists(st.decimals(0, 10**6, places=2), min_size=1, max_size=8),
        percents,
    )
    def test_events_or_their_total_come_to_the_same(self, amounts, percent):
        for price in (
            Price("percentage", rate_percent=percent, free_amount=100),
            Price("graduated_percentage", tiers=[Tier(rate_percent=percent)]),
            Price("dynamic"),
        ):
            assert rate(price, 0, amounts) == rate(price, sum(amounts))

    @given(
        st.lists(quantities, min_size=1, max_size=6),
        st.decimals(0, 10**9, places=2),
        st.decimals(0, 10**9, places=2),
    )
    def test_slices_keep_to_the_limits_of_the_period(self, parts, one, other):
        low, high = sorted((one, other))
        price = Price(unit_price=1, min_amount=low, max_amount=high)
        charged = D(0)
        for number, part in enumerate(parts, start=1):
            charged += rate(
                price,
                part,
                already_charged=charged,
                last_slice=number == len(parts),
            )
        assert charged == rate(price, sum(parts))

    def test_forty_digits_survive(self):
        unit_price = D("0." + "1234567890" * 4)
        quantity = D("9876543210" * 4)
        product = int("9876543210" * 4) * int("1234567890" * 4)
        with exact():
            assert rate(Price(unit_price=unit_price), quantity) == D(product).scaleb(
                -40
            )

    def test_the_callers_context_is_left_alone(self):
        before = str(getcontext())
        rate(Price(unit_price="0.1"), "0.3")
        assert str(getcontext()) == before


def test_no_binary_float_in_the_pricing_code():
    for path in Path(pricing.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            literal = isinstance(node, ast.Constant) and isinstance(node.value, float)
            call = isinstance(node, ast.Name) and node.id == "float"
            assert not literal and not call, f"{path.name}:{node.lineno}"
