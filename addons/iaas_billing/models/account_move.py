from odoo import api, fields, models
from odoo.exceptions import UserError


class AccountMove(models.Model):
    _name = "account.move"
    _inherit = ["account.move", "iaas.gated.mixin"]

    iaas_statement_id = fields.Many2one(
        "iaas.statement",
        string="Billing Statement",
        readonly=True,
        copy=False,
        ondelete="restrict",
        check_company=True,
    )

    _iaas_statement_unique = models.UniqueIndex(
        "(iaas_statement_id) WHERE iaas_statement_id IS NOT NULL",
        "A statement has one invoice.",
    )

    @api.depends("iaas_statement_id.state")
    def _compute_show_reset_to_draft_button(self):
        result = super()._compute_show_reset_to_draft_button()
        for move in self:
            if move.sudo().iaas_statement_id.state == "posted":
                move.show_reset_to_draft_button = False
        return result

    @api.model
    def _get_gated_fields(self):
        return super()._get_gated_fields() | {"iaas_statement_id"}

    def write(self, vals):
        if vals.get("state", "posted") != "posted":
            self._check_iaas_statement_open()
        return super().write(vals)

    def _invoice_paid_hook(self):
        result = super()._invoice_paid_hook()
        for move in self.sudo().filtered("iaas_statement_id"):
            move.iaas_statement_id._tell("invoice.paid", invoice=move.name)
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_except_iaas_statement(self):
        self._check_iaas_statement_open()

    def _check_iaas_statement_open(self):
        """Refuse to take back the invoice of a posted statement."""
        statement = (
            self.env["iaas.statement"]
            .sudo()
            .search(
                [
                    ("state", "=", "posted"),
                    "|",
                    ("move_id", "in", self.ids),
                    ("id", "in", self.sudo().iaas_statement_id.ids),
                ],
                limit=1,
            )
        )
        if statement:
            raise UserError(
                self.env._(
                    "Invoice %(invoice)s bills statement %(statement)s, which is "
                    "posted. Correct it by a credit note.",
                    invoice=statement.move_id.display_name,
                    statement=statement.name,
                )
            )

    def action_view_iaas_statement(self):
        """Open the statement that the invoice bills."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "iaas.statement",
            "res_id": self.iaas_statement_id.id,
            "view_mode": "form",
        }
