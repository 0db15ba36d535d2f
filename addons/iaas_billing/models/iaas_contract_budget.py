import re

from odoo import fields, models
from odoo.exceptions import UserError
from odoo.tools import get_lang


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
        """The number above zero that was typed as the reader's language writes it.

        A comma that stands elsewhere than between thousands is no number: 100,50 must
        not become 10,050.
        """
        lang = get_lang(self.env)
        text = "".join(text.split())
        point, sign = lang.decimal_point, "".join(lang.thousands_sep.split())
        whole = r"\d+"
        if sign:
            whole += rf"|\d{{1,3}}({re.escape(sign)}\d{{3}})+"
        number = 0
        if re.fullmatch(rf"({whole})({re.escape(point)}\d*)?", text, re.ASCII):
            plain = text.replace(sign, "") if sign else text
            number = float(plain.replace(point, "."))
        if not 0 < number <= most:
            raise UserError(
                self.env._(
                    "%(text)s is no number above zero and up to %(most)s.",
                    text=text or "?",
                    most=most,
                )
            )
        return number
