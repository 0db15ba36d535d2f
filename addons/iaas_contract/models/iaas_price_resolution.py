from collections import defaultdict
from itertools import chain

from odoo import api, models
from odoo.fields import Domain

from ..pricing import Rule, find_price, prices_in_force, timeline


class IaasPrice(models.Model):
    """Which price holds: the records for ``pricing.resolution``, which decides."""

    _inherit = "iaas.price"

    @api.model
    def _find(self, products, day, contract=None, dimensions=None):
        """The price of each product on a civil day; an empty record where none is.

        :param dimensions: ``{dimension code: value code}`` of what is priced
        :return: dict from product to price
        """
        rules = self._get_rules(products, day, day, contract)
        order = self.env["iaas.price.dimension"]._get_order()
        return {
            product: find_price(rules[product], day, dimensions, order) or self.browse()
            for product in products
        }

    @api.model
    def _find_each(self, wanted, day, contract=None, own=None):
        """The price of each ``(product, dimension key)``, in a fixed number of queries.

        :param wanted: ``{anything: (product, dimensions)}``
        :param own: prices to look at in place of the contract's own
        :return: dict from the keys of ``wanted`` to price, empty where none is
        """
        products = self.env["product.product"].union(
            *(product for product, _dimensions in wanted.values())
        )
        rules = self._get_rules(products, day, day, contract, own)
        order = self.env["iaas.price.dimension"]._get_order()
        return {
            key: find_price(rules[product], day, dimensions, order) or self.browse()
            for key, (product, dimensions) in wanted.items()
        }

    @api.model
    def _find_in_force(self, products, day, contract=None, own=None):
        """All prices of each product that hold on the day, for whatever dimensions.

        :param own: prices to look at in place of the contract's own
        :return: dict from product to prices, those for any dimension first
        """
        rules = self._get_rules(products, day, day, contract, own)
        order = self.env["iaas.price.dimension"]._get_order()
        return {
            product: self.union(*prices_in_force(rules[product], day, order)).sorted(
                lambda price: price.dimension_key or ""
            )
            for product in products
        }

    @api.model
    def _find_reachable(self, wanted, day, contract=None):
        """The prices of each ``(product, dimensions)`` that usage may meet whose events
        name other dimensions beside these, in a fixed number of queries.

        :param wanted: ``{anything: (product, dimensions)}``
        :return: dict from the keys of ``wanted`` to prices, those for any dimension
            first
        """
        products = self.env["product.product"].union(
            *(product for product, _dimensions in wanted.values())
        )
        rules = self._get_rules(products, day, day, contract)
        order = self.env["iaas.price.dimension"]._get_order()

        def reachable(product, dimensions):
            for price in prices_in_force(rules[product], day, order):
                met = {**price._get_dimensions(), **dimensions}
                if find_price(rules[product], day, met, order) == price:
                    yield price

        return {
            key: self.union(*reachable(product, dimensions)).sorted(
                lambda price: price.dimension_key or ""
            )
            for key, (product, dimensions) in wanted.items()
        }

    @api.model
    def _find_between(
        self, products, first_day, last_day, contract=None, dimensions=None
    ):
        """The prices of each product over some civil days, both included.

        :return: dict from product to list of (first day, last day, price), in order,
            never overlapping; days without a price are left out
        """
        rules = self._get_rules(products, first_day, last_day, contract)
        order = self.env["iaas.price.dimension"]._get_order()
        return {
            product: [
                stretch
                for stretch in timeline(
                    rules[product], first_day, last_day, dimensions, order
                )
                if stretch.price
            ]
            for product in products
        }

    @api.model
    def _get_rules(self, products, first_day, last_day, contract=None, own=None):
        """The prices of each product that might hold on some of the days.

        Those of the contract and the list prices of its company in its currency;
        without a contract the list prices of the current company, in its currency.
        """
        company = contract.company_id if contract else self.env.company
        currency = contract.currency_id if contract else company.currency_id
        rules = defaultdict(list)
        contracts = (contract or ()) if own is None else ()
        for price in chain(
            self._search_rules(
                products, first_day, last_day, contracts, company, currency
            ),
            own or (),
        ):
            rules[price.product_id].append(price._to_rule())
        return rules

    @api.model
    def _search_rules(
        self, products, first_day, last_day, contracts, companies, currencies
    ):
        """Own prices of the contracts and list prices, of the companies in the
        currencies, that hold on some of the days."""
        contract_ids = [contract.id for contract in contracts]
        return self.search(
            # Said, since forms that also show proposed prices look past it.
            Domain("active", "=", True)
            & Domain("product_id", "in", products.ids)
            & Domain("contract_id", "in", [False, *contract_ids])
            & Domain("company_id", "in", companies.ids)
            & Domain("currency_id", "in", currencies.ids)
            & (Domain("date_start", "=", False) | Domain("date_start", "<=", last_day))
            & (Domain("date_end", "=", False) | Domain("date_end", ">=", first_day))
        )

    def _get_scope(self):
        """What the price is for: of these one list price, and one own price of a
        contract, holds on a day."""
        self.ensure_one()
        return self.product_id, self.dimension_key or ""

    def _to_rule(self):
        """The price as the pure resolution sees it."""
        self.ensure_one()
        return Rule(
            self,
            bool(self.contract_id),
            self.date_start or None,
            self.date_end or None,
            self._get_dimensions(),
        )

    def _is_valid_on(self, day):
        """Whether the price holds on the civil day."""
        self.ensure_one()
        return self._to_rule().is_valid_on(day)
