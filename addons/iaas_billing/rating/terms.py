from collections import defaultdict
from datetime import date, timedelta
from typing import Any, NamedTuple

from odoo.addons.iaas_contract.pricing import dimension_key, timeline
from odoo.addons.iaas_contract.pricing.numbers import ZERO

_DAY = timedelta(days=1)


class Segment(NamedTuple):
    """Consecutive days (the last included) under one price and one discount, the
    records of which may be empty."""

    first: date
    last: date
    price: Any
    discount: Any


class Terms:
    """The prices and discounts that hold in the periods of a batch of statements.

    Which price holds is decided by ``pricing.timeline``, as everywhere else.
    """

    def __init__(self, statements, products):
        self._env = statements.env
        self._rules = defaultdict(list)
        self._segments = {}
        self._pricings = {}
        self._reached = {}
        self._order = self._env["iaas.price.dimension"]._get_order()
        contracts = statements.contract_id
        contracts.line_ids.fetch(
            [
                "product_id",
                "categ_id",
                "is_trial",
                "min_spend",
                "billing_timing",
                "advance_percent",
                "date_start",
                "date_end",
            ]
        )
        for price in self._env["iaas.price"]._search_rules(
            products,
            min(statements.mapped("date_from")),
            max(statements.mapped("date_to")),
            contracts,
            statements.company_id,
            statements.currency_id,
        ):
            key = (
                price.product_id,
                price.contract_id,
                price.company_id,
                price.currency_id,
            )
            self._rules[key].append(price._to_rule())

    def pricing(self, price):
        """The pure ``Price`` of a price record."""
        if price not in self._pricings:
            self._pricings[price] = price._to_pricing()
        return self._pricings[price]

    def has_bands(self, statement):
        """Whether a discount of the contract depends on the spend of the period."""
        return bool(_bands(statement))

    def reach(self, statement, reached):
        """Let the discounts hold that the spend of the statement comes to. The days of
        the segments stay as they are.

        :param reached: tells whether the spend comes to an amount
        """
        self._reached[statement] = reached
        for key in [key for key in self._segments if key[0] == statement]:
            del self._segments[key]

    def segments(self, statement, product, dimensions=None):
        """The segments that partition the statement's days for what has the
        dimensions."""
        key = (statement, product, dimension_key(dimensions or {}))
        if key not in self._segments:
            self._segments[key] = list(self._split(statement, product, dimensions))
        return self._segments[key]

    def all_segments(self, statement, product):
        """The segments for each set of dimensions that some price demands: wherever
        anything is cut, one of them is."""
        demanded = [{}, *(rule.dimensions for rule in self._get(statement, product))]
        by_key = {dimension_key(dimensions): dimensions for dimensions in demanded}
        for dimensions in by_key.values():
            yield from self.segments(statement, product, dimensions)

    def free_days(self, statement, product):
        """On how many of the statement's days the product is in a free trial."""
        return sum(
            (segment.last - segment.first).days + 1
            for segment in self.segments(statement, product)
            if segment.discount.is_trial
        )

    def dimensions(self, product):
        """The names of the dimensions that prices of the product are told apart by."""
        return sorted(
            {
                name
                for key, rules in self._rules.items()
                for rule in rules
                for name in rule.dimensions
                if key[0] == product
            }
        )

    def relevant(self, statement, product, dimensions):
        """Those of the dimensions that some price demands: the others, and values
        that no price names, make no difference."""
        demanded = {
            pair
            for rule in self._get(statement, product)
            for pair in rule.dimensions.items()
        }
        return {
            name: value
            for name, value in dimensions.items()
            if (name, value) in demanded
        }

    def _get(self, statement, product):
        """The rules of the statement's contract and of the price list."""
        return [
            rule
            for contract in (statement.contract_id, self._env["iaas.contract"])
            for rule in self._rules[
                product, contract, statement.company_id, statement.currency_id
            ]
        ]

    def _split(self, statement, product, dimensions):
        first, last = statement.date_from, statement.date_to
        rules = self._get(statement, product)
        prices = timeline(rules, first, last, dimensions, self._order)
        changes = {stretch.first for stretch in prices}
        for line in statement.contract_id.line_ids:
            if line.date_start:
                changes.add(line.date_start)
            # The last day of the calendar stands for an open end.
            if line.date_end and line.date_end < date.max:
                changes.add(line.date_end + _DAY)
        starts = sorted(day for day in changes if first <= day <= last)
        contract = statement.contract_id
        reached = self._reached.get(statement)
        bands = _bands(statement)
        segment = before = None
        for start, after in zip(starts, [*starts[1:], last + _DAY], strict=True):
            [price] = [
                stretch.price
                for stretch in prices
                if stretch.first <= start <= stretch.last
            ]
            price = price or self._env["iaas.price"]
            trial = contract._get_trial(product, start)
            discount = trial or contract._get_discount(product, start, reached)
            # What holds at any spend, so that the spend moves no border.
            terms = (
                price,
                trial,
                discount.discount,
                discount.billing_timing,
                discount.advance_percent,
                *(
                    contract._get_discount(product, start, band.__ge__).discount
                    for band in (ZERO, *bands)
                    if bands
                ),
            )
            if segment and terms == before:
                segment = segment._replace(last=after - _DAY)
                continue
            before = terms
            if segment:
                yield segment
            segment = Segment(start, after - _DAY, price, discount)
        yield segment


def _bands(statement):
    """The amounts of spend on which discounts of the contract depend, in order."""
    lines = statement.contract_id.line_ids
    return sorted({line.min_spend for line in lines if line.min_spend})
