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
            if move.sudo().iaas_statement_id.state in ("posted", "void"):
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
        """Refuse to take back the documents of a statement: the invoice of a posted
        one, and both the invoice and its credit note of a voided one, whose period is
        billed again."""
        own = self.sudo().iaas_statement_id
        own |= self.sudo().reversed_entry_id.iaas_statement_id.filtered(
            lambda statement: statement.state == "void"
        )
        statement = (
            self.env["iaas.statement"]
            .sudo()
            .search(
                [
                    ("state", "in", ("posted", "void")),
                    "|",
                    ("move_id", "in", self.ids),
                    ("id", "in", own.ids),
                ],
                limit=1,
            )
        )
        if statement.state == "void":
            raise UserError(
                self.env._(
                    "%(invoice)s belongs to statement %(statement)s, which is void: "
                    "invoice and credit note stay, its period is billed again by "
                    "another one.",
                    invoice=", ".join(self.mapped("display_name")),
                    statement=statement.name,
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

    def _get_iaas_credit_notes(self):
        """The credit notes that accounting made of the invoices, in Odoo's own way."""
        notes = self.reversal_move_ids.filtered(
            lambda move: not move.iaas_statement_id and move.state != "cancel"
        )
        for note in notes.filtered(lambda move: move.state == "draft"):
            raise UserError(
                self.env._(
                    "%(invoice)s has a credit note in draft. Post it or delete it "
                    "first.",
                    invoice=note.reversed_entry_id.display_name,
                )
            )
        return notes

    def action_view_iaas_statement(self):
        """Open the statement that the invoice bills."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "iaas.statement",
            "res_id": self.iaas_statement_id.id,
            "view_mode": "form",
        }
