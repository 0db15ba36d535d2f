from odoo import fields, models


class IaasCreditRelease(models.TransientModel):
    _name = "iaas.credit.release"
    _description = "Release an Order above the Credit Limit"

    order_id = fields.Many2one("sale.order", required=True, readonly=True)
    partner_id = fields.Many2one(related="order_id.iaas_customer_id", string="Customer")
    currency_id = fields.Many2one(related="order_id.company_currency_id")
    limit = fields.Monetary(related="order_id.iaas_credit_limit")
    exposure = fields.Monetary(related="order_id.iaas_credit_exposure")
    reason = fields.Text(required=True)

    def action_release(self):
        """Release the order and keep the reason."""
        self.ensure_one()
        self.order_id._iaas_release(self.reason)
        return {"type": "ir.actions.act_window_close"}
