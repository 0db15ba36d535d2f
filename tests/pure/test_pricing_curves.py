"""The curve that the price form draws."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pricing import Price, Tier, curve, even_events, knots, rate

D = Decimal
GRADUATED = Price(
    "graduated",
    free_units=5,
    tiers=[
        Tier(up_to=10, unit_price=2, flat_fee=1),
        Tier(unit_price=1, flat_fee=5),
    ],
)


@given(st.decimals("0.01", 10**6, places=4), st.integers(1, 80))
def test_every_point_is_the_rated_amount_in_order(up_to, points):
    drawn = curve(GRADUATED, up_to, points)
    assert drawn[0][0] == 0
    assert drawn[-1][0] == up_to
    assert [q for q, _amount in drawn] == sorted({q for q, _amount in drawn})
    assert all(amount == rate(GRADUATED, q) for q, amount in drawn)


def test_a_jump_is_drawn_upright():
    drawn = dict(curve(GRADUATED, 40))
    just_past = D("15.00000004")
    assert drawn[D(15)] == 21
    assert drawn[just_past] == D("26.00000004")


@pytest.mark.parametrize(
    "price, up_to, expected",
    [
        (GRADUATED, 40, [5, 15]),
        (GRADUATED, 10, [5]),
        (Price("package", package_size=10, free_units=3), 35, [3, 13, 23, 33]),
        (
            Price(
                "block",
                tiers=[Tier(block_size=4, max_blocks=2), Tier(block_size=10)],
            ),
            30,
            [0, 4, 8, 18, 28],
        ),
        (Price("package", package_size="0.001"), 10**6, [0]),
        (
            Price(
                "block",
                tiers=[Tier(block_size=1, max_blocks=900), Tier(block_size=100)],
            ),
            1000,
            [0, 900, 1000],
        ),
        (
            Price("graduated_percentage", free_amount=7, tiers=[Tier(up_to=3), Tier()]),
            100,
            [7, 10],
        ),
    ],
)
def test_knots(price, up_to, expected):
    assert knots(price, D(up_to)) == expected


@given(st.decimals(0, 10**12, places=5), st.integers(1, 1000))
def test_even_events_add_up(total, count):
    events = even_events(total, count)
    assert len(events) == count
    assert sum(events) == total
    assert min(events) >= 0


def test_percentage_per_event():
    price = Price("percentage", rate_percent=1, fixed_per_event="0.10")
    assert dict(curve(price, 500, 1, events=3))[D(500)] == D("5.30")
