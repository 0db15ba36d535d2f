from odoo import api, fields, models


class IaasContractTerminate(models.TransientModel):
    _name = "iaas.contract.terminate"
    _description = "Terminate a Contract"

    contract_id = fields.Many2one("iaas.contract", required=True, readonly=True)
    date = fields.Date(
        string="Last Day", required=True, default=fields.Date.context_today
    )
    reason = fields.Text(required=True)
    resource_count = fields.Integer(compute="_compute_resource_count")

    @api.depends("contract_id", "date")
    def _compute_resource_count(self):
        for wizard in self:
            wizard.resource_count = len(
                wizard.contract_id.resource_ids._running_after(wizard.date)
            )

    def action_terminate(self):
        """End the contract and its resources with the chosen day."""
        self.ensure_one()
        self.contract_id._terminate(self.date, self.reason)
        return {"type": "ir.actions.act_window_close"}
