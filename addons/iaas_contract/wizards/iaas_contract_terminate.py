from odoo import fields, models


class IaasContractTerminate(models.TransientModel):
    _name = "iaas.contract.terminate"
    _description = "Terminate a Contract"

    contract_id = fields.Many2one("iaas.contract", required=True, readonly=True)
    date = fields.Date(
        string="Last Day", required=True, default=fields.Date.context_today
    )
    reason = fields.Text(required=True)
    resource_count = fields.Integer(related="contract_id.resource_count")

    def action_terminate(self):
        """End the contract and its resources with the chosen day."""
        self.ensure_one()
        self.contract_id._terminate(self.date, self.reason)
        return {"type": "ir.actions.act_window_close"}
