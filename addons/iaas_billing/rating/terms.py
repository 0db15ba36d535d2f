from collections import defaultdict
from datetime import date, timedelta
from typing import Any, NamedTuple

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
    """The prices and discounts that hold in the periods of a batch of statements."""

    def __init__(self, statements, products):
        self._env = statements.env
        self._prices = defaultdict(list)
        self._segments = {}
        self._pricings = {}
        self._reached = {}
        contracts = statements.contract_id
        contracts.line_ids.fetch(
            ["product_id", "categ_id", "min_spend", "date_start", "date_end"]
        )
        for price in self._env["iaas.price"].search(
            [
                ("product_id", "in", products.ids),
                ("contract_id", "in", [False, *contracts.ids]),
                ("company_id", "in", statements.company_id.ids),
                ("currency_id", "in", statements.currency_id.ids),
                "|",
                ("date_start", "=", False),
                ("date_start", "<=", max(statements.mapped("date_to"))),
                "|",
                ("date_end", "=", False),
                ("date_end", ">=", min(statements.mapped("date_from"))),
            ]
        ):
            key = (
                price.product_id,
                price.contract_id,
                price.company_id,
                price.currency_id,
            )
            self._prices[key].append(price)

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

    def segments(self, statement, product):
        """The segments that partition the statement's days for the product."""
        key = (statement, product)
        if key not in self._segments:
            self._segments[key] = list(self._split(statement, product))
        return self._segments[key]

    def _split(self, statement, product):
        own, listed = (
            self._prices[product, contract, statement.company_id, statement.currency_id]
            for contract in (statement.contract_id, self._env["iaas.contract"])
        )
        first, last = statement.date_from, statement.date_to
        changes = {first}
        for term in (*own, *listed, *statement.contract_id.line_ids):
            if term.date_start:
                changes.add(term.date_start)
            # The last day of the calendar stands for an open end.
            if term.date_end and term.date_end < date.max:
                changes.add(term.date_end + _DAY)
        starts = sorted(day for day in changes if first <= day <= last)
        contract = statement.contract_id
        reached = self._reached.get(statement)
        bands = _bands(statement)
        segment = before = None
        for start, after in zip(starts, [*starts[1:], last + _DAY], strict=True):
            price = self._valid(own, start) or self._valid(listed, start)
            discount = contract._get_discount(product, start, reached)
            # What holds at any spend, so that the spend moves no border.
            terms = (
                price,
                discount.discount,
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

    def _valid(self, prices, day):
        valid = (price for price in prices if price._is_valid_on(day))
        return next(valid, self._env["iaas.price"])


def _bands(statement):
    """The amounts of spend on which discounts of the contract depend, in order."""
    lines = statement.contract_id.line_ids
    return sorted({line.min_spend for line in lines if line.min_spend})
