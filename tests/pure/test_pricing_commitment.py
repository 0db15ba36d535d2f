"""Commitments and spend bands: properties that hold for all amounts and days."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pricing import committed, prorate, reaches, round_half_up, shortfall
from pricing.numbers import exact

money = st.decimals(0, 10**9, places=4, allow_nan=False)
periods = st.integers(1, 366)


@st.composite
def stretches(draw):
    """Commitments over some of the days of a period."""
    days = draw(periods)
    left, parts = days, []
    for _number in range(draw(st.integers(1, 4))):
        used = draw(st.integers(0, left))
        parts.append((draw(money), used))
        left -= used
    return parts, days


@given(money, periods)
def test_a_whole_period_is_committed_to_as_agreed(amount, days):
    assert committed([(amount, days)], days) == amount


@given(money, periods, st.data())
def test_cutting_the_days_changes_nothing(amount, days, data):
    used = data.draw(st.integers(0, days))
    cut = data.draw(st.integers(0, used))
    whole = committed([(amount, used)], days)
    assert committed([(amount, cut), (amount, used - cut)], days) == whole
    assert whole == prorate(amount, used, days)


@given(stretches())
def test_committed_lies_between_nothing_and_the_most(case):
    parts, days = case
    total = committed(parts, days)
    assert 0 <= total <= max(amount for amount, _used in parts)


@given(money, money)
def test_shortfall_is_never_negative_and_makes_up_for_what_is_missing(
    commitment, billed
):
    missing = shortfall(commitment, billed)
    assert missing >= 0
    with exact():
        assert billed + missing >= commitment
        assert missing == 0 or billed + missing == commitment


@given(stretches(), money)
def test_rounded_shortfall_misses_less_than_half_a_cent(case, billed):
    commitment = committed(*case)
    billed = round_half_up(billed, 2)
    with exact():
        paid = billed + round_half_up(shortfall(commitment, billed), 2)
        assert paid - commitment >= Decimal("-0.005")


@given(st.lists(money, min_size=1, max_size=12), st.lists(money, max_size=12))
def test_a_term_never_costs_more_than_its_periods(commitments, bills):
    """Settled at the end, a good period makes up for a bad one."""
    bills = [*bills, *[Decimal(0)] * len(commitments)][: len(commitments)]
    with exact():
        term = shortfall(sum(commitments), sum(bills))
        periods = sum(map(shortfall, commitments, bills))
        assert term <= periods


@given(money, money, periods, st.data())
def test_more_spend_reaches_no_less(spend, band, days, data):
    used = data.draw(st.integers(0, days))
    more = data.draw(money)
    if reaches(spend, band, used, days):
        with exact():
            assert reaches(spend + more, band, used, days)


@given(money, periods)
def test_a_band_is_reached_exactly(band, days):
    assert reaches(band, band, days, days)
    with exact():
        assert not reaches(band, band + Decimal("0.0001"), days, days)


def test_refused():
    with pytest.raises(ValueError, match="the period has 30"):
        committed([(1, 16), (1, 15)], 30)
    with pytest.raises(ValueError, match="must not be negative"):
        committed([(-1, 1)], 30)
    with pytest.raises(ValueError, match="days_in_period must be above 0"):
        committed([], 0)
