from odoo import fields, models


class IaasPriceListSendBack(models.TransientModel):
    """Asks why a price list version goes back to its author."""

    _name = "iaas.price.list.send.back"
    _description = "Send Back a Price List Version"

    version_ids = fields.Many2many("iaas.price.list.version", required=True)
    reason = fields.Text(required=True)

    def action_confirm(self):
        """Send the versions back for the reason given."""
        self.ensure_one()
        self.version_ids._send_back(self.reason)
        return {"type": "ir.actions.act_window_close"}
