from odoo import fields, models
from odoo.exceptions import AccessError, UserError


class IaasStatement(models.Model):
    """Voiding: the documents are reversed and the period is billed anew."""

    _inherit = "iaas.statement"

    void_reason = fields.Char(readonly=True, copy=False)
    voided_at = fields.Datetime(string="Voided on", readonly=True, copy=False)
    voided_by_id = fields.Many2one(
        "res.users", string="Voided by", readonly=True, copy=False
    )

    def action_void(self):
        """Ask for the reason and void the statement."""
        self.ensure_one()
        return self.env["iaas.statement.reason"]._ask(self, "void")

    def _check_manager(self):
        if not self.env.user.has_group("iaas_billing.group_iaas_billing_manager"):
            raise AccessError(
                self.env._("Only a billing manager voids or credits a statement.")
            )

    def _void(self, reason):
        """Reverse the documents of the statement and of its corrections, and let the
        period be billed again."""
        self._check_manager()
        self.check_access("read")
        for statement in self.sudo():
            statement._check_voidable()
            documents = statement + statement.correction_ids.filtered(
                lambda other: other.state == "posted"
            )
            statement._drop_open_corrections()
            documents._reverse_invoices(reason)
            documents.write(
                {
                    "state": "void",
                    "void_reason": reason,
                    "voided_at": fields.Datetime.now(),
                    "voided_by_id": self.env.uid,
                }
            )
            statement.dispute_ids._close_by_void()
            statement.after_close_ids._close("void", reason)
            statement.message_post(
                body=self.env._("Voided: %(reason)s", reason=reason),
            )

    def _check_voidable(self):
        if self.state != "posted":
            raise UserError(
                self.env._("%(name)s is not posted. Delete it instead.", name=self.name)
            )
        if self.correction_of_id:
            raise UserError(
                self.env._(
                    "%(name)s is a correction: rate %(original)s again or void that.",
                    name=self.name,
                    original=self.correction_of_id.name,
                )
            )
        self._check_correctable()

    def _drop_open_corrections(self):
        self.correction_ids.filtered(lambda other: other.state == "draft").unlink()

    def _reverse_invoices(self, reason):
        """Credit notes that take the whole of each document: its lines and taxes are
        copied, not computed again."""
        for company, statements in (
            self.filtered("move_id").grouped("company_id").items()
        ):
            moves = statements.move_id.with_company(company)
            # What accounting has credited of them by hand is not credited again.
            moves |= moves._get_iaas_credit_notes()
            today = fields.Date.context_today(self)
            moves._reverse_moves(
                [
                    {
                        "date": today,
                        "invoice_date": today,
                        "invoice_date_due": today,
                        "ref": self.env._(
                            "Void of %(invoice)s: %(reason)s",
                            invoice=move.name,
                            reason=reason,
                        ),
                    }
                    for move in moves
                ],
                cancel=True,
            )
