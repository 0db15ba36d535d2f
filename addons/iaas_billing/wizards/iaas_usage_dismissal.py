from odoo import api, fields, models

from ..models.iaas_usage_quarantine import SEARCHED


class IaasUsageDismissal(models.TransientModel):
    """Asks why usage in quarantine is not billed, once for all that was chosen."""

    _name = "iaas.usage.dismissal"
    _description = "Dismiss Usage"

    quarantine_ids = fields.Many2many(
        "iaas.usage.quarantine", string="Usage in Quarantine", readonly=True
    )
    waiting_count = fields.Integer(compute="_compute_what_is_dismissed")
    is_unknown = fields.Boolean(
        compute="_compute_what_is_dismissed", help="Some of it waits for a mapping."
    )
    is_silent = fields.Boolean(
        compute="_compute_what_is_dismissed", help="Some of it is no longer reported."
    )
    is_outside_contract = fields.Boolean(
        compute="_compute_what_is_dismissed", help="Some of it no contract covers."
    )
    note = fields.Text(string="Remark", required=True)

    @api.depends("quarantine_ids")
    def _compute_what_is_dismissed(self):
        for dismissal in self:
            # In a dialog that is not saved yet they are only stand-ins.
            groups = dismissal.quarantine_ids._origin
            reasons = set(groups.mapped("reason"))
            dismissal.waiting_count = sum(groups.mapped("waiting_count"))
            dismissal.is_unknown = bool(reasons.difference(SEARCHED))
            dismissal.is_silent = "silent" in reasons
            dismissal.is_outside_contract = "outside_contract" in reasons

    def action_apply(self):
        """Note the remark and dismiss."""
        self.ensure_one()
        self.quarantine_ids.note = self.note
        self.quarantine_ids.action_dismiss()
        return {"type": "ir.actions.act_window_close"}
