from odoo import fields, models
from odoo.exceptions import UserError


class IaasContract(models.Model):
    _inherit = "iaas.contract"

    budget_ids = fields.One2many("iaas.budget", "contract_id", string="Budgets")

    def _set_budget(self, product, amount, alert_percent, contact):
        """Set or change the budget that a contact asks for; an empty amount removes
        it.

        :param product: one service, or none for all of the contract
        :param amount: text as typed
        :param alert_percent: text as typed
        :raise UserError: when a text is no number
        """
        self.ensure_one()
        budget = self.budget_ids.filtered(lambda known: known.product_id == product)
        if not amount.strip():
            budget.unlink()
            return
        values = {
            "amount": self._read_typed(amount, 10**12),
            "alert_percent": int(self._read_typed(alert_percent, 100)),
            "contact_id": contact.id,
        }
        if budget:
            budget.write(values)
        else:
            budget.create(values | {"contract_id": self.id, "product_id": product.id})
        self.env["iaas.budget"]._check(self)

    def _read_typed(self, text, most):
        """The number that was typed, above zero."""
        try:
            number = float(text.strip().replace(",", ""))
        except ValueError:
            number = 0
        if not 0 < number <= most:
            raise UserError(
                self.env._(
                    "%(text)s is no number above zero and up to %(most)s.",
                    text=text or "?",
                    most=most,
                )
            )
        return number
