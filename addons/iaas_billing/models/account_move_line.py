from odoo import models
from odoo.exceptions import UserError

_AMOUNTS = {
    "price_unit",
    "quantity",
    "discount",
    "balance",
    "debit",
    "credit",
    "amount_currency",
}


class AccountMoveLine(models.Model):
    """What an invoice comes to is what its posted statement says."""

    _inherit = "account.move.line"

    def write(self, vals):
        if amounts := _AMOUNTS & vals.keys():
            self._check_iaas_amounts(amounts, vals)
        return super().write(vals)

    def _check_iaas_amounts(self, names, vals):
        """Refuse other amounts on the posted invoice of a posted statement."""
        Move = self.env["account.move"]
        for line in self:
            if line.parent_state != "posted":
                continue
            statement = line.move_id.sudo().iaas_statement_id
            if statement.state in ("posted", "void") and any(
                Move._field_will_change(line, vals, name) for name in names
            ):
                raise UserError(
                    self.env._(
                        "Invoice %(invoice)s bills statement %(statement)s, which is "
                        "posted: its amounts stay. Correct it by a credit note.",
                        invoice=line.move_id.display_name,
                        statement=statement.name,
                    )
                )
