"""Capacity of a pool, procurement rules 2.2 (R70, R71)."""

import doctest
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from planning import binding, capacity, host_effective, sellable, usable, utilisation
from planning import numbers as planning_numbers

hosts = st.lists(st.integers(0, 10_000), max_size=30)
caps = st.decimals(Decimal("0.01"), Decimal(1), places=2)


@pytest.mark.parametrize("module", [capacity, planning_numbers])
def test_doctests(module):
    assert doctest.testmod(module) == (0, doctest.testmod(module).attempted)
    assert doctest.testmod(module).attempted


def test_host_effective_is_rounded_down_per_host():
    assert host_effective(96, 4, Decimal("1.5")) == 138
    assert host_effective(97, 4, Decimal("1.5")) == 139
    assert host_effective(Decimal("1.9"), 0, 1) == 1


def test_a_host_smaller_than_its_reserve_offers_nothing():
    assert host_effective(4, 16, Decimal(4)) == 0


def test_spare_hosts_are_the_largest():
    assert usable([100, 300, 200], 1) == 300
    assert usable([100, 300, 200], 2) == 100
    assert usable([100, 300, 200], 3) == 0
    assert usable([100, 300, 200], 9) == 0
    assert usable([], 1) == 0


def test_fill_cap_comes_after_the_spare_hosts():
    assert sellable(usable([368] * 10, 1), Decimal("0.80")) == 2649


def test_binding_dimension():
    sold = {"vcpu": 100, "ram": 800, "disk": 0}
    assert binding(sold, {"vcpu": 200, "ram": 1000, "disk": 0}) == "ram"
    assert binding(sold, {"vcpu": 0, "ram": 1000, "disk": 0}) == "vcpu"
    assert binding({"vcpu": 0}, {"vcpu": 10}) is None


def test_utilisation_is_exact_or_absent():
    assert utilisation(Decimal("88.2"), 588) == Decimal("0.15")
    assert utilisation(0, 0) is None


@pytest.mark.parametrize(
    "bad", [0.5, -1, Decimal("NaN"), Decimal("Infinity"), True, "4", None]
)
def test_numbers_that_are_not_exact_are_refused(bad):
    with pytest.raises(ValueError):
        host_effective(bad)
    with pytest.raises(ValueError):
        utilisation(bad, 10)


@pytest.mark.parametrize("cap", [0, Decimal("1.01"), 0.8])
def test_fill_cap_is_a_share(cap):
    with pytest.raises(ValueError, match="fill cap"):
        sellable(100, cap)


def test_overcommit_of_zero_is_refused():
    with pytest.raises(ValueError, match="overcommit"):
        host_effective(96, 4, 0)


@given(hosts, st.integers(0, 5))
def test_usable_never_depends_on_the_order(sizes, spare):
    assert usable(sizes, spare) == usable(sorted(sizes), spare)
    assert 0 <= usable(sizes, spare) <= sum(sizes)


@given(hosts, st.integers(0, 5), st.integers(0, 10_000), caps)
def test_one_more_host_never_carries_less(sizes, spare, added, cap):
    before = sellable(usable(sizes, spare), cap)
    assert sellable(usable([*sizes, added], spare), cap) >= before
    assert before <= usable(sizes, spare)
