from odoo import api, fields, models


class IaasStatement(models.Model):
    """Why a statement was set aside stands on the statement, too."""

    _inherit = "iaas.statement"

    held_reason = fields.Text(
        string="Why It Is Set Aside",
        compute="_compute_held_reason",
        groups="base.group_user",
        help="What the billing blocker of the contract says.",
    )

    @api.depends("is_held", "contract_id.billing_blocker_ids.state")
    def _compute_held_reason(self):
        held = self.filtered("is_held")
        # Who may read the statement may read why it waits.
        blockers = self.env["iaas.billing.blocker"].sudo()
        reasons = {
            blocker.contract_id: blocker.reason
            for blocker in blockers.search(
                [
                    ("contract_id", "in", held.contract_id.ids),
                    ("state", "=", "open"),
                ]
            )
        }
        for statement in self:
            contract = statement.contract_id if statement.is_held else None
            statement.held_reason = reasons.get(contract, False)

    def action_view_blocker(self):
        """Open what has to be mended before the statement goes on."""
        self.ensure_one()
        return self.contract_id.action_view_billing_blockers()
