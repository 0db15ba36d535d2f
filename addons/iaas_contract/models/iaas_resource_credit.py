from odoo import models
from odoo.exceptions import UserError
from odoo.tools import format_amount


class CreditExceeded(UserError):
    """A change would bring the credit of a customer above its limit."""


class IaasResource(models.Model):
    """A change that costs more is checked against the credit limit, as orders are."""

    _inherit = "iaas.resource"

    def _change(self, kind, day, product=None, quantity=None, reason=None):
        """Make the resources something else from the first moment of a civil day;
        refuse what goes above a credit limit.

        :raise CreditExceeded: names customer, credit and limit
        """
        for contract, resources in self.grouped("contract_id").items():
            # Who changes resources need not be allowed to see the customer's debts.
            contract = contract.sudo()
            contract._lock_credit()
            before = contract._get_credit_checks()
            resources._make_change(kind, day, product, quantity, reason)
            compare = contract.company_id.currency_id.compare_amounts
            exceeded = [
                (owed, limit)
                for (limit, owed), (_limit, owed_before) in zip(
                    contract._get_credit_checks(), before, strict=True
                )
                if compare(owed, limit) > 0 and compare(owed, owed_before) > 0
            ]
            if exceeded:
                raise CreditExceeded(resources._credit_message(*max(exceeded)))

    def _credit_message(self, exposure, limit):
        contract = self.contract_id
        exposure, limit = (
            format_amount(self.env, amount, contract.company_id.currency_id)
            for amount in (exposure, limit)
        )
        return self.env._(
            "The change would bring the credit of %(customer)s to %(exposure)s, above "
            "the limit of %(limit)s. Finance can release it.",
            customer=contract.partner_id.display_name,
            exposure=exposure,
            limit=limit,
        )
