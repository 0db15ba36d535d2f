from odoo import fields, models


class IaasVerificationReject(models.TransientModel):
    """Asks why a verification is rejected."""

    _name = "iaas.verification.reject"
    _description = "Reject Verification"

    partner_ids = fields.Many2many("res.partner", string="Customers", required=True)
    reason = fields.Text(required=True)

    def action_confirm(self):
        """Reject the verification of the customers for the reason given."""
        self.ensure_one()
        self.partner_ids._iaas_reject(self.reason)
        return {"type": "ir.actions.act_window_close"}
