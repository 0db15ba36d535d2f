from odoo import api, models
from odoo.exceptions import UserError, ValidationError

from .iaas_contract import IN_FORCE_STATES


class IaasContract(models.Model):
    """What the contract allows, and what it costs."""

    _inherit = "iaas.contract"

    # === CONSTRAINTS ===

    @api.constrains("currency_id", "company_id")
    def _check_own_prices(self):
        for price in self.env["iaas.price"].search([("contract_id", "in", self.ids)]):
            contract = price.contract_id
            if (price.currency_id, price.company_id) != (
                contract.currency_id,
                contract.company_id,
            ):
                raise ValidationError(
                    self.env._(
                        "%(contract)s has prices of its own in %(currency)s. Remove "
                        "them before you change its currency or company.",
                        contract=contract.display_name,
                        currency=price.currency_id.name,
                    )
                )

    # === BUSINESS ===

    def _is_valid_on(self, day):
        """Whether the contract is, or was, in force on the civil day."""
        self.ensure_one()
        return (
            self.state in IN_FORCE_STATES
            and self.date_start <= day
            and (not self.date_end or day <= self.date_end)
        )

    def _check_amendable(self):
        """Refuse a change of what was agreed and signed, but for an addendum."""
        for contract in self:
            if not contract.is_amendable:
                raise UserError(
                    self.env._(
                        "%(contract)s is signed: its discounts, prices, clauses, "
                        "annexes and obligations can only be changed by an amendment, "
                        "or by an operations manager as an addendum.",
                        contract=contract.display_name,
                    )
                )

    def _get_discount(self, product, day, reached=None):
        """The discount line that applies to the product on the day: one for the
        product itself, else the one for its nearest category; else an empty line. A
        free trial goes before it, as ``_get_trial`` says.

        :param reached: tells whether the spend of the settlement period comes to an
            amount; before it is known no discount for a spend applies
        """
        self.ensure_one()
        return self.line_ids._pick(product, day, reached)

    def _get_trial(self, product, day):
        """The free trial that the product is in on the day; else an empty line."""
        self.ensure_one()
        return self.line_ids._pick_trial(product, day)

    def _allows_product(self, product, day):
        """Whether the contract's catalogue, as it is on the day, holds the product."""
        self.ensure_one()
        catalogue = self.catalogue_id
        return not catalogue or product in catalogue._get_version(day).product_ids
