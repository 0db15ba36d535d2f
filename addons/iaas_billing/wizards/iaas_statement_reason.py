from odoo import fields, models


class IaasStatementReason(models.TransientModel):
    """Asks for the reason of a step that has to be explained later."""

    _name = "iaas.statement.reason"
    _description = "Reason"

    step = fields.Selection(
        [
            ("void", "Void Statement"),
            ("accept", "Accept Dispute"),
            ("reject", "Reject Dispute"),
            ("write_off", "Write Off"),
        ],
        required=True,
    )
    statement_id = fields.Many2one("iaas.statement")
    dispute_id = fields.Many2one("iaas.statement.dispute")
    after_close_id = fields.Many2one("iaas.after.close")
    currency_id = fields.Many2one("res.currency")
    is_posted = fields.Boolean()
    reason = fields.Text(required=True)
    amount = fields.Monetary(
        string="Credit",
        help="What to credit before tax. Leave it at zero to rate the period again "
        "instead, after mending what was wrong.",
    )

    def _ask(self, record, step):
        """The dialog that asks for the reason of a step with the record."""
        field = {
            "iaas.statement": "statement_id",
            "iaas.statement.dispute": "dispute_id",
            "iaas.after.close": "after_close_id",
        }[record._name]
        statement = record if step == "void" else record.statement_id
        is_posted = statement.state == "posted"
        amount = record.amount if step == "accept" and is_posted else 0
        return {
            "type": "ir.actions.act_window",
            "name": dict(self._fields["step"]._description_selection(self.env))[step],
            "res_model": self._name,
            "view_mode": "form",
            "target": "new",
            "context": {
                "default_step": step,
                f"default_{field}": record.id,
                "default_currency_id": statement.currency_id.id,
                "default_is_posted": is_posted,
                "default_amount": amount,
            },
        }

    def action_apply(self):
        """Take the step."""
        self.ensure_one()
        if self.step == "void":
            self.statement_id._void(self.reason)
        elif self.step == "accept":
            self.dispute_id._accept(self.reason, self.amount)
        elif self.step == "reject":
            self.dispute_id._reject(self.reason)
        else:
            self.after_close_id._write_off(self.reason)
        return {"type": "ir.actions.act_window_close"}
