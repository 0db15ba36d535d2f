from odoo import models
from odoo.exceptions import UserError


class IaasPrice(models.Model):
    _inherit = "iaas.price"

    def write(self, vals):
        if vals.keys() - {"active", "date_end"}:
            self._check_not_billed()
        return super().write(vals)

    def _check_not_billed(self):
        """A posted amount must stay explainable by its price."""
        line = (
            self.env["iaas.statement.line"]
            .sudo()
            .search(
                [("price_id", "in", self.ids), ("statement_id.state", "=", "posted")],
                limit=1,
            )
        )
        if line:
            raise UserError(
                self.env._(
                    "%(price)s has billed statement %(statement)s and cannot be "
                    "changed. End it and add a new price from the next day.",
                    price=line.price_id.display_name,
                    statement=line.statement_id.name,
                )
            )
