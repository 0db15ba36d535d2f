"""Which price holds for what was rented or used, on which days.

A price may demand dimensions (region, instance family). On a day it prices what has
all of them. Of those that would, exactly one does:

1. the contract's own prices go before the list prices, whatever these demand: what
   was agreed for every region is not undone by the list's price for one of them;
2. then the price that demands the most dimensions;
3. then, of two that demand as many but other ones, the one whose first dimension comes
   first in the order of the dimensions, then its second, and so on.

No two prices come out alike: with the same scope and the same dimensions the database
refuses them for the same day, and here they are an error.
"""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any, NamedTuple

_DAY = timedelta(days=1)


class Rule(NamedTuple):
    """What decides where a price holds; days included, None where open."""

    price: Any
    is_own: bool = False
    first: date | None = None
    last: date | None = None
    dimensions: Mapping[str, str] = {}

    def is_valid_on(self, day):
        """Whether the price holds on the civil day."""
        return (self.first is None or self.first <= day) and (
            self.last is None or day <= self.last
        )

    def matches(self, dimensions):
        """Whether what has these dimensions has all that the price demands."""
        return all(
            dimensions.get(name) == value for name, value in self.dimensions.items()
        )


class Stretch(NamedTuple):
    """Consecutive days, both included, under one price."""

    first: date
    last: date
    price: Any


def dimension_key(dimensions):
    """The one text for a set of dimensions, whatever the order they are given in.

    >>> dimension_key({"region": "sg1", "instance_family": "c6"})
    'instance_family=c6;region=sg1'
    """
    return ";".join(f"{name}={value}" for name, value in sorted(dimensions.items()))


def parse_dimension_key(key):
    """The dimensions of a key.

    >>> parse_dimension_key("instance_family=c6;region=sg1")
    {'instance_family': 'c6', 'region': 'sg1'}
    """
    pairs = (part.partition("=") for part in key.split(";") if part)
    return {name: value for name, _equals, value in pairs}


def find_price(
    rules: Sequence[Rule],
    day: date,
    dimensions: Mapping[str, str] | None = None,
    order: Sequence[str] = (),
):
    """The price of the rules that holds on the day, or None.

    :param dimensions: those of what is priced
    :param order: names of dimensions, the decisive ones first; others follow by name

    >>> day = date(2026, 7, 1)
    >>> rules = [Rule("any"), Rule("sg1", dimensions={"region": "sg1"})]
    >>> find_price(rules, day, {"region": "sg1"}), find_price(rules, day)
    ('sg1', 'any')
    >>> find_price([*rules, Rule("own", is_own=True)], day, {"region": "sg1"})
    'own'
    """
    ranked = [
        (_rank(rule, order), rule.price)
        for rule in rules
        if rule.is_valid_on(day) and rule.matches(dimensions or {})
    ]
    if not ranked:
        return None
    best = min(rank for rank, _price in ranked)
    found = [price for rank, price in ranked if rank == best]
    if len(found) > 1:
        raise ValueError(f"{len(found)} prices hold on {day}: {found}")
    return found[0]


def timeline(
    rules: Sequence[Rule],
    first: date,
    last: date,
    dimensions: Mapping[str, str] | None = None,
    order: Sequence[str] = (),
) -> list[Stretch]:
    """The days from first to last, both included, split where the price changes.

    The stretches partition the days; the price of one is None where none holds.

    >>> rules = [
    ...     Rule("list"),
    ...     Rule("own", is_own=True, first=date(2026, 7, 16)),
    ... ]
    >>> for stretch in timeline(rules, date(2026, 7, 1), date(2026, 7, 31)):
    ...     print(stretch.first.day, stretch.last.day, stretch.price)
    1 15 list
    16 31 own
    """
    matching = [rule for rule in rules if rule.matches(dimensions or {})]
    starts = {first}
    for rule in matching:
        if rule.first is not None and first < rule.first <= last:
            starts.add(rule.first)
        # An end on or after the last day changes nothing, and may be the calendar's.
        if rule.last is not None and first <= rule.last < last:
            starts.add(rule.last + _DAY)
    stretches: list[Stretch] = []
    for start in sorted(starts):
        price = find_price(matching, start, dimensions, order)
        if stretches and stretches[-1].price == price:
            continue
        if stretches:
            stretches[-1] = stretches[-1]._replace(last=start - _DAY)
        stretches.append(Stretch(start, last, price))
    return stretches


def prices_in_force(rules: Sequence[Rule], day: date, order: Sequence[str] = ()):
    """All prices that hold on the day for some dimensions, in the order of the rules:
    for what has exactly those that a price demands.

    >>> day = date(2026, 7, 1)
    >>> rules = [Rule("any"), Rule("sg1", dimensions={"region": "sg1"})]
    >>> prices_in_force(rules, day)
    ['any', 'sg1']
    >>> prices_in_force([*rules, Rule("own", is_own=True)], day)
    ['own']
    """
    found = {
        dimension_key(rule.dimensions): find_price(rules, day, rule.dimensions, order)
        for rule in rules
        if rule.is_valid_on(day)
    }
    in_force = list(found.values())
    return [rule.price for rule in rules if rule.price in in_force]


def _rank(rule, order):
    known = {name: place for place, name in enumerate(order)}
    places = sorted((known.get(name, len(known)), name) for name in rule.dimensions)
    return not rule.is_own, -len(places), places
