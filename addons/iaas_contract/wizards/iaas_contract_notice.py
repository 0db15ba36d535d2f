from odoo import fields, models


class IaasContractNotice(models.TransientModel):
    _name = "iaas.contract.notice"
    _description = "Notice of a Contract"

    contract_id = fields.Many2one("iaas.contract", required=True, readonly=True)
    notice_deadline = fields.Date(related="contract_id.notice_deadline")
    date_end = fields.Date(related="contract_id.date_end")
    notice_by = fields.Selection(
        [("customer", "The customer"), ("us", "We")],
        string="Given By",
        required=True,
        default="customer",
    )
    person = fields.Char(
        string="Signed By", required=True, help="Who signed the notice."
    )
    date = fields.Date(
        string="Given On", required=True, default=fields.Date.context_today
    )
    reason = fields.Char(required=True)

    def action_give_notice(self):
        """Record the notice: the contract ends with its term."""
        self.ensure_one()
        self.contract_id._give_notice(
            self.notice_by, self.person, self.date, self.reason
        )
        return {"type": "ir.actions.act_window_close"}
