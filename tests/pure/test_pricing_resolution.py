"""R52: on each day exactly one price holds: own before list, then the most specific."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pricing import Rule, dimension_key, find_price, parse_dimension_key, timeline
from pricing.resolution import prices_in_force

FIRST = date(2026, 1, 1)
DAYS = 60
LAST = FIRST + timedelta(days=DAYS - 1)
NAMES = ("region", "instance_family", "disk")
VALUES = ("a", "b")

dimensions = st.dictionaries(st.sampled_from(NAMES), st.sampled_from(VALUES))
orders = st.permutations(NAMES)


@st.composite
def rule_sets(draw):
    """Rules as the database lets them stand: of one scope and one set of dimensions
    no two share a day."""
    rules = []
    for number, demanded in enumerate(draw(st.lists(dimensions, max_size=6))):
        own = draw(st.booleans())
        first, last = sorted(
            draw(st.tuples(*[st.integers(-5, DAYS + 5)] * 2)),
        )
        rule = Rule(
            number,
            own,
            draw(st.sampled_from([None, FIRST + timedelta(days=first)])),
            draw(st.sampled_from([None, FIRST + timedelta(days=last)])),
            demanded,
        )
        if not any(_collide(rule, other) for other in rules):
            rules.append(rule)
    return rules


def _collide(one, other):
    return (one.is_own, one.dimensions) == (other.is_own, other.dimensions) and (
        (one.first or date.min) <= (other.last or date.max)
        and (other.first or date.min) <= (one.last or date.max)
    )


def _days():
    return [FIRST + timedelta(days=number) for number in range(DAYS)]


@given(rules=rule_sets(), used=dimensions, order=orders)
def test_the_timeline_partitions_the_days(rules, used, order):
    covered = []
    for stretch in timeline(rules, FIRST, LAST, used, order):
        length = (stretch.last - stretch.first).days + 1
        assert length > 0
        covered += [stretch.first + timedelta(days=number) for number in range(length)]
    assert covered == _days()


@given(rules=rule_sets(), used=dimensions, order=orders)
def test_the_timeline_says_of_each_day_what_finding_says(rules, used, order):
    stretches = timeline(rules, FIRST, LAST, used, order)
    for stretch in stretches:
        for day in (stretch.first, stretch.last):
            assert stretch.price == find_price(rules, day, used, order)
    for before, after in zip(stretches, stretches[1:], strict=False):
        assert before.price != after.price


@given(rules=rule_sets(), used=dimensions, order=orders)
def test_who_wins(rules, used, order):
    """One price, valid and matching; no other that is would have to go before it."""
    for day in (FIRST, FIRST + timedelta(days=DAYS // 2), LAST):
        candidates = [
            rule for rule in rules if rule.is_valid_on(day) and rule.matches(used)
        ]
        price = find_price(rules, day, used, order)
        if not candidates:
            assert price is None
            continue
        [winner] = [rule for rule in candidates if rule.price == price]
        for other in candidates:
            assert winner.is_own >= other.is_own
            if winner.is_own == other.is_own:
                assert len(winner.dimensions) >= len(other.dimensions)


@given(rules=rule_sets(), used=dimensions, order=orders, data=st.data())
def test_the_order_of_the_rules_does_not_matter(rules, used, order, data):
    shuffled = data.draw(st.permutations(rules))
    assert timeline(shuffled, FIRST, LAST, used, order) == timeline(
        rules, FIRST, LAST, used, order
    )


@given(rules=rule_sets(), used=dimensions, order=orders)
def test_what_holds_for_somebody_is_in_force(rules, used, order):
    price = find_price(rules, FIRST, used, order)
    in_force = prices_in_force(rules, FIRST, order)
    assert price is None or price in in_force
    assert len(set(in_force)) == len(in_force)


@given(used=dimensions)
def test_a_key_gives_back_its_dimensions(used):
    assert parse_dimension_key(dimension_key(used)) == used
    assert dimension_key(dict(reversed(used.items()))) == dimension_key(used)


def test_as_many_dimensions_the_order_decides():
    rules = [
        Rule("region", dimensions={"region": "a"}),
        Rule("family", dimensions={"instance_family": "a"}),
    ]
    used = {"region": "a", "instance_family": "a"}
    assert find_price(rules, FIRST, used, ["region", "instance_family"]) == "region"
    assert find_price(rules, FIRST, used, ["instance_family", "region"]) == "family"
    assert find_price(rules, FIRST, used) == "family"


def test_an_own_price_for_all_goes_before_a_list_price_for_one():
    rules = [
        Rule("list sg1", dimensions={"region": "a"}),
        Rule("own", is_own=True, last=FIRST),
    ]
    assert [stretch.price for stretch in timeline(rules, FIRST, LAST, rules[0][4])] == [
        "own",
        "list sg1",
    ]


def test_two_prices_for_the_same_are_an_error():
    with pytest.raises(ValueError, match="2 prices"):
        find_price([Rule("one"), Rule("two")], FIRST)


def test_days_without_a_price_are_said():
    [gap] = timeline([Rule("x", dimensions={"region": "b"})], FIRST, LAST)
    assert gap == (FIRST, LAST, None)
    rules = [Rule("x", last=date.max, first=LAST)]
    assert [stretch.price for stretch in timeline(rules, FIRST, LAST)] == [None, "x"]
