from odoo import fields, models


class IaasContractLetEnd(models.TransientModel):
    _name = "iaas.contract.let.end"
    _description = "Let a Contract End"

    contract_id = fields.Many2one("iaas.contract", required=True, readonly=True)
    reason = fields.Char(required=True)

    def action_let_end(self):
        """Record why the contract is not renewed."""
        self.ensure_one()
        self.contract_id._let_end(self.reason)
        return {"type": "ir.actions.act_window_close"}
