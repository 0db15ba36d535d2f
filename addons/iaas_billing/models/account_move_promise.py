from odoo import fields, models


class AccountMove(models.Model):
    """Promises to pay an invoice are noted on it."""

    _inherit = "account.move"

    iaas_promise_ids = fields.Many2many(
        "iaas.payment.promise", string="Promises to Pay", copy=False
    )
    iaas_promise_count = fields.Integer(compute="_compute_iaas_promise_count")

    def _compute_iaas_promise_count(self):
        Promise = self.env["iaas.payment.promise"]
        counts = {}
        if Promise.has_access("read"):
            counts = dict(
                Promise._read_group(
                    [("invoice_ids", "in", self.ids)], ["invoice_ids"], ["__count"]
                )
            )
        for move in self:
            move.iaas_promise_count = counts.get(move, 0)

    def action_note_iaas_promise(self):
        """Note that the customer has promised to pay the invoices."""
        partner = self.commercial_partner_id[:1]
        own = self.filtered(
            lambda move: (
                move.commercial_partner_id == partner
                and move.company_id == self[:1].company_id
                and move.currency_id == self[:1].currency_id
            )
        )
        contact = self[:1].partner_id
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Promise to Pay"),
            "res_model": "iaas.payment.promise",
            "view_mode": "form",
            "context": {
                "default_partner_id": partner.id,
                "default_contact_id": contact.id if contact != partner else False,
                "default_company_id": self[:1].company_id.id,
                "default_currency_id": self[:1].currency_id.id,
                "default_invoice_ids": own.ids,
                "default_amount": sum(own.mapped("amount_residual")),
            },
        }

    def action_view_iaas_promises(self):
        """Open the promises to pay the invoice."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "iaas_billing.iaas_payment_promise_action"
        )
        return action | {
            "domain": [("invoice_ids", "in", self.ids)],
            "context": self.action_note_iaas_promise()["context"],
        }
