from odoo import api, fields, models
from odoo.exceptions import UserError


class AccountMove(models.Model):
    """A vendor bill of revenue shares that is cancelled or deleted lets them be billed
    by another one."""

    _inherit = "account.move"

    iaas_share_entry_ids = fields.One2many(
        "iaas.revenue.share.entry", "bill_id", string="Shared Revenue", readonly=True
    )
    is_iaas_share_bill = fields.Boolean(
        string="Bill of Revenue Shares", readonly=True, copy=False
    )

    @api.model
    def _get_gated_fields(self):
        return super()._get_gated_fields() | {"is_iaas_share_bill"}

    def write(self, vals):
        if vals.get("state") == "draft":
            self._check_iaas_share_bill()
        result = super().write(vals)
        if vals.get("state") == "cancel":
            self._free_iaas_shares()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_frees_iaas_shares(self):
        self._free_iaas_shares()

    def _free_iaas_shares(self):
        # The right to cancel the bill is enough.
        self.sudo().iaas_share_entry_ids._free()

    def _check_iaas_share_bill(self):
        for move in self.sudo():
            if (
                move.state == "cancel"
                and move.is_iaas_share_bill
                and not move.iaas_share_entry_ids
            ):
                raise UserError(
                    self.env._(
                        "%(bill)s was cancelled, so its revenue shares can be billed "
                        "again: make a new bill in Billing, Shared Revenue.",
                        bill=move.display_name,
                    )
                )

    def action_view_iaas_shares(self):
        """Open the revenue shares that the bill pays."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "iaas_billing.iaas_revenue_share_entry_action"
        )
        return action | {"domain": [("bill_id", "=", self.id)], "context": {}}
