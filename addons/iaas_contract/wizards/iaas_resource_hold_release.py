from odoo import fields, models


class IaasResourceHoldRelease(models.TransientModel):
    _name = "iaas.resource.hold.release"
    _description = "Release a Change above the Credit Limit"

    hold_id = fields.Many2one(
        "iaas.resource.hold", string="Change", required=True, readonly=True
    )
    partner_id = fields.Many2one(related="hold_id.partner_id")
    message = fields.Text(related="hold_id.message")
    reason = fields.Text(required=True)

    def action_release(self):
        """Make the change and keep the reason."""
        self.ensure_one()
        self.hold_id._release(self.reason)
        return {"type": "ir.actions.act_window_close"}
