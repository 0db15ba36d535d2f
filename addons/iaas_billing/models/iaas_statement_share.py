from odoo import models


class IaasStatement(models.Model):
    """Third parties get their share of what is posted, and lose it by a void (R90)."""

    _inherit = "iaas.statement"

    def _post(self):
        result = super()._post()
        self._share_revenue()
        return result

    def _void(self, reason):
        result = super()._void(reason)
        (self + self.sudo().correction_ids)._share_revenue()
        return result

    def _share_revenue(self):
        # Who bills need not see the shares: they follow from what is billed.
        contracts = self.sudo().contract_id
        shared = (
            self.env["iaas.contract.revenue.share"]
            .sudo()
            .search([("contract_id", "in", contracts.ids), ("state", "!=", "draft")])
            .contract_id
        )
        statements = self.filtered(lambda one: one.sudo().contract_id in shared)
        if statements:
            self.env["iaas.revenue.share.entry"].sudo()._share(statements)
