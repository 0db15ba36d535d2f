from odoo import models


class IaasStatement(models.Model):
    _inherit = "iaas.statement"

    def _rate(self):
        """A renewal is rated once what is rented has come over from the contract that
        it renews, which has to be billed to its end first (R45)."""
        waiting = self.filtered(
            lambda statement: not statement.contract_id._take_over_resources()
        )
        problems = super(IaasStatement, self - waiting)._rate()
        waiting.line_ids.unlink()
        for statement in waiting:
            problems[statement] = self.env._(
                "%(contract)s renews %(old)s: bill %(old)s to its last day first.",
                contract=statement.contract_id.name,
                old=statement.contract_id.renewal_of_id.name,
            )
        return problems
