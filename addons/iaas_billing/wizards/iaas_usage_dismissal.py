from odoo import api, fields, models


class IaasUsageDismissal(models.TransientModel):
    """Asks why usage in quarantine is not billed, once for all that was chosen."""

    _name = "iaas.usage.dismissal"
    _description = "Dismiss Usage"

    quarantine_ids = fields.Many2many(
        "iaas.usage.quarantine", string="Usage in Quarantine", readonly=True
    )
    waiting_count = fields.Integer(compute="_compute_waiting_count")
    note = fields.Text(string="Remark", required=True)

    @api.depends("quarantine_ids")
    def _compute_waiting_count(self):
        for dismissal in self:
            dismissal.waiting_count = sum(
                # In a dialog that is not saved yet they are only stand-ins.
                dismissal.quarantine_ids._origin.mapped("waiting_count")
            )

    def action_apply(self):
        """Note the remark and dismiss."""
        self.ensure_one()
        self.quarantine_ids.note = self.note
        self.quarantine_ids.action_dismiss()
        return {"type": "ir.actions.act_window_close"}
