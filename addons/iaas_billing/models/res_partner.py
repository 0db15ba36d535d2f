from dateutil.relativedelta import relativedelta

from odoo import fields, models


class ResPartner(models.Model):
    """Promises to pay: noted, counted, and part of how a customer pays."""

    _inherit = "res.partner"

    iaas_promise_count = fields.Integer(
        string="Promises to Pay", compute="_compute_iaas_promise_count"
    )

    def _compute_iaas_promise_count(self):
        Promise = self.env["iaas.payment.promise"]
        counts = {}
        if Promise.has_access("read"):
            counts = dict(
                Promise._read_group(
                    [("partner_id", "in", self.commercial_partner_id.ids)],
                    ["partner_id"],
                    ["__count"],
                )
            )
        for partner in self:
            partner.iaas_promise_count = counts.get(partner.commercial_partner_id, 0)

    def action_view_iaas_promises(self):
        """Open what the customer has promised to pay; note the first one."""
        self.ensure_one()
        company = self.commercial_partner_id
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "iaas_billing.iaas_payment_promise_action"
        )
        context = {"default_partner_id": company.id}
        if company != self:
            context["default_contact_id"] = self.id
        if not self.iaas_promise_count:
            return self.action_note_iaas_promise()
        return action | {
            "domain": [("partner_id", "=", company.id)],
            "context": context,
        }

    def action_note_iaas_promise(self):
        """Note that the customer has promised to pay."""
        self.ensure_one()
        company = self.commercial_partner_id
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Promise to Pay"),
            "res_model": "iaas.payment.promise",
            "view_mode": "form",
            "context": {
                "default_partner_id": company.id,
                "default_contact_id": self.id if company != self else False,
            },
        }

    def _get_iaas_payment_facts(self, company):
        """Also ``broken_promise_count`` and ``broken_promise_amount`` of the last 12
        months."""
        facts = super()._get_iaas_payment_facts(company)
        since = fields.Date.context_today(self) - relativedelta(months=12)
        [(count, amount)] = (
            self.env["iaas.payment.promise"]
            .sudo()  # who reviews a contract sees the sum, not each promise
            ._read_group(
                [
                    ("partner_id", "=", self.commercial_partner_id.id),
                    ("company_id", "=", company.id),
                    ("state", "=", "broken"),
                    ("date_promised", ">", since),
                ],
                [],
                ["__count", "amount_company:sum"],
            )
        )
        return facts | {
            "broken_promise_count": count,
            "broken_promise_amount": amount or 0,
        }
