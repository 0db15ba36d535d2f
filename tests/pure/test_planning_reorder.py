"""Whole servers for a shortage, procurement rules 2.5 (R70, R71)."""

import doctest
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from planning import (
    Demand,
    Need,
    host_effective,
    reorder,
    sellable,
    servers_for_demand,
    servers_needed,
    stranded,
    usable,
)

CAP = Decimal("0.80")
demands = st.builds(
    Demand,
    taken=st.decimals(0, 10_000, places=1),
    hosts=st.lists(st.integers(0, 4_000), max_size=12).map(tuple),
    server=st.integers(50, 4_000),
    fill_cap=st.decimals(Decimal("0.50"), Decimal(1), places=2),
)


def carries(demand, servers, spare):
    hosts = [*demand.hosts, *[demand.server] * servers]
    return sellable(usable(hosts, spare), demand.fill_cap) >= demand.taken


def test_doctests():
    result = doctest.testmod(reorder)
    assert result.attempted and not result.failed


def test_the_dimension_that_asks_for_most_servers_binds():
    effective = {"vcpu": host_effective(96, 4, 4), "ram": host_effective(768, 32)}
    caps = dict.fromkeys(effective, CAP)
    assert servers_needed({"vcpu": 900, "ram": 900}, effective, caps) == Need(4, "vcpu")
    assert servers_needed({"vcpu": 1, "ram": 900}, effective, caps) == Need(2, "ram")
    assert servers_needed({"vcpu": 0, "ram": 0}, effective, caps) == Need(0, None)
    assert servers_needed({}, {}, {}) == Need(0, None)


def test_among_equal_numbers_of_servers_the_fuller_dimension_binds():
    """Both ask for four servers, RAM for nearly all of the fourth."""
    effective, caps = {"vcpu": 100, "ram": 100}, {"vcpu": CAP, "ram": CAP}
    assert servers_needed({"vcpu": 241, "ram": 319}, effective, caps) == Need(4, "ram")
    assert servers_needed({"vcpu": 319, "ram": 241}, effective, caps).binding == "vcpu"
    assert servers_needed({"vcpu": 241, "ram": 241}, effective, caps).binding == "vcpu"
    pool = {
        name: Demand(taken=taken, hosts=(100, 100), server=100, fill_cap=CAP)
        for name, taken in (("vcpu", 81), ("ram", 159))
    }
    assert servers_for_demand(pool, 1) == Need(1, "ram")


def test_an_exact_fit_needs_no_further_server():
    assert servers_needed({"vcpu": 80}, {"vcpu": 100}, {"vcpu": CAP}).servers == 1
    over = {"vcpu": Decimal("80.1")}
    assert servers_needed(over, {"vcpu": 100}, {"vcpu": CAP}).servers == 2


def test_stranded_capacity_is_shown_per_dimension():
    effective = {"vcpu": 368, "ram": 736}
    caps = dict.fromkeys(effective, CAP)
    assert stranded(4, effective, caps, {"vcpu": 900, "ram": 900}) == {
        "vcpu": Decimal("277.6"),
        "ram": Decimal("1455.2"),
    }


def test_a_server_without_the_dimension_is_refused():
    with pytest.raises(ValueError, match="gpu"):
        servers_needed({"gpu": 1}, {"gpu": 0}, {"gpu": CAP})
    assert servers_needed({"gpu": 0}, {"gpu": 0}, {"gpu": CAP}).servers == 0


def test_a_new_pool_buys_its_spare_host_too():
    empty = Demand(taken=1, hosts=(), server=368, fill_cap=CAP)
    assert servers_for_demand({"vcpu": empty}, 0).servers == 1
    assert servers_for_demand({"vcpu": empty}, 2).servers == 3


def test_a_larger_server_becomes_the_spare_one():
    pool = Demand(taken=200, hosts=(100, 100), server=400, fill_cap=Decimal(1))
    assert servers_for_demand({"vcpu": pool}, 1).servers == 1
    pool = Demand(taken=300, hosts=(100, 100), server=400, fill_cap=Decimal(1))
    assert servers_for_demand({"vcpu": pool}, 1).servers == 2


@given(demands, st.integers(0, 3))
def test_the_servers_carry_the_demand_and_none_is_idle(demand, spare):
    need = servers_for_demand({"vcpu": demand}, spare).servers
    assert carries(demand, need, spare)
    if need:
        short = demand.taken - sellable(usable(demand.hosts, spare), demand.fill_cap)
        rule = servers_needed(
            {"vcpu": short}, {"vcpu": demand.server}, {"vcpu": demand.fill_cap}
        ).servers
        assert need >= rule
        assert need == rule or not carries(demand, need - 1, spare)


@given(st.dictionaries(st.sampled_from(["vcpu", "ram", "disk"]), demands))
def test_all_dimensions_are_carried_at_once(pool):
    need = servers_for_demand(pool, 1)
    assert all(carries(demand, need.servers, 1) for demand in pool.values())
    assert (need.binding is None) == (need.servers == 0)
